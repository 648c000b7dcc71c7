//! What an address of a well-known site leads to, by the id that the site gave it: the same on its pages for desks and
//! telephones, and in every form in which its apps pass it on.

use std::collections::HashMap;

use url::Url;

/// What is known of an address by its site.
pub enum Content {
    /// This, in one form.
    Is(String),
    /// A page of the site that changes with whoever looks at it.
    Nothing,
    /// The site says nothing of it by itself.
    Unknown,
}

/// Hosts that hand out short addresses: which page they lead to only they know, so each is alike to itself only. What
/// follows the path is about who passes it on.
const SHORTENERS: [&str; 36] = [
    "163.lu",
    "3.cn",
    "985.so",
    "b23.tv",
    "bili2233.cn",
    "bit.ly",
    "c.suo.im",
    "dwz.cn",
    "dwz.date",
    "dwz.mk",
    "dwz.win",
    "goo.gl",
    "is.gd",
    "kurl.cc",
    "m.tb.cn",
    "mtw.so",
    "ow.ly",
    "rrd.me",
    "rrurl.cn",
    "s.kw.ai",
    "sina.lt",
    "sohu.gg",
    "sourl.cn",
    "suo.im",
    "suo.nz",
    "t.cn",
    "t.hk.uy",
    "t.im",
    "t.ly",
    "tinyurl.com",
    "u.nu",
    "url.cn",
    "urlify.cn",
    "v.douyin.com",
    "v.kuaishou.com",
    "xhslink.com",
];

/// What `url` leads to.
pub fn content(url: &Url) -> Content {
    let Some(host) = url.host_str() else { return Content::Unknown };
    let host = host.strip_prefix("www.").unwrap_or(host);
    let page = Page::of(url);
    let by_id = match host {
        _ if is_of(host, "mp.weixin.qq.com") => return article(&page),
        _ if is_of(host, "weibo.com") || is_of(host, "weibo.cn") => weibo(host, &page),
        _ if is_of(host, "v.douyin.com") => None,
        _ if is_of(host, "douyin.com") || is_of(host, "iesdouyin.com") => douyin(host, &page),
        _ if is_of(host, "v.kuaishou.com") => None,
        _ if ["kuaishou.com", "gifshow.com", "chenzhongtech.com"].iter().any(|site| is_of(host, site)) => {
            kuaishou(&page)
        }
        _ if ["toutiao.com", "toutiaocdn.com", "toutiaoimg.com", "toutiaoimg.cn", "snssdk.com"]
            .iter()
            .any(|site| is_of(host, site)) =>
        {
            toutiao(&page)
        }
        _ if is_of(host, "ixigua.com") => xigua(&page),
        _ if is_of(host, "bilibili.com") => bilibili(host, &page),
        "b23.tv" | "bili2233.cn" => page.segments.first().and_then(|id| bilibili_video(id)),
        _ if is_of(host, "xiaohongshu.com") => xiaohongshu(&page),
        _ if is_of(host, "zhihu.com") => zhihu(host, &page),
        _ => None,
    };
    if let Some(known) = by_id {
        return Content::Is(known);
    }
    let path = url.path().trim_end_matches('/');
    if is_shortener(host) && !path.is_empty() {
        return Content::Is(format!("{host}{path}"));
    }
    Content::Unknown
}

fn is_shortener(host: &str) -> bool {
    SHORTENERS.contains(&host) || host.strip_prefix("w.").is_some_and(|host| SHORTENERS.contains(&host))
}

fn is_of(host: &str, site: &str) -> bool {
    host == site || host.strip_suffix(site).is_some_and(|before| before.ends_with('.'))
}

/// An address in its parts.
struct Page<'a> {
    segments: Vec<&'a str>,
    query: HashMap<String, String>,
}

impl<'a> Page<'a> {
    fn of(url: &'a Url) -> Self {
        let segments = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
        // The first of two that have one name counts, as it does for most sites.
        let mut query = HashMap::new();
        for (name, value) in url.query_pairs() {
            query.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        Self { segments, query }
    }

    fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The segment behind the first of `names`.
    fn behind(&self, names: &[&str]) -> Option<&'a str> {
        let at = self.segments.iter().position(|segment| names.contains(segment))?;
        self.segments.get(at + 1).copied()
    }
}

