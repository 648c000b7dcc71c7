//! Mass messages: accepting jobs, the `clientmsgid` that keeps one from being
//! accepted twice, quotas, and what `mass/get` and `mass/delete` say. How a job
//! comes to its end is in `finish` below; when it does is the worker's business.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::{
    api::{self, Answer},
    article, audience, material,
    refusal::Refusal,
    state::{Audience, Bubble, Job, MassContent, MassResult, MassStatus, Wechat, WechatChange},
};
use crate::{
    beijing::{self, MINUTE_MS},
    call::Call,
    config::AccountKind,
    fault::ConfirmationFault,
    store::Transaction,
    world::{Headline, Shown, ShownKind},
};

const KEY_BYTES_MAX: usize = 32;
const RETRY_TOO_FAST_MS: i64 = MINUTE_MS;
const CALLS_PER_MINUTE: usize = 60;
const PER_MONTH: u32 = 4;
const PREVIEWS_BY_NAME: u32 = 100;
const OPENIDS_MAX: usize = 10_000;
/// How long the administrator may take.
const CONSENT_MS: i64 = 30 * MINUTE_MS;

#[derive(Deserialize)]
struct SendBody {
    filter: Option<Filter>,
    touser: Option<Vec<String>>,
    clientmsgid: Option<String>,
    #[serde(flatten)]
    message: MessageBody,
}

#[derive(Deserialize)]
struct MessageBody {
    msgtype: Option<String>,
    mpnews: Option<MediaBranch>,
    text: Option<TextBranch>,
    images: Option<ImagesBranch>,
    image: Option<MediaBranch>,
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    is_to_all: bool,
    #[serde(default, deserialize_with = "number", alias = "group_id")]
    tag_id: Option<u64>,
}

#[derive(Deserialize)]
struct MediaBranch {
    media_id: String,
}

#[derive(Deserialize)]
struct TextBranch {
    content: String,
}

#[derive(Deserialize)]
struct ImagesBranch {
    media_ids: Vec<String>,
}

#[derive(Deserialize)]
struct PreviewBody {
    touser: Option<String>,
    towxname: Option<String>,
    #[serde(flatten)]
    message: MessageBody,
}

#[derive(Deserialize)]
struct JobBody {
    #[serde(default, deserialize_with = "number")]
    msg_id: Option<u64>,
    #[serde(default)]
    article_idx: u32,
    url: Option<String>,
}

/// `POST /cgi-bin/message/mass/sendall`.
pub fn send_all(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: SendBody = api::body(call)?;
    let filter = body.filter.ok_or(Refusal::code(40_035))?;
    let audience = match filter.tag_id {
        // A missing tag means everyone, which has surprised many a caller.
        _ if filter.is_to_all => Audience::Everyone,
        None => Audience::Everyone,
        Some(tag) => Audience::Tag(audience::known_tag(tag).ok_or(Refusal::code(40_152))?),
    };
    send(tx, audience, body.message, body.clientmsgid, "sendall")
}

/// `POST /cgi-bin/message/mass/send`: by openid, for service accounts only.
pub fn send_openids(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    if tx.store.config.wechat.kind != AccountKind::Service {
        return Err(Refusal::code(48_001));
    }
    let body: SendBody = api::body(call)?;
    let openids = body.touser.ok_or(Refusal::code(40_031))?;
    match openids.len() {
        0 | 1 => return Err(Refusal::code(40_130)),
        count if count > OPENIDS_MAX => return Err(Refusal::code(40_032)),
        _ => {}
    }
    if let Some(_unknown) = openids.iter().find(|openid| !tx.world.wechat.contacts.contains_key(*openid)) {
        return Err(Refusal::code(40_031));
    }
    send(tx, Audience::Openids(openids), body.message, body.clientmsgid, "mass_send")
}

