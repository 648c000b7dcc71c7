//! The platform's callback: `GET` and `POST /wechat/{account}`.
//!
//! Order: signature, time window, replay, then the message, also where it cannot be read: one signed request that
//! somebody overheard does one thing, whatever it holds. A message is committed before it is answered (G1)
//! and answered within the platform's five seconds, always. While the database is away the answer is HTTP 500
//! at once: it acknowledges nothing, so the platform delivers again. Should all of its deliveries meet an
//! outage, the message is lost on the platform's side and the citizen sees the platform's own fault notice;
//! saying `success` instead would lose it just the same and tell the citizen that all is well.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query as AxumQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ids::AgencyId;
use masking::{mask, mask_place};
use messaging::{Waker, outbox};
use runtime::{Clock, crash_point};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument;
use wechat::callback::{BODY_BYTES_MAX, CallbackError, OpenedMessage, Query, SUCCESS, open, verify_url};
use wechat::message::{Event, Incoming as Content, MassSendJob};
use wechat::reply::TextReply;

use crate::accept::{AcceptError, Incoming, Intake};
use crate::agency::{Account, Agencies};
use crate::answer::{Answering, Question};
use crate::conflict;
use crate::domain::reply::Occasion;
use crate::domain::report::{Channel, SEEN_AT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, clean, clip};
use crate::events;
use crate::prepare;
use crate::store::callback::{Seen, Sight};
use crate::store::report::{NewReport, Standing};
use crate::store::{callback, reply};
use crate::vault::{Key, Purpose, Vault};
use crate::waiting::Arrivals;

/// The platform cuts at five seconds; this leaves one for the network.
const BUDGET: Duration = Duration::from_secs(4);

/// How long after its arrival a message waits for classification before it gets its receipt.
const CLASSIFICATION_WAIT: Duration = Duration::from_millis(2500);

/// How far a callback's signed time may be from ours.
const WINDOW: time::Duration = time::Duration::minutes(10);

/// Before this year no account could be written to.
const EARLIEST_YEAR: i32 = 2012;

/// Bytes of an unknown message type that are kept.
const MESSAGE_TYPE_CHARACTERS_MAX: usize = 32;

/// What the callback needs. Cheap to clone.
#[derive(Clone)]
pub struct Callback {
    /// The database.
    pub pool: PgPool,
    /// The configured agencies and accounts.
    pub agencies: Agencies,
    /// Seals what citizens write.
    pub vault: Vault,
    /// Where reports go in.
    pub intake: Intake,
    /// Who waits for classification.
    pub arrivals: Arrivals,
    /// Decides what is answered.
    pub answering: Answering,
    /// Woken when a platform's notice is passed on.
    pub relay: Waker,
    /// The time.
    pub clock: Clock,
}

/// Why a callback is not answered as the platform hopes.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The report was not accepted.
    #[error("the message is not durable")]
    Accept(#[from] AcceptError),
    /// The database is away.
    #[error("the database is away")]
    Database(#[from] sqlx::Error),
    /// Out of time.
    #[error("the time for an answer is over")]
    OutOfTime,
    /// Nothing more is kept, so nothing more is acknowledged.
    #[error("too many callbacks cannot be read and are kept already")]
    TooManyUnreadable,
}

/// The routes.
pub fn router(state: Callback) -> Router {
    Router::new().route("/wechat/{account}", get(check_url).post(receive)).with_state(state)
}

/// The platform checks that the address is ours.
async fn check_url(
    State(state): State<Callback>,
    Path(account): Path<String>,
    AxumQuery(query): AxumQuery<Query>,
) -> Response {
    let Some(account) = state.agencies.account(&account) else { return unknown_account() };
    match verify_url(&query, &account.channel) {
        Ok(echo) => echo.into_response(),
        Err(error) => refused(&error),
    }
}

/// The platform pushes a message.
async fn receive(
    State(state): State<Callback>,
    Path(account): Path<String>,
    AxumQuery(query): AxumQuery<Query>,
    body: Body,
) -> Response {
    let Some(account) = state.agencies.account(&account) else { return unknown_account() };
    let span = tracing::info_span!(
        parent: None,
        "callback",
        otel.name = "POST /wechat/{account}",
        otel.kind = "server",
        http.request.method = "POST",
        http.route = "/wechat/{account}",
        http.response.status_code = tracing::field::Empty,
        { telemetry::attribute::AGENCY_ID } = %account.agency,
    );
    let started = Instant::now();
    let received = state.receive(account, &query, body, started).instrument(span.clone());
    let response = match timeout(BUDGET, received).await {
        Ok(Ok(response)) => response,
        Ok(Err(failure)) => span.in_scope(|| failed(&failure)),
        Err(_) => span.in_scope(|| failed(&Failure::OutOfTime)),
    };
    span.record("http.response.status_code", response.status().as_u16());
    response
}

/// A callback that is authentic, timely and new.
struct Delivery<'a> {
    account: &'a Account,
    opened: &'a OpenedMessage,
    seen_key: [u8; 32],
    /// Of the body, whose content plain mode's signature does not cover.
    body_key: [u8; 32],
    forget_time: OffsetDateTime,
    message_key: [u8; 32],
    /// Of what it says.
    content_key: [u8; 32],
    started: Instant,
}

