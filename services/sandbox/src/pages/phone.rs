//! One citizen's phone: the chat with the official account, as WeChat shows it.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Form,
    extract::{Multipart, Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    article::find,
    language::{Language, PageQuery},
    render,
    text::{Piece, pieces, web_address},
};
use crate::{
    app::Site,
    beijing,
    wechat::{
        citizen::{self, Outgoing},
        material::{self, picture_address},
        state::{Bubble, Wechat},
    },
};

/// A pause after which the chat states the time again.
const PAUSE_MS: i64 = 3 * beijing::MINUTE_MS;
const NAME_MAX: usize = 20;
const MESSAGE_MAX: usize = 2_000;
const LISTED_MAX: usize = 60;

#[derive(Template)]
#[template(path = "phones.html")]
struct PhonesPage {
    language: Language,
    path: &'static str,
    citizens: Vec<Listed>,
    more: usize,
}

struct Listed {
    openid: String,
    name: String,
    last: String,
}

#[derive(Template)]
#[template(path = "phone.html")]
struct PhonePage {
    language: Language,
    path: String,
    openid: String,
    name: String,
    account: String,
    chat: String,
}

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatFragment {
    language: Language,
    lines: Vec<Line>,
}

/// One line of the chat, ready to be shown.
struct Line {
    seq: usize,
    /// Stated above the line after a pause.
    time: Option<String>,
    shape: Shape,
}

enum Shape {
    Mine(Vec<Piece>),
    Theirs(Vec<Piece>),
    Card { title: String, summary: String, url: String },
    Articles(Vec<Card>),
    Picture(String),
    Notice(String),
}

struct Card {
    title: String,
    summary: String,
    url: String,
    cover: Option<String>,
}