/// An article of an Official Account, by the account, the message and the place in it. Its other parameters tell who
/// passed it on, the check sums among them.
fn article(page: &Page<'_>) -> Content {
    let named = |names: [&str; 2]| names.into_iter().find_map(|name| page.asked(name));
    match page.segments.as_slice() {
        ["s", short] => Content::Is(format!("mp.weixin.qq.com/s/{short}")),
        ["s"] | ["mp", "appmsg", "show"] | ["mp", "rumor"] => {
            let (account, message) = (page.asked("__biz"), named(["mid", "appmsgid"]));
            let (Some(account), Some(message)) = (account, message) else { return Content::Nothing };
            let place = named(["idx", "itemidx"]).unwrap_or("1");
            // The account is a number in base64, with or without the signs that fill it up.
            let account = account.trim_end_matches('=');
            Content::Is(format!("mp.weixin.qq.com/s?__biz={account}&idx={place}&mid={message}"))
        }
        _ => Content::Unknown,
    }
}

fn weibo(host: &str, page: &Page<'_>) -> Option<String> {
    let post = |id: &str| weibo_id(id).map(|id| format!("weibo.com/status/{id}"));
    let long = |id: &str| is_number(id).then(|| format!("weibo.com/article/{id}"));
    match page.segments.as_slice() {
        ["status" | "detail" | "statuses", id, ..] | ["repost" | "comment", id] => post(id),
        ["ttarticle", "p" | "x" | "m", "show", ..] => page.asked("id").and_then(long),
        ["article", "m" | "p", "show", "id", id, ..] => long(id),
        ["tv", "show", id, ..] => Some(format!("weibo.com/tv/{id}")),
        ["show"] if is_of(host, "video.weibo.com") => {
            page.asked("fid").map(|id| format!("weibo.com/tv/{id}"))
        }
        _ if page.asked("weibo_id").is_some() => page.asked("weibo_id").and_then(post),
        [person, id] if is_number(person) => post(id),
        _ => None,
    }
}

/// A post's number, from the number or from the short form that the site writes for it: groups of four signs in base
/// 62 from the end on, seven digits each.
fn weibo_id(id: &str) -> Option<String> {
    if is_number(id) && id.len() >= 15 {
        return Some(id.to_owned());
    }
    if !(8..=10).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut number = String::new();
    let mut rest = id;
    let mut groups = Vec::new();
    while !rest.is_empty() {
        let (before, group) = rest.split_at(rest.len().saturating_sub(4));
        groups.push(group);
        rest = before;
    }
    for (at, group) in groups.iter().rev().enumerate() {
        let value = group.bytes().try_fold(0_u32, |value, byte| Some(value * 62 + base_62(byte)?))?;
        if value >= 10_000_000 {
            return None;
        }
        number.push_str(&if at == 0 { value.to_string() } else { format!("{value:07}") });
    }
    Some(number)
}

const fn base_62(byte: u8) -> Option<u32> {
    Some(match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'z' => byte - b'a' + 10,
        b'A'..=b'Z' => byte - b'A' + 36,
        _ => return None,
    } as u32)
}

fn douyin(host: &str, page: &Page<'_>) -> Option<String> {
    let known = |id: &str| is_number(id).then(|| format!("douyin.com/video/{id}"));
    if let Some(id) = page.behind(&["video", "note", "slides"]).or_else(|| page.asked("modal_id")) {
        return known(id);
    }
    let room = page.segments.first().filter(|id| is_of(host, "live.douyin.com") && is_number(id));
    room.map(|id| format!("live.douyin.com/{id}"))
}

fn kuaishou(page: &Page<'_>) -> Option<String> {
    let short = page.behind(&["f"]).map(|code| format!("v.kuaishou.com/{code}"));
    let photo = page.behind(&["short-video", "photo", "long-video"]).or_else(|| page.asked("photoId"));
    photo.map(|id| format!("kuaishou.com/photo/{id}")).or(short)
}

