//! An article's public page. Its HTML was cleaned when the draft was saved.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    language::{Language, PageQuery},
    render,
};
use crate::{
    app::Site,
    beijing,
    wechat::{
        material::picture_address,
        state::{Article, Wechat},
    },
};

#[derive(Template)]
#[template(path = "article.html")]
struct ArticlePage {
    language: Language,
    path: String,
    account: String,
    title: String,
    author: String,
    time: String,
    /// Only of articles that are nothing but pictures.
    pictures: Vec<String>,
    content: String,
    deleted: bool,
    preview: bool,
}

/// One article, or where it was.
pub async fn article(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Response {
    let found = site.store.read(|world, _| find(&world.wechat, &id));
    let Some(found) = found else { return StatusCode::NOT_FOUND.into_response() };
    // Readers may come by another name of this machine than the one in the content.
    let content =
        found.article.content.replace(&picture_address(&site.store.public_url, ""), &picture_address("", ""));
    render(&ArticlePage {
        language: query.lang,
        path: format!("/article/{id}"),
        account: site.store.config.wechat.display_name.clone(),
        pictures: found.article.image_media_ids.iter().map(|id| picture_address("", id)).collect(),
        title: found.article.title,
        author: found.article.author,
        time: beijing::full(found.at_ms),
        content,
        deleted: found.deleted,
        preview: found.preview,
    })
}

/// An article wherever it is.
pub struct Found {
    pub article: Article,
    pub at_ms: i64,
    pub deleted: bool,
    pub preview: bool,
}

/// Looks an article up by its public id, or by `draft.<media_id>.<n>` while it is a draft.
pub fn find(wechat: &Wechat, id: &str) -> Option<Found> {
    if let Some(page) = wechat.pages.get(id) {
        let (article, at_ms, deleted) = (page.article.clone(), page.published_ms, page.deleted);
        return Some(Found { article, at_ms, deleted, preview: false });
    }
    let (media_id, number) = id.strip_prefix("draft.")?.rsplit_once('.')?;
    let draft = wechat.draft(media_id)?;
    let article = draft.articles.get(number.parse::<usize>().ok()?.checked_sub(1)?)?.clone();
    Some(Found { article, at_ms: draft.updated_ms, deleted: false, preview: true })
}
