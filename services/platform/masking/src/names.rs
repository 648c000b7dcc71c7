//! Names that people give of themselves: behind 我叫, 姓名, 本人, 联系人.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::kind::Kind;
use crate::reading::{Reading, is_han};
use crate::taken::Taken;

/// What a name follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    /// A label of a form: whatever follows is the name.
    Label,
    /// A sentence about oneself.
    Sentence,
    /// 我是: what follows is mostly none.
    Maybe,
}

const LEADS: &[(Lead, &str)] = &[
    (
        Lead::Label,
        r"(?:姓\s?名|名\s?字|联系人|聯繫人|当事人|收件人|收货人|报警人|投诉人|举报人|反映人|患者|学生姓名|家长姓名|本人姓名|签名|开户名|户名|持卡人|机主)\s?[:：=]\s?",
    ),
    (Lead::Label, r"(?i:my name is|name\s?[:：])\s?"),
    (
        Lead::Sentence,
        r"(?:我|俺|本人|我的?名字|我儿子|我女儿|我孩子|我老公|我老婆|我丈夫|我妻子|我爸|我妈|我父亲|我母亲|小孩|孩子|名字)\s?(?:名)?叫(?:做)?\s?",
    ),
    (Lead::Sentence, r"(?:姓\s?名|我的名字|本人名字|本人名)\s?(?:是|为|叫)\s?"),
    (Lead::Sentence, r"(?:^|[，。！？；,!?;\s])本人\s?(?:叫|是|姓名)?\s?"),
    (Lead::Sentence, r"(?:姓\s?名|联系人|聯繫人)\s?"),
    (Lead::Maybe, r"(?:^|[，。！？；,!?;\s好])我是\s?"),
];

static PATTERNS: LazyLock<Vec<(Lead, Regex)>> = LazyLock::new(|| {
    LEADS
        .iter()
        .map(|(lead, pattern)| (*lead, Regex::new(pattern).expect("a constant that tests compile")))
        .collect()
});

static SURNAMES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("surnames.txt")
        .lines()
        .filter(|l| !l.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect()
});

/// Characters that no given name has, for they go on with the sentence.
const NO_NAME: &str = "了的来去吗呢吧啊过着他她它我你您们不没有是个出都也要就在到和跟与及把被给让很太再又还只想请问说听看见住电手身男女今年去从被向对将已正说话号码车什么怎谁哪这那人吃喝打买卖叫醒两救喊停到走开坐";

/// What can follow a name at once.
const BEHIND: &str =
    "住电手身男女今年是在我家的从来去想要说现单有因被就也还请和跟与及这那今明昨，已曾于系向对为反投举报先";

/// Names of families that mostly are words.
const WORDS_TOO: &str = "和都时任由相向应于能但来平计信利强和全明那是有";

/// What looks like a name and is none.
const OTHERS: &[&str] = &[
    "黄牛", "马上", "马路", "高人", "高手", "石头", "白领", "方便", "安全", "金融", "党员", "江西", "江苏",
    "安徽", "贵州", "云南", "温州", "常州", "苏州", "连云", "水务", "车友", "车主", "明天", "向导", "于是",
    "应该", "任何", "何时", "何人", "曾经", "时候", "时间", "成都", "武汉", "广东", "广西", "广州", "海南",
    "宁波", "宁夏", "农民", "单位", "单身", "管理", "燕郊", "易错", "关于", "关门", "平安", "平台", "万一",
    "万人", "万家", "经理", "计划", "公安", "白天", "全家", "全县", "全村", "路边", "路人", "居民", "鱼塘",
    "山东", "山西", "包子", "包工", "包车", "祝福", "祝大", "毛病", "常住", "满意", "干部", "家住", "水果",
    "花店", "强烈", "支持", "同意", "要求", "容易", "通知", "冷静", "向上", "向你",
];

