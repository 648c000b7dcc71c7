//! Articles as the draft box (草稿箱) takes them.

use serde::Serialize;

/// One article. Limits of the platform, in characters: title 32, author 16,
/// summary 120; content below 20 000 characters and 1 MB, tags included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Article {
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// WeChat's `digest` (摘要); if empty the platform takes the first 54
    /// characters of the content.
    #[serde(rename = "digest", skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// HTML; every picture must have an address from `upload_image`.
    pub content: String,
    /// Where 阅读原文 leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_source_url: Option<String>,
    /// The cover, from `add_material`.
    pub thumb_media_id: String,
}
