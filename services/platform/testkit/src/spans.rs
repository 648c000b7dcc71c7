//! Catches the spans that processes export by OTLP.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// One span, in the parts that tests look at.
#[derive(Debug, Clone)]
pub struct CapturedSpan {
    /// Its name.
    pub name: String,
    /// Its trace, in hex.
    pub trace_id: String,
    /// Itself, in hex.
    pub span_id: String,
    /// Its parent, in hex; empty for a root.
    pub parent_span_id: String,
    /// Spans that it links to, in hex.
    pub links: Vec<String>,
    /// Attributes, as text.
    pub attributes: HashMap<String, String>,
}

/// An OTLP endpoint that keeps what it is sent.
#[derive(Debug, Clone)]
pub struct SpanSink {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<CapturedSpan>>>,
}

impl SpanSink {
    /// Starts listening.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self { address: listener.local_addr().unwrap(), spans: Arc::default() };
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(sink.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        #[expect(clippy::disallowed_methods, reason = "lives as long as the test's runtime")]
        tokio::spawn(server);
        sink
    }

    /// What to put into `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that has arrived so far.
    ///
    /// # Panics
    /// When a test thread panicked while holding the list.
    #[must_use]
    pub fn spans(&self) -> Vec<CapturedSpan> {
        self.spans.lock().unwrap().clone()
    }
}

#[tonic::async_trait]
impl TraceService for SpanSink {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let spans = request
            .into_inner()
            .resource_spans
            .into_iter()
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .map(|span| CapturedSpan {
                name: span.name,
                trace_id: hex(&span.trace_id),
                span_id: hex(&span.span_id),
                parent_span_id: hex(&span.parent_span_id),
                links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
                attributes: span
                    .attributes
                    .into_iter()
                    .map(|attribute| {
                        let value = attribute.value.and_then(|value| value.value);
                        (attribute.key, value.map(shown).unwrap_or_default())
                    })
                    .collect(),
            });
        self.spans.lock().unwrap().extend(spans);
        Ok(Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

fn shown(value: Value) -> String {
    match value {
        Value::StringValue(text) => text,
        Value::BoolValue(truth) => truth.to_string(),
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
