//! Names behind an at sign. A notice to everybody names nobody, and a name ends where a sentence begins.

use std::ops::Range;

use crate::kind::Kind;
use crate::reading::{BLOCK, Reading, is_han, is_sign};
use crate::taken::Taken;

/// Who is nobody in particular.
const EVERYBODY: &[&str] = &[
    "所有人",
    "全体",
    "全體",
    "全部",
    "全员",
    "全員",
    "大家",
    "各位",
    "群主",
    "管理员",
    "all",
    "everyone",
    "here",
    "channel",
];

/// How the names of offices, newspapers and the like end: they are no persons.
const OFFICES: &[&str] = &[
    "发布",
    "派出所",
    "公安局",
    "公安",
    "政府",
    "融媒体",
    "融媒",
    "中心",
    "日报",
    "晚报",
    "电视台",
    "卫视",
    "新闻",
    "医院",
    "学校",
    "小学",
    "中学",
    "大学",
    "物业",
    "居委会",
    "村委会",
    "社区",
    "街道办",
    "消防",
    "交警",
    "气象",
    "水务",
    "自来水公司",
    "供电",
    "公司",
    "局",
    "委员会",
    "法院",
    "检察院",
    "辟谣",
    "网信",
];

/// Characters of a name at most, and of one that nothing ends.
const NAME_CHARS_MAX: usize = 16;
const ENDLESS_NAME_CHARS_MAX: usize = 8;

/// Words with which sentences go on behind a name, wherever they stand.
const SENTENCE: &[&str] = &[
    "你看",
    "您看",
    "你们",
    "您好",
    "你好",
    "大家",
    "各位",
    "这个",
    "这条",
    "那个",
    "今天",
    "今晚",
    "今早",
    "明天",
    "明晚",
    "明早",
    "昨天",
    "昨晚",
    "后天",
    "刚才",
    "刚刚",
    "现在",
    "快看",
    "快来",
    "快点",
    "看看",
    "看下",
    "看一下",
    "看到",
    "听说",
    "据说",
    "网传",
    "转发",
    "扩散",
    "注意",
    "通知",
    "紧急",
    "停水",
    "停电",
    "停气",
    "停课",
    "封路",
    "地震",
    "真的",
    "是真",
    "是不是",
    "有没有",
    "怎么",
    "什么",
    "为什么",
    "哪里",
    "谁家",
    "请问",
    "请大",
    "请各",
    "请注",
    "我们",
    "我家",
    "我听",
    "帮忙",
    "帮我",
    "麻烦",
    "谢谢",
    "又要",
    "就要",
    "要不",
    "不要",
    "不是",
    "没有",
    "可以",
    "可能",
    "已经",
    "因为",
    "如果",
    "小区",
    "业主",
    "家长",
    "县里",
    "城东",
    "城西",
    "城北",
    "城南",
    "学校",
    "医院",
    "公司",
    "刚听",
    "求证",
    "辟谣",
    "出来",
    "回复",
    "收到",
    "有人",
    "说是",
    "告诉",
    "来了",
    "别信",
    "造谣",
    "发布",
    "官方",
];

/// Characters with which one goes on where no blank ends the name.
const SENTENCE_CHARS: &str = "你您我他她它咱这那今明昨说听请是有没在了吗呢吧啊把被给让要会能也就还又快看来去问叫谁哪怎为从到对跟和与及等都将已";

/// Takes the names of those who are mentioned.
pub fn find(reading: &Reading, taken: &mut Taken) {
    for at in 0..reading.chars.len() {
        if reading.chars[at] != '@' || taken.has(at) {
            continue;
        }
        // `F@U.Lw` is no mention.
        if reading.before(at).is_some_and(|c| c.is_ascii_alphanumeric()) {
            continue;
        }
        let chars = name(reading, taken, at + 1);
        taken.take(chars, Kind::Mention);
    }
}

fn name(reading: &Reading, taken: &Taken, start: usize) -> Range<usize> {
    let of_name = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | '·' | '.');
    let free =
        reading.chars[start..].iter().enumerate().take_while(|(at, c)| of_name(c) && !taken.has(start + at));
    let mut end = start + free.count();
    while end > start && matches!(reading.chars[end - 1], '.' | '-' | '·') {
        end -= 1;
    }
    let text = reading.slice(start..end).to_lowercase();
    if EVERYBODY.iter().any(|all| text.starts_with(all)) {
        return start..start;
    }
    let behind = reading.chars.get(end).is_none_or(|c| is_sign(*c));
    if behind && OFFICES.iter().any(|office| text.ends_with(office)) {
        return start..start;
    }
    // A Latin name ends where Chinese begins, and is one.
    let latin = reading.chars[start..end].iter().take_while(|c| !is_han(**c)).count();
    if latin > 1 && latin < end - start {
        end = start + latin;
    }
    let sentence = SENTENCE.iter().filter_map(|word| text.find(word)).min();
    let sentence = sentence.map(|byte| text[..byte].chars().count());
    let behind = reading.chars.get(end).copied();
    let is_ended = behind.is_none_or(|c| c != BLOCK && !c.is_alphanumeric());
    let mut length = end - start;
    if let Some(sentence) = sentence {
        length = length.min(sentence);
    }
    let is_short = end - start <= NAME_CHARS_MAX / 2 && is_ended && sentence.is_none();
    if !is_short {
        let single = reading.chars[start..start + length].iter().position(|c| SENTENCE_CHARS.contains(*c));
        length = single.unwrap_or(length);
    }
    let most = if is_ended && sentence.is_none() { NAME_CHARS_MAX } else { ENDLESS_NAME_CHARS_MAX };
    start..start + if is_latin(reading, start) { length.min(30) } else { length.min(most) }
}

fn is_latin(reading: &Reading, start: usize) -> bool {
    reading.chars.get(start).is_some_and(char::is_ascii)
}
