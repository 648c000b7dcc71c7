//! What the public sees of both platforms, newest first.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    article::find,
    language::{Language, PageQuery},
    render,
    text::{Piece, pieces},
};
use crate::{
    app::Site,
    beijing,
    wechat::{
        material::picture_address,
        state::{MassContent, Wechat},
    },
    world::{LogEntry, ShownKind, World},
};

const ENTRIES_MAX: usize = 100;

#[derive(Template)]
#[template(path = "timeline.html")]
struct TimelinePage {
    language: Language,
    path: &'static str,
    account: String,
    screen_name: String,
    entries: String,
}

#[derive(Template)]
#[template(path = "entries.html")]
struct EntriesFragment {
    language: Language,
    entries: Vec<Entry>,
}

struct Entry {
    time: String,
    shape: Shape,
}

enum Shape {
    /// A mass message.
    Push { account: String, headlines: Vec<Headline>, text: String },
    /// A post.
    Post { screen_name: String, text: Vec<Piece>, picture: Option<String>, deleted: bool },
    /// Something was taken down.
    Gone { what: String },
}

struct Headline {
    title: String,
    summary: String,
    url: String,
    cover: Option<String>,
    deleted: bool,
}

/// The timeline.
pub async fn timeline(State(site): State<Site>, Query(query): Query<PageQuery>) -> Response {
    let fragment = EntriesFragment { language: query.lang, entries: shown(&site) };
    let Ok(entries) = fragment.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let config = &site.store.config;
    render(&TimelinePage {
        language: query.lang,
        path: "/timeline",
        account: config.wechat.display_name.clone(),
        screen_name: config.weibo.screen_name.clone(),
        entries,
    })
}

/// Its entries alone, for the page that is open.
pub async fn entries(State(site): State<Site>, Query(query): Query<PageQuery>) -> Response {
    render(&EntriesFragment { language: query.lang, entries: shown(&site) })
}

fn shown(site: &Site) -> Vec<Entry> {
    site.store.read(|world, now_ms| {
        let public = world.log.iter().rev().filter_map(|entry| {
            let shape = shape(site, world, entry, now_ms)?;
            Some(Entry { time: beijing::short(entry.at_ms), shape })
        });
        public.take(ENTRIES_MAX).collect()
    })
}

fn shape(site: &Site, world: &World, entry: &LogEntry, now_ms: i64) -> Option<Shape> {
    let config = &site.store.config;
    match entry.shown.kind {
        ShownKind::MassPush => {
            let ids = article_ids(&world.wechat, entry);
            let headlines = ids.iter().filter_map(|id| headline(&world.wechat, id)).collect();
            let account = config.wechat.display_name.clone();
            Some(Shape::Push { account, headlines, text: entry.shown.text.clone() })
        }
        ShownKind::WeiboPost => {
            let id = entry.shown.platform_id.parse::<u64>().ok()?;
            let post = world.weibo.posts.iter().find(|post| post.id == id && post.visible_ms <= now_ms)?;
            let mut text = pieces(&post.text);
            for piece in &mut text {
                // Readers see where a short link leads; in the sandbox nothing else would lead there.
                let link = post.links.iter().find(|link| Some(&link.short) == piece.link.as_ref());
                piece.link = link.map(|link| link.long.clone()).or(piece.link.take());
            }
            Some(Shape::Post {
                screen_name: config.weibo.screen_name.clone(),
                text,
                picture: post.picture.as_ref().map(|id| picture_address("", id)),
                deleted: post.deleted,
            })
        }
        ShownKind::MassDeleted => Some(Shape::Gone { what: entry.shown.title.clone().unwrap_or_default() }),
        ShownKind::WeiboDeleted => Some(Shape::Gone { what: entry.shown.text.chars().take(40).collect() }),
        ShownKind::CustomerMessage | ShownKind::PassiveReply => None,
    }
}

fn article_ids(wechat: &Wechat, entry: &LogEntry) -> Vec<String> {
    let job = entry.shown.platform_id.parse().ok().and_then(|msg_id: u64| wechat.jobs.get(&msg_id));
    match job.map(|job| (&job.content, job.msg_data_id)) {
        Some((MassContent::Articles { articles, .. }, Some(id))) => {
            (1..=articles.len()).map(|idx| Wechat::page_id(id, idx)).collect()
        }
        _ => Vec::new(),
    }
}

fn headline(wechat: &Wechat, id: &str) -> Option<Headline> {
    let found = find(wechat, id)?;
    let cover = Some(found.article.thumb_media_id).filter(|media_id| !media_id.is_empty());
    Some(Headline {
        title: found.article.title,
        summary: found.article.digest,
        url: format!("/article/{id}"),
        cover: cover.map(|media_id| picture_address("", &media_id)),
        deleted: found.deleted,
    })
}
