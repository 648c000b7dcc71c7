//! The draft box: articles wait here until a mass message takes them.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{
    api::{self, Answer},
    article, material,
    refusal::Refusal,
    state::{Article, Draft, WechatChange},
};
use crate::{call::Call, random, store::Transaction};

const ARTICLES_MAX: usize = 8;
const TITLE_MAX: usize = 32;
const AUTHOR_MAX: usize = 16;
const DIGEST_MAX: usize = 120;
const DIGEST_TAKEN: usize = 54;
const CONTENT_MAX: usize = 20_000;
const SOURCE_URL_BYTES_MAX: usize = 1024;
const PICTURES_MAX: usize = 20;

#[derive(Deserialize)]
struct AddBody {
    #[serde(default)]
    articles: Vec<ArticleBody>,
}

#[derive(Deserialize)]
struct UpdateBody {
    media_id: Option<String>,
    index: usize,
    articles: ArticleBody,
}

#[derive(Deserialize)]
struct MediaIdBody {
    media_id: Option<String>,
}

#[derive(Deserialize)]
struct BatchBody {
    #[serde(default)]
    offset: usize,
    count: usize,
    #[serde(default)]
    no_content: u8,
}

#[derive(Deserialize)]
struct ArticleBody {
    article_type: Option<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    author: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    content_source_url: String,
    #[serde(default)]
    thumb_media_id: String,
    #[serde(default, deserialize_with = "flag")]
    need_open_comment: u8,
    #[serde(default, deserialize_with = "flag")]
    only_fans_can_comment: u8,
    #[serde(default)]
    image_info: ImageInfo,
}

#[derive(Default, Deserialize)]
struct ImageInfo {
    #[serde(default)]
    image_list: Vec<ImageItem>,
}

#[derive(Deserialize)]
struct ImageItem {
    image_media_id: String,
}

/// `POST /cgi-bin/draft/add`.
pub fn add(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: AddBody = api::body(call)?;
    match body.articles.len() {
        0 => return Err(Refusal::code(44_003)),
        count if count > ARTICLES_MAX => return Err(Refusal::code(45_008)),
        _ => {}
    }
    let articles = body.articles.into_iter().map(|article| accept(tx, article)).collect::<Result<_, _>>()?;
    let media_id = random::identifier(64);
    tx.record(WechatChange::DraftSaved { media_id: media_id.clone(), articles });
    Ok(json!({ "media_id": media_id, "item": [] }))
}

/// `POST /cgi-bin/draft/get`.
pub fn get(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let (media_id, draft) = named(tx, call)?;
    let updated = draft.updated_ms / 1000;
    let items = items(tx, &media_id, draft, false);
    Ok(json!({ "news_item": items, "create_time": updated, "update_time": updated }))
}

/// `POST /cgi-bin/draft/update`: replaces one article, counted from 0.
pub fn update(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: UpdateBody = api::body(call)?;
    let media_id = body.media_id.ok_or(Refusal::code(41_006))?;
    let draft = tx.world.wechat.draft(&media_id).ok_or(Refusal::code(40_007))?;
    let mut articles = draft.articles.clone();
    let replacement = accept(tx, body.articles)?;
    *articles.get_mut(body.index).ok_or(Refusal::code(40_114))? = replacement;
    tx.record(WechatChange::DraftSaved { media_id, articles });
    Ok(json!({ "errcode": 0, "errmsg": "ok" }))
}

/// `POST /cgi-bin/draft/delete`.
pub fn delete(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let (media_id, _) = named(tx, call)?;
    tx.record(WechatChange::DraftDeleted { media_id });
    Ok(json!({ "errcode": 0, "errmsg": "ok" }))
}

/// `GET /cgi-bin/draft/count`.
pub fn count(tx: &mut Transaction<'_>, _call: &Call) -> Answer {
    Ok(json!({ "total_count": tx.world.wechat.drafts.len() }))
}

