//! What this service hears: signed and revoked clarifications and halts from approval, platform notices from
//! ingest. Reading happens here; what follows from it is the use cases' business.

use std::str::FromStr;

use contracts::Event;
use contracts::approval::v1 as approval_pb;
use contracts::ingest::v1 as ingest_pb;
use ids::{AgencyId, HaltId};
use messaging::{ApplyError, Delivery, Member, Subscriber, Subscription, Unreadable, Waker};
use runtime::Clock;
use signoff::bundle::{Bundle, Signature, Signed};
use signoff::malformed::Malformed;
use sqlx::PgConnection;
use tracing::Instrument;

use crate::agency::{Agencies, PageAddresses};
use crate::change::ChangeError;
use crate::domain::halt::Scope;
use crate::domain::wechat::Notice;
use crate::orders::ResumeError;
use crate::sender::Wakes;
use crate::stop::Revocation;
use crate::store::clarification::Revision;
use crate::take_up::{Announcement, take_up};
use crate::{hear_notice, orders, stop, store};

/// This service on the bus. A new consumer is one more line here; the migration step makes it.
pub const BUS: Member =
    Member { service: "publish", stream: "PUBLISH", subjects: "publish.>", receives: &[APPROVAL, NOTICES] };

/// What approval says. Halts and clarifications share a consumer, so that a halt is not read behind a backlog of
/// another one.
pub const APPROVAL: Subscription = Subscription {
    stream: "APPROVAL",
    durable: "publish-on-approval",
    subjects: &[
        approval_pb::ClarificationSigned::SUBJECT,
        approval_pb::ClarificationRevoked::SUBJECT,
        approval_pb::HaltOrdered::SUBJECT,
        approval_pb::HaltLifted::SUBJECT,
    ],
    batch_max: 50,
};

/// What platforms called back to say.
pub const NOTICES: Subscription = Subscription {
    stream: "INGEST",
    durable: "publish-on-platform-notice",
    subjects: &[ingest_pb::PlatformNoticeReceived::SUBJECT],
    batch_max: 50,
};

/// One thing that approval said.
#[derive(Debug)]
pub enum Said {
    /// A clarification was signed.
    Signed(Box<(Revision, Result<Bundle, Malformed>)>),
    /// A signed one must not go out any more.
    Revoked(Revocation),
    /// An officer stopped something.
    Halted(Halted),
    /// A lead's order, by which something goes on if it counts.
    Lifted(Vec<u8>),
    /// An officer stopped something that is not ours to stop.
    NotOurs,
}

/// A halt as the bus tells of it.
#[derive(Clone, Debug)]
pub struct Halted {
    /// Itself.
    pub id: HaltId,
    /// What stops.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// The order with the papers behind it; may be missing, or worth nothing.
    pub signed_order: Vec<u8>,
}

/// Takes up what approval says.
pub struct OnApproval {
    /// Whom to believe.
    pub agencies: Agencies,
    /// Where pages are.
    pub addresses: PageAddresses,
    /// The time.
    pub clock: Clock,
    /// Woken after a commit.
    pub wakes: Wakes,
    /// Woken after a commit.
    pub relay: Waker,
}

impl Subscriber for OnApproval {
    type Input = Said;

    fn decode(&self, agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Said, Unreadable> {
        match subject {
            approval_pb::ClarificationSigned::SUBJECT => signed(agency, decode(agency, payload)?),
            approval_pb::ClarificationRevoked::SUBJECT => {
                let event: approval_pb::ClarificationRevoked = decode(agency, payload)?;
                Ok(Said::Revoked(Revocation {
                    clarification: id("clarification_id", &event.clarification_id)?,
                    revision: bounded(event.revision)?,
                    reason: grpc::brief(&event.reason),
                    signed_order: event.signed_order,
                }))
            }
            approval_pb::HaltOrdered::SUBJECT => halted(decode(agency, payload)?),
            approval_pb::HaltLifted::SUBJECT => {
                let event: approval_pb::HaltLifted = decode(agency, payload)?;
                Ok(Said::Lifted(event.signed_order))
            }
            other => Err(Unreadable(format!("nothing is known about {other}"))),
        }
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Said>],
    ) -> Result<(), ApplyError> {
        let Some(facts) = self.agencies.get(agency) else {
            return Err(ApplyError::Rejected(format!("agency {agency} is not configured here")));
        };
        store::gate::close(tx, agency).await?;
        let now = self.clock.now();
        for delivery in batch {
            let applying = async {
                match &delivery.input {
                    Said::Signed(said) => {
                        delivery.span.record(telemetry::attribute::CASE_ID, said.0.case.to_string());
                        let announcement = Announcement {
                            revision: said.0,
                            bundle: said.1.clone(),
                            traceparent: delivery.traceparent.clone(),
                        };
                        take_up(tx, facts, &self.addresses, &announcement, now).await
                    }
                    Said::Revoked(revocation) => stop::revoke(tx, facts, revocation, now).await,
                    Said::Halted(Halted { id, scope, reason, signed_order }) => {
                        let order = orders::halt(facts, *id, scope.clone(), reason, signed_order, now);
                        stop::halt(tx, agency, &order, now).await.map(|_effect| ())
                    }
                    Said::Lifted(signed_order) => match orders::resume(tx, facts, signed_order, now).await {
                        // One that does not count was kept for people to see, and is done with.
                        Ok(()) | Err(ResumeError::Refused(_)) => Ok(()),
                        Err(ResumeError::Database(error)) => Err(error.into()),
                    },
                    Said::NotOurs => Ok(()),
                }
            };
            applying.instrument(delivery.span.clone()).await.map_err(apply_error)?;
        }
        Ok(())
    }

