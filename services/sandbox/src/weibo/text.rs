//! How Weibo reads a post's text: its weighted length, the links in it, and
//! when two texts are too much alike.

use url::Url;

/// The length limit, in 汉字.
pub const LENGTH_MAX: usize = 140;

/// A link in a text, by its bytes.
pub struct LinkSpan {
    pub start: usize,
    pub end: usize,
}

/// Finds the links of a text in order.
pub fn links(text: &str) -> Vec<LinkSpan> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) =
        ["http://", "https://"].iter().filter_map(|scheme| text[from..].find(scheme)).min()
    {
        let start = from + start;
        let end =
            text[start..].find(|c: char| !is_url_character(c)).map_or(text.len(), |length| start + length);
        found.push(LinkSpan { start, end });
        from = end;
    }
    found
}

/// Length as the official counter gives it: half a 汉字 for ASCII, ten for a
/// link that begins with `http://`; a link with `https://` counts as it stands.
pub fn weighted_length(text: &str) -> usize {
    let text = text.replace("\r\n", "\n");
    let mut total = 0;
    let mut from = 0;
    for link in links(&text) {
        let url = &text[link.start..link.end];
        if let Some(length) = fixed_length(url) {
            total += plain_length(&text[from..link.start]) + length;
            from = link.end;
        }
    }
    (total + plain_length(&text[from..])).div_ceil(2)
}

/// Whether a link leads to one of `domains` (`host` or `host:port`).
pub fn is_on(url: &str, domains: &[String]) -> bool {
    let Some((host, port)) = Url::parse(url).ok().and_then(|url| {
        let port = url.port_or_known_default()?;
        Some((url.host_str()?.to_owned(), port))
    }) else {
        return false;
    };
    // `www.` counts: the platform compares the names as they are.
    domains.iter().any(|domain| *domain == host || *domain == format!("{host}:{port}"))
}

/// What is left of a text when only its words and links count.
pub fn essence(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn plain_length(text: &str) -> usize {
    text.encode_utf16().map(|unit| if unit <= 0x80 { 1 } else { 2 }).sum()
}

/// The length of a link that does not count as it stands.
fn fixed_length(url: &str) -> Option<usize> {
    let rest = url.strip_prefix("http://")?;
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let own = |name: &str| host == name || host.ends_with(&format!(".{name}"));
    let long = |length: usize| if length <= 140 { 20 } else { length - 140 + 20 };
    match url.len() {
        _ if host == "t.cn" => None,
        length if own("weibo.com") || own("weibo.cn") || own("t.sina.com.cn") => {
            (length > 41).then(|| long(length))
        }
        length => Some(long(length)),
    }
}

fn is_url_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_the_official_counters() {
        let cases = [
            ("Test", 2),
            ("我司CEO与我司吉祥物...好大一坨！", 16),
            ("澄清http://www.example.gov.cn/c/123", 12),
            ("", 0),
        ];
        for (text, length) in cases {
            assert_eq!(weighted_length(text), length, "{text}");
        }
        assert_eq!(weighted_length(&"澄".repeat(140)), 140);
        assert_eq!(weighted_length(&"x".repeat(280)), 140);
        assert_eq!(weighted_length("\u{1F600}"), 2);
    }

    #[test]
    fn links_end_where_the_ascii_ends() {
        let text = "不实。http://localhost:7082/c/1 转https://a.cn，完";
        let found: Vec<&str> = links(text).iter().map(|link| &text[link.start..link.end]).collect();
        assert_eq!(found, ["http://localhost:7082/c/1", "https://a.cn"]);
    }

    #[test]
    fn a_safe_domain_is_compared_as_it_is() {
        let domains = ["qinglan.example.cn".to_owned(), "localhost:7082".to_owned()];
        assert!(is_on("https://qinglan.example.cn/c/1", &domains));
        assert!(is_on("http://localhost:7082/c/1", &domains));
        assert!(!is_on("https://www.qinglan.example.cn/c/1", &domains));
        assert!(!is_on("http://localhost:7083/c/1", &domains));
        assert!(!is_on("http://qinglan.example.cn.evil.com/", &domains));
    }
}
