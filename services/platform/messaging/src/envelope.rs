//! What surrounds an event on the bus: CloudEvents attributes in binary mode, the agency, the trace.
//!
//! Writing and reading are beside each other so that they cannot drift. The payload is not looked at.

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use ids::{AgencyId, EventId};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Builder;

use crate::subscriber::Unreadable;

const ID: &str = "ce-id";
const SOURCE: &str = "ce-source";
const TYPE: &str = "ce-type";
const SPEC_VERSION: &str = "ce-specversion";
const TIME: &str = "ce-time";
const CONTENT_TYPE: &str = "ce-datacontenttype";
const AGENCY: &str = "chengqing-agency";
const TRACEPARENT: &str = "traceparent";

const CLOUD_EVENTS: &str = "1.0";
const PROTOBUF: &str = "application/protobuf";

/// The attributes of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub event_id: EventId,
    pub agency: AgencyId,
    /// When the event became true: when its transaction began.
    pub time: OffsetDateTime,
    pub traceparent: Option<String>,
}

impl Envelope {
    /// The headers of the message that carries the event on `subject`, sent by `service`.
    pub fn write(&self, service: &str, subject: &str) -> Result<HeaderMap, time::error::Format> {
        let mut headers = HeaderMap::new();
        let id = self.event_id.to_string();
        // JetStream drops a second message with this id for two minutes. That only saves work.
        headers.insert(NATS_MESSAGE_ID, id.as_str());
        headers.insert(ID, id);
        headers.insert(SOURCE, format!("/chengqing/{service}"));
        headers.insert(TYPE, subject);
        headers.insert(SPEC_VERSION, CLOUD_EVENTS);
        headers.insert(TIME, self.time.format(&Rfc3339)?);
        headers.insert(CONTENT_TYPE, PROTOBUF);
        headers.insert(AGENCY, self.agency.to_string());
        if let Some(traceparent) = &self.traceparent {
            headers.insert(TRACEPARENT, traceparent.as_str());
        }
        Ok(headers)
    }

    /// Reads the attributes back, refusing whatever this crate would not have written.
    pub fn read(headers: Option<&HeaderMap>, subject: &str) -> Result<Self, Unreadable> {
        let headers = headers.ok_or_else(|| Unreadable("the message has no headers".into()))?;
        expect(headers, SPEC_VERSION, CLOUD_EVENTS)?;
        expect(headers, CONTENT_TYPE, PROTOBUF)?;
        expect(headers, TYPE, subject)?;
        let time = required(headers, TIME)?;
        Ok(Self {
            event_id: uuid(headers, ID)?,
            agency: uuid(headers, AGENCY)?,
            time: OffsetDateTime::parse(time, &Rfc3339)
                .map_err(|_| Unreadable(format!("header {TIME} is no RFC 3339 time")))?,
            traceparent: text(headers, TRACEPARENT).map(str::to_owned),
        })
    }
}

/// The id by which a message that cannot be read is remembered: its own if it has one, else a hash of all it
/// holds, so that a redelivery is recognised as the same message.
pub fn id_of_unreadable(headers: Option<&HeaderMap>, subject: &str, payload: &[u8]) -> EventId {
    if let Some(id) = headers.and_then(|headers| uuid(headers, ID).ok()) {
        return id;
    }
    let mut hash = Sha256::new();
    hash.update(subject);
    let mut lines: Vec<String> = headers
        .into_iter()
        .flat_map(HeaderMap::iter)
        .flat_map(|(name, values)| values.iter().map(move |value| format!("\n{name}: {value}")))
        .collect();
    lines.sort();
    for line in lines {
        hash.update(line);
    }
    hash.update("\n\n");
    hash.update(payload);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    EventId::from_uuid(Builder::from_custom_bytes(bytes).into_uuid())
}

/// The agency of a message that cannot be read otherwise, if that much can be.
pub fn agency_of_unreadable(headers: Option<&HeaderMap>) -> Option<AgencyId> {
    headers.and_then(|headers| uuid(headers, AGENCY).ok())
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(name).map(async_nats::HeaderValue::as_str)
}

fn required<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Unreadable> {
    text(headers, name).ok_or_else(|| Unreadable(format!("header {name} is missing")))
}

fn expect(headers: &HeaderMap, name: &'static str, expected: &str) -> Result<(), Unreadable> {
    if required(headers, name)? == expected {
        Ok(())
    } else {
        Err(Unreadable(format!("header {name} is not {expected}")))
    }
}

fn uuid<T: std::str::FromStr>(headers: &HeaderMap, name: &'static str) -> Result<T, Unreadable> {
    required(headers, name)?.parse().map_err(|_| Unreadable(format!("header {name} is no UUID")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: &str = "toy.thing.happened.v1";

    fn envelope() -> Envelope {
        Envelope {
            event_id: EventId::mint(),
            agency: AgencyId::mint(),
            time: OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(1_234),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = envelope();
        let headers = written.write("toy", SUBJECT).unwrap();
        assert_eq!(Envelope::read(Some(&headers), SUBJECT), Ok(written));
    }

    #[test]
    fn each_missing_or_foreign_attribute_is_named() {
        let headers = envelope().write("toy", SUBJECT).unwrap();
        for name in [ID, TYPE, SPEC_VERSION, TIME, CONTENT_TYPE, AGENCY] {
            let mut broken = HeaderMap::new();
            for (other, values) in headers.iter().filter(|(other, _)| other.to_string() != name) {
                broken.insert(other.clone(), values[0].clone());
            }
            let missing = Envelope::read(Some(&broken), SUBJECT).unwrap_err();
            assert!(missing.0.contains(name), "{missing:?}");
            broken.insert(name, "nonsense");
            let foreign = Envelope::read(Some(&broken), SUBJECT).unwrap_err();
            assert!(foreign.0.contains(name), "{foreign:?}");
        }
    }

    #[test]
    fn a_message_without_an_id_is_recognised_when_it_returns() {
        let mut headers = envelope().write("toy", SUBJECT).unwrap();
        headers.insert(ID, "nonsense");
        let first = id_of_unreadable(Some(&headers), SUBJECT, b"payload");
        assert_eq!(first, id_of_unreadable(Some(&headers), SUBJECT, b"payload"));
        assert_ne!(first, id_of_unreadable(Some(&headers), SUBJECT, b"other"));
        assert_ne!(first, id_of_unreadable(None, SUBJECT, b"payload"));
    }
}
