//! Pages of lists: sizes and opaque tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tonic::Status;

use crate::Refusal;

/// Rows of a page when the caller does not say.
const DEFAULT: i64 = 50;
/// Rows of a page at most.
const MAX: i64 = 200;

/// Bytes that the rows of a page may have together: half of what a client takes, so that there is room for what is
/// yet to be added to the messages.
pub const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How many of these rows, from the first on, fit into one page: one at least.
#[must_use]
pub fn fitting<T: Message>(rows: &[T]) -> usize {
    let mut bytes = 0;
    let fits = rows.iter().take_while(|row| {
        // The field's number and the row's length stand before it.
        bytes += row.encoded_len() + 8;
        bytes <= PAGE_BYTES_MAX
    });
    fits.count().max(1).min(rows.len())
}

/// The size of a page: 0 means 50, over 200 is coerced.
///
/// # Errors
/// INVALID_ARGUMENT when it is negative.
pub fn page_size(asked: i32) -> Result<i64, Status> {
    match i64::from(asked) {
        0 => Ok(DEFAULT),
        size @ 1..=MAX => Ok(size),
        size if size > MAX => Ok(MAX),
        _ => Err(Refusal::invalid(
            "page_size",
            "page_size 不能为负数。",
            "page_size must not be negative; leave it out for 50.",
        )
        .into()),
    }
}

/// Where a page begins: the last row's sort key, opaque to callers.
pub struct PageToken;

impl PageToken {
    /// The token after the row with this key.
    #[must_use]
    pub fn encode<T: Serialize>(key: &T) -> String {
        // Keys are small structs and tuples of ids, numbers and times: they always serialise.
        serde_json::to_vec(key).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default()
    }

    /// The key behind a token; `None` for the first page.
    ///
    /// # Errors
    /// INVALID_ARGUMENT when the token is not one of ours.
    pub fn decode<T: DeserializeOwned>(token: &str) -> Result<Option<T>, Status> {
        if token.is_empty() {
            return Ok(None);
        }
        URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .map(Some)
            .ok_or_else(|| {
                Refusal::invalid(
                    "page_token",
                    "page_token 无效，请从第一页重新读取。",
                    "page_token is not one of ours; begin again without it.",
                )
                .into()
            })
    }
}