impl Delivery<'_> {
    const fn seen(&self) -> Seen<'_> {
        Seen { key: &self.seen_key, body_key: &self.body_key, forget_time: self.forget_time }
    }
}

impl Callback {
    async fn receive(
        &self,
        account: &Account,
        query: &Query,
        body: Body,
        started: Instant,
    ) -> Result<Response, Failure> {
        let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
            return Ok(refused(&CallbackError::TooLong));
        };
        let opened = match open(query, &body, &account.channel) {
            Err(error) if !error.is_authentic() => return Ok(refused(&error)),
            opened => opened,
        };
        let now = self.clock.now();
        let Some(signed_time) = query
            .timestamp_seconds()
            .and_then(|signed| OffsetDateTime::from_unix_timestamp(signed).ok())
            .filter(|signed| (now - *signed).abs() <= WINDOW)
        else {
            tracing::warn!(account = account.slug, "a callback's signed time is outside the window");
            return Ok(text(StatusCode::FORBIDDEN, "回调时间不在允许范围内 / timestamp outside the window"));
        };
        let seen_key = seen_key(account, query);
        let body_key =
            self.vault.lookup_key(account.agency, "callback body", &hex::encode(Sha256::digest(&body)));
        let forget_time = signed_time + 2 * WINDOW;
        let seen = Seen { key: &seen_key, body_key: &body_key, forget_time };
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                if self.sight(account.agency, &seen).await? == Sight::First {
                    self.keep_unreadable(account, &body, &error, &seen).await?;
                }
                return Ok(SUCCESS.into_response());
            }
        };
        if opened.message.to_user != account.original_id {
            tracing::warn!(account = account.slug, "a callback is addressed to another account");
            return Ok(text(
                StatusCode::BAD_REQUEST,
                "消息不是发给这个公众号的 / addressed to another account",
            ));
        }
        let delivery = Delivery {
            account,
            opened: &opened,
            seen_key,
            body_key,
            forget_time,
            message_key: self.message_key(account, &opened.message.dedupe_key()),
            content_key: self.vault.lookup_key(
                account.agency,
                prepare::CONTENT,
                &opened.message.content_key(),
            ),
            started,
        };
        match self.sight(account.agency, &delivery.seen()).await? {
            Sight::First => {}
            // Not the platform's way to deliver again (it signs anew), so whoever sent this knows one signed
            // request and nothing else. Nothing is done and nothing is told; and should a proxy have repeated
            // it after all, the citizen sees no fault.
            Sight::Again => return Ok(SUCCESS.into_response()),
            Sight::OtherBody => {
                self.keep_doubtful(&delivery).await?;
                return Ok(SUCCESS.into_response());
            }
        }
        let words = self.handle(&delivery).await?;
        crash_point!("ingest.callback.before_answer");
        let Some(words) = words else { return Ok(SUCCESS.into_response()) };
        match TextReply::new(&opened.message, now.unix_timestamp(), &words) {
            Ok(reply) => {
                let sealed = opened.seal(&account.channel, &reply);
                Ok(([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], sealed).into_response())
            }
            // Decided words are short enough; longer ones are left to the customer-service message.
            Err(_) => Ok(SUCCESS.into_response()),
        }
    }

    /// Makes the message durable and decides its answer; `None` acknowledges without words.
    async fn handle(&self, delivery: &Delivery<'_>) -> Result<Option<String>, Failure> {
        let message = &delivery.opened.message;
        match &message.incoming {
            Content::Event(Event::Subscribe { .. }) => {
                self.set_reachable(delivery, true).await?;
                Ok(self.answering.answer(&question(delivery, Occasion::Welcome)).await?)
            }
            Content::Event(Event::Unsubscribe) => {
                self.set_reachable(delivery, false).await?;
                Ok(None)
            }
            Content::Event(Event::MassSendJobFinish(job)) => {
                self.pass_on(delivery, job).await?;
                Ok(None)
            }
            Content::Event(
                Event::Scan { .. }
                | Event::Location
                | Event::Click { .. }
                | Event::View { .. }
                | Event::TemplateSendJobFinish { .. }
                | Event::PublishJobFinish { .. }
                | Event::Unknown { .. },
            ) => Ok(None),
            Content::Text { .. }
            | Content::Image { .. }
            | Content::Voice { .. }
            | Content::Video { .. }
            | Content::Location { .. }
            | Content::Link { .. }
            | Content::File { .. }
            | Content::Unknown { .. } => self.take_message(delivery).await,
        }
    }

    async fn take_message(&self, delivery: &Delivery<'_>) -> Result<Option<String>, Failure> {
        let agency = delivery.account.agency;
        let mut said = said(&delivery.opened.message.incoming);
        let mut earlier = None;
        if said.occasion == Occasion::Words(None) {
            earlier = self.answered_automatically(delivery, &said.text).await?;
            said.occasion = Occasion::of_words(&said.text, earlier.is_some());
        }
        let announced = said.occasion != Occasion::AskedForResult;
        let mut message_key = delivery.message_key;
        let report = self.report(delivery, &said, earlier.as_deref());
        let mut accepted =
            self.intake.accept(Incoming { agency, report, announced, brought_by: None }).await?;
        if accepted.standing == Standing::OtherRecord {
            conflict::note("callback");
            tracing::warn!(
                account = delivery.account.slug,
                report = %accepted.report_id,
                "a message came under the id of another one of the same person that says something else; both are kept"
            );
            message_key = self.own_key(delivery);
            let report = NewReport {
                external_key: Some(message_key),
                repeats_key: true,
                ..self.report(delivery, &said, earlier.as_deref())
            };
            accepted = self.intake.accept(Incoming { agency, report, announced, brought_by: None }).await?;
        }

        if matches!(said.occasion, Occasion::Words(_)) {
            let assigned = self.arrivals.expect(agency, accepted.report_id);
            // Out of time means: the receipt now, and the answer when it is there.
            let _in_time = timeout_at(delivery.started + CLASSIFICATION_WAIT, assigned).await;
        }
        let question = Question {
            message_key: &message_key,
            report: Some(accepted.report_id),
            reporter: accepted.reporter_id,
            receipt_number: accepted.receipt_number,
            ..question(delivery, said.occasion)
        };
        Ok(self.answering.answer(&question).await?)
    }

    fn report(&self, delivery: &Delivery<'_>, said: &Said, earlier: Option<&str>) -> NewReport {
        let message = &delivery.opened.message;
        let account = delivery.account;
        let now = self.clock.now();
        let report_id = ids::ReportId::mint();
        let key = Key::random();
        let original = json!({
            "text": said.text,
            "details": said.details,
            "message": message.dedupe_key(),
        });
        // 「不是」 by itself tells an officer nothing; what it is about stands where the place would.
        let seen_at = match (said.occasion, earlier) {
            (Occasion::NotThis, Some(earlier)) => {
                clip(&format!("对自动答复的回复；原留言：{earlier}"), SEEN_AT_CHARACTERS_MAX).to_owned()
            }
            _ => String::new(),
        };
        NewReport {
            report_id,
            request_id: None,
            external_key: Some(delivery.message_key),
            content_key: delivery.content_key,
            repeats_key: false,
            channel: Channel::Wechat,
            message_type: said.message_type.clone(),
            reporter: Some(prepare::teller(
                &self.vault,
                account.agency,
                Channel::Wechat,
                Some(&account.slug),
                &message.from_user,
            )),
            replied_at_once: true,
            masked_text: masked(&message.incoming, &said.text),
            seen_at,
            sealed: prepare::seal_original(&key, report_id, &original),
            key,
            said_time: said_at(message.create_time, now),
            received_time: now,
        }
    }

    async fn answered_automatically(
        &self,
        delivery: &Delivery<'_>,
        words: &str,
    ) -> Result<Option<String>, Failure> {
        if Occasion::of_words(words, true) != Occasion::NotThis {
            return Ok(None);
        }
        let lookup_key = self.reporter_lookup_key(delivery);
        let mut tx = database::agency_tx(&self.pool, delivery.account.agency).await?;
        let earlier = reply::answered_automatically(&mut tx, delivery.account.agency, &lookup_key).await?;
        tx.commit().await?;
        Ok(earlier)
    }

    fn reporter_lookup_key(&self, delivery: &Delivery<'_>) -> [u8; 32] {
        prepare::reporter_lookup_key(
            &self.vault,
            delivery.account.agency,
            Channel::Wechat,
            Some(&delivery.account.slug),
            &delivery.opened.message.from_user,
        )
    }

    fn message_key(&self, account: &Account, key: &str) -> [u8; 32] {
        self.vault.lookup_key(account.agency, &format!("message:account:{}", account.slug), key)
    }

    /// The key of a message whose own is another one's: what it says is part of it.
    fn own_key(&self, delivery: &Delivery<'_>) -> [u8; 32] {
        let message = &delivery.opened.message;
        self.message_key(delivery.account, &format!("{}:{}", message.dedupe_key(), message.content_key()))
    }

    async fn sight(&self, agency: AgencyId, seen: &Seen<'_>) -> sqlx::Result<Sight> {
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let sight = callback::sight(&mut tx, agency, seen.key, seen.body_key).await?;
        tx.commit().await?;
        Ok(sight)
    }

    /// Another body under a signed time, nonce and signature that were used: only plain mode's signature, which
    /// covers no body, lets that through. Nothing is told, for it may be forged; but it may be a citizen's, so it is
    /// kept for a person with a note.
    async fn keep_doubtful(&self, delivery: &Delivery<'_>) -> Result<(), Failure> {
        conflict::note("callback");
        tracing::warn!(
            account = delivery.account.slug,
            "a callback came with another body under a signature that was used before; it is kept and not answered"
        );
        if matches!(delivery.opened.message.incoming, Content::Event(_)) {
            return Ok(());
        }
        let said = said(&delivery.opened.message.incoming);
        let report = NewReport {
            external_key: Some(self.own_key(delivery)),
            repeats_key: true,
            replied_at_once: false,
            ..self.report(delivery, &said, None)
        };
        let incoming =
            Incoming { agency: delivery.account.agency, report, announced: true, brought_by: None };
        self.intake.accept(incoming).await?;
        Ok(())
    }

    async fn set_reachable(&self, delivery: &Delivery<'_>, reachable: bool) -> sqlx::Result<()> {
        let agency = delivery.account.agency;
        let lookup_key = self.reporter_lookup_key(delivery);
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        callback::set_reachable(&mut tx, agency, &lookup_key, reachable, self.clock.now()).await?;
        if !reachable {
            // Nothing follows that would remember it.
            callback::remember(&mut tx, agency, &delivery.seen()).await?;
        }
        tx.commit().await
    }

    /// Tells publish how a mass job ended.
    async fn pass_on(&self, delivery: &Delivery<'_>, job: &MassSendJob) -> sqlx::Result<()> {
        use contracts::Event as _;
        let agency = delivery.account.agency;
        let slug = &delivery.account.slug;
        let now = self.clock.now();
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        if callback::record_notice(&mut tx, agency, &delivery.message_key, slug, now).await? {
            let event = events::mass_job_finished(agency, slug, job, now);
            let subject = contracts::ingest::v1::PlatformNoticeReceived::SUBJECT;
            outbox::enqueue(&mut tx, agency, subject, &event).await?;
        }
        callback::remember(&mut tx, agency, &delivery.seen()).await?;
        crash_point!("ingest.notice.before_commit");
        tx.commit().await?;
        crash_point!("ingest.notice.after_commit");
        self.relay.wake();
        Ok(())
    }

    /// Keeps what surely came from the platform and cannot be read, so that nothing is lost silently.
    async fn keep_unreadable(
        &self,
        account: &Account,
        body: &[u8],
        error: &CallbackError,
        seen: &Seen<'_>,
    ) -> Result<(), Failure> {
        tracing::error!(
            account = account.slug,
            error = error as &dyn std::error::Error,
            "an authentic callback cannot be read and is kept for a person"
        );
        let unreadable = callback::Unreadable::new(account.slug.clone(), error.to_string());
        let key = Key::random();
        let sealed = key.seal(Purpose::Original, unreadable.id, body);
        let wrapped = self.vault.master().wrap(Purpose::ReportKey, unreadable.id, &key);
        let mut tx = database::agency_tx(&self.pool, account.agency).await?;
        let now = self.clock.now();
        if !callback::keep_unreadable(&mut tx, account.agency, &unreadable, &sealed, &wrapped, now).await? {
            return Err(Failure::TooManyUnreadable);
        }
        callback::remember(&mut tx, account.agency, seen).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What stands before the name of a place.
const PLACE: &str = "〔位置〕";

/// When a message was said, by the platform's word if that can be. What lies in the future or before there was such a
/// platform is no time, and the message was said when it came.
fn said_at(create_time: i64, now: OffsetDateTime) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(create_time)
        .ok()
        .filter(|said| *said <= now + WINDOW && said.year() >= EARLIEST_YEAR)
        .unwrap_or(now)
}

