//! What people do here, told to the audit trail: an event in the transaction of the deed itself, so that there is
//! neither a deed without an entry nor an entry without a deed. It names ids, never content.

use contracts::Event;
use contracts::publish::v1::DeedDone;
use contracts::publish::v1::deed_done::Subject;
use grpc::Caller;
use masking::mask;
use messaging::outbox;
use sqlx::PgConnection;
use time::OffsetDateTime;

pub use contracts::publish::v1::deed_done::Action;

/// One deed.
pub struct Deed<'a> {
    /// Who, from the verified token.
    pub caller: &'a Caller,
    /// What.
    pub action: Action,
    /// To what: kind and id of each.
    pub subjects: &'a [(&'a str, String)],
    /// Why, in the person's words; empty where nothing is asked.
    pub reason: &'a str,
    /// When.
    pub time: OffsetDateTime,
}

impl Deed<'_> {
    /// Queues it in the deed's own transaction.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn record(&self, tx: &mut PgConnection) -> sqlx::Result<()> {
        outbox::enqueue(tx, self.caller.agency, DeedDone::SUBJECT, &self.event()).await?;
        Ok(())
    }

    fn event(&self) -> DeedDone {
        let subject = |(kind, id): &(&str, String)| Subject { kind: (*kind).to_owned(), id: id.clone() };
        DeedDone {
            agency_id: self.caller.agency.to_string(),
            person_id: self.caller.person.map(|person| person.to_string()).unwrap_or_default(),
            actor: self.caller.display_name.clone(),
            role: self.caller.role.as_str().to_owned(),
            action: self.action.into(),
            subjects: self.subjects.iter().map(subject).collect(),
            // The trail is for ever: what the officer quotes of a citizen must not get into it.
            reason: mask(self.reason),
            deed_time: Some(grpc::timestamp(self.time)),
        }
    }
}
