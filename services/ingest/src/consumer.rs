//! What arrives on the bus, applied to this service's own tables. Each event applies once; their order does
//! not matter (design G5): a page may be up, or a revision revoked, before its clarification is here.

use ids::AgencyId;
use messaging::{ApplyError, Delivery, Member, Subscriber, Subscription, Unreadable};
use runtime::Clock;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::events::{self, Approval, PageChanged, Signing};
use crate::orders::{self, ResumeError};
use crate::store::assignment::Assignment;
use crate::store::clarification::PageState;
use crate::store::{self, answer, assignment, clarification, halt};
use crate::waiting::Arrivals;
use crate::words::{SignedWords, Unusable};

/// This service on the bus. A new consumer is one more line here; the migration step makes it.
pub const BUS: Member = Member {
    service: "ingest",
    stream: "INGEST",
    subjects: "ingest.>",
    receives: &[ON_REPORT_ASSIGNED, ON_APPROVAL, ON_PUBLICATION_CHANGED],
};

/// What classification understood.
pub const ON_REPORT_ASSIGNED: Subscription = Subscription {
    stream: "CLASSIFICATION",
    durable: "ingest-on-report-assigned",
    subjects: &[events::REPORT_ASSIGNED],
    batch_max: 200,
};

/// What approval signed, revoked and halted: one consumer, so that a halt is not overtaken by what it stops.
pub const ON_APPROVAL: Subscription = Subscription {
    stream: "APPROVAL",
    durable: "ingest-on-clarification-signed",
    subjects: &[
        events::CLARIFICATION_SIGNED,
        events::CLARIFICATION_REVOKED,
        events::HALT_ORDERED,
        events::HALT_LIFTED,
    ],
    batch_max: 20,
};

/// Which pages are up.
pub const ON_PUBLICATION_CHANGED: Subscription = Subscription {
    stream: "PUBLISH",
    durable: "ingest-on-publication-changed",
    subjects: &[events::PUBLICATION_CHANGED],
    batch_max: 100,
};

/// Applies assignments.
pub struct Assignments {
    /// The time.
    pub clock: Clock,
    /// Whoever waits for them.
    pub arrivals: Arrivals,
    /// Sends what they make due.
    pub delivery: crate::side_by_side::Waker,
}

impl Subscriber for Assignments {
    type Input = Assignment;

    fn decode(&self, agency: AgencyId, _subject: &str, payload: &[u8]) -> Result<Self::Input, Unreadable> {
        events::report_assigned(agency, payload)
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Self::Input>],
    ) -> Result<(), ApplyError> {
        let now = self.clock.now();
        let assignments: Vec<_> = batch.iter().map(|delivery| delivery.input).collect();
        // Before the rows: whoever brings a clarification into force sees them all, or they see it.
        store::keep_rules(tx, agency).await?;
        assignment::write(tx, agency, &assignments, now).await?;
        let moved: Vec<_> = assignments.iter().filter(|one| one.revision > 0).map(|one| one.report).collect();
        if !moved.is_empty() {
            answer::stop_for_moved(tx, agency, &moved, now).await?;
        }
        let reports: Vec<_> = assignments.iter().map(|assignment| assignment.report).collect();
        answer::owe_for_reports(tx, agency, &reports, now).await?;
        Ok(())
    }

    fn committed(&self, _agency: AgencyId, batch: &[Delivery<Self::Input>]) {
        self.arrivals.arrived(batch.iter().map(|delivery| delivery.input.report));
        self.delivery.wake();
    }
}

/// Applies what approval says.
pub struct Approvals {
    /// The time.
    pub clock: Clock,
    /// Verifies what claims to be signed.
    pub words: SignedWords,
    /// Sends what becomes due.
    pub delivery: crate::side_by_side::Waker,
}

impl Subscriber for Approvals {
    type Input = Approval;