/// What a message says, as far as there are words.
struct Said {
    text: String,
    message_type: String,
    occasion: Occasion,
    details: serde_json::Value,
}

/// Characters behind the limit that are looked at, so that what begins before it is seen whole.
const LOOKED_AT_BEYOND: usize = 64;

/// A message's words as they may leave this service. Of the place that a telephone sends only the district may.
fn masked(incoming: &Content, text: &str) -> String {
    let masked = match incoming {
        Content::Location { label, .. } => format!("{PLACE}{}", mask_place(&clean(label))),
        // A number that the limit cuts through would not be known for one, so some more is looked at than is kept.
        _ => mask(clip(text, TEXT_CHARACTERS_MAX + LOOKED_AT_BEYOND)),
    };
    clip(&masked, TEXT_CHARACTERS_MAX).to_owned()
}

fn said(incoming: &Content) -> Said {
    let of = |message_type: &str, text: String, occasion, details| Said {
        text,
        message_type: message_type.to_owned(),
        occasion,
        details,
    };
    let words = Occasion::Words(None);
    match incoming {
        Content::Text { content } => {
            let text = clean(content);
            if text.trim().is_empty() {
                return of("text", "〔空白留言〕".into(), Occasion::Wordless, json!(null));
            }
            let kind =
                if Occasion::of_words(&text, false) == Occasion::AskedForResult { "command" } else { "text" };
            of(kind, text, words, json!({ "as_received": content }))
        }
        Content::Link { title, description, url } => {
            let text = clean(&[title.as_str(), description, url].join("\n"));
            of("link", text.trim().to_owned(), words, json!({ "url": url }))
        }
        Content::Voice { media_id, format, media_id_16k, recognition } => {
            let details = json!({ "media_id": media_id, "media_id_16k": media_id_16k, "format": format });
            match recognition.as_deref().map(clean).filter(|text| !text.trim().is_empty()) {
                Some(text) => of("voice", text, words, details),
                None => of("voice", "〔语音〕".into(), Occasion::Wordless, details),
            }
        }
        Content::Image { picture_url, media_id } => {
            let details = json!({ "media_id": media_id, "picture_url": picture_url });
            of("image", "〔图片〕".into(), Occasion::Wordless, details)
        }
        Content::Video { media_id, thumb_media_id } => {
            let details = json!({ "media_id": media_id, "thumb_media_id": thumb_media_id });
            of("video", "〔视频〕".into(), Occasion::Wordless, details)
        }
        Content::Location { latitude, longitude, scale, label } => {
            let details = json!({ "latitude": latitude, "longitude": longitude, "scale": scale });
            of("location", format!("{PLACE}{}", clean(label)), Occasion::Wordless, details)
        }
        Content::File { title, description } => {
            let details = json!({ "title": title, "description": description });
            of("file", format!("〔文件〕{}", clean(title)), Occasion::Wordless, details)
        }
        Content::Unknown { msg_type } => {
            let kind = clip(&clean(msg_type), MESSAGE_TYPE_CHARACTERS_MAX).to_owned();
            of(&kind, "〔无法识别的消息类型〕".into(), Occasion::UnknownKind, json!(null))
        }
        // Events never come here: `handle` takes them.
        Content::Event(_) => of("event", "〔事件〕".into(), Occasion::UnknownKind, json!(null)),
    }
}