/// `POST /cgi-bin/message/mass/preview`: to one person, using no quota.
pub fn preview(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: PreviewBody = api::body(call)?;
    let content = read_content(tx, body.message)?;
    let openid = match (&body.towxname, body.touser) {
        (Some(name), _) => {
            let used = tx.world.wechat.previews_by_name.get(&beijing::day(tx.now_ms)).copied().unwrap_or(0);
            if used >= PREVIEWS_BY_NAME {
                return Err(Refusal::code(45_009));
            }
            let named = tx.world.wechat.contacts.values().find(|contact| contact.citizen.name == *name);
            named.map(|contact| contact.citizen.openid.clone())
        }
        (None, touser) => touser,
    };
    let openid = openid.ok_or(Refusal::code(40_003))?;
    let contact = tx.world.wechat.contacts.get(&openid).ok_or(Refusal::code(40_003))?;
    if !contact.citizen.follows {
        return Err(Refusal::code(43_004));
    }
    let message = match content {
        MassContent::Text(text) => Bubble::Theirs(text),
        MassContent::Pictures(pictures) => Bubble::Picture(pictures.into_iter().next().unwrap_or_default()),
        MassContent::Articles { draft, articles } => {
            let ids = (1..=articles.len()).map(|idx| format!("draft.{draft}.{idx}"));
            Bubble::Articles(ids.collect())
        }
    };
    let msg_id = next_msg_id(&tx.world.wechat, tx.now_ms);
    tx.record(WechatChange::Previewed { openid, message, by_name: body.towxname.is_some() });
    Ok(json!({ "errcode": 0, "errmsg": "preview success", "msg_id": msg_id }))
}

/// `POST /cgi-bin/message/mass/get`.
pub fn get(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: JobBody = api::body(call)?;
    let msg_id = body.msg_id.ok_or(Refusal::code(40_059))?;
    // Who asks hears how it stands now, not how it stood when the worker last looked.
    finish_if_due(tx, msg_id);
    let job = tx.world.wechat.jobs.get(&msg_id).ok_or(Refusal::code(40_059))?;
    Ok(json!({ "msg_id": job.msg_id, "msg_status": job.status }))
}

/// `POST /cgi-bin/message/mass/delete`: kills the article's page, not the cards in the chats.
pub fn delete(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: JobBody = api::body(call)?;
    let job = match (body.msg_id, &body.url) {
        (Some(msg_id), _) => tx.world.wechat.jobs.get(&msg_id),
        (None, Some(url)) => tx
            .world
            .wechat
            .jobs
            .values()
            .find(|job| article_urls(&tx.store.public_url, job).any(|u| u == *url)),
        (None, None) => None,
    };
    let job = job.ok_or(Refusal::code(40_059))?;
    let MassContent::Articles { articles, .. } = &job.content else { return Err(Refusal::code(40_065)) };
    if body.article_idx as usize > articles.len() {
        return Err(Refusal::code(40_060));
    }
    if job.status != MassStatus::SendSuccess {
        return Err(Refusal::code(40_065));
    }
    let article_idx = (body.article_idx > 0).then_some(body.article_idx);
    let first = article_idx.map_or(0, |idx| idx as usize - 1);
    let shown = Shown {
        kind: ShownKind::MassDeleted,
        account: tx.store.config.wechat.original_id.clone(),
        openid: None,
        title: articles.get(first).map(|article| article.title.clone()),
        text: String::new(),
        url: article_urls(&tx.store.public_url, job).nth(first),
        platform_id: job.msg_id.to_string(),
        more: Vec::new(),
    };
    let msg_id = job.msg_id;
    tx.record(WechatChange::MassDeleted { msg_id, article_idx });
    tx.record(shown);
    Ok(json!({ "errcode": 0, "errmsg": "ok" }))
}

/// Brings a job to its end if that is due and nobody else did: review, the
/// month's limit per follower, and the public's view.
pub fn finish_if_due(tx: &mut Transaction<'_>, msg_id: u64) {
    let Some(job) = tx.world.wechat.jobs.get(&msg_id).filter(|job| job.is_due(tx.now_ms)).cloned() else {
        return;
    };
    // Due while it still awaits the administrator: nobody consented in time.
    let status = match (job.awaits_administrator, refused_word(tx, &job.content)) {
        (true, _) => "err(40002)".to_owned(),
        (false, Some(code)) => format!("err({code})"),
        (false, None) => "send success".to_owned(),
    };
    conclude(tx, &job, status);
}

/// Ends a job that the administrator refused.
pub fn refuse(tx: &mut Transaction<'_>, msg_id: u64) {
    if let Some(job) = tx.world.wechat.jobs.get(&msg_id).cloned() {
        conclude(tx, &job, "err(40001)".to_owned());
    }
}

/// The public addresses of a job's articles, in order.
pub fn article_urls<'a>(public_url: &'a str, job: &'a Job) -> impl Iterator<Item = String> + 'a {
    let count = match &job.content {
        MassContent::Articles { articles, .. } => articles.len(),
        MassContent::Text(_) | MassContent::Pictures(_) => 0,
    };
    let id = job.msg_data_id.unwrap_or(job.msg_id);
    (1..=count).map(move |idx| format!("{public_url}/article/{}", Wechat::page_id(id, idx)))
}

