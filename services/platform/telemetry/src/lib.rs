//! OpenTelemetry: traces, metrics and logs, and the trace context that crosses gRPC and the bus.
//!
//! Signals leave only when `OTEL_EXPORTER_OTLP_ENDPOINT` is set. Nothing here, and nothing that uses it, puts
//! content, platform ids, secrets or personal data into a signal.

pub mod attribute;
mod context;
mod setup;

pub use context::{current_traceparent, extract, inject, link, set_parent};
pub use setup::{Telemetry, start};