/// `POST /cgi-bin/draft/batchget`, newest first.
pub fn batch_get(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: BatchBody = api::body(call)?;
    if !(1..=20).contains(&body.count) {
        return Err(Refusal::code(40_035));
    }
    let drafts = &tx.world.wechat.drafts;
    let page: Vec<Value> = drafts
        .iter()
        .rev()
        .skip(body.offset)
        .take(body.count)
        .map(|(media_id, draft)| {
            json!({
                "media_id": media_id,
                "content": { "news_item": items(tx, media_id, draft, body.no_content == 1) },
                "update_time": draft.updated_ms / 1000,
            })
        })
        .collect();
    Ok(json!({ "total_count": drafts.len(), "item_count": page.len(), "item": page }))
}

fn named<'a>(tx: &'a Transaction<'_>, call: &Call) -> Result<(String, &'a Draft), Refusal> {
    let body: MediaIdBody = api::body(call)?;
    let media_id = body.media_id.ok_or(Refusal::code(41_006))?;
    let draft = tx.world.wechat.draft(&media_id).ok_or(Refusal::code(40_007))?;
    Ok((media_id, draft))
}

fn accept(tx: &Transaction<'_>, body: ArticleBody) -> Result<Article, Refusal> {
    let article_type = body.article_type.unwrap_or_else(|| "news".to_owned());
    let pictures: Vec<String> =
        body.image_info.image_list.into_iter().map(|item| item.image_media_id).collect();
    if body.title.trim().is_empty() {
        return Err(Refusal::code(40_227));
    }
    if body.title.chars().count() > TITLE_MAX {
        return Err(Refusal::code(45_003));
    }
    if body.author.chars().count() > AUTHOR_MAX {
        return Err(Refusal::code(45_110));
    }
    if body.digest.chars().count() > DIGEST_MAX {
        return Err(Refusal::code(45_004));
    }
    if body.content.trim().is_empty() {
        return Err(Refusal::code(44_004));
    }
    if body.content.chars().count() >= CONTENT_MAX || body.content.len() >= 1024 * 1024 {
        return Err(Refusal::code(45_002));
    }
    if body.content_source_url.len() > SOURCE_URL_BYTES_MAX {
        return Err(Refusal::code(45_005));
    }
    let covers_known = match article_type.as_str() {
        "news" => material::is_permanent_picture(tx, &body.thumb_media_id),
        "newspic" => {
            !pictures.is_empty()
                && pictures.len() <= PICTURES_MAX
                && pictures.iter().all(|media_id| material::is_permanent_picture(tx, media_id))
        }
        _ => return Err(Refusal::code(40_008)),
    };
    if !covers_known {
        return Err(Refusal::code(40_007));
    }
    let content = article::clean(&body.content, &material::picture_address(&tx.store.public_url, ""));
    let digest = match body.digest.is_empty() {
        true => article::plain_text(&content).chars().take(DIGEST_TAKEN).collect(),
        false => body.digest,
    };
    Ok(Article {
        article_type,
        title: body.title,
        author: body.author,
        digest,
        content,
        content_source_url: body.content_source_url,
        thumb_media_id: body.thumb_media_id,
        need_open_comment: body.need_open_comment,
        only_fans_can_comment: body.only_fans_can_comment,
        image_media_ids: pictures,
    })
}

fn items(tx: &Transaction<'_>, media_id: &str, draft: &Draft, without_content: bool) -> Vec<Value> {
    let item = |(index, article): (usize, &Article)| {
        let mut item = json!({
            "article_type": article.article_type,
            "title": article.title,
            "author": article.author,
            "digest": article.digest,
            "content": article.content,
            "content_source_url": article.content_source_url,
            "thumb_media_id": article.thumb_media_id,
            "thumb_url": material::picture_address(&tx.store.public_url, &article.thumb_media_id),
            "show_cover_pic": 0,
            "need_open_comment": article.need_open_comment,
            "only_fans_can_comment": article.only_fans_can_comment,
            "url": format!("{}/article/draft.{media_id}.{}", tx.store.public_url, index + 1),
        });
        if without_content {
            item["content"] = Value::from("");
        }
        item
    };
    draft.articles.iter().enumerate().map(item).collect()
}

/// Callers send these switches as 0 and 1 or as booleans.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(on) => Ok(u8::from(on)),
        value => Ok(u8::from(value.as_u64() == Some(1))),
    }
}
