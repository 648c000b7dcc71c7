//! Recognising one's own post. The platform replaces links by short ones,
//! escapes markup and may change white space, so texts are never equal byte
//! by byte; the link, where it is resolved, is the better witness.

use url::Url;

/// Says whether a published post is ours: it carries our link, or its text
/// is ours once links, markup escapes and white space are out of the way.
///
/// `our_text` may be with or without the link. A post of the same text that
/// visibly links to another page of our site is another post.
pub fn same_post(published_text: &str, published_urls: &[String], our_text: &str, our_link: &str) -> bool {
    let (published_words, found_links) = take_links_out(&unescape(published_text));
    let links = || published_urls.iter().chain(&found_links);
    let Some(ours) = Place::of(our_link) else {
        return false;
    };
    if links().any(|link| Place::of(link).as_ref() == Some(&ours)) {
        return true;
    }
    let (our_words, _) = take_links_out(our_text);
    let links_elsewhere_on_our_site =
        links().filter_map(|link| Place::of(link)).any(|place| place.host == ours.host);
    !our_words.is_empty() && published_words == our_words && !links_elsewhere_on_our_site
}

/// What a link points at, without what changes under way: the scheme, the
/// case of the host, a final slash.
#[derive(PartialEq, Eq)]
struct Place {
    host: String,
    port: Option<u16>,
    path: String,
    query: Option<String>,
}

impl Place {
    fn of(link: &str) -> Option<Self> {
        let url = Url::parse(link).ok()?;
        Some(Self {
            host: url.host_str()?.to_owned(),
            port: url.port(),
            path: url.path().trim_end_matches('/').to_owned(),
            query: url.query().map(str::to_owned),
        })
    }
}

/// Gives the text without links, white space and invisible characters, and
/// the links.
fn take_links_out(text: &str) -> (String, Vec<String>) {
    let mut words = String::new();
    let mut links = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = link_bytes(rest);
        if length > 0 {
            links.push(rest[..length].to_owned());
            rest = &rest[length..];
            continue;
        }
        let invisible =
            character.is_whitespace() || matches!(character, '\u{200b}'..='\u{200d}' | '\u{feff}');
        if !invisible {
            words.push(character);
        }
        rest = &rest[character.len_utf8()..];
    }
    (words, links)
}

fn link_bytes(text: &str) -> usize {
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)));
    let Some(scheme) = scheme else {
        return 0;
    };
    let part_of_link = |byte: &u8| byte.is_ascii_graphic() && !b"<>\"'`{}|\\^".contains(byte);
    scheme.len() + text.bytes().skip(scheme.len()).take_while(part_of_link).count()
}

fn unescape(text: &str) -> String {
    // The ampersand last, or "&amp;lt;" would be undone twice.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::same_post;

    const TEXT: &str = "【澄清】网传“青岚县将发生地震”不实。A<B & C";
    const LINK: &str = "https://www.qinglan.gov.cn/c/0193";

    fn ours(published_text: &str, published_urls: &[&str]) -> bool {
        let urls: Vec<String> = published_urls.iter().map(|url| (*url).to_owned()).collect();
        same_post(published_text, &urls, TEXT, LINK)
    }

    #[test]
    fn a_post_with_our_link_is_ours_whatever_became_of_the_text() {
        assert!(ours(
            "【澄清】网传… http://t.cn/A6x",
            &["http://t.cn/A6x", "http://www.qinglan.gov.cn/c/0193/"]
        ));
        assert!(ours("转 https://WWW.qinglan.gov.cn/c/0193", &[]));
    }

    #[test]
    fn a_post_with_our_text_is_ours_though_its_link_is_not_resolved() {
        assert!(ours(
            "【澄清】网传“青岚县将发生地震”不实。A&lt;B &amp; C http://t.cn/A6x \u{200b}",
            &["http://t.cn/A6x"]
        ));
        assert!(ours(&format!("{TEXT}\n"), &[]));
        assert!(same_post(TEXT, &[], &format!("{TEXT} {LINK}"), LINK));
    }

    #[test]
    fn another_text_or_another_page_of_ours_is_another_post() {
        assert!(!ours("【澄清】网传“水库垮坝”不实。 http://t.cn/A6x", &["http://t.cn/A6x"]));
        assert!(!ours(&format!("{TEXT} http://t.cn/A6x"), &["https://www.qinglan.gov.cn/c/0194"]));
        assert!(!ours("", &[]));
        assert!(!same_post("", &[], "", LINK));
    }

    proptest! {
        #[test]
        fn our_own_status_is_always_recognised(text: String) {
            let status = format!("{text} {LINK}");
            prop_assert!(same_post(&status, &[], &text, LINK));
        }

        #[test]
        fn arbitrary_texts_never_panic(published: String, url: String, ours: String, link: String) {
            let _ = same_post(&published, &[url], &ours, &link);
        }
    }
}
