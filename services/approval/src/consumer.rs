//! Messages to use cases: claims and alarms from classification, publications from publish.

use contracts::classification::v1::{
    AlarmRaised, ClaimGrew, ClaimOpened, MessageCorrected, SuspensionChanged,
};
use contracts::publish::v1::PublicationChanged;
use contracts::{Event, classification, ingest, publish};
use ids::AgencyId;
use messaging::{ApplyError, Delivery, Member, Subscriber, Subscription, Unreadable};
use runtime::Clock;
use sqlx::PgConnection;

use crate::audit;
use crate::deeds::{self, Deed};
use crate::events;
use crate::follow_messages::CorrectedMessage;
use crate::resume_answer::Suspension;
use crate::store::alarm::Alarm;
use crate::store::case::ClaimCounts;
use crate::store::publication::Reported;
use crate::store::{self, StoreError};
use crate::{follow_claims, follow_messages, follow_publications, resume_answer};

/// This service on the bus. A new consumer is one more line here; the migration step makes it.
pub const BUS: Member = Member {
    service: "approval",
    stream: "APPROVAL",
    subjects: "approval.>",
    receives: &[CLASSIFICATION, PUBLISH, INGEST_DEEDS, CLASSIFICATION_DEEDS, PUBLISH_DEEDS],
};

/// What classification tells.
pub const CLASSIFICATION: Subscription = Subscription {
    stream: "CLASSIFICATION",
    durable: "approval-on-classification",
    subjects: &[
        ClaimOpened::SUBJECT,
        ClaimGrew::SUBJECT,
        AlarmRaised::SUBJECT,
        SuspensionChanged::SUBJECT,
        MessageCorrected::SUBJECT,
    ],
    // One statement opens or grows them all; more would only hold the agency's counter longer.
    batch_max: 200,
};

/// What publish tells.
pub const PUBLISH: Subscription = Subscription {
    stream: "PUBLISH",
    durable: "approval-on-publication-changed",
    subjects: &[PublicationChanged::SUBJECT],
    // Each locks its case and is looked at by itself.
    batch_max: 50,
};

/// What people do in ingest.
pub const INGEST_DEEDS: Subscription = Subscription {
    stream: "INGEST",
    durable: "approval-on-ingest-deed-done",
    subjects: &[ingest::v1::DeedDone::SUBJECT],
    // One statement enters them all; more would only hold the end of the trail longer.
    batch_max: 50,
};

/// What people do in classification.
pub const CLASSIFICATION_DEEDS: Subscription = Subscription {
    stream: "CLASSIFICATION",
    durable: "approval-on-classification-deed-done",
    subjects: &[classification::v1::DeedDone::SUBJECT],
    batch_max: 50,
};

/// What people do in publish.
pub const PUBLISH_DEEDS: Subscription = Subscription {
    stream: "PUBLISH",
    durable: "approval-on-publish-deed-done",
    subjects: &[publish::v1::DeedDone::SUBJECT],
    batch_max: 50,
};

/// An event of classification, understood.
pub enum Told {
    /// A claim was opened or grew.
    Claim(ClaimCounts),
    /// A call for help came in.
    Alarm(Alarm),
    /// An automatic answer was switched off or on.
    Suspension(Suspension),
    /// An officer said what a message is.
    Message(CorrectedMessage),
}

/// Follows classification.
pub struct OnClassification {
    /// The time of day.
    pub clock: Clock,
}

impl Subscriber for OnClassification {
    type Input = Told;

