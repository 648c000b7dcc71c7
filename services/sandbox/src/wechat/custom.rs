//! Customer-service messages: one person, and only in the time that the person opened.

use serde::Deserialize;
use serde_json::json;

use super::{
    api::{self, Answer},
    refusal::Refusal,
    state::{Bubble, WechatChange, Window},
};
use crate::{
    beijing::{HOUR_MS, MINUTE_MS},
    call::Call,
    store::Transaction,
    world::{Shown, ShownKind},
};

const AFTER_MESSAGE: Allowance = Allowance { lasts_ms: 48 * HOUR_MS, messages: 5 };
const AFTER_FOLLOWING: Allowance = Allowance { lasts_ms: MINUTE_MS, messages: 3 };
const TEXT_BYTES_MAX: usize = 2_048;

struct Allowance {
    lasts_ms: i64,
    messages: u32,
}

#[derive(Deserialize)]
struct SendBody {
    touser: Option<String>,
    msgtype: Option<String>,
    text: Option<TextBranch>,
    image: Option<MediaBranch>,
    voice: Option<MediaBranch>,
    video: Option<MediaBranch>,
    news: Option<NewsBranch>,
    mpnewsarticle: Option<ArticleBranch>,
    msgmenu: Option<MenuBranch>,
}

#[derive(Deserialize)]
struct TextBranch {
    content: String,
}

#[derive(Deserialize)]
struct MediaBranch {
    media_id: String,
}

#[derive(Deserialize)]
struct NewsBranch {
    articles: Vec<NewsArticle>,
}

#[derive(Deserialize)]
struct NewsArticle {
    #[serde(default)]
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct ArticleBranch {
    article_id: String,
}

#[derive(Deserialize)]
struct MenuBranch {
    #[serde(default)]
    head_content: String,
    list: Vec<MenuItem>,
    #[serde(default)]
    tail_content: String,
}

#[derive(Deserialize)]
struct MenuItem {
    content: String,
}

/// `POST /cgi-bin/message/custom/send`.
pub fn send(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: SendBody = api::body(call)?;
    let openid = body.touser.clone().ok_or(Refusal::code(40_003))?;
    let contact = tx.world.wechat.contacts.get(&openid).ok_or(Refusal::code(40_003))?;
    let bubble = read_bubble(tx, body)?;
    if !contact.citizen.follows {
        return Err(Refusal::code(45_015));
    }
    // Nothing is published on how the two windows overlap; the short one is used first.
    let follow = use_of(contact.follow_window, &AFTER_FOLLOWING, tx.now_ms);
    let message = use_of(contact.message_window, &AFTER_MESSAGE, tx.now_ms);
    let from_message_window = match (follow, message) {
        (Use::Free, _) => false,
        (_, Use::Free) => true,
        (Use::Spent, _) | (_, Use::Spent) => return Err(Refusal::code(45_047)),
        (Use::Closed, Use::Closed) => return Err(Refusal::code(45_015)),
    };
    let (title, text, url) = match &bubble {
        Bubble::Card { title, summary, url } => (Some(title.clone()), summary.clone(), Some(url.clone())),
        Bubble::Theirs(text) => (None, text.clone(), None),
        _ => (None, String::new(), None),
    };
    let shown = Shown {
        kind: ShownKind::CustomerMessage,
        account: tx.store.config.wechat.original_id.clone(),
        openid: Some(openid.clone()),
        title,
        text,
        url,
        platform_id: format!("{openid}:{}", contact.chat.len() + 1),
        more: Vec::new(),
    };
    tx.record(WechatChange::CustomSent { openid, from_message_window, bubble });
    tx.record(shown);
    Ok(json!({ "errcode": 0, "errmsg": "ok" }))
}

/// What is left of a window.
#[derive(PartialEq, Eq)]
enum Use {
    Free,
    Spent,
    Closed,
}

fn use_of(window: Option<Window>, allowance: &Allowance, now_ms: i64) -> Use {
    match window {
        Some(window) if now_ms - window.opened_ms >= allowance.lasts_ms => Use::Closed,
        Some(window) if window.used >= allowance.messages => Use::Spent,
        Some(_) => Use::Free,
        None => Use::Closed,
    }
}

fn read_bubble(tx: &Transaction<'_>, body: SendBody) -> Result<Bubble, Refusal> {
    let picture = |branch: Option<MediaBranch>| {
        let media_id = branch.ok_or(Refusal::code(41_006))?.media_id;
        match tx.world.wechat.has_file(&media_id, tx.now_ms) {
            true => Ok(Bubble::Picture(media_id)),
            false => Err(Refusal::code(40_007)),
        }
    };
    match body.msgtype.as_deref() {
        Some("text") => match body.text {
            Some(text) if text.content.len() > TEXT_BYTES_MAX => Err(Refusal::code(45_002)),
            Some(text) if !text.content.is_empty() => Ok(Bubble::Theirs(text.content)),
            _ => Err(Refusal::code(44_004)),
        },
        Some("image") => picture(body.image),
        Some("voice") => picture(body.voice),
        Some("video") => picture(body.video),
        Some("news") => {
            let mut articles = body.news.ok_or(Refusal::code(44_003))?.articles;
            match (articles.pop(), articles.is_empty()) {
                (Some(article), true) => {
                    Ok(Bubble::Card { title: article.title, summary: article.description, url: article.url })
                }
                (Some(_), false) => Err(Refusal::code(45_008)),
                (None, _) => Err(Refusal::code(44_003)),
            }
        }
        Some("mpnewsarticle") => {
            let article_id = body.mpnewsarticle.ok_or(Refusal::code(41_006))?.article_id;
            match tx.world.wechat.pages.contains_key(&article_id) {
                true => Ok(Bubble::Articles(vec![article_id])),
                false => Err(Refusal::code(40_007)),
            }
        }
        Some("msgmenu") => {
            let menu = body.msgmenu.ok_or(Refusal::code(44_004))?;
            let lines = std::iter::once(menu.head_content)
                .chain(menu.list.into_iter().map(|item| format!("· {}", item.content)))
                .chain(std::iter::once(menu.tail_content));
            Ok(Bubble::Theirs(lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")))
        }
        _ => Err(Refusal::code(40_008)),
    }
}
