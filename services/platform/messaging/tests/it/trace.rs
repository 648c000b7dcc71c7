//! One trace runs through the outbox and the bus.

use testkit::{CapturedSpan, SpanSink, eventually};

use crate::world::{World, nats};

#[tokio::test]
async fn making_sending_and_processing_are_one_trace() {
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let sink = SpanSink::start().await;
    let _maker = world.start("make", 1, None, Some(&sink.endpoint()));
    let _recorder = world.start("record", 1, None, Some(&sink.endpoint()));

    let applied = eventually("the consumer's span", async || find(&sink, "apply toy-on-thing-made")).await;
    let processed = parent(&sink, &applied).await;
    let sent = parent(&sink, &processed).await;
    let made = parent(&sink, &sent).await;

    assert_eq!(processed.name, "process toy.thing.made.v1");
    assert_eq!(sent.name, "send toy.thing.made.v1");
    assert_eq!(made.name, "make");
    assert_eq!(applied.trace_id, made.trace_id);
    assert_eq!(processed.attributes["messaging.system"], "nats");
    assert_eq!(processed.attributes["messaging.consumer.group.name"], "toy-on-thing-made");
    assert_eq!(processed.attributes["messaging.message.id"], sent.attributes["messaging.message.id"]);
}

fn find(sink: &SpanSink, name: &str) -> Option<CapturedSpan> {
    sink.spans().into_iter().find(|span| span.name == name)
}

async fn parent(sink: &SpanSink, child: &CapturedSpan) -> CapturedSpan {
    eventually("the parent span", async || {
        sink.spans().into_iter().find(|span| span.span_id == child.parent_span_id)
    })
    .await
}
