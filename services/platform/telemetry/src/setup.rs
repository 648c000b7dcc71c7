//! Starts and flushes the exporters.

use std::io::IsTerminal;

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Holds the exporters; [`stop`](Telemetry::stop) sends what they still hold.
#[derive(Debug, Default)]
pub struct Telemetry {
    exporters: Option<Exporters>,
}

#[derive(Debug)]
struct Exporters {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    logs: SdkLoggerProvider,
}

/// Logs to standard error, and exports by OTLP when `endpoint` is given. Call once, inside the tokio runtime.
///
/// `filter` is in the syntax of `RUST_LOG`.
///
/// # Errors
/// When the endpoint is not a URL or logging was started before.
pub fn start(service: &'static str, endpoint: Option<&str>, filter: &str) -> anyhow::Result<Telemetry> {
    let to_stderr = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_filter(EnvFilter::try_new(filter).context("the log filter cannot be read")?);
    let registry = tracing_subscriber::registry().with(to_stderr);
    let Some(endpoint) = endpoint else {
        registry.try_init().context("logging was started before")?;
        return Ok(Telemetry::default());
    };
    let exporters = Exporters::connect(service, endpoint)?;
    opentelemetry::global::set_meter_provider(exporters.metrics.clone());
    let spans = tracing_opentelemetry::layer()
        .with_tracer(exporters.traces.tracer("chengqing"))
        .with_location(false)
        .with_threads(false)
        .with_filter(ours_only());
    let logs = opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge::new(&exporters.logs)
        .with_filter(ours_only());
    registry.with(spans).with(logs).try_init().context("logging was started before")?;
    Ok(Telemetry { exporters: Some(exporters) })
}

/// The exporter's own libraries are left out: their spans would be exported and make new ones for ever.
fn ours_only() -> EnvFilter {
    EnvFilter::new(
        "info,h2=off,hyper=off,hyper_util=off,tonic=off,tower=off,reqwest=off,opentelemetry=off,sqlx=off,async_nats=off,rustls=off",
    )
}

impl Exporters {
    fn connect(service: &'static str, endpoint: &str) -> anyhow::Result<Self> {
        use opentelemetry_otlp::WithExportConfig;

        let resource = Resource::builder().with_service_name(service).build();
        let span_exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build();
        let metric_exporter = MetricExporter::builder().with_tonic().with_endpoint(endpoint).build();
        let log_exporter = LogExporter::builder().with_tonic().with_endpoint(endpoint).build();
        Ok(Self {
            traces: SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_batch_exporter(span_exporter.context("no span exporter")?)
                .build(),
            metrics: SdkMeterProvider::builder()
                .with_resource(resource.clone())
                .with_periodic_exporter(metric_exporter.context("no metric exporter")?)
                .build(),
            logs: SdkLoggerProvider::builder()
                .with_resource(resource)
                .with_batch_exporter(log_exporter.context("no log exporter")?)
                .build(),
        })
    }
}

impl Telemetry {
    /// Sends what the exporters still hold. Blocks for a few seconds at most; run it off the runtime's workers.
    pub fn stop(self) {
        let Some(exporters) = self.exporters else { return };
        // What cannot be sent at the very end has nowhere left to be reported but standard error.
        for failed in [
            exporters.traces.shutdown().err(),
            exporters.metrics.shutdown().err(),
            exporters.logs.shutdown().err(),
        ]
        .into_iter()
        .flatten()
        {
            eprintln!("telemetry was not flushed: {failed}");
        }
    }
}
