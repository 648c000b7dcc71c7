//! Receives events: reads them, and gives them to the use case in the inbox's transaction.

use ids::AgencyId;
use messaging::{ApplyError, Delivery, Member, Subscriber, Subscription, Unreadable, Waker};
use runtime::{Clock, crash_point};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::again::Later;
use crate::decide::{Decide, Received};
use crate::events;
use crate::learn::{Fact, learn};

/// This service on the bus. A new consumer is one more line here; the migration step makes it.
pub const BUS: Member = Member {
    service: "classification",
    stream: "CLASSIFICATION",
    subjects: "classification.>",
    receives: &[REPORTS, LATER, DECISIONS, PUBLICATIONS],
};

/// Reports from ingest. Batches are large because the agency's lock is taken once for each.
pub const REPORTS: Subscription = Subscription {
    stream: "INGEST",
    durable: "classification-on-report-received",
    subjects: &["ingest.report.received.v1"],
    batch_max: 200,
};

/// What came to be known of reports after they were received, or before they arrived here.
pub const LATER: Subscription = Subscription {
    stream: "INGEST",
    durable: "classification-on-picture-read",
    subjects: &["ingest.picture.read.v1", "ingest.message.transcribed.v1"],
    batch_max: 20,
};

/// What approval decided.
pub const DECISIONS: Subscription = Subscription {
    stream: "APPROVAL",
    durable: "classification-on-decision",
    subjects: &[
        "approval.case.dismissed.v1",
        "approval.claim.corrected.v1",
        "approval.answer.resumed.v1",
        "approval.clarification.signed.v1",
        "approval.clarification.revoked.v1",
    ],
    batch_max: 20,
};

/// What publish made public.
pub const PUBLICATIONS: Subscription = Subscription {
    stream: "PUBLISH",
    durable: "classification-on-publication-changed",
    subjects: &["publish.publication.changed.v1"],
    batch_max: 50,
};

/// Decides reports.
pub struct Reports {
    /// What is known, and the rules.
    pub decide: Decide,
    /// Sends what was decided.
    pub waker: Waker,
    /// When claims are told about.
    pub clock: Clock,
}

impl Subscriber for Reports {
    type Input = Received;

    fn decode(&self, agency: AgencyId, _subject: &str, payload: &[u8]) -> Result<Self::Input, Unreadable> {
        events::received(agency, payload)
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Self::Input>],
    ) -> Result<(), ApplyError> {
        let received = batch
            .iter()
            .map(|delivery| Received { traceparent: delivery.traceparent.clone(), ..delivery.input.clone() });
        let received = received.collect();
        self.decide.reports(tx, agency, received, self.clock.now()).await?;
        crash_point!("classification.decide.before_commit");
        Ok(())
    }

    fn committed(&self, _agency: AgencyId, _batch: &[Delivery<Self::Input>]) {
        crash_point!("classification.decide.after_commit");
        self.waker.wake();
    }
}

/// Judges reports again.
pub struct Again {
    /// What is known, and the rules.
    pub decide: Decide,
    /// Sends what was decided.
    pub waker: Waker,
    /// When claims are told about.
    pub clock: Clock,
}

impl Subscriber for Again {
    type Input = Later;

    fn decode(&self, agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Self::Input, Unreadable> {
        events::later(agency, subject, payload)
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Self::Input>],
    ) -> Result<(), ApplyError> {
        let known: Vec<_> =
            batch.iter().map(|delivery| (delivery.input.clone(), delivery.traceparent.clone())).collect();
        self.decide.again(tx, agency, &known, self.clock.now()).await?;
        crash_point!("classification.again.before_commit");
        Ok(())
    }

    fn committed(&self, _agency: AgencyId, _batch: &[Delivery<Self::Input>]) {
        crash_point!("classification.again.after_commit");
        self.waker.wake();
    }
}

/// Learns what approval decided.
pub struct Decisions {
    /// Sends what follows from it.
    pub waker: Waker,
    /// When it was learned.
    pub clock: Clock,
}

impl Subscriber for Decisions {
    type Input = Fact;

    fn decode(&self, agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Self::Input, Unreadable> {
        events::decided_by_approval(agency, subject, payload)
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Self::Input>],
    ) -> Result<(), ApplyError> {
        learn_all(tx, agency, batch, self.clock.now()).await
    }

    fn committed(&self, _agency: AgencyId, _batch: &[Delivery<Self::Input>]) {
        self.waker.wake();
    }
}

/// Learns what publish made public.
pub struct Publications {
    /// When it was learned.
    pub clock: Clock,
}

impl Subscriber for Publications {
    type Input = Fact;

    fn decode(&self, agency: AgencyId, _subject: &str, payload: &[u8]) -> Result<Self::Input, Unreadable> {
        events::publication_changed(agency, payload)
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Self::Input>],
    ) -> Result<(), ApplyError> {
        learn_all(tx, agency, batch, self.clock.now()).await
    }
}

async fn learn_all(
    tx: &mut PgConnection,
    agency: AgencyId,
    batch: &[Delivery<Fact>],
    now: OffsetDateTime,
) -> Result<(), ApplyError> {
    // Collected: the compiler cannot see that the closure's future may move between threads.
    let facts: Vec<_> = batch.iter().map(|delivery| &delivery.input).collect();
    Ok(learn(tx, agency, facts, now).await?)
}