    fn committed(&self, agency: AgencyId, _batch: &[Delivery<Said>]) {
        self.wakes.wake(agency);
        self.relay.wake();
    }
}

/// Takes up what platforms called back to say.
pub struct OnNotice {
    /// The time.
    pub clock: Clock,
    /// Woken after a commit.
    pub wakes: Wakes,
    /// Woken after a commit.
    pub relay: Waker,
}

/// A notice and the account that was called back.
#[derive(Debug)]
pub struct AccountNotice {
    account: String,
    notice: Option<Notice>,
}

impl Subscriber for OnNotice {
    type Input = AccountNotice;

    fn decode(&self, agency: AgencyId, subject: &str, payload: &[u8]) -> Result<AccountNotice, Unreadable> {
        if subject != ingest_pb::PlatformNoticeReceived::SUBJECT {
            return Err(Unreadable(format!("nothing is known about {subject}")));
        }
        let event: ingest_pb::PlatformNoticeReceived = decode(agency, payload)?;
        // A kind of notice that is newer than we are is nobody's fault and of no use to us.
        let notice = event.notice.map(|notice| match notice {
            ingest_pb::platform_notice_received::Notice::MassJobFinished(job) => Notice {
                msg_id: job.msg_id,
                status: job.status,
                total_count: job.total_count,
                sent_count: job.sent_count,
                error_count: job.error_count,
                article_url: job.article_urls.into_iter().next().unwrap_or_default(),
            },
        });
        Ok(AccountNotice { account: event.account, notice })
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<AccountNotice>],
    ) -> Result<(), ApplyError> {
        store::gate::close(tx, agency).await?;
        let now = self.clock.now();
        for delivery in batch {
            let AccountNotice { account, notice: Some(notice) } = &delivery.input else { continue };
            hear_notice::hear(tx, agency, account, notice, now)
                .instrument(delivery.span.clone())
                .await
                .map_err(apply_error)?;
        }
        Ok(())
    }

    fn committed(&self, agency: AgencyId, _batch: &[Delivery<AccountNotice>]) {
        self.wakes.wake(agency);
        self.relay.wake();
    }
}

fn apply_error(error: ChangeError) -> ApplyError {
    match error {
        ChangeError::Database(error) => ApplyError::Database(error),
        ChangeError::Invalid(invalid) => ApplyError::Rejected(invalid.to_string()),
    }
}

fn decode<E: Event>(agency: AgencyId, payload: &[u8]) -> Result<E, Unreadable> {
    contracts::read(&agency.to_string(), payload).map_err(|error| Unreadable(error.to_string()))
}

fn id<T: FromStr>(field: &'static str, text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(|_| Unreadable(format!("{field} is not a UUID")))
}

/// A revision that the database can hold; they count from 1.
fn bounded(revision: u64) -> Result<u64, Unreadable> {
    match i64::try_from(revision) {
        Ok(1..) => Ok(revision),
        _ => Err(Unreadable("revision is out of range".to_owned())),
    }
}

fn signed(agency: AgencyId, event: approval_pb::ClarificationSigned) -> Result<Said, Unreadable> {
    let revision = Revision {
        agency,
        case: id("case_id", &event.case_id)?,
        clarification: id("clarification_id", &event.clarification_id)?,
        revision: bounded(event.revision)?,
    };
    Ok(Said::Signed(Box::new((revision, bundle(event)))))
}

/// A bundle that has not even the form of one is not unreadable: the case must hear that it was refused.
fn bundle(event: approval_pb::ClarificationSigned) -> Result<Bundle, Malformed> {
    Ok(Bundle {
        content: event.content,
        statements: event.statements.into_iter().map(document).collect::<Result<_, _>>()?,
        enrolments: event.enrolments.into_iter().map(document).collect::<Result<_, _>>()?,
        policy: document(event.policy.unwrap_or_default())?,
    })
}

fn document(signed: approval_pb::clarification_signed::Signed) -> Result<Signed, Malformed> {
    let signatures = signed.signatures.iter();
    Ok(Signed {
        signatures: signatures
            .map(|signature| Signature::from_parts(&signature.key_id, &signature.signature))
            .collect::<Result<_, _>>()?,
        document: signed.document,
    })
}

fn halted(event: approval_pb::HaltOrdered) -> Result<Said, Unreadable> {
    use approval_pb::halt_scope::Scope as Ordered;
    let scope = match event.scope.and_then(|scope| scope.scope) {
        Some(Ordered::ClarificationId(clarification)) => {
            Scope::Clarification(id("scope.clarification_id", &clarification)?)
        }
        Some(Ordered::Account(account)) if account.chars().any(char::is_control) => {
            return Err(Unreadable("scope.account is no account's name".to_owned()));
        }
        Some(Ordered::Account(account)) => Scope::Account(account),
        Some(Ordered::Everything(_)) => Scope::Everything,
        // Answers are ingest's.
        Some(Ordered::AutomaticAnswers(_)) => return Ok(Said::NotOurs),
        None => return Err(Unreadable("scope is missing".to_owned())),
    };
    Ok(Said::Halted(Halted {
        id: id("halt_id", &event.halt_id)?,
        scope,
        reason: grpc::brief(&event.reason),
        signed_order: event.signed_order,
    }))
}