const fn question<'a>(delivery: &'a Delivery<'_>, occasion: Occasion) -> Question<'a> {
    Question {
        agency: delivery.account.agency,
        account: delivery.account.slug.as_str(),
        message_key: &delivery.message_key,
        occasion,
        report: None,
        reporter: None,
        receipt_number: None,
        seen: delivery.seen(),
    }
}

fn seen_key(account: &Account, query: &Query) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in
        [Some(&account.slug), query.timestamp.as_ref(), query.nonce.as_ref(), query.signature.as_ref()]
    {
        hash.update(part.map_or("", String::as_str));
        hash.update([0]);
    }
    hash.update(query.msg_signature.as_deref().unwrap_or_default());
    hash.finalize().into()
}

fn refused(error: &CallbackError) -> Response {
    match error {
        CallbackError::TooLong => text(StatusCode::PAYLOAD_TOO_LARGE, "内容过长 / body too large"),
        CallbackError::Parameter(_) | CallbackError::Signature | CallbackError::PlainRefused => {
            text(StatusCode::FORBIDDEN, "签名不符 / signature mismatch")
        }
        CallbackError::Envelope(_)
        | CallbackError::NothingEncrypted
        | CallbackError::Cipher(_)
        | CallbackError::Xml(_)
        | CallbackError::Message(_) => text(StatusCode::BAD_REQUEST, "内容无法解读 / unreadable body"),
    }
}

