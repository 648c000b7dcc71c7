//! Sending: one sender per account, one at work in the whole installation, one step at a time.
//!
//! Every write is recorded and committed before the call, made outside any transaction with a deadline, and
//! recorded again after it. What was begun and not recorded is uncertain, and each channel has its own way to
//! find out; nothing new is written on an account before that is settled.

mod gatekeeper;
mod lock;
mod page;
mod wechat;
mod weibo;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ids::AgencyId;
use messaging::Waker;
use runtime::{Clock, Lifecycle};
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::agency::{Agency, PageAddresses};
use crate::change::{ChangeError, change};
use crate::domain::channel::Account;
use crate::domain::publication::{Command, Publication, State};
use crate::store;

pub use page::PageCarrier;
pub use wechat::WechatCarrier;
pub use weibo::WeiboCarrier;

/// A sender looks this often even when nobody wakes it: another replica may have planned something.
const POLL: Duration = Duration::from_secs(1);

/// How long a sender waits before it tries again for its lock or for the database.
const PAUSE: Duration = Duration::from_secs(1);

/// What all senders of an agency stand on.
#[derive(Clone)]
pub struct Station {
    /// The service's database.
    pub pool: PgPool,
    /// The time.
    pub clock: Clock,
    /// Whose publications these are.
    pub agency: Arc<Agency>,
    /// Where pages are.
    pub addresses: PageAddresses,
    /// Woken after each commit that announces something.
    pub relay: Waker,
    /// Woken when one sender's step lets another go on.
    pub wakes: Wakes,
}

/// Wakes an agency's senders. Waking is a courtesy: senders look by themselves too.
#[derive(Clone, Debug, Default)]
pub struct Wakes(Arc<BTreeMap<AgencyId, BTreeMap<Account, Arc<Notify>>>>);

impl Wakes {
    /// A waker for the sender of each account.
    pub fn new<'a>(agencies: impl Iterator<Item = &'a Arc<Agency>>) -> Self {
        let senders = |agency: &Agency| {
            agency.plan_accounts().into_iter().map(|account| (account, Arc::default())).collect()
        };
        Self(Arc::new(agencies.map(|agency| (agency.id, senders(agency))).collect()))
    }

    /// Wakes all senders of an agency.
    pub fn wake(&self, agency: AgencyId) {
        for sender in self.0.get(&agency).into_iter().flat_map(BTreeMap::values) {
            sender.notify_one();
        }
    }

    /// The waker of an account's sender.
    fn of(&self, agency: AgencyId, account: &Account) -> Arc<Notify> {
        self.0.get(&agency).and_then(|senders| senders.get(account)).cloned().unwrap_or_default()
    }
}

/// What differs between channels.
pub trait Carrier: Send + Sync + 'static {
    /// The account that it carries to.
    fn account(&self) -> &Account;

    /// Prepares what every step needs, once, before there is anything to send.
    fn warm_up(&self) -> impl Future<Output = ()> + Send;

    /// When to look into a write whose process died in the middle.
    fn look_again_after_abandoning(&self, now: OffsetDateTime) -> OffsetDateTime;

    /// Does the next step for a publication that is due.
    fn step(&self, publication: Publication) -> impl Future<Output = Result<(), ChangeError>> + Send;
}

/// Runs a sender until the soft stop. A step that was begun is finished.
///
/// # Errors
/// Never; the signature is a task's.
pub async fn run<C: Carrier>(station: Station, carrier: C, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let woken = station.wakes.of(station.agency.id, carrier.account());
    let soft = lifecycle.soft();
    while !soft.is_cancelled() {
        match lock::acquire(&station.pool, station.agency.id, carrier.account()).await {
            Ok(Some(mut lock)) => {
                if let Err(error) = serve(&station, &carrier, &mut lock, &woken, &soft).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the sender of {} starts over",
                        carrier.account().slug
                    );
                }
            }
            // Another replica is at work.
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the sender of {} cannot reach the database",
                    carrier.account().slug
                );
            }
        }
        tokio::select! {
            () = soft.cancelled() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    Ok(())
}

