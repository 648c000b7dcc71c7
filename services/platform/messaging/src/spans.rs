//! The spans of an event's way: sent, processed, applied. Every attribute's name comes from `telemetry`.

use ids::AgencyId;
use telemetry::attribute;
use tracing::Span;

use crate::envelope::Envelope;
use crate::queue::Unsent;
use crate::subscriber::Delivery;

/// The PRODUCER span of one event, below the span that made it true.
pub fn send(event: &Unsent, parent: &str) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "send",
        otel.name = format!("send {}", event.subject),
        otel.kind = "producer",
        otel.status_code = tracing::field::Empty,
        { attribute::ERROR_TYPE } = tracing::field::Empty,
        { attribute::MESSAGING_SYSTEM } = "nats",
        { attribute::MESSAGING_OPERATION_NAME } = "send",
        { attribute::MESSAGING_OPERATION_TYPE } = "send",
        { attribute::MESSAGING_DESTINATION_NAME } = event.subject.as_str(),
        { attribute::MESSAGING_MESSAGE_ID } = %event.event_id,
        { attribute::AGENCY_ID } = %event.agency,
    );
    telemetry::set_parent(&span, parent);
    span
}

/// The CONSUMER span of one message, below the span that sent it.
pub fn process(durable: &'static str, subject: &str, envelope: &Envelope) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "process",
        otel.name = format!("process {subject}"),
        otel.kind = "consumer",
        otel.status_code = tracing::field::Empty,
        { attribute::ERROR_TYPE } = tracing::field::Empty,
        { attribute::CASE_ID } = tracing::field::Empty,
        { attribute::CLAIM_ID } = tracing::field::Empty,
        { attribute::MESSAGING_SYSTEM } = "nats",
        { attribute::MESSAGING_OPERATION_NAME } = "process",
        { attribute::MESSAGING_OPERATION_TYPE } = "process",
        { attribute::MESSAGING_DESTINATION_NAME } = subject,
        { attribute::MESSAGING_CONSUMER_GROUP_NAME } = durable,
        { attribute::MESSAGING_MESSAGE_ID } = %envelope.event_id,
        { attribute::AGENCY_ID } = %envelope.agency,
    );
    if let Some(parent) = &envelope.traceparent {
        telemetry::set_parent(&span, parent);
    }
    span
}

/// The span of one transaction. It is below the message when there is one; many messages that meet here are
/// linked instead, and each keeps its own trace.
pub fn apply<T>(durable: &'static str, agency: AgencyId, batch: &[Delivery<T>]) -> Span {
    let parent = if let [only] = batch { only.span.id() } else { None };
    let span = tracing::info_span!(
        parent: parent,
        "apply",
        otel.name = format!("apply {durable}"),
        { attribute::MESSAGING_SYSTEM } = "nats",
        { attribute::MESSAGING_CONSUMER_GROUP_NAME } = durable,
        { attribute::MESSAGING_BATCH_MESSAGE_COUNT } = batch.len(),
        { attribute::AGENCY_ID } = %agency,
    );
    if batch.len() > 1 {
        for traceparent in batch.iter().filter_map(|delivery| delivery.traceparent.as_deref()) {
            telemetry::link(&span, traceparent);
        }
    }
    span
}
