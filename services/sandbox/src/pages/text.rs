//! Text with its links found, so that templates can escape every piece by itself.

use crate::weibo::text::links;

/// A piece of text or a link.
pub struct Piece {
    pub text: String,
    /// Where it leads, when it leads anywhere.
    pub link: Option<String>,
}

/// Cuts `text` at its links.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for link in links(text) {
        push(&mut pieces, &text[from..link.start], None);
        let url = &text[link.start..link.end];
        push(&mut pieces, url, Some(url.to_owned()));
        from = link.end;
    }
    push(&mut pieces, &text[from..], None);
    pieces
}

/// An address that a page may lead to: one of the web, or nothing.
pub fn web_address(url: &str) -> String {
    let web = url.starts_with("http://") || url.starts_with("https://");
    if web { url.to_owned() } else { String::new() }
}

fn push(pieces: &mut Vec<Piece>, text: &str, link: Option<String>) {
    if !text.is_empty() {
        pieces.push(Piece { text: text.to_owned(), link });
    }
}
