//! The toy event and what its consumer does: one row per event, nothing else.

use ids::AgencyId;
use messaging::{ApplyError, Delivery, Member, Subscriber, Subscription, Unreadable};
use prost::Message;
use sqlx::PgConnection;

pub const STREAM: &str = "TOY";
pub const MADE: &str = "toy.thing.made.v1";

/// Receives every subject of the stream, so that a version unknown to it arrives too.
pub const SUBSCRIPTION: Subscription =
    Subscription { stream: STREAM, durable: "toy-on-thing-made", subjects: &["toy.>"], batch_max: 50 };

/// A thing was made.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Thing {
    #[prost(int64, tag = "1")]
    pub number: i64,
}

/// This number makes no sense to the consumer.
pub const NONSENSE: i64 = 1_000_013;

/// The toy on the bus.
pub const TOY: Member =
    Member { service: "toy", stream: STREAM, subjects: "toy.>", receives: &[SUBSCRIPTION] };

/// Writes a row per thing.
pub struct Recorder;

impl Subscriber for Recorder {
    type Input = Thing;

    fn decode(&self, _agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Thing, Unreadable> {
        if subject != MADE {
            return Err(Unreadable(format!("{subject} is not known here")));
        }
        Thing::decode(payload).map_err(|error| Unreadable(error.to_string()))
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Thing>],
    ) -> Result<(), ApplyError> {
        if batch.iter().any(|delivery| delivery.input.number == NONSENSE) {
            return Err(ApplyError::Rejected(format!("{NONSENSE} makes no sense")));
        }
        let numbers: Vec<i64> = batch.iter().map(|delivery| delivery.input.number).collect();
        sqlx::query("INSERT INTO toy.effect (agency_id, number) SELECT $1, unnest($2::bigint[])")
            .bind(agency.as_uuid())
            .bind(numbers)
            .execute(tx)
            .await?;
        Ok(())
    }
}
