//! The microblog post: text and the page's link, once. The platform has no idempotency key, so an uncertain post
//! is looked for in the account's own timeline, and only proof that it is not there lets it be sent once more.

use std::net::IpAddr;
use std::time::Duration;

use ids::AttemptId;
use time::OffsetDateTime;
use weibo::client::Client;
use weibo::post::{NewPost, ShareOutcome, Timeline, TimelineQuery};

use super::gatekeeper::{Passed, look};
use super::{Carrier, Station, pause_to_record_again};
use crate::change::{ChangeError, change};
use crate::domain::channel::{Account, Channel};
use crate::domain::publication::{Command, Publication, State};
use crate::domain::wechat::Ended;
use crate::domain::weibo::{Answer, Found, OpenWrite, after_share, reconcile};
use crate::store;
use crate::store::attempt::{Attempt, Operation};
use crate::verified;

/// Far below the two minutes after which absence is believed: a call of a process that lost its lock has ended
/// before anyone can conclude anything from its silence.
const SHARE_DEADLINE: Duration = Duration::from_secs(20);
const READ_DEADLINE: Duration = Duration::from_secs(10);

/// The microblog links to the page, so it waits for it.
const PAGE_AWAITED: time::Duration = time::Duration::seconds(5);

/// Carries to one microblog account.
pub struct WeiboCarrier {
    station: Station,
    account: Account,
    client: Client,
    uid: i64,
    operator_ip: IpAddr,
}

/// A post that was begun.
struct Begun {
    attempt: AttemptId,
    publication: Publication,
    post: NewPost,
}

/// What an uncertain post is looked for by.
struct Sought {
    text: String,
    taken: Vec<String>,
    attempts: Vec<Attempt>,
}

impl WeiboCarrier {
    /// For one account.
    #[must_use]
    pub fn new(station: Station, account: String, client: Client, uid: i64, operator_ip: IpAddr) -> Self {
        let account = Account { channel: Channel::Weibo, slug: account };
        Self { station, account, client, uid, operator_ip }
    }
}

impl Carrier for WeiboCarrier {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn warm_up(&self) {
        // Not counted by the platform; it opens the connection. An account that cannot be reached shows itself
        // when something is due.
        let _unreachable = self.client.rate_limit_status(READ_DEADLINE).await;
    }

    fn look_again_after_abandoning(&self, now: OffsetDateTime) -> OffsetDateTime {
        now
    }

    async fn step(&self, publication: Publication) -> Result<(), ChangeError> {
        if publication.state != State::Planned {
            return self.find_out(publication).await;
        }
        let Some(begun) = self.begin(&publication).await? else { return Ok(()) };
        runtime::crash_point!("publish.send.after_attempt_committed");
        let outcome = self.client.share(&begun.post, SHARE_DEADLINE).await;
        runtime::crash_point!("publish.send.after_call_before_outcome");
        let end = loop {
            match self.end(&begun, &outcome).await {
                Err(ChangeError::Database(error)) => pause_to_record_again(&error).await,
                recorded => break recorded,
            }
        };
        runtime::crash_point!("publish.send.after_outcome_committed");
        end
    }
}

impl WeiboCarrier {
    async fn begin(&self, publication: &Publication) -> Result<Option<Begun>, ChangeError> {
        let station = &self.station;
        let now = station.clock.now();
        let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
        store::gate::pass(&mut tx, station.agency.id).await?;
        let begun = self.begin_in(&mut tx, publication, now).await?;
        tx.commit().await?;
        Ok(begun)
    }

    async fn begin_in(
        &self,
        tx: &mut sqlx::PgConnection,
        publication: &Publication,
        now: OffsetDateTime,
    ) -> Result<Option<Begun>, ChangeError> {
        let Passed::Go(passed) = look(&self.station, tx, publication).await? else { return Ok(None) };
        let (publication, verified) = *passed;
        match store::publication::page_state(tx, publication.clarification, publication.revision).await? {
            Some(State::Confirmed) => {}
            Some(page) if page.is_open() => {
                store::publication::set_due(tx, publication.id, now + PAGE_AWAITED).await?;
                return Ok(None);
            }
            // A link that leads nowhere must not be posted.
            _ => {
                let stop = Command::Stop { reason: "公开页没有上线，微博不再发布".to_owned() };
                change(tx, publication, stop, now).await?;
                return Ok(None);
            }
        }
        let Some(rendition) = verified.content.rendition(Channel::Weibo.as_str()) else {
            let fail = Command::Fail { reason: "签发的稿件中没有微博的稿样".to_owned() };
            change(tx, publication, fail, now).await?;
            return Ok(None);
        };
        let post = NewPost {
            text: rendition.body.clone(),
            link: self.station.addresses.of(publication.clarification),
            operator_ip: self.operator_ip,
        };
        let attempt = store::attempt::begin(tx, &publication, Operation::Share, now).await?;
        let publication = change(tx, publication, Command::Begin, now).await?;
        Ok(Some(Begun { attempt, publication, post }))
    }

