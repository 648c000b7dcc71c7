//! Accounts of messengers and platforms, by the name of the platform in all its dresses: `微 信 id：`, `VX号`, `加v：`.

use std::sync::LazyLock;

use regex::Regex;

use crate::kind::Kind;
use crate::reading::Reading;
use crate::taken::Taken;
use crate::units;

/// What people write between the parts of a name, so that machines do not know it.
const GAP: &str = r"[\s\-_.·*/|+~]{0,3}";

/// Names that say by themselves that an account follows.
const SURE: &[&str] = &[
    "微信",
    "薇信",
    "威信",
    "徽信",
    "微-信",
    "薇芯",
    "微芯",
    "微❤",
    "微幸",
    "wei信",
    "v信",
    "w信",
    "卫信",
    "卫星",
    "扣扣",
    "企鹅",
    "抖音",
    "快手",
    "小红书",
    "小红薯",
    "视频号",
    "陌陌",
    "支付宝",
    "钉钉",
    "豆瓣",
    "知乎",
    "闲鱼",
    "哔哩",
    "b站",
    "电报",
    "飞机号",
    "推特",
    "脸书",
    "weixin",
    "wechat",
    "wx",
    "vx",
    "qq",
    "weibo",
    "douyin",
    "kuaishou",
    "telegram",
    "tiktok",
    "whatsapp",
    "instagram",
    "line",
];

/// Names that also mean something else: an account only where the words around say so.
const UNSURE: &[&str] = &[
    "薇❤",
    "威❤",
    "v❤",
    "微❤",
    "薇",
    "微",
    "v",
    "w",
    "q",
    "威",
    "绿泡泡",
    "绿色软件",
    "tg",
    "ins",
    "微博",
    "dy",
    "ks",
    "xhs",
    "vb",
    "zfb",
];

static SURE_ACCOUNT: LazyLock<Regex> = LazyLock::new(|| pattern(SURE, ""));

static UNSURE_ACCOUNT: LazyLock<Regex> =
    LazyLock::new(|| pattern(UNSURE, r"(?:[加十+➕私搜找]\s?(?:我|一下|个|俺)?\s?的?)?"));

static WECHAT_ID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)wxid_[a-z0-9_\-]{4,}").expect("a constant that tests compile"));

/// `before` a name of `names`, what says that an account follows, and the account.
fn pattern(names: &[&str], before: &str) -> Regex {
    let names: Vec<String> = names.iter().map(|name| spaced(name)).collect();
    let pattern = format!(
        concat!(
            r"(?i)(?P<before>{before})(?P<name>{names})",
            r"(?P<mark>(?:{gap}(?:群号码|群号|群|号码|號碼|号|號|账号|帐号|賬號|帳號|账户|名|{id}|uid|加|搜|联系|不变|同号)){{0,3}})",
            r"(?P<sign>[\s:=是为為→~>\-\[\](){{}}“”「」【】《》<'‘’\x22]{{0,6}}|\s*就?是\s*)",
            r"(?P<account>[a-z][a-z0-9_\-]{{4,29}}|[0-9](?:[ \-]{{0,2}}[0-9]){{4,14}}[a-z0-9_]{{0,16}}|[0-9][a-z0-9_]{{5,29}}|[{numerals}]{{6,12}})",
        ),
        before = before,
        names = names.join("|"),
        gap = GAP,
        id = r"i\s?d",
        numerals = "零〇一二三四五六七八九幺两",
    );
    Regex::new(&pattern).expect("a constant that tests compile")
}

/// A name with gaps allowed between its characters; a Latin one only as a word of its own.
fn spaced(name: &str) -> String {
    let parts: Vec<String> = name.chars().map(|c| regex::escape(&c.to_string())).collect();
    let is_latin = name.starts_with(|c: char| c.is_ascii());
    let gap = if is_latin { r"[\s\-_.·*]{0,2}" } else { GAP };
    let joined = parts.join(gap);
    if is_latin { format!(r"(?-u:\b){joined}") } else { joined }
}

