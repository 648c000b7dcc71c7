//! What only somebody inside reaches: the databases as superuser or as a service, and a service's own place on
//! the bus, with the envelope that the messaging crate writes.

use async_nats::HeaderMap;
use async_nats::jetstream;
use database::DatabaseConfig;
use ids::{AgencyId, EventId};
use secrecy::SecretString;
use sqlx::PgPool;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::office::Office;

/// A service's database as the superuser, whom no row-level security binds.
pub fn superuser(office: &Office, service: &str) -> PgPool {
    connect(office.postgres.superuser_url(&format!("chengqing_{service}")).into())
}

/// A service's database as the running service sees it.
pub fn as_service(office: &Office, service: &str) -> PgPool {
    connect(office.installation.service_url(service))
}

pub fn connect(url: SecretString) -> PgPool {
    database::connect(&DatabaseConfig { url, connections_max: 2 }).unwrap()
}

/// The bus, as a service's own user.
pub async fn bus(office: &Office, service: &str) -> async_nats::Client {
    bus_options(office, service).connect(office.nats.url()).await.unwrap()
}

pub fn bus_options(office: &Office, service: &str) -> async_nats::ConnectOptions {
    let password = office.installation.secrets().service(service).bus_password.clone();
    async_nats::ConnectOptions::with_user_and_password(service.to_owned(), password)
        .custom_inbox_prefix(format!("_INBOX_{service}"))
}

/// The headers of a new event, as its service would write them.
pub fn headers(service: &str, agency: AgencyId, subject: &str) -> HeaderMap {
    let id = EventId::mint().to_string();
    // Of this machine: the consumers only measure age by it.
    let time = OffsetDateTime::from(std::time::SystemTime::now()).format(&Rfc3339).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("Nats-Msg-Id", id.clone()),
        ("ce-id", id),
        ("ce-source", format!("/chengqing/{service}")),
        ("ce-type", subject.to_owned()),
        ("ce-specversion", "1.0".to_owned()),
        ("ce-time", time),
        ("ce-datacontenttype", "application/protobuf".to_owned()),
        ("chengqing-agency", agency.to_string()),
    ] {
        headers.insert(name, value);
    }
    headers
}

/// Puts a message into the stream, past its service.
pub async fn put(bus: &async_nats::Client, subject: &str, headers: HeaderMap, payload: Vec<u8>) {
    let bus = jetstream::new(bus.clone());
    // A service answers before its relay has made the stream.
    let stream = subject.split('.').next().unwrap_or_default().to_uppercase();
    testkit::eventually("the stream to be made", async || bus.get_stream(&stream).await.ok()).await;
    bus.publish_with_headers(subject.to_owned(), headers, payload.into()).await.unwrap().await.unwrap();
}
