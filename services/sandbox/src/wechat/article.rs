//! The HTML of articles, cleaned as the platform cleans it: a small set of
//! elements, inline styles, links, and pictures of the account's own store.
//! Everything else is dropped or shown as text, so an article page can show
//! what a caller handed in without running it.

use std::fmt::Write;

/// Elements that stay, with their children.
const KEPT: &[&str] = &[
    "p",
    "section",
    "span",
    "strong",
    "b",
    "em",
    "i",
    "u",
    "br",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "ul",
    "ol",
    "li",
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
    "div",
    "a",
    "img",
];
/// Elements that go with everything inside.
const DROPPED: &[&str] = &["script", "style", "iframe", "form", "object", "noscript", "svg", "math"];
const EMPTY: &[&str] = &["br", "hr", "img"];

/// Cleans `html`; a picture stays only when its address starts with `own_pictures`.
pub fn clean(html: &str, own_pictures: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        push_text(&mut out, &rest[..start]);
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(tag) = Tag::read(rest) else {
            out.push_str("&lt;");
            rest = &rest[1..];
            continue;
        };
        rest = &rest[tag.length..];
        let name = tag.name.as_str();
        if DROPPED.contains(&name) {
            if !tag.closes {
                rest = after_closing(rest, name);
            }
        } else if !KEPT.contains(&name) {
            // The element goes, its text stays.
        } else if tag.closes {
            if let Some(at) = open.iter().rposition(|opened| opened == name) {
                for opened in open.drain(at..).rev() {
                    let _ = write!(out, "</{opened}>");
                }
            }
        } else if let Some(attributes) = kept_attributes(&tag, own_pictures) {
            let _ = write!(out, "<{name}{attributes}>");
            if !EMPTY.contains(&name) {
                open.push(tag.name);
            }
        }
    }
    push_text(&mut out, rest);
    for opened in open.into_iter().rev() {
        let _ = write!(out, "</{opened}>");
    }
    out
}

/// The words of `html` without its elements, white space folded.
pub fn plain_text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        match Tag::read(&rest[start..]) {
            Some(tag) => {
                text.push(' ');
                rest = &rest[start + tag.length..];
            }
            None => {
                text.push('<');
                rest = &rest[start + 1..];
            }
        }
    }
    text.push_str(rest);
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One tag, as it stands in the text.
struct Tag {
    name: String,
    closes: bool,
    attributes: Vec<(String, String)>,
    /// Bytes from `<` to behind `>`.
    length: usize,
}

