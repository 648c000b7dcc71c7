//! One span per request, named by the route's template. A path itself is never recorded: `/d/{secret}` holds a
//! secret, and a query what somebody looked for.

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

/// Runs the request in its span.
pub(crate) async fn record(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let route = parts.extensions.get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = parts.method.as_str().to_owned();
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        { telemetry::attribute::CASE_ID } = Empty,
    );
    if let Some(case) = case_of(&mut parts).await {
        span.record(telemetry::attribute::CASE_ID, case.to_string());
    }
    let response = next.run(Request::from_parts(parts, body)).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    response
}

async fn case_of(parts: &mut axum::http::request::Parts) -> Option<Uuid> {
    let parameters = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    parameters.iter().find(|(name, _)| *name == "case_id").and_then(|(_, value)| value.parse().ok())
}