fn send(
    tx: &mut Transaction<'_>,
    audience: Audience,
    message: MessageBody,
    key: Option<String>,
    operation: &str,
) -> Answer {
    let now_ms = tx.now_ms;
    if tx.world.wechat.mass_calls.iter().filter(|call_ms| now_ms - **call_ms < MINUTE_MS).count()
        > CALLS_PER_MINUTE
    {
        return Err(Refusal::code(45_011));
    }
    let key = match key.filter(|key| !key.is_empty()) {
        Some(key) if key.len() > KEY_BYTES_MAX => return Err(Refusal::code(45_067)),
        Some(key) => key,
        None => stand_in_key(&audience, &message),
    };
    if let Some(job) = tx.world.wechat.job_of_key(&key, now_ms) {
        return Err(match job.answer_lost && now_ms - job.accepted_ms < RETRY_TOO_FAST_MS {
            true => Refusal::code(45_066),
            false => Refusal::key_exists(job.msg_id),
        });
    }
    let content = read_content(tx, message)?;
    if let MassContent::Articles { draft, .. } = &content {
        let sending = |job: &Job| {
            job.status == MassStatus::Sending
                && matches!(&job.content, MassContent::Articles { draft: other, .. } if other == draft)
        };
        if tx.world.wechat.jobs.values().any(sending) {
            return Err(Refusal::code(42_010));
        }
    }
    if !quota_left(tx, &audience) {
        return Err(Refusal::code(45_028));
    }
    let account = &tx.store.config.wechat;
    let awaits_administrator = account.admin_confirmation && audience == Audience::Everyone;
    let due_ms = now_ms + if awaits_administrator { CONSENT_MS } else { account.confirm_delay_ms };
    let (due_ms, events) = match tx.store.faults.take_confirmation(operation) {
        None => (Some(due_ms), 1),
        Some(ConfirmationFault::Lose) => (Some(due_ms), 0),
        Some(ConfirmationFault::Double) => (Some(due_ms), 2),
        Some(ConfirmationFault::Never) => (None, 0),
    };
    let msg_id = next_msg_id(&tx.world.wechat, now_ms);
    let msg_data_id =
        matches!(content, MassContent::Articles { .. }).then(|| next_msg_data_id(&tx.world.wechat, now_ms));
    tx.record(WechatChange::MassAccepted {
        job: Job {
            msg_id,
            msg_data_id,
            key,
            answer_lost: tx.circumstances.answer_lost,
            accepted_ms: now_ms,
            due_ms,
            awaits_administrator,
            events,
            audience,
            content,
            status: MassStatus::Sending,
            result: None,
            result_pushed: false,
            deleted: Vec::new(),
        },
    });
    let mut answer = json!({ "errcode": 0, "errmsg": "send job submission success", "msg_id": msg_id });
    if let Some(msg_data_id) = msg_data_id {
        answer["msg_data_id"] = Value::from(msg_data_id);
    }
    Ok(answer)
}

fn conclude(tx: &mut Transaction<'_>, job: &Job, status: String) {
    let total = tx.world.wechat.followers(&job.audience).count();
    let month = beijing::month(tx.now_ms);
    let skipped = match tx.store.config.wechat.kind {
        AccountKind::Subscription => Vec::new(),
        AccountKind::Service => tx
            .world
            .wechat
            .followers(&job.audience)
            .filter(|contact| contact.mass_received.get(&month).copied().unwrap_or(0) >= PER_MONTH)
            .map(|contact| contact.citizen.openid.clone())
            .collect(),
    };
    let result = MassResult { status, total, skipped };
    let success = result.is_success();
    tx.record(WechatChange::MassFinished { msg_id: job.msg_id, result });
    if success {
        let shown = shown(tx, job);
        tx.record(shown);
    }
}