fn failed(failure: &Failure) -> Response {
    tracing::warn!(
        error = failure as &dyn std::error::Error,
        "a callback is not acknowledged; the platform will deliver it again"
    );
    text(StatusCode::INTERNAL_SERVER_ERROR, "暂时无法处理，请重新投递 / deliver again")
}

fn unknown_account() -> Response {
    text(StatusCode::NOT_FOUND, "没有这个账号 / no such account")
}

fn text(status: StatusCode, words: &'static str) -> Response {
    (status, words).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_article_is_its_title_description_and_address() {
        let link = Content::Link {
            title: "紧急通知".into(),
            description: "快转".into(),
            url: "http://mp.weixin.qq.com/s/abc".into(),
        };
        let said = said(&link);
        assert_eq!(said.text, "紧急通知\n快转\nhttp://mp.weixin.qq.com/s/abc");
        assert_eq!(said.occasion, Occasion::Words(None));
    }

    #[test]
    fn a_message_without_words_says_what_it_is() {
        let image = Content::Image { picture_url: "http://x".into(), media_id: "M".into() };
        assert_eq!(said(&image).text, "〔图片〕");
        let blank = Content::Text { content: " \n".into() };
        assert_eq!(said(&blank).occasion, Occasion::Wordless);
        let unknown = Content::Unknown { msg_type: "hologram".into() };
        assert_eq!(said(&unknown).occasion, Occasion::UnknownKind);
    }

    #[test]
    fn a_message_was_said_when_it_came_where_the_platform_names_no_time_that_can_be() {
        let now = time::macros::datetime!(2026-11-22 12:00 UTC);
        let earlier = now - time::Duration::hours(2);
        assert_eq!(said_at(earlier.unix_timestamp(), now), earlier);
        let far = [
            i64::MIN,
            -1,
            0,
            (now + time::Duration::hours(1)).unix_timestamp(),
            253_402_300_799, // The last second of the year 9999.
            253_402_300_800,
            i64::MAX,
        ];
        for create_time in far {
            assert_eq!(said_at(create_time, now), now, "{create_time}");
        }
    }

    #[test]
    fn the_word_that_asks_for_a_result_is_no_report() {
        assert_eq!(said(&Content::Text { content: "结果".into() }).message_type, "command");
        assert_eq!(said(&Content::Text { content: "结果呢，真的假的".into() }).message_type, "text");
    }
}