    fn decode(&self, agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Self::Input, Unreadable> {
        events::approval(agency, subject, payload)
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Self::Input>],
    ) -> Result<(), ApplyError> {
        let now = self.clock.now();
        let Some(trust) = self.words.trust(agency) else {
            return Err(ApplyError::Rejected(format!("agency {agency} is not configured here")));
        };
        store::change_rules(tx, agency).await?;
        for delivery in batch {
            match &delivery.input {
                Approval::Signed(signing) => {
                    delivery.span.record(telemetry::attribute::CASE_ID, signing.case.to_string());
                    self.apply_signing(tx, agency, delivery, signing, now).await?;
                }
                Approval::Revoked { revision, reason, signed_order } => {
                    let order = orders::revocation(tx, trust, *revision, signed_order, now).await?;
                    clarification::revoke(tx, agency, *revision, reason, order).await?;
                    let said =
                        if order.is_some() { "已撤销" } else { "收到未签名的撤销，先停发" };
                    let reason = format!("{said}：{reason}");
                    let (of, up_to) = (Some(revision.clarification), Some(revision.revision));
                    halt::stop_pending(tx, agency, of, up_to, &reason, now).await?;
                }
                Approval::Halted(halted) => {
                    halt::order(tx, agency, &orders::halt(trust, halted, now)).await?;
                }
                Approval::Lifted(signed_order) => {
                    match orders::resume(tx, trust, signed_order, now).await {
                        // One that does not count was kept for people to see, and is done with.
                        Ok(()) | Err(ResumeError::Refused(_)) => {}
                        Err(ResumeError::Database(error)) => return Err(error.into()),
                    }
                }
                Approval::HaltedElsewhere => {}
            }
        }
        Ok(())
    }

    fn committed(&self, _agency: AgencyId, _batch: &[Delivery<Self::Input>]) {
        self.delivery.wake();
    }
}

impl Approvals {
    async fn apply_signing(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        delivery: &Delivery<Approval>,
        signing: &Signing,
        now: OffsetDateTime,
    ) -> Result<(), ApplyError> {
        let accepted = match &signing.bundle {
            Ok(bundle) => {
                self.words.accept(agency, signing.case, signing.claim, signing.revision, bundle, now)
            }
            Err(malformed) => Err(Unusable::Malformed(*malformed)),
        };
        match accepted {
            Ok(kept) => {
                clarification::keep(tx, agency, &kept).await?;
                answer::owe_for_clarification(tx, agency, signing.revision.clarification, now).await?;
            }
            Err(unusable) => {
                tracing::error!(
                    clarification = %signing.revision.clarification,
                    revision = signing.revision.revision,
                    error = &unusable as &dyn std::error::Error,
                    "what claims to be signed does not verify and is never used"
                );
                let refusal = clarification::Refusal {
                    event: delivery.event_id,
                    revision: signing.revision,
                    reason: unusable.reason(),
                    detail: unusable.zh(),
                };
                clarification::refuse(tx, agency, &refusal, now).await?;
            }
        }
        Ok(())
    }
}

/// Applies what publish says about pages.
pub struct Pages {
    /// The time.
    pub clock: Clock,
    /// Sends what becomes due.
    pub delivery: crate::side_by_side::Waker,
}

impl Subscriber for Pages {
    type Input = Option<PageChanged>;

    fn decode(&self, agency: AgencyId, _subject: &str, payload: &[u8]) -> Result<Self::Input, Unreadable> {
        events::publication_changed(agency, payload)
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Self::Input>],
    ) -> Result<(), ApplyError> {
        let now = self.clock.now();
        let changes: Vec<_> = batch.iter().filter_map(|delivery| delivery.input).collect();
        if changes.is_empty() {
            return Ok(());
        }
        store::change_rules(tx, agency).await?;
        for change in changes {
            clarification::record_page(
                tx,
                agency,
                change.publication,
                change.revision,
                change.state,
                change.state_revision,
            )
            .await?;
            if change.state == PageState::Confirmed {
                answer::owe_for_clarification(tx, agency, change.revision.clarification, now).await?;
            }
        }
        Ok(())
    }

    fn committed(&self, _agency: AgencyId, _batch: &[Delivery<Self::Input>]) {
        self.delivery.wake();
    }
}