fn shown(tx: &Transaction<'_>, job: &Job) -> Shown {
    let mut headlines: Vec<Headline> = match &job.content {
        MassContent::Articles { articles, .. } => articles
            .iter()
            .zip(article_urls(&tx.store.public_url, job))
            .map(|(article, url)| Headline { title: article.title.clone(), url })
            .collect(),
        MassContent::Text(_) | MassContent::Pictures(_) => Vec::new(),
    };
    let text = match &job.content {
        MassContent::Articles { articles, .. } => {
            articles.first().map(|article| article::plain_text(&article.content)).unwrap_or_default()
        }
        MassContent::Text(text) => text.clone(),
        MassContent::Pictures(_) => String::new(),
    };
    let first = (!headlines.is_empty()).then(|| headlines.remove(0));
    let (title, url) = first.map(|first| (first.title, first.url)).unzip();
    Shown {
        kind: ShownKind::MassPush,
        account: tx.store.config.wechat.original_id.clone(),
        openid: None,
        title,
        text,
        url,
        platform_id: job.msg_id.to_string(),
        more: headlines,
    }
}

fn read_content(tx: &Transaction<'_>, message: MessageBody) -> Result<MassContent, Refusal> {
    let wechat = &tx.world.wechat;
    match message.msgtype.as_deref() {
        Some("mpnews") => {
            let draft = message.mpnews.ok_or(Refusal::code(41_006))?.media_id;
            let articles = wechat.draft(&draft).ok_or(Refusal::code(40_007))?.articles.clone();
            Ok(MassContent::Articles { draft, articles })
        }
        Some("text") => match message.text {
            Some(text) if !text.content.trim().is_empty() => Ok(MassContent::Text(text.content)),
            _ => Err(Refusal::code(44_004)),
        },
        Some("image") => {
            let media_ids = match (message.images, message.image) {
                (Some(images), _) => images.media_ids,
                (None, Some(image)) => vec![image.media_id],
                (None, None) => return Err(Refusal::code(41_006)),
            };
            let known = |media_id: &String| material::is_permanent_picture(tx, media_id);
            match !media_ids.is_empty() && media_ids.iter().all(known) {
                true => Ok(MassContent::Pictures(media_ids)),
                false => Err(Refusal::code(40_007)),
            }
        }
        _ => Err(Refusal::code(40_008)),
    }
}

/// What the platform uses when the caller names no key: same words to the same
/// people are the same message.
fn stand_in_key(audience: &Audience, message: &MessageBody) -> String {
    let audience = match audience {
        Audience::Everyone => "all".to_owned(),
        Audience::Tag(tag) => format!("tag {tag}"),
        Audience::Openids(openids) => openids.join(" "),
    };
    let content = message
        .mpnews
        .as_ref()
        .or(message.image.as_ref())
        .map(|branch| branch.media_id.clone())
        .or_else(|| message.text.as_ref().map(|text| text.content.clone()))
        .or_else(|| message.images.as_ref().map(|images| images.media_ids.join(" ")))
        .unwrap_or_default();
    let digest = Sha1::digest(format!("{audience}\n{content}").as_bytes());
    format!("digest:{}", hex::encode(digest))
}

fn quota_left(tx: &Transaction<'_>, audience: &Audience) -> bool {
    let wechat = &tx.world.wechat;
    match (tx.store.config.wechat.kind, audience) {
        (AccountKind::Subscription, _) => wechat.mass_today(tx.now_ms) < 1,
        (AccountKind::Service, Audience::Everyone) => wechat.mass_this_month(tx.now_ms) < PER_MONTH,
        (AccountKind::Service, Audience::Tag(_) | Audience::Openids(_)) => true,
    }
}

fn refused_word(tx: &Transaction<'_>, content: &MassContent) -> Option<u32> {
    let contains = |word: &str| match content {
        MassContent::Articles { articles, .. } => articles.iter().any(|article| {
            [&article.title, &article.digest, &article.content].iter().any(|text| text.contains(word))
        }),
        MassContent::Text(text) => text.contains(word),
        MassContent::Pictures(_) => false,
    };
    tx.store.config.wechat.refused_words.iter().find(|(word, _)| contains(word)).map(|(_, code)| *code)
}

/// Job ids lie beyond 2^31, as the platform's do.
fn next_msg_id(wechat: &Wechat, now_ms: i64) -> u64 {
    let last = wechat.jobs.keys().next_back().copied().unwrap_or(0);
    (last + 1).max(1_500_000_000 + now_ms.unsigned_abs() / 1000)
}

fn next_msg_data_id(wechat: &Wechat, now_ms: i64) -> u64 {
    let last = wechat.jobs.values().filter_map(|job| job.msg_data_id).max().unwrap_or(0);
    (last + 1).max(500_000_000 + now_ms.unsigned_abs() / 1000)
}

/// The documents write the same id now as a number, now as a string.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}