async fn serve<C: Carrier>(
    station: &Station,
    carrier: &C,
    lock: &mut lock::AccountLock,
    woken: &Notify,
    soft: &CancellationToken,
) -> Result<(), ChangeError> {
    take_over(station, carrier).await?;
    carrier.warm_up().await;
    while !soft.is_cancelled() {
        lock.check().await?;
        match next(station, carrier.account()).await? {
            Next::Due(due) => {
                let (publication, traceparent) = *due;
                let span = step_span(&publication, traceparent.as_deref());
                carrier.step(publication).instrument(span).await?;
                station.relay.wake();
                station.wakes.wake(station.agency.id);
            }
            Next::Idle(wait) => {
                tokio::select! {
                    () = soft.cancelled() => {}
                    () = woken.notified() => {}
                    () = station.clock.sleep(wait) => {}
                }
            }
        }
    }
    Ok(())
}

/// What is there to do.
enum Next {
    /// This publication is due; its trace goes on from here.
    Due(Box<(Publication, Option<String>)>),
    /// Nothing for so long.
    Idle(Duration),
}

async fn next(station: &Station, account: &Account) -> Result<Next, ChangeError> {
    let now = station.clock.now();
    let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
    if let Some(publication) = store::publication::next(&mut tx, account, now).await? {
        let traceparent =
            store::clarification::traceparent(&mut tx, publication.clarification, publication.revision)
                .await?;
        return Ok(Next::Due(Box::new((publication, traceparent))));
    }
    let due = store::publication::next_due(&mut tx, account, now).await?;
    let wait = due.and_then(|due| Duration::try_from(due - now).ok()).unwrap_or(POLL);
    Ok(Next::Idle(wait.min(POLL)))
}

/// One machine step after another: the step is a child of the announcement, so that one trace shows the way from
/// the sign-off to the platform's confirmation.
fn step_span(publication: &Publication, traceparent: Option<&str>) -> tracing::Span {
    let channel = publication.account.channel.as_str();
    let span = tracing::info_span!(
        parent: None,
        "send",
        otel.name = format!("send {channel}"),
        otel.kind = "internal",
        { telemetry::attribute::CASE_ID } = %publication.case,
        { telemetry::attribute::AGENCY_ID } = %publication.agency,
        { telemetry::attribute::PUBLICATION_ID } = %publication.id,
    );
    if let Some(traceparent) = traceparent {
        telemetry::set_parent(&span, traceparent);
    }
    span
}

/// Whoever gets an account's lock settles first what its predecessor left in the middle: a write that was begun
/// and has no outcome may have reached the platform.
async fn take_over<C: Carrier>(station: &Station, carrier: &C) -> Result<(), ChangeError> {
    let now = station.clock.now();
    let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
    store::gate::pass(&mut tx, station.agency.id).await?;
    for publication in store::attempt::abandon(&mut tx, carrier.account()).await? {
        let Some(publication) = store::publication::lock(&mut tx, publication).await? else { continue };
        if publication.state == State::Sending {
            let lose_track = Command::LoseTrack {
                reason: "提交时系统中断，结果未明，正在核对，核对前不会重发".to_owned(),
                look_again: carrier.look_again_after_abandoning(now),
            };
            change(&mut tx, publication, lose_track, now).await?;
        }
    }
    tx.commit().await?;
    station.relay.wake();
    Ok(())
}

/// Waits a moment after the database refused to record an outcome. The outcome is held meanwhile; if the process
/// dies first, the attempt stays begun, which says the same: nobody knows.
async fn pause_to_record_again(error: &sqlx::Error) {
    tracing::warn!(error = error as &dyn std::error::Error, "an outcome could not be recorded yet");
    tokio::time::sleep(PAUSE).await;
}