fn toutiao(page: &Page<'_>) -> Option<String> {
    let known = |id: &str| (is_number(id) && id.len() >= 10).then(|| format!("toutiao.com/{id}"));
    if let Some(code) = page.behind(&["is"]) {
        return Some(format!("toutiao.com/is/{code}"));
    }
    let named = page.behind(&["article", "group", "item", "w", "video", "trending", "thread"]);
    let asked = || page.asked("group_id").or_else(|| page.asked("groupid"));
    // `/i7305…/` and `/a7305…/`.
    let first = || page.segments.first().and_then(|first| first.strip_prefix(['i', 'a', 'w']));
    named.and_then(known).or_else(|| asked().and_then(known)).or_else(|| first().and_then(known))
}

fn xigua(page: &Page<'_>) -> Option<String> {
    let id = page.behind(&["video"]).or_else(|| page.segments.first().copied())?;
    (is_number(id) && id.len() >= 10).then(|| format!("ixigua.com/{id}"))
}

fn bilibili(host: &str, page: &Page<'_>) -> Option<String> {
    let opus = |id: &str| is_number(id).then(|| format!("bilibili.com/opus/{id}"));
    let read = |id: &str| {
        let id = id.strip_prefix("cv").unwrap_or(id);
        is_number(id).then(|| format!("bilibili.com/read/{id}"))
    };
    match page.segments.as_slice() {
        ["video" | "s", .., id] | ["video", id, ..] if bilibili_video(id).is_some() => bilibili_video(id),
        ["list", ..] | ["festival", ..] => page.asked("bvid").and_then(bilibili_video),
        ["bangumi", "play", id, ..] => Some(format!("bilibili.com/bangumi/{}", id.to_ascii_lowercase())),
        ["read", "mobile" | "native", ..] => page.asked("id").and_then(read),
        ["read", id, ..] => read(id),
        ["opus" | "dynamic", id, ..] | ["h5", "dynamic", "detail", id, ..] => opus(id),
        [id] if is_of(host, "t.bilibili.com") => opus(id),
        [id] if is_of(host, "live.bilibili.com") && is_number(id) => Some(format!("live.bilibili.com/{id}")),
        ["blackboard", ..] => page.asked("bvid").or_else(|| page.asked("aid")).and_then(bilibili_video),
        _ => None,
    }
}

/// A video, by the form that is a number in disguise or by `av` and the number itself.
fn bilibili_video(id: &str) -> Option<String> {
    let of = |id: String| format!("bilibili.com/video/{id}");
    let plain = id.strip_prefix("av").or_else(|| id.strip_prefix("AV"));
    if let Some(number) = plain.filter(|number| is_number(number)) {
        return number.parse().ok().and_then(bilibili_code).map(of);
    }
    let head = id.get(..2).filter(|head| head.eq_ignore_ascii_case("BV"));
    let is_code = head.is_some() && id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then(|| of(format!("BV{}", &id[2..])))
}

/// The form in which the site writes the video of a number.
fn bilibili_code(number: u64) -> Option<String> {
    const SIGNS: &[u8; 58] = b"FcwAPNKTMug3GV5Lj7EJnHpWsx4tb8haYeviqBz6rkCy12mUSDQX9RdoZf";
    const MASK: u64 = 23_442_827_791_579;
    const ABOVE: u64 = 1 << 51;
    if number >= ABOVE {
        return None;
    }
    let mut code = *b"BV1000000000";
    let mut rest = (ABOVE | number) ^ MASK;
    for sign in code.iter_mut().rev().take(9) {
        *sign = SIGNS[usize::try_from(rest % 58).ok()?];
        rest /= 58;
    }
    code.swap(3, 9);
    code.swap(4, 7);
    String::from_utf8(code.to_vec()).ok()
}

fn xiaohongshu(page: &Page<'_>) -> Option<String> {
    let known = |id: &str| {
        let id = id.to_ascii_lowercase();
        (id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| format!("xiaohongshu.com/{id}"))
    };
    match page.segments.as_slice() {
        ["explore", id, ..] | ["discovery", "item", id, ..] | ["user", "profile", _, id, ..] => known(id),
        _ => None,
    }
}

