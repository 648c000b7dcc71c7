//! Web addresses in a text, brought to one form, so that the same article is recognised however it was passed on.
//!
//! Pure: nothing is fetched, so a shortened address is only alike to itself. What well-known sites call their pages is
//! `site`'s. An address that masking cut into where it says what it leads to says nothing any more, and neither does a
//! site's front page.

use lookalike::addresses;
use url::Url;

use crate::site::{Content, content};

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

/// The same, which an earlier version did not know: claims of that time are known with it.
const TRACKING_SINCE: [&str; 12] = [
    "fbclid",
    "gclid",
    "share_id",
    "share_uid",
    "shareid",
    "shareuid",
    "spm_id_from",
    "timestamp",
    "tt_from",
    "vd_source",
    "xsec_source",
    "xsec_token",
];

/// What named an article of an Official Account then.
const ARTICLE_BEFORE: [&str; 4] = ["__biz", "mid", "idx", "sn"];

/// One address in its one form: what a known site calls its content, or host, path and what is left of the query.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link {
    form: String,
    before: Option<String>,
}

impl Link {
    /// The form.
    pub fn as_str(&self) -> &str {
        &self.form
    }

    /// The form, and the one that an earlier version gave it, where that is another.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.form.as_str()).chain(self.before.as_deref())
    }
}

/// The addresses of a text as it was received, each once.
pub fn links(text: &str) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for range in addresses(text) {
        let Some(found) = link(&text[range]) else { continue };
        if links.iter().all(|known| known.form != found.form) {
            links.push(found);
        }
        if links.len() == LINKS_MAX {
            break;
        }
    }
    links
}

fn link(address: &str) -> Option<Link> {
    let url = parse(address)?;
    let form = match content(&url) {
        Content::Is(form) => form,
        Content::Nothing => return None,
        Content::Unknown => generic(&url, &TRACKING_SINCE)?,
    };
    // Masking put a bracket where something stood: what is left is every such address.
    let is_whole = !form.contains(['〔', '〕']) && !form.contains("%E3%80%94");
    let before = before(&url).filter(|before| *before != form);
    (is_whole && form.chars().count() <= CHARS_MAX).then_some(Link { form, before })
}

fn parse(address: &str) -> Option<Url> {
    // As a Chinese keyboard and as web pages write it.
    let plain = address.replacen('：', ":", 1).replace("&amp;", "&");
    let has_scheme =
        plain.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("http")) && plain.contains("://");
    let url = Url::parse(&plain).ok().filter(|_| has_scheme);
    url.or_else(|| Url::parse(&format!("https://{plain}")).ok())
}

/// Host, path and the parameters that name the page: `more` are left out besides those that always are. `None` for a
/// front page.
fn generic(url: &Url, more: &[&str]) -> Option<String> {
    let pairs = url.query_pairs().into_owned().filter(|(name, _)| {
        let name = name.to_ascii_lowercase();
        !name.starts_with("utm_") && !TRACKING.contains(&name.as_str()) && !more.contains(&name.as_str())
    });
    written(url, pairs.collect())
}

fn written(url: &Url, mut pairs: Vec<(String, String)>) -> Option<String> {
    let host = url.host_str()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    let path = url.path().trim_end_matches('/');
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
    Some(form)
}

/// The form that an earlier version gave an address.
fn before(url: &Url) -> Option<String> {
    let path = url.path().trim_end_matches('/');
    if url.host_str() != Some("mp.weixin.qq.com") || !path.starts_with("/s") {
        return generic(url, &[]);
    }
    if path != "/s" {
        return written(url, Vec::new());
    }
    let pairs = url.query_pairs().into_owned();
    written(url, pairs.filter(|(name, _)| ARTICLE_BEFORE.contains(&name.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forms(text: &str) -> Vec<String> {
        links(text).into_iter().map(|link| link.form).collect()
    }

    #[test]
    fn one_article_has_one_form_however_it_was_passed_on() {
        for text in [
            "看 https://mp.weixin.qq.com/s?__biz=MzA5==&mid=2247483650&idx=1&sn=ab12&chksm=99&scene=21#wechat_redirect 是真的吗",
            "http://mp.weixin.qq.com/s?mid=2247483650&__biz=MzA5==&idx=1&sn=ab12&from=timeline&isappinstalled=0",
            "HTTPS://MP.weixin.qq.com/s?__biz=MzA5==&mid=2247483650&idx=1&sn=ab12。大家都在转",
            "https://mp.weixin.qq.com/s?__biz=MzA5==&amp;mid=2247483650&amp;idx=1&amp;sn=cd34，3天前的",
            "mp.weixin.qq.com/s?__biz=MzA5==&mid=2247483650&idx=1&sharer_sharetime=〔号码〕&scene=1真的吗",
        ] {
            assert_eq!(forms(text), ["mp.weixin.qq.com/s?__biz=MzA5&idx=1&mid=2247483650"], "{text}");
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
    fn an_address_is_known_too_by_the_form_that_an_earlier_version_kept() {
        let forms = |text| links(text)[0].forms().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            forms("https://mp.weixin.qq.com/s?__biz=MzA5==&mid=2247483650&idx=1&sn=ab12&scene=1"),
            [
                "mp.weixin.qq.com/s?__biz=MzA5&idx=1&mid=2247483650",
                "mp.weixin.qq.com/s?__biz=MzA5==&idx=1&mid=2247483650&sn=ab12"
            ]
        );
        assert_eq!(forms("http://t.cn/A6xYz1"), ["t.cn/A6xYz1"]);
    }

    #[test]
    fn what_names_no_page_is_no_link() {
        for text in [
            "没有链接",
            "https://www.example.cn/",
            "https://example.cn?from=timeline",
            "http://",
            "https://www.toutiao.com/article/〔卡号〕/",
            "https://a.example.cn/x?phone=〔手机号〕",
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
                prop_assert!(link.form.chars().count() <= CHARS_MAX);
            }
        }
    }
}
