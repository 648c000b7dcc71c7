//! The WeChat mass push: cover, draft, `sendall` under one key, then the job's end from a notice or `mass_get`.
//!
//! Only one thing is ever repeated here: the identical request, same key and same draft, after a minute at least
//! and within the platform's 24 hours of protection, because the platform answers it with 45065 instead of
//! sending it twice.

use std::time::Duration;

use bytes::Bytes;
use ids::AttemptId;
use sha2::{Digest, Sha256};
use signoff::content::Rendition;
use time::OffsetDateTime;
use wechat::client::Client;
use wechat::draft::Article;
use wechat::error::CallError;
use wechat::mass::{Audience, ClientMsgId, MassContent, MassMessage, SendAllOutcome};
use wechat::media::{Picture, PictureType};

use super::gatekeeper::{Passed, look};
use super::{Carrier, Station, pause_to_record_again};
use crate::change::{ChangeError, change};
use crate::domain::calendar::{beijing_day, next_quota_day};
use crate::domain::channel::{Account, Channel};
use crate::domain::publication::{Command, Publication, State};
use crate::domain::wechat::{
    DraftTries, Ended, Learned, REPEAT_AFTER, REPEAT_WITHIN, after_draft_failed, after_mass_get,
    after_sendall, draft_detail, keep_waiting,
};
use crate::hear_notice;
use crate::store;
use crate::store::attempt::{Attempt, Operation};
use crate::store::push::Push;

/// The cover of every article: the agency's colour and nothing else, so that it can never say a word unsigned.
const COVER: &[u8] = include_bytes!("../../assets/cover.png");

/// A mass send may be slow; everything else answers soon or not at all.
const SENDALL_DEADLINE: Duration = Duration::from_secs(20);
const DEADLINE: Duration = Duration::from_secs(10);

/// Before anything is due nobody waits for long.
const WARM_UP_DEADLINE: Duration = Duration::from_secs(5);

/// A draft that the platform refuses for its cover is tried again with the cover stored anew, this often.
const DRAFT_TRIES_MAX: u32 = 5;

/// 40007: the cover is not in the account's store any more.
const INVALID_MEDIA: i64 = 40007;

/// Carries to one Official Account.
pub struct WechatCarrier {
    station: Station,
    account: Account,
    client: Client,
    daily_push_quota: u32,
}

/// A write that was begun.
struct Begun {
    attempt: AttemptId,
    message: MassMessage,
    publication: Publication,
    unresolved: bool,
    repeats: u32,
}

impl WechatCarrier {
    /// For one account.
    #[must_use]
    pub fn new(station: Station, account: String, client: Client, daily_push_quota: u32) -> Self {
        Self {
            station,
            account: Account { channel: Channel::Wechat, slug: account },
            client,
            daily_push_quota,
        }
    }
}

impl Carrier for WechatCarrier {
    fn account(&self) -> &Account {
        &self.account
    }

    /// Has the cover and an access token at hand, so that a push begins with its own first request. A platform
    /// that is away is no hindrance: the step that needs it tries again.
    async fn warm_up(&self) {
        let warm = async {
            self.cover(false, WARM_UP_DEADLINE).await?;
            let quota = self.client.quota_get("/cgi-bin/message/mass/sendall", WARM_UP_DEADLINE).await;
            quota.map(|_quota| ()).map_err(CoverError::Platform)
        };
        if let Err(error) = warm.await {
            let error: &dyn std::error::Error = &error;
            tracing::info!(error, "account {} is not warmed up", self.account.slug);
        }
    }

    /// The platform's minute between two requests under one key.
    fn look_again_after_abandoning(&self, now: OffsetDateTime) -> OffsetDateTime {
        now + REPEAT_AFTER
    }

