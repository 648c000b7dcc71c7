//! Web addresses in a text, brought to one form, so that the same article is recognised however it was passed on.
//!
//! Pure: nothing is fetched, so a shortened address is only alike to itself. An address that masking cut into
//! says nothing any more, and neither does a site's front page.

use url::Url;

/// Addresses of one text that are looked at. A list of more is no forwarded article.
const LINKS_MAX: usize = 5;

/// Characters of an address in its one form at most.
const CHARS_MAX: usize = 500;

/// What apps add to an address to know who passed it on. `utm_…` is left out besides.
const TRACKING: [&str; 24] = [
    "from",
    "isappinstalled",
    "scene",
    "subscene",
    "ascene",
    "sessionid",
    "clicktime",
    "enterid",
    "chksm",
    "nsukey",
    "spm",
    "share_from",
    "share_source",
    "share_token",
    "share_medium",
    "share_plat",
    "share_session_id",
    "share_tag",
    "sharer_shareid",
    "sharer_sharetime",
    "sharer_shareinfo",
    "weibo_id",
    "wxshare_count",
    "wx_header",
];

/// What names an article of an Official Account; everything else in its address is about who passes it on.
const ARTICLE: [&str; 4] = ["__biz", "mid", "idx", "sn"];

/// One address in its one form: host, path and what is left of the query.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link(String);

impl Link {
    /// The form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The addresses of a text as it was received, each once.
pub fn links(text: &str) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut rest = text;
    while let Some(start) = next_start(rest) {
        let address = &rest[start..];
        let end = address.find(|c: char| !of_address(c)).unwrap_or(address.len());
        let (address, after) = address.split_at(end);
        rest = after;
        // Masking put a bracket where digits were: what is left is every such address.
        if after.starts_with('〔') {
            continue;
        }
        let found = link(address.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '*']));
        if let Some(found) = found.filter(|found| !links.contains(found)) {
            links.push(found);
            if links.len() == LINKS_MAX {
                break;
            }
        }
    }
    links
}

fn next_start(text: &str) -> Option<usize> {
    let starts = |at: usize, scheme: &str| {
        text.get(at..at + scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    };
    text.char_indices()
        .filter(|&(_, c)| matches!(c, 'h' | 'H'))
        .map(|(at, _)| at)
        .find(|&at| starts(at, "http://") || starts(at, "https://"))
}

fn of_address(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(character)
}

fn link(address: &str) -> Option<Link> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    let path = url.path().trim_end_matches('/');
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if host == "mp.weixin.qq.com" && path.starts_with("/s") {
        if path == "/s" {
            pairs.retain(|(name, _)| ARTICLE.contains(&name.as_str()));
            let named = |name: &str| pairs.iter().any(|(known, _)| known == name);
            if !(named("__biz") && named("mid") && named("idx")) {
                return None;
            }
        } else {
            pairs.clear();
        }
    } else {
        pairs.retain(|(name, _)| {
            let name = name.to_ascii_lowercase();
            !name.starts_with("utm_") && !TRACKING.contains(&name.as_str())
        });
    }
    if path.is_empty() && pairs.is_empty() {
        return None;
    }
    pairs.sort_unstable();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let mut form = format!("{host}{port}{path}");
    for (at, (name, value)) in pairs.iter().enumerate() {
        form.push(if at == 0 { '?' } else { '&' });
        form.push_str(name);
        form.push('=');
        form.push_str(value);
    }
    (form.chars().count() <= CHARS_MAX).then_some(Link(form))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forms(text: &str) -> Vec<String> {
        links(text).into_iter().map(|link| link.0).collect()
    }

    #[test]
    fn one_article_has_one_form_however_it_was_passed_on() {
        for text in [
            "看 https://mp.weixin.qq.com/s?__biz=MzA5==&mid=2247483650&idx=1&sn=ab12&chksm=99&scene=21#wechat_redirect 是真的吗",
            "http://mp.weixin.qq.com/s?mid=2247483650&__biz=MzA5==&idx=1&sn=ab12&from=timeline&isappinstalled=0",
            "HTTPS://MP.weixin.qq.com/s?__biz=MzA5==&mid=2247483650&idx=1&sn=ab12。大家都在转",
        ] {
            assert_eq!(
                forms(text),
                ["mp.weixin.qq.com/s?__biz=MzA5==&idx=1&mid=2247483650&sn=ab12"],
                "{text}"
            );
        }
        assert_eq!(forms("https://mp.weixin.qq.com/s/AbC-d_1?scene=1"), ["mp.weixin.qq.com/s/AbC-d_1"]);
    }

    #[test]
    fn what_apps_add_is_left_out_and_what_names_the_page_stays() {
        assert_eq!(
            forms("http://www.News.example.cn/a/?utm_source=wx&id=7&from=groupmessage&b=2#top"),
            ["news.example.cn/a?b=2&id=7"]
        );
        assert_eq!(forms("http://t.cn/A6xYz1"), ["t.cn/A6xYz1"]);
        assert_ne!(forms("http://t.cn/A6xYz1"), forms("http://t.cn/a6xyz1"));
        assert_eq!(forms("http://a.example:8080/x http://a.example/x"), ["a.example:8080/x", "a.example/x"]);
    }

    #[test]
    fn what_names_no_page_is_no_link() {
        for text in [
            "没有链接",
            "https://www.example.cn/",
            "https://example.cn?from=timeline",
            "http://",
            "https://www.toutiao.com/article/〔卡号〕/",
            "https://mp.weixin.qq.com/s?__biz=MzA5==&mid=〔号码〕&idx=1",
            "https://mp.weixin.qq.com/s?from=timeline",
        ] {
            assert_eq!(forms(text), [""; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_few_short_links_and_each_is_its_own_form(text in "\\PC{0,200}|(https?://[a-z./?=&#%0-9\\[\\]@]{0,60} ?){0,8}") {
            let found = links(&text);
            prop_assert!(found.len() <= LINKS_MAX);
            for link in found {
                prop_assert!(link.0.chars().count() <= CHARS_MAX);
            }
        }
    }
}