fn zhihu(host: &str, page: &Page<'_>) -> Option<String> {
    let known = |kind: &str, id: &str| is_number(id).then(|| format!("zhihu.com/{kind}/{id}"));
    if let Some(id) = page.behind(&["answer", "answers"]) {
        return known("answer", id);
    }
    if let Some(id) = page.behind(&["question", "questions"]) {
        return known("question", id);
    }
    let writes = is_of(host, "zhuanlan.zhihu.com") || page.segments.contains(&"tardis");
    if let Some(id) = page.behind(&["p", "art"]).filter(|_| writes) {
        return known("p", id);
    }
    ["pin", "zvideo"].into_iter().find_map(|kind| page.behind(&[kind]).and_then(|id| known(kind, id)))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(address: &str) -> String {
        match content(&Url::parse(address).unwrap()) {
            Content::Is(form) => form,
            Content::Nothing => "nothing".to_owned(),
            Content::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn each_site_has_one_form_for_one_thing() {
        for (form_of_all, addresses) in [
            (
                "mp.weixin.qq.com/s?__biz=MzA5MTIzNDU2Nw&idx=1&mid=2651234567",
                vec![
                    "https://mp.weixin.qq.com/s?__biz=MzA5MTIzNDU2Nw==&mid=2651234567&idx=1&sn=0a1b&chksm=8b&scene=1",
                    "http://mp.weixin.qq.com/s?__biz=MzA5MTIzNDU2Nw%3D%3D&idx=1&mid=2651234567&sharer_sharetime=1795300000123#rd",
                    "https://mp.weixin.qq.com/mp/appmsg/show?__biz=MzA5MTIzNDU2Nw==&appmsgid=2651234567&itemidx=1",
                    "https://mp.weixin.qq.com/s/?__biz=MzA5MTIzNDU2Nw==&mid=2651234567",
                ],
            ),
            (
                "weibo.com/status/4971234567890123",
                vec![
                    "https://m.weibo.cn/status/4971234567890123?sourceType=weixin",
                    "https://weibo.com/detail/4971234567890123",
                    "https://m.weibo.cn/detail/4971234567890123",
                    "https://weibo.com/1234567890/4971234567890123",
                    "https://m.weibo.cn/1234567890/4971234567890123",
                    "https://share.api.weibo.cn/share/123.html?weibo_id=4971234567890123",
                ],
            ),
            (
                "weibo.com/status/3501756485200075",
                vec![
                    "https://weibo.com/2803301701/z0JH2lOMb?refer_flag=1001030103_",
                    "https://m.weibo.cn/status/z0JH2lOMb",
                    "https://m.weibo.cn/status/3501756485200075",
                ],
            ),
            (
                "weibo.com/article/2309404971234567890123",
                vec![
                    "https://weibo.com/ttarticle/p/show?id=2309404971234567890123",
                    "https://card.weibo.com/article/m/show/id/2309404971234567890123",
                ],
            ),
            (
                "weibo.com/tv/1034:4971234567890123",
                vec![
                    "https://weibo.com/tv/show/1034:4971234567890123?from=x",
                    "https://video.weibo.com/show?fid=1034:4971234567890123",
                ],
            ),
            (
                "douyin.com/video/7301234567890123456",
                vec![
                    "https://www.douyin.com/video/7301234567890123456",
                    "https://m.douyin.com/share/video/7301234567890123456/?region=CN",
                    "https://www.iesdouyin.com/share/video/7301234567890123456/?mid=1",
                    "https://www.douyin.com/user/MS4w?modal_id=7301234567890123456",
                    "https://www.douyin.com/discover?modal_id=7301234567890123456",
                    "https://www.iesdouyin.com/share/note/7301234567890123456",
                ],
            ),
            (
                "kuaishou.com/photo/3xabc9defgh2ijk",
                vec![
                    "https://www.kuaishou.com/short-video/3xabc9defgh2ijk?authorId=3x",
                    "https://v.m.chenzhongtech.com/fw/photo/3xabc9defgh2ijk?fid=1",
                    "https://m.gifshow.com/fw/photo/3xabc9defgh2ijk",
                    "https://c.kuaishou.com/fw/photo/3xabc9defgh2ijk",
                ],
            ),
            (
                "v.kuaishou.com/AbC12",
                vec!["https://v.kuaishou.com/AbC12", "https://www.kuaishou.com/f/AbC12"],
            ),
            (
                "toutiao.com/7305555666677778888",
                vec![
                    "https://www.toutiao.com/article/7305555666677778888/?log_from=1",
                    "https://m.toutiao.com/i7305555666677778888/",
                    "https://www.toutiao.com/a7305555666677778888",
                    "https://toutiao.com/group/7305555666677778888/",
                    "https://m.toutiaocdn.com/group/7305555666677778888/?app=",
                    "https://www.toutiao.com/w/7305555666677778888/",
                ],
            ),
            (
                "bilibili.com/video/BV17x411w7KC",
                vec![
                    "https://www.bilibili.com/video/BV17x411w7KC/?spm_id_from=333&vd_source=a",
                    "https://m.bilibili.com/video/BV17x411w7KC",
                    "https://www.bilibili.com/video/av170001",
                    "https://b23.tv/BV17x411w7KC",
                    "https://b23.tv/av170001",
                    "https://www.bilibili.com/s/video/BV17x411w7KC",
                ],
            ),
            (
                "bilibili.com/opus/871234567890123456",
                vec![
                    "https://t.bilibili.com/871234567890123456",
                    "https://www.bilibili.com/opus/871234567890123456",
                ],
            ),
            (
                "bilibili.com/read/12345",
                vec![
                    "https://www.bilibili.com/read/cv12345",
                    "https://www.bilibili.com/read/mobile?id=12345",
                ],
            ),
            (
                "xiaohongshu.com/65a1b2c3000000001e0012ab",
                vec![
                    "https://www.xiaohongshu.com/explore/65a1b2c3000000001e0012ab?xsec_token=A",
                    "https://www.xiaohongshu.com/discovery/item/65a1b2c3000000001e0012ab",
                    "https://www.xiaohongshu.com/user/profile/5f00/65a1b2c3000000001e0012ab",
                ],
            ),
            (
                "zhihu.com/answer/2987654321",
                vec![
                    "https://www.zhihu.com/question/612345678/answer/2987654321?utm_psn=1",
                    "https://www.zhihu.com/answer/2987654321",
                    "https://m.zhihu.com/question/612345678/answer/2987654321",
                ],
            ),
            (
                "zhihu.com/p/612345678",
                vec![
                    "https://zhuanlan.zhihu.com/p/612345678?utm=1",
                    "https://www.zhihu.com/tardis/bd/art/612345678",
                ],
            ),
            ("t.cn/A6xYz1", vec!["http://t.cn/A6xYz1", "https://t.cn/A6xYz1?m=4971234567890123&u=1"]),
            ("v.douyin.com/iAbC", vec!["https://v.douyin.com/iAbC/"]),
            ("b23.tv/AbC12", vec!["https://b23.tv/AbC12?share_medium=android"]),
            ("dwz.cn/Ab1", vec!["https://dwz.cn/Ab1"]),
        ] {
            for address in addresses {
                assert_eq!(form(address), form_of_all, "{address}");
            }
        }
    }

    #[test]
    fn what_differs_stays_apart() {
        for (one, other) in [
            (
                "https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=1",
                "https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=2",
            ),
            ("https://t.cn/A6xYz1", "https://t.cn/a6xyz1"),
            (
                "https://www.douyin.com/video/7301234567890123456",
                "https://www.douyin.com/video/7309876543210987654",
            ),
            ("https://zhuanlan.zhihu.com/p/1", "https://www.zhihu.com/question/1"),
            ("https://b23.tv/AbC12", "https://b23.tv/aBC12"),
        ] {
            assert_ne!(form(one), form(other));
        }
    }

    #[test]
    fn a_host_that_only_ends_alike_is_another_site() {
        for address in [
            "https://notweibo.com/detail/4971234567890123",
            "https://evil-douyin.com/video/7301234567890123456",
        ] {
            assert_eq!(form(address), "unknown", "{address}");
        }
        assert_eq!(form("https://mp.weixin.qq.com/s?src=11&timestamp=1&signature=a"), "nothing");
        assert_eq!(form("https://www.toutiao.com/"), "unknown");
    }
}