    async fn step(&self, publication: Publication) -> Result<(), ChangeError> {
        if publication.state == State::Accepted {
            return self.ask(publication).await;
        }
        if !self.has_draft(&publication).await? {
            return Ok(());
        }
        let Some(begun) = self.begin(&publication).await? else { return Ok(()) };
        runtime::crash_point!("publish.send.after_attempt_committed");
        let outcome = self.client.mass_sendall(&begun.message, SENDALL_DEADLINE).await;
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

impl WechatCarrier {
    /// Sees to it that there is a draft to send; `false` if this publication does not go on now.
    async fn has_draft(&self, publication: &Publication) -> Result<bool, ChangeError> {
        let station = &self.station;
        let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
        store::gate::pass(&mut tx, station.agency.id).await?;
        let Passed::Go(passed) = look(station, &mut tx, publication).await? else {
            tx.commit().await?;
            return Ok(false);
        };
        let (publication, verified) = *passed;
        let push = store::push::ensure(&mut tx, &publication).await?;
        if push.draft_media_id.is_some() {
            return Ok(true);
        }
        if self.quota_is_used_up(&mut tx, &push).await? {
            self.wait_for_quota(&mut tx, publication).await?;
            tx.commit().await?;
            return Ok(false);
        }
        let Some(rendition) = verified.content.rendition(Channel::Wechat.as_str()).cloned() else {
            let fail =
                Command::Fail { reason: "签发的稿件中没有微信公众号的稿样".to_owned() };
            change(&mut tx, publication, fail, station.clock.now()).await?;
            tx.commit().await?;
            return Ok(false);
        };
        let attempt =
            store::attempt::begin(&mut tx, &publication, Operation::DraftAdd, station.clock.now()).await?;
        tx.commit().await?;
        runtime::crash_point!("publish.draft.after_attempt_committed");
        let drafted = self.draft(&publication, &rendition).await;
        runtime::crash_point!("publish.draft.after_call_before_outcome");
        loop {
            match self.end_draft(attempt, &publication, &drafted).await {
                Err(ChangeError::Database(error)) => pause_to_record_again(&error).await,
                recorded => return recorded,
            }
        }
    }

    async fn draft(&self, publication: &Publication, rendition: &Rendition) -> Result<String, CallError> {
        let cover = self.cover_for_draft(false).await?;
        let article = |thumb_media_id: String| Article {
            title: rendition.title.clone(),
            author: String::new(),
            summary: rendition.summary.clone(),
            content: rendition.body.clone(),
            content_source_url: Some(self.station.addresses.of(publication.clarification).into()),
            thumb_media_id,
        };
        let drafted = self.client.draft_add(&[article(cover)], DEADLINE).await;
        if drafted.as_ref().is_err_and(|error| error.code() == Some(INVALID_MEDIA)) {
            // Somebody cleaned the account's material; the platform refused the draft, so this is its first.
            let cover = self.cover_for_draft(true).await?;
            return self.client.draft_add(&[article(cover)], DEADLINE).await;
        }
        drafted
    }

    async fn end_draft(
        &self,
        attempt: AttemptId,
        publication: &Publication,
        drafted: &Result<String, CallError>,
    ) -> Result<bool, ChangeError> {
        let station = &self.station;
        let now = station.clock.now();
        let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
        store::gate::pass(&mut tx, station.agency.id).await?;
        match drafted {
            Ok(media_id) => {
                store::attempt::end(&mut tx, attempt, Ended::Accepted, "草稿已生成").await?;
                store::push::set_draft(&mut tx, publication.id, Some(media_id)).await?;
            }
            Err(error) => {
                let ids = [publication.id.as_uuid()];
                let before = store::attempt::list(&mut tx, publication.agency, &ids).await?;
                let tries = tries_before(&before, &draft_detail(error));
                let (ended, detail, command) = after_draft_failed(error, tries, now);
                store::attempt::end(&mut tx, attempt, ended, &detail).await?;
                let is_final = error.code() == Some(INVALID_MEDIA) && tries.all + 1 >= DRAFT_TRIES_MAX;
                let command = if is_final {
                    Command::Fail { reason: "微信一再拒绝草稿的封面，未能群发".to_owned() }
                } else {
                    command
                };
                if let Some(locked) = store::publication::lock(&mut tx, publication.id).await?
                    && locked.state == State::Planned
                {
                    change(&mut tx, locked, command, now).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(drafted.is_ok())
    }

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
        let (publication, _verified) = *passed;
        let push = store::push::ensure(tx, &publication).await?;
        let attempts = store::attempt::list(tx, publication.agency, &[publication.id.as_uuid()]).await?;
        let unresolved = attempts.iter().any(Attempt::is_unresolved);
        // Past the platform's protection a repeated request might be a second push (G3).
        if unresolved && push.first_write_time.is_none_or(|first| now - first > REPEAT_WITHIN) {
            let reason = "24小时内没有核对出结果，不再重发，请到公众平台后台核对".to_owned();
            change(tx, publication, Command::AskPerson { reason }, now).await?;
            return Ok(None);
        }
        if !unresolved && self.quota_is_used_up(tx, &push).await? {
            self.wait_for_quota(tx, publication).await?;
            return Ok(None);
        }
        let Some(message) = message(&push) else { return Ok(None) };
        let attempt = store::attempt::begin(tx, &publication, Operation::SendAll, now).await?;
        store::push::note_write(tx, publication.id, now, beijing_day(now)).await?;
        let publication = change(tx, publication, Command::Begin, now).await?;
        let writes = attempts.iter().filter(|attempt| attempt.is_write).count();
        let repeats = u32::try_from(writes).unwrap_or(u32::MAX);
        Ok(Some(Begun { attempt, message, publication, unresolved, repeats }))
    }

    async fn end(&self, begun: &Begun, outcome: &SendAllOutcome) -> Result<(), ChangeError> {
        let station = &self.station;
        let now = station.clock.now();
        let Learned { ended, detail, command, job, draft_gone } =
            after_sendall(outcome, begun.unresolved, begun.repeats, now);
        let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
        store::gate::pass(&mut tx, station.agency.id).await?;
        store::attempt::end(&mut tx, begun.attempt, ended, &detail).await?;
        if draft_gone {
            store::push::set_draft(&mut tx, begun.publication.id, None).await?;
        }
        if ended == Ended::Refused && !begun.unresolved {
            store::push::forget_write(&mut tx, begun.publication.id).await?;
        }
        if let Some(job) = job {
            store::push::set_job(&mut tx, begun.publication.id, job).await?;
        }
        if let Some(publication) = store::publication::lock(&mut tx, begun.publication.id).await? {
            let publication = change(&mut tx, publication, command, now).await?;
            // The job's end may have come before its id.
            if let Some(job) = job
                && let Some(notice) = store::notice::of_job(&mut tx, &self.account.slug, job.msg_id).await?
            {
                hear_notice::apply(&mut tx, publication, &notice, now).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Asks how an accepted job stands, in case its notice is lost.
    async fn ask(&self, publication: Publication) -> Result<(), ChangeError> {
        let station = &self.station;
        let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
        let push = store::push::ensure(&mut tx, &publication).await?;
        tx.commit().await?;
        let answer = match push.msg_id {
            Some(msg_id) => Some(self.client.mass_get(msg_id, DEADLINE).await),
            None => None,
        };
        let now = station.clock.now();
        let accepted_for = now - push.first_write_time.unwrap_or(publication.planned_time);
        let command = match &answer {
            Some(answer) => after_mass_get(answer, accepted_for, now),
            None => keep_waiting(accepted_for, now),
        };
        let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
        store::gate::pass(&mut tx, station.agency.id).await?;
        // The notice may have come while we asked.
        if let Some(locked) = store::publication::lock(&mut tx, publication.id).await?
            && locked.state == State::Accepted
        {
            match command {
                // Still under way is no news for anybody.
                Command::Accept { look_again, .. } => {
                    store::publication::set_due(&mut tx, locked.id, look_again).await?;
                }
                command => {
                    change(&mut tx, locked, command, now).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(())
    }

    async fn quota_is_used_up(&self, tx: &mut sqlx::PgConnection, push: &Push) -> sqlx::Result<bool> {
        if push.first_write_time.is_some() {
            // Its own share is counted already.
            return Ok(false);
        }
        let used = store::push::used(tx, &self.account.slug, beijing_day(self.station.clock.now())).await?;
        Ok(used >= i64::from(self.daily_push_quota))
    }

    async fn wait_for_quota(
        &self,
        tx: &mut sqlx::PgConnection,
        publication: Publication,
    ) -> Result<(), ChangeError> {
        let now = self.station.clock.now();
        let reason = "今日群发额度已用完，明日再发；签署到期则不发".to_owned();
        change(tx, publication, Command::PutBack { reason, look_again: next_quota_day(now) }, now).await?;
        Ok(())
    }

    async fn cover_for_draft(&self, store_again: bool) -> Result<String, CallError> {
        self.cover(store_again, DEADLINE).await.map_err(|error| match error {
            CoverError::Platform(error) => error,
            // Nothing was sent; the draft is tried again.
            CoverError::Database(error) => CallError::NotNow {
                code: None,
                message: error.to_string(),
                wait: wechat::error::Wait::Moments,
            },
        })
    }

    /// The cover's material id, from the database or from the platform.
    async fn cover(&self, store_again: bool, deadline: Duration) -> Result<String, CoverError> {
        let hash: [u8; 32] = Sha256::digest(COVER).into();
        let agency = self.station.agency.id;
        let mut tx = database::agency_tx(&self.station.pool, agency).await?;
        let known = store::account::cover(&mut tx, &self.account.slug, &hash).await?;
        drop(tx);
        if let Some(known) = known
            && !store_again
        {
            return Ok(known);
        }
        let picture = Picture {
            file_name: "cover.png".to_owned(),
            picture_type: PictureType::Png,
            bytes: Bytes::from_static(COVER),
        };
        let material = self.client.add_material(&picture, deadline).await.map_err(CoverError::Platform)?;
        let mut tx = database::agency_tx(&self.station.pool, agency).await?;
        store::account::set_cover(&mut tx, agency, &self.account.slug, &hash, &material.media_id).await?;
        tx.commit().await?;
        Ok(material.media_id)
    }
}

#[derive(Debug, thiserror::Error)]
enum CoverError {
    #[error("the platform did not take the cover")]
    Platform(#[source] CallError),
    #[error("the cover's id could not be read or kept")]
    Database(#[from] sqlx::Error),
}

/// What was tried for a draft before, and how often it came to the same code: the words beside it name the request.
fn tries_before(attempts: &[Attempt], detail: &str) -> DraftTries {
    let code = |detail: &str| detail.split_whitespace().next().map(str::to_owned);
    let ended = || attempts.iter().filter(|attempt| !attempt.is_write && attempt.outcome != "begun");
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    DraftTries {
        all: count(ended().count()),
        same: count(ended().filter(|attempt| code(&attempt.detail) == code(detail)).count()),
    }
}

/// The request, which is the same every time: it depends on the push's row alone.
fn message(push: &Push) -> Option<MassMessage> {
    let media_id = push.draft_media_id.clone()?;
    // Our keys are 32 hex digits, which the platform takes.
    let client_msg_id = ClientMsgId::new(push.client_msg_id.clone()).ok()?;
    Some(MassMessage {
        audience: Audience::Everyone,
        content: MassContent::Article { media_id },
        client_msg_id,
        // A clarification quotes others and goes out all the same where quoting is allowed.
        go_on_if_reprint: true,
    })
}
