//! Pictures and other files: permanent material, temporary media, and the
//! pictures inside articles. Only the file's first bytes are believed.

use std::io;

use serde_json::{Value, json};

use super::{
    api::{Answer, File},
    refusal::Refusal,
    state::WechatChange,
};
use crate::{
    beijing::DAY_MS,
    call::{Call, FilePart},
    random,
    store::Transaction,
};

const MEGABYTE: usize = 1024 * 1024;

/// `POST /cgi-bin/material/add_material`.
pub fn add(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let kind = kind_of(call)?;
    let file = file_of(call)?;
    check(&kind, file)?;
    let media_id = store(tx, &kind, file, true)?;
    // `item` is in no document, but it arrives.
    let mut answer = json!({ "media_id": media_id, "item": [] });
    if kind == "image" {
        answer["url"] = picture_url(tx, &media_id);
    }
    Ok(answer)
}

/// `POST /cgi-bin/media/upload`: gone after three days.
pub fn upload(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let kind = kind_of(call)?;
    let file = file_of(call)?;
    check(&kind, file)?;
    let media_id = store(tx, &kind, file, false)?;
    let field = if kind == "thumb" { "thumb_media_id" } else { "media_id" };
    Ok(json!({ "type": kind, field: media_id, "created_at": tx.now_ms / 1000, "item": [] }))
}

/// `GET /cgi-bin/media/get`: what a citizen sent or was uploaded less than three days ago, as it is.
pub fn get(tx: &mut Transaction<'_>, call: &Call) -> Result<File, Refusal> {
    let media_id = call.parameter("media_id").ok_or(Refusal::code(41_006))?;
    let file = tx.world.wechat.files.get(media_id);
    let there = file.is_some_and(|file| file.permanent || tx.now_ms - file.stored_ms < 3 * DAY_MS);
    if !there {
        return Err(Refusal::code(40_007));
    }
    let bytes = std::fs::read(tx.store.media_file(media_id)).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, media_id, "a stored file is not there");
        Refusal::code(-1)
    })?;
    let content_type = picture_type(&bytes).unwrap_or("application/octet-stream");
    Ok(File { content_type, bytes })
}

/// Keeps what a citizen's phone hands in with a message, whatever it is: a phone's album holds broken files too.
///
/// # Errors
/// The file cannot be written.
pub fn hand_in(tx: &mut Transaction<'_>, kind: &str, bytes: &[u8]) -> io::Result<String> {
    let media_id = random::identifier(64);
    tx.keep_file(&media_id, bytes)?;
    tx.record(WechatChange::FileStored {
        media_id: media_id.clone(),
        kind: kind.to_owned(),
        permanent: false,
    });
    Ok(media_id)
}

/// `POST /cgi-bin/media/uploadimg`: a picture for the body of an article.
pub fn upload_picture(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let file = file_of(call)?;
    if !matches!(picture_type(&file.bytes), Some("image/jpeg" | "image/png")) {
        return Err(Refusal::code(40_005));
    }
    if file.bytes.len() >= MEGABYTE {
        return Err(Refusal::code(40_009));
    }
    let media_id = store(tx, "body", file, true)?;
    Ok(json!({ "url": picture_url(tx, &media_id), "errcode": 0, "errmsg": "ok" }))
}

/// Whether `media_id` is a picture of the permanent store, fit for a cover.
pub fn is_permanent_picture(tx: &Transaction<'_>, media_id: &str) -> bool {
    tx.world
        .wechat
        .files
        .get(media_id)
        .is_some_and(|file| file.permanent && matches!(file.kind.as_str(), "image" | "thumb"))
}

/// Where a stored picture is shown: the sandbox's stand-in for mmbiz.qpic.cn.
pub fn picture_address(public_url: &str, media_id: &str) -> String {
    format!("{public_url}/mmbiz/{media_id}")
}

/// What kind of picture the bytes are.
pub fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'B', b'M', ..] => Some("image/bmp"),
        _ => None,
    }
}

fn picture_url(tx: &Transaction<'_>, media_id: &str) -> Value {
    Value::from(picture_address(&tx.store.public_url, media_id))
}

fn kind_of(call: &Call) -> Result<String, Refusal> {
    match call.parameter("type") {
        Some(kind @ ("image" | "voice" | "video" | "thumb")) => Ok(kind.to_owned()),
        _ => Err(Refusal::code(40_004)),
    }
}

fn file_of(call: &Call) -> Result<&FilePart, Refusal> {
    let file = call.files.get("media").or_else(|| call.files.values().next());
    file.filter(|file| !file.bytes.is_empty()).ok_or(Refusal::code(41_005))
}

fn check(kind: &str, file: &FilePart) -> Result<(), Refusal> {
    let (is_picture, bytes_max) = match kind {
        "image" => (true, 10 * MEGABYTE),
        "thumb" => (true, 64 * 1024),
        "voice" => (false, 2 * MEGABYTE),
        _ => (false, 10 * MEGABYTE),
    };
    if is_picture && picture_type(&file.bytes).is_none() {
        return Err(Refusal::code(40_005));
    }
    if file.bytes.len() > bytes_max {
        return Err(Refusal::code(40_009));
    }
    Ok(())
}

fn store(tx: &mut Transaction<'_>, kind: &str, file: &FilePart, permanent: bool) -> Result<String, Refusal> {
    let media_id = random::identifier(64);
    if let Err(error) = tx.keep_file(&media_id, &file.bytes) {
        let name = file.file_name.as_deref().unwrap_or_default();
        tracing::error!(error = &error as &dyn std::error::Error, name, "an uploaded file was not kept");
        return Err(Refusal::code(-1));
    }
    tx.record(WechatChange::FileStored { media_id: media_id.clone(), kind: kind.to_owned(), permanent });
    Ok(media_id)
}