/// Takes the names.
pub fn find(reading: &Reading, taken: &mut Taken) {
    for (lead, pattern) in PATTERNS.iter() {
        for found in pattern.find_iter(&reading.text) {
            let start = reading.index(found.end());
            if let Some(length) = name(reading, start, *lead) {
                taken.take(start..start + length, Kind::Name);
            }
        }
    }
}

/// How many characters from `start` on are a name.
fn name(reading: &Reading, start: usize, lead: Lead) -> Option<usize> {
    let han: Vec<char> = reading.chars[start..]
        .iter()
        .copied()
        .take_while(|c| is_han(*c) || matches!(c, '·' | '•'))
        .take(16)
        .collect();
    if let Some(length) = with_dot(&han) {
        return Some(length);
    }
    let behind = |length: usize| reading.chars.get(start + length).copied();
    if han.is_empty() && lead != Lead::Maybe {
        let latin =
            reading.chars[start..].iter().take_while(|c| c.is_ascii_alphabetic() || **c == ' ').count();
        let written = reading.slice(start..start + latin);
        let is_name =
            written.starts_with(|c: char| c.is_ascii_uppercase()) && (2..=30).contains(&written.trim().len());
        return is_name.then(|| written.trim_end().chars().count());
    }
    let family = family(&han)?;
    // 联系人和…: a word that is a family's name too.
    if lead != Lead::Label && family == 1 && WORDS_TOO.contains(han[0]) {
        return None;
    }
    if OTHERS.iter().any(|other| han.iter().collect::<String>().starts_with(other)) {
        return None;
    }
    let titled =
        ["先生", "女士", "小姐", "老师", "师傅", "同志", "阿姨", "大爷", "大姐", "大哥", "某某", "某"];
    let rest: String = han[family..].iter().collect();
    if let Some(title) = titled.iter().find(|title| rest.starts_with(**title)) {
        return (lead != Lead::Maybe).then(|| family + title.chars().count());
    }
    let ends = |length: usize| behind(length).is_none_or(|c| !is_han(c) || BEHIND.contains(c));
    let given = |count: usize| {
        han.len() >= family + count
            && han[family..family + count].iter().all(|c| !NO_NAME.contains(*c) && is_han(*c))
    };
    let stops = |length: usize| behind(length).is_none_or(|c| !is_han(c));
    if lead == Lead::Maybe {
        let personal = |length: usize| {
            let after: String =
                reading.chars[(start + length).min(reading.chars.len())..].iter().take(14).collect();
            let told =
                ["电话", "手机", "住", "身份证", "家在", "联系"].iter().any(|word| after.contains(word));
            stops(length) && told
        };
        return [2, 1]
            .into_iter()
            .filter(|count| given(*count))
            .map(|count| family + count)
            .find(|length| personal(*length) && !is_place(&han, *length));
    }
    let counts = [2, 1];
    let found = counts
        .into_iter()
        .filter(|count| given(*count))
        .map(|count| family + count)
        .find(|length| ends(*length));
    // A label is followed by a name however the text goes on.
    found.or_else(|| (lead == Lead::Label && given(2)).then_some(family + 2))
}

/// 江西人, 高三学生: what ends so is no person's name.
fn is_place(han: &[char], length: usize) -> bool {
    "人省市县区村镇民生员家店方校长".contains(han[length - 1])
}

/// `阿卜杜拉·买买提`.
fn with_dot(han: &[char]) -> Option<usize> {
    let dot = han.iter().position(|c| matches!(c, '·' | '•')).filter(|dot| (2..=8).contains(dot))?;
    let behind = han[dot + 1..].iter().take_while(|c| is_han(**c) && !BEHIND.contains(**c)).count();
    (1..=7).contains(&behind).then_some(dot + 1 + behind)
}

/// How many characters of the family's name begin a name.
fn family(han: &[char]) -> Option<usize> {
    let two: String = han.iter().take(2).collect();
    if han.len() > 2 && SURNAMES.contains(two.as_str()) {
        return Some(2);
    }
    let one: String = han.iter().take(1).collect();
    SURNAMES.contains(one.as_str()).then_some(1)
}