/// Takes the accounts.
pub fn find(reading: &Reading, taken: &mut Taken) {
    for found in WECHAT_ID.find_iter(&reading.text) {
        taken.take(reading.indices(found.range()), Kind::Account);
    }
    for (pattern, is_sure) in [(&SURE_ACCOUNT, true), (&UNSURE_ACCOUNT, false)] {
        let mut from = 0;
        while let Some(found) = pattern.captures_at(&reading.text, from) {
            let (Some(whole), Some(account)) = (found.get(0), found.name("account")) else { break };
            let first = whole.as_str().chars().next().map_or(1, char::len_utf8);
            from = whole.start() + first;
            let name = found.name("name").map_or("", |name| name.as_str());
            let mark = found.name("mark").map_or("", |mark| mark.as_str());
            let sign = found.name("sign").map_or("", |sign| sign.as_str());
            let chars = reading.indices(account.range());
            if is_account(
                reading,
                &Written {
                    is_asked_for: asked_for(reading, chars.start, whole.start(), found.name("before")),
                    name,
                    account: account.as_str(),
                    mark,
                    sign,
                    is_sure,
                },
                chars.end,
            ) {
                taken.take(chars, Kind::Account);
                from = account.end();
            }
        }
    }
}

/// A platform's name and what follows it.
struct Written<'a> {
    is_asked_for: bool,
    name: &'a str,
    account: &'a str,
    mark: &'a str,
    sign: &'a str,
    is_sure: bool,
}

/// True where somebody is asked to add an account: the word stands before the platform's name.
fn asked_for(reading: &Reading, account: usize, name: usize, before: Option<regex::Match<'_>>) -> bool {
    let name = reading.index(name).min(account);
    let words = reading.slice(name.saturating_sub(3)..name);
    before.is_some_and(|before| !before.is_empty())
        || words.contains(['加', '➕', '搜', '私', '❤'])
        || reading.slice(name..account).contains('❤')
}

/// True where what follows a platform's name is an account and no word.
fn is_account(reading: &Reading, written: &Written<'_>, end: usize) -> bool {
    let Written { is_asked_for, name, account, mark, sign, is_sure } = *written;
    let goes_on = reading.chars.get(end).is_some_and(|c| c.is_ascii_alphanumeric() || *c == '.');
    let has_digit = account.contains(|c: char| c.is_ascii_digit());
    let is_told = is_sure || is_asked_for || (is_marked_by(mark, sign) && has_digit);
    if !is_told {
        return false;
    }
    if account.chars().all(crate::reading::is_han) {
        return !goes_on && !units::follows(reading, end);
    }
    let is_number = account.bytes().all(|byte| !byte.is_ascii_alphabetic() && byte != b'_');
    let is_marked = is_marked_by(mark, sign) || is_asked_for;
    if is_number {
        let digits = account.chars().filter(char::is_ascii_digit).count();
        let is_date = crate::dates::is_day(account);
        // With gaps only where every digit is apart or the groups are long.
        return (5..=13).contains(&digits)
            && !is_date
            && (!units::follows(reading, end) || (is_marked && digits > 8))
            && !goes_on;
    }
    const WORDS: &[&str] =
        &["iphone", "android", "https", "http", "video", "wechat", "weixin", "alipay", "public", "group"];
    let is_word = WORDS.iter().any(|word| account.eq_ignore_ascii_case(word));
    // A thing in the sky, unless what follows is written as accounts are.
    if name == "卫星" && !is_marked {
        let digits = account.chars().filter(char::is_ascii_digit).count();
        return account.starts_with(|c: char| c.is_ascii_lowercase()) && digits >= 3 && !goes_on;
    }
    let is_long_enough = account.len() >= if is_sure { 5 } else { 6 };
    !is_word && is_long_enough && !goes_on && (has_digit || account.contains('_') || is_marked)
}

/// True where 号, ID or a colon says that what follows is an account.
fn is_marked_by(mark: &str, sign: &str) -> bool {
    // 群 alone is a word like any other: 微信群里.
    !matches!(mark.trim(), "" | "群") || sign.contains([':', '=', '是', '为', '為'])
}