#[derive(Deserialize)]
pub struct JoinForm {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
pub struct WriteForm {
    content: String,
}

#[derive(Deserialize)]
pub struct ChatQuery {
    #[serde(default)]
    lang: Language,
    /// The last line that the page has.
    #[serde(default)]
    after: usize,
}

/// Chooses a citizen or makes one.
pub async fn choose(State(site): State<Site>, Query(query): Query<PageQuery>) -> Response {
    let (citizens, more) = site.store.read(|world, _| {
        let mut contacts: Vec<_> = world.wechat.contacts.values().collect();
        // Whoever was busy last comes first; the many that never wrote come last.
        contacts.sort_by_key(|contact| {
            let last_ms = contact.chat.last().map_or(0, |line| line.at_ms);
            std::cmp::Reverse((last_ms, contact.followed_ms))
        });
        let more = contacts.len().saturating_sub(LISTED_MAX);
        let listed = contacts.into_iter().take(LISTED_MAX).map(|contact| Listed {
            openid: contact.citizen.openid.clone(),
            name: contact.citizen.name.clone(),
            last: contact.chat.last().map(|line| gist(&line.bubble, &world.wechat)).unwrap_or_default(),
        });
        (listed.collect(), more)
    });
    render(&PhonesPage { language: query.lang, path: "/phone", citizens, more })
}

/// A new citizen, who follows the account at once.
pub async fn join(
    State(site): State<Site>,
    Query(query): Query<PageQuery>,
    Form(form): Form<JoinForm>,
) -> Response {
    let name: String = form.name.trim().chars().take(NAME_MAX).collect();
    let joined = site.store.transact(|tx| {
        let citizen = citizen::join(tx, (!name.is_empty()).then(|| format!("演示·{name}")), Vec::new());
        let event = citizen::follow(tx, &citizen.openid, true);
        (citizen.openid, event)
    });
    let Ok((openid, event)) = joined else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    if let Some(event) = event {
        // The welcome is worth waiting for only as long as a page takes.
        let wait = std::time::Duration::from_millis(800);
        let _ = tokio::time::timeout(wait, site.postbox.push(event)).await;
    }
    Redirect::to(&format!("/phone/{openid}{}", query.lang.query())).into_response()
}

/// The phone itself.
pub async fn phone(
    State(site): State<Site>,
    Path(openid): Path<String>,
    Query(query): Query<PageQuery>,
) -> Response {
    let Some(name) = name_of(&site, &openid) else { return StatusCode::NOT_FOUND.into_response() };
    let fragment = ChatFragment { language: query.lang, lines: lines(&site, &openid, 0) };
    let Ok(chat) = fragment.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let account = site.store.config.wechat.display_name.clone();
    let path = format!("/phone/{openid}");
    render(&PhonePage { language: query.lang, path, openid, name, account, chat })
}

/// The lines behind those that the page has; 204 when there are none.
pub async fn chat(
    State(site): State<Site>,
    Path(openid): Path<String>,
    Query(query): Query<ChatQuery>,
) -> Response {
    let lines = lines(&site, &openid, query.after);
    if lines.is_empty() {
        return StatusCode::NO_CONTENT.into_response();
    }
    render(&ChatFragment { language: query.lang, lines })
}

/// Sends a message; the answer appears in the chat when it comes.
pub async fn write(
    State(site): State<Site>,
    Path(openid): Path<String>,
    Query(query): Query<PageQuery>,
    Form(form): Form<WriteForm>,
) -> Response {
    let content: String = form.content.trim().chars().take(MESSAGE_MAX).collect();
    if !content.is_empty() {
        let outgoing = Outgoing { msg_type: "text".to_owned(), content, elements: Default::default() };
        match site.store.transact(|tx| citizen::write(tx, &openid, &outgoing)) {
            Ok(Some(sent)) => {
                let _ = site.postbox.push(sent).await;
            }
            Ok(None) => return StatusCode::NOT_FOUND.into_response(),
            Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
    Redirect::to(&format!("/phone/{openid}{}", query.lang.query())).into_response()
}

/// Sends a picture or a voice message off the phone.
pub async fn hand_in(
    State(site): State<Site>,
    Path(openid): Path<String>,
    Query(query): Query<PageQuery>,
    mut form: Multipart,
) -> Response {
    let field = match form.next_field().await {
        Ok(Some(field)) => field,
        Ok(None) => return StatusCode::BAD_REQUEST.into_response(),
        Err(error) => return error.into_response(),
    };
    let voice = field.content_type().is_some_and(|kind| kind.starts_with("audio/"));
    let msg_type = if voice { "voice" } else { "image" };
    let bytes = match field.bytes().await {
        Ok(bytes) => bytes,
        Err(error) => return error.into_response(),
    };
    let sent = site.store.transact(|tx| {
        let media_id = material::hand_in(tx, msg_type, &bytes).ok()?;
        let elements = BTreeMap::from([("MediaId".to_owned(), media_id)]);
        citizen::write(
            tx,
            &openid,
            &Outgoing { msg_type: msg_type.to_owned(), content: String::new(), elements },
        )
    });
    match sent {
        Ok(Some(sent)) => {
            let _ = site.postbox.push(sent).await;
        }
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
    Redirect::to(&format!("/phone/{openid}{}", query.lang.query())).into_response()
}

fn name_of(site: &Site, openid: &str) -> Option<String> {
    site.store.read(|world, _| Some(world.wechat.contacts.get(openid)?.citizen.name.clone()))
}

fn lines(site: &Site, openid: &str, after: usize) -> Vec<Line> {
    site.store.read(|world, _| {
        let Some(contact) = world.wechat.contacts.get(openid) else { return Vec::new() };
        let chat = &contact.chat;
        let line = |index: usize| {
            let line = &chat[index];
            let before_ms = index.checked_sub(1).map(|before| chat[before].at_ms);
            let paused = before_ms.is_none_or(|before_ms| line.at_ms - before_ms > PAUSE_MS);
            Line {
                seq: index + 1,
                time: paused.then(|| beijing::short(line.at_ms)),
                shape: shape(&line.bubble, &world.wechat),
            }
        };
        (after.min(chat.len())..chat.len()).map(line).collect()
    })
}

fn shape(bubble: &Bubble, wechat: &Wechat) -> Shape {
    match bubble {
        Bubble::Mine(text) => Shape::Mine(pieces(text)),
        Bubble::Theirs(text) => Shape::Theirs(pieces(text)),
        Bubble::Card { title, summary, url } => {
            Shape::Card { title: title.clone(), summary: summary.clone(), url: web_address(url) }
        }
        Bubble::Articles(ids) => {
            let card = |id: &String| {
                let found = find(wechat, id)?;
                let cover = Some(&found.article.thumb_media_id)
                    .filter(|media_id| !media_id.is_empty())
                    .or(found.article.image_media_ids.first())
                    .map(|media_id| picture_address("", media_id));
                let (title, summary) = (found.article.title, found.article.digest);
                Some(Card { title, summary, url: format!("/article/{id}"), cover })
            };
            Shape::Articles(ids.iter().filter_map(card).collect())
        }
        Bubble::Picture(media_id) => Shape::Picture(picture_address("", media_id)),
        Bubble::Notice(text) => Shape::Notice(text.clone()),
    }
}

/// The last line as the list of phones shows it.
fn gist(bubble: &Bubble, wechat: &Wechat) -> String {
    let text = match bubble {
        Bubble::Mine(text) | Bubble::Theirs(text) | Bubble::Notice(text) => text.clone(),
        Bubble::Card { title, .. } => format!("［链接］{title}"),
        Bubble::Picture(_) => "［图片］".to_owned(),
        Bubble::Articles(ids) => {
            let title = ids.first().and_then(|id| find(wechat, id)).map(|found| found.article.title);
            format!("［图文］{}", title.unwrap_or_default())
        }
    };
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).take(40).collect()
}
