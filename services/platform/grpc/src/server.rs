//! Assembling a server: token check, trace context, health, graceful stop.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use runtime::Lifecycle;
use tokio::net::TcpListener;
use tonic::Status;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tracing::Instrument;

use crate::TokenVerifier;
use crate::caller::unauthenticated;

/// An idle peer is asked for a sign of life this often, so that a dead one does not hold its streams.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Serves `routes` on a bound listener until the soft stop, then finishes what it holds.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    verifier: TokenVerifier,
    lifecycle: &Lifecycle,
    routes: Routes,
) -> anyhow::Result<()> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let soft = lifecycle.soft();
    let stopping = {
        let soft = soft.clone();
        async move {
            soft.cancelled().await;
            // Readiness goes first, so that nobody sends new work while the rest drains.
            reporter.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        }
    };
    let routes = Routes::from(
        routes.into_axum_router().layer(from_fn_with_state(verifier, check_token)).layer(from_fn(trace)),
    );
    // Small frames of many streams: without this they wait for acknowledgements that the peer delays by 40 ms.
    // The server's own setting does not reach a listener that was bound before.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .add_routes(routes)
        .add_service(health)
        .serve_with_incoming_shutdown(incoming, stopping)
        .await?;
    Ok(())
}

/// A token that is there must be valid; whether one is needed is each RPC's own decision.
async fn check_token(State(verifier): State<TokenVerifier>, mut request: Request, next: Next) -> Response {
    let token = request.headers().get("authorization").map(|value| {
        value.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default().to_owned()
    });
    if let Some(token) = token {
        let Some(caller) = verifier.verify(&token) else {
            return Status::from(unauthenticated()).into_http::<axum::body::Body>().into_response();
        };
        request.extensions_mut().insert(caller);
    }
    next.run(request).await
}

/// One SERVER span per call, a child of the caller's.
async fn trace(request: Request, next: Next) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let (service, method) = path.split_once('/').unwrap_or((&path, ""));
    if service == "grpc.health.v1.Health" {
        return next.run(request).await;
    }
    let span = tracing::info_span!(
        "rpc",
        otel.name = path,
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        chengqing.case.id = tracing::field::Empty,
    );
    telemetry::extract(&span, request.headers());
    next.run(request).instrument(span).await
}