    fn decode(&self, agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Told, Unreadable> {
        let told = if subject == ClaimOpened::SUBJECT {
            let event = decode::<ClaimOpened>(agency, payload)?;
            events::claim_counts(event.claim, 0).map(Told::Claim)
        } else if subject == ClaimGrew::SUBJECT {
            let event = decode::<ClaimGrew>(agency, payload)?;
            events::claim_counts(event.claim, event.state_revision).map(Told::Claim)
        } else if subject == AlarmRaised::SUBJECT {
            events::alarm(decode(agency, payload)?).map(Told::Alarm)
        } else if subject == SuspensionChanged::SUBJECT {
            events::suspension(&decode(agency, payload)?).map(Told::Suspension)
        } else if subject == MessageCorrected::SUBJECT {
            events::corrected_message(&decode(agency, payload)?).map(Told::Message)
        } else {
            Err(format!("{subject} is none of our subjects"))
        };
        told.map_err(Unreadable)
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Told>],
    ) -> Result<(), ApplyError> {
        if store::agency::get(tx, agency).await.map_err(refused)?.is_none() {
            return Err(ApplyError::Rejected(format!("agency {agency} is not set up here")));
        }
        for delivery in batch {
            if let Told::Alarm(alarm) = &delivery.input {
                store::alarm::insert(tx, agency, alarm).await.map_err(refused)?;
            }
        }
        let claims = batch.iter().filter_map(|delivery| match &delivery.input {
            Told::Claim(claim) => Some(claim),
            Told::Alarm(_) | Told::Suspension(_) | Told::Message(_) => None,
        });
        let opened =
            follow_claims::follow(tx, agency, claims, self.clock.now()).await.map_err(
                |error| match error {
                    follow_claims::FollowError::Store(error) => refused(error),
                    unknown @ follow_claims::FollowError::UnknownAgency => {
                        ApplyError::Rejected(unknown.to_string())
                    }
                },
            )?;
        for (claim, case) in opened {
            let cause = batch
                .iter()
                .find(|delivery| matches!(&delivery.input, Told::Claim(counts) if counts.claim == claim));
            if let Some(delivery) = cause {
                // Begun and ended here: the span marks where the trace reaches its case.
                let span = tracing::info_span!(
                    parent: &delivery.span,
                    "open case",
                    chengqing.case.id = %case,
                    chengqing.claim.id = %claim,
                );
                if let Some(traceparent) = span.in_scope(telemetry::current_traceparent) {
                    store::case::keep_opening(tx, case, &traceparent).await.map_err(refused)?;
                }
            }
        }
        for delivery in batch {
            if let Told::Suspension(suspension) = &delivery.input {
                resume_answer::follow(tx, agency, suspension, self.clock.now()).await.map_err(refused)?;
            }
        }
        let messages: Vec<&CorrectedMessage> = batch
            .iter()
            .filter_map(|delivery| match &delivery.input {
                Told::Message(message) => Some(message),
                Told::Claim(_) | Told::Alarm(_) | Told::Suspension(_) => None,
            })
            .collect();
        follow_messages::follow(tx, agency, &messages).await.map_err(refused)?;
        runtime::crash_point!("approval.consumer.before_commit");
        Ok(())
    }

    fn committed(&self, _agency: AgencyId, _batch: &[Delivery<Told>]) {
        runtime::crash_point!("approval.consumer.after_commit");
    }
}

/// Follows publish.
pub struct OnPublicationChanged {
    /// The time of day.
    pub clock: Clock,
}

impl Subscriber for OnPublicationChanged {
    type Input = Reported;

    fn decode(&self, agency: AgencyId, _subject: &str, payload: &[u8]) -> Result<Reported, Unreadable> {
        events::reported(decode::<PublicationChanged>(agency, payload)?).map_err(Unreadable)
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Reported>],
    ) -> Result<(), ApplyError> {
        for delivery in batch {
            let _followed = tracing::info_span!(
                parent: &delivery.span,
                "follow publication",
                chengqing.case.id = %delivery.input.case,
                chengqing.publication.id = %delivery.input.publication,
            )
            .entered();
        }
        let reported: Vec<&Reported> = batch.iter().map(|delivery| &delivery.input).collect();
        follow_publications::follow(tx, agency, &reported, self.clock.now()).await.map_err(|error| {
            match error {
                follow_publications::FollowError::Store(error) => refused(error),
                unknown @ follow_publications::FollowError::UnknownCase(_) => {
                    ApplyError::Rejected(unknown.to_string())
                }
            }
        })?;
        runtime::crash_point!("approval.publication_consumer.before_commit");
        Ok(())
    }

    fn committed(&self, _agency: AgencyId, _batch: &[Delivery<Reported>]) {
        runtime::crash_point!("approval.publication_consumer.after_commit");
    }
}

/// Enters into the trail what people do in the other services, once each.
pub struct OnDeedDone;

impl Subscriber for OnDeedDone {
    type Input = Deed;

    fn decode(&self, agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Deed, Unreadable> {
        let deed = if subject == ingest::v1::DeedDone::SUBJECT {
            deeds::of_ingest(decode(agency, payload)?)
        } else if subject == classification::v1::DeedDone::SUBJECT {
            deeds::of_classification(decode(agency, payload)?)
        } else if subject == publish::v1::DeedDone::SUBJECT {
            deeds::of_publish(decode(agency, payload)?)
        } else {
            Err(format!("{subject} is none of our subjects"))
        };
        deed.map_err(Unreadable)
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Deed>],
    ) -> Result<(), ApplyError> {
        if store::agency::get(tx, agency).await.map_err(refused)?.is_none() {
            return Err(ApplyError::Rejected(format!("agency {agency} is not set up here")));
        }
        let entries: Vec<_> = batch.iter().map(|delivery| delivery.input.entry()).collect();
        audit::record(tx, agency, &entries).await.map_err(refused)?;
        Ok(())
    }
}

fn decode<E: Event>(agency: AgencyId, payload: &[u8]) -> Result<E, Unreadable> {
    contracts::read(&agency.to_string(), payload).map_err(|error| Unreadable(error.to_string()))
}

/// A database that is away is waited for; a row that cannot be read is not cured by waiting.
fn refused(error: StoreError) -> ApplyError {
    match error {
        StoreError::Database(error) => ApplyError::Database(error),
        corrupt @ StoreError::Corrupt { .. } => ApplyError::Rejected(corrupt.to_string()),
    }
}