impl Tag {
    /// Reads the tag at the start of `text`; `None` when there is no whole one.
    fn read(text: &str) -> Option<Self> {
        let mut characters = text.char_indices().skip(1).peekable();
        let closes = characters.next_if(|(_, character)| *character == '/').is_some();
        let mut name = String::new();
        while let Some((_, character)) =
            characters.next_if(|(_, character)| character.is_ascii_alphanumeric())
        {
            name.push(character.to_ascii_lowercase());
        }
        if name.is_empty() {
            return None;
        }
        let mut attributes = Vec::new();
        loop {
            while characters.next_if(|(_, c)| c.is_whitespace() || *c == '/').is_some() {}
            let mut key = String::new();
            while let Some((_, character)) =
                characters.next_if(|(_, c)| !c.is_whitespace() && !matches!(c, '=' | '>' | '/'))
            {
                key.push(character.to_ascii_lowercase());
            }
            while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {}
            if characters.next_if(|(_, c)| *c == '=').is_some() {
                while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {}
                let quote = characters.next_if(|(_, c)| matches!(c, '"' | '\'')).map(|(_, c)| c);
                let mut value = String::new();
                loop {
                    let (_, character) = *characters.peek()?;
                    let ends = match quote {
                        Some(quote) => character == quote,
                        None => character.is_whitespace() || character == '>',
                    };
                    if ends {
                        break;
                    }
                    value.push(character);
                    characters.next();
                }
                if quote.is_some() {
                    characters.next();
                }
                attributes.push((key, value));
                continue;
            }
            match characters.next_if(|(_, c)| *c == '>') {
                Some((end, _)) => return Some(Self { name, closes, attributes, length: end + 1 }),
                None if key.is_empty() => return None,
                None => attributes.push((key, String::new())),
            }
        }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The attributes that stay, written out; `None` when the element itself must go.
fn kept_attributes(tag: &Tag, own_pictures: &str) -> Option<String> {
    let mut kept = String::new();
    let mut keep = |name: &str, value: &str| {
        let _ = write!(kept, " {name}=\"{}\"", escape(value));
    };
    match tag.name.as_str() {
        "img" => {
            let source = tag.attribute("src").filter(|source| source.starts_with(own_pictures))?;
            keep("src", source);
            keep("alt", tag.attribute("alt").unwrap_or_default());
        }
        "a" => {
            let web = |link: &&str| link.starts_with("http://") || link.starts_with("https://");
            if let Some(link) = tag.attribute("href").filter(web) {
                keep("href", link);
                keep("rel", "noopener noreferrer");
            }
        }
        _ => {}
    }
    let harmless = |style: &&str| {
        let style = style.to_ascii_lowercase();
        !["url(", "expression", "@import", "position", "\\"].iter().any(|word| style.contains(word))
    };
    if let Some(style) = tag.attribute("style").filter(harmless) {
        keep("style", style);
    }
    Some(kept)
}

fn after_closing<'a>(rest: &'a str, name: &str) -> &'a str {
    // Lower-casing ASCII keeps every byte in its place.
    let lower = rest.to_ascii_lowercase();
    let Some(start) = lower.find(&format!("</{name}")) else { return "" };
    rest[start..].find('>').map_or("", |end| &rest[start + end + 1..])
}

/// Text between tags: entities stay as they are, a stray `>` is escaped.
fn push_text(out: &mut String, text: &str) {
    out.push_str(&text.replace('>', "&gt;"));
}

fn escape(value: &str) -> String {
    value.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://localhost:7090/mmbiz/";

    #[test]
    fn keeps_paragraphs_styles_links_and_own_pictures() {
        let html = r#"<p style="color:#333">【核查】<strong>不实</strong><br/><img src="http://localhost:7090/mmbiz/x"><a href="https://example.gov.cn/">依据</a></p>"#;
        let cleaned = clean(html, OWN);
        assert!(
            cleaned.starts_with(r#"<p style="color:#333">【核查】<strong>不实</strong><br><img src="#),
            "{cleaned}"
        );
        assert!(cleaned.contains(r#"<a href="https://example.gov.cn/""#), "{cleaned}");
    }

    #[test]
    fn nothing_that_could_run_gets_through() {
        for html in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<img src='http://elsewhere/x.png'>",
            "<a href='javascript:alert(1)'>x</a>",
            "<p onclick=alert(1)>x</p>",
            "<iframe src='http://elsewhere'></iframe>",
            "<svg onload=alert(1)>",
            "<p style=\"background:url(http://elsewhere)\">x</p>",
            "<ScRiPt >alert(1)</sCrIpT >",
            "<<script>alert(1)</script>",
            "<a href=\"http://x\" onmouseover=\"alert(1)",
        ] {
            let cleaned = clean(html, OWN);
            for sign in ["<script", "onerror=", "elsewhere", "javascript:", "<iframe", "<svg", "onclick"] {
                assert!(!cleaned.to_lowercase().contains(sign), "{html} became {cleaned}");
            }
            assert!(!cleaned.contains("<a href=\"http://x\" on"), "{html} became {cleaned}");
        }
    }

    #[test]
    fn unclosed_elements_are_closed_and_strays_ignored() {
        assert_eq!(clean("<p><strong>a</p>b</em>", OWN), "<p><strong>a</strong></p>b");
        assert_eq!(clean("1 < 2 > 0", OWN), "1 &lt; 2 &gt; 0");
    }

    #[test]
    fn plain_text_is_the_words() {
        assert_eq!(plain_text("<p>【结论】不实。</p><p>a &amp; b</p>"), "【结论】不实。 a & b");
    }
}