    async fn end(&self, begun: &Begun, outcome: &ShareOutcome) -> Result<(), ChangeError> {
        let station = &self.station;
        let now = station.clock.now();
        let learned = after_share(outcome, now);
        let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
        store::gate::pass(&mut tx, station.agency.id).await?;
        store::attempt::end(&mut tx, begun.attempt, learned.ended, &learned.detail).await?;
        if let Some(publication) = store::publication::lock(&mut tx, begun.publication.id).await? {
            change(&mut tx, publication, learned.command, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Looks for a post that is uncertain, or taken and not seen yet.
    async fn find_out(&self, publication: Publication) -> Result<(), ChangeError> {
        let Some(sought) = self.sought(&publication).await? else { return Ok(()) };
        let query = TimelineQuery { uid: Some(self.uid), since_id: None, this_app_only: false };
        let timeline = match self.client.user_timeline(&query, READ_DEADLINE).await {
            Ok(timeline) => Some(timeline),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::info!(error, "the timeline of {} cannot be read now", self.account.slug);
                None
            }
        };
        let station = &self.station;
        let now = station.clock.now();
        let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
        store::gate::pass(&mut tx, station.agency.id).await?;
        let locked = store::publication::lock(&mut tx, publication.id).await?;
        if let Some(locked) = locked.filter(|locked| locked.state == publication.state) {
            match self.conclude(&locked, &sought, timeline.as_ref(), now) {
                Found::Absent(command) => {
                    store::attempt::prove_absent(&mut tx, locked.id).await?;
                    change(&mut tx, locked, command, now).await?;
                }
                // Still looking is no news for anybody.
                Found::Nothing(
                    Command::LoseTrack { look_again, .. } | Command::Accept { look_again, .. },
                ) => {
                    store::publication::set_due(&mut tx, locked.id, look_again).await?;
                }
                Found::Post(command) | Found::Nothing(command) => {
                    change(&mut tx, locked, command, now).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(())
    }

    async fn sought(&self, publication: &Publication) -> Result<Option<Sought>, ChangeError> {
        let station = &self.station;
        let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
        store::gate::pass(&mut tx, station.agency.id).await?;
        let kept = store::clarification::kept(
            &mut tx,
            publication.agency,
            publication.clarification,
            publication.revision,
        )
        .await?;
        // Only reading: the words that were posted are those that verified when the post was begun.
        let text = kept
            .and_then(|kept| verified::judge_kept(&station.agency, &kept, kept.verified_time).ok())
            .and_then(|verified| {
                verified.content.rendition(Channel::Weibo.as_str()).map(|rendition| rendition.body.clone())
            });
        let Some(text) = text else {
            let reason = "保存的稿件已无法核验，不能在时间线上核对，请到微博核对".to_owned();
            if let Some(locked) = store::publication::lock(&mut tx, publication.id).await?
                && locked.state == publication.state
            {
                change(&mut tx, locked, Command::AskPerson { reason }, station.clock.now()).await?;
            }
            tx.commit().await?;
            return Ok(None);
        };
        let taken = store::publication::platform_ids(&mut tx, &self.account, publication.id).await?;
        let attempts = store::attempt::list(&mut tx, publication.agency, &[publication.id.as_uuid()]).await?;
        Ok(Some(Sought { text, taken, attempts }))
    }

    fn conclude(
        &self,
        publication: &Publication,
        sought: &Sought,
        timeline: Option<&Timeline>,
        now: OffsetDateTime,
    ) -> Found {
        let link = self.station.addresses.of(publication.clarification);
        let writes = || sought.attempts.iter().filter(|attempt| attempt.is_write);
        let proven_before = writes().any(|attempt| attempt.proven_absent);
        let last_is_unknown = writes().next_back().is_some_and(Attempt::is_unresolved);
        let write = OpenWrite {
            text: &sought.text,
            link: &link,
            // A first post that was held to be absent and showed up late is still ours.
            first_begun: writes().next().map_or(publication.planned_time, |first| first.begun_time),
            begun: writes().next_back().map_or(publication.planned_time, |last| last.begun_time),
            taken: &sought.taken,
            accepted: publication.state == State::Accepted,
            // Once more, and only after a write that got no answer. What was stopped meanwhile is not sent again
            // either way: it is put back, and so ends as halted.
            answer: match writes().next_back() {
                // The one refusal after which a post is looked for.
                Some(last) if last.outcome == Ended::Refused.as_str() && !last.proven_absent => {
                    Answer::SameWords(&last.detail)
                }
                last => Answer::Unclear(last.map_or("", |last| &last.detail)),
            },
            may_send_again: !publication.stopped.is_empty() || (!proven_before && last_is_unknown),
        };
        reconcile(&write, timeline, now)
    }
}
