//! The few files that pages load: one stylesheet, htmx, one icon. Their addresses carry the hash of their
//! content, so that browsers keep them for a year and never show an old one.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A file within the binary.
pub(crate) struct Asset {
    name: &'static str,
    content_type: &'static str,
    content: &'static [u8],
    hash: String,
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, content: &'static [u8]) -> Self {
        // Eight bytes tell versions of one file apart; nothing is protected by them.
        let hash = hex::encode(&Sha256::digest(content)[..8]);
        Self { name, content_type, content, hash }
    }

    /// Where pages load it from.
    pub(crate) fn address(&self) -> String {
        format!("/assets/{}/{}", self.hash, self.name)
    }
}

pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("console.css", "text/css; charset=utf-8", include_bytes!("../assets/console.css"))
});
pub(crate) static HTMX: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("htmx.min.js", "text/javascript; charset=utf-8", include_bytes!("../assets/htmx.min.js"))
});
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon.svg", "image/svg+xml", include_bytes!("../assets/icon.svg")));

/// Serves one. Another version's address gets today's file, unkept: while versions change over, the page may
/// come from one replica and its stylesheet from another.
pub(crate) async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let Some(asset) = [&STYLE, &HTMX, &ICON].into_iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let keep = if asset.hash == hash { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, keep)], asset.content).into_response()
}
