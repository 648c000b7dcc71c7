//! The figures by which an operator sees that events flow. Without an exporter they go nowhere and cost nothing.

use std::sync::OnceLock;

use opentelemetry::metrics::{Counter, Gauge};

pub struct Metrics {
    /// Events committed but not yet on the bus.
    pub depth: Gauge<u64>,
    /// Age of the oldest of them, in seconds.
    pub oldest_unsent: Gauge<f64>,
    /// Events sent again because the stream lost them.
    pub refilled: Counter<u64>,
    /// Age of the oldest event in the batch that a consumer holds, in seconds; 0 when it has nothing to do.
    pub oldest_unprocessed: Gauge<f64>,
    /// Events processed, by outcome.
    pub processed: Counter<u64>,
}

pub fn get() -> &'static Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(|| {
        let meter = opentelemetry::global::meter("messaging");
        Metrics {
            depth: meter.u64_gauge("chengqing.outbox.depth").with_unit("{event}").build(),
            oldest_unsent: meter.f64_gauge("chengqing.outbox.oldest_age").with_unit("s").build(),
            refilled: meter.u64_counter("chengqing.outbox.refilled").with_unit("{event}").build(),
            oldest_unprocessed: meter.f64_gauge("chengqing.consumer.oldest_age").with_unit("s").build(),
            processed: meter.u64_counter("chengqing.consumer.processed").with_unit("{event}").build(),
        }
    })
}
