//! The two words that mean something by themselves, in every dress: 「结果」 asks what became of it, 「不是」 after an automatic
//! answer says that it was about something else.
//!
//! Script, width, quotes, signs, faces and emoji do not matter, and neither do a few words around them that add nothing. A
//! sentence about anybody's result (高考结果是假的) is no command: every word that is not one of those makes it words.

use lookalike::plain_text;

/// Longer messages say something.
const CHARS_MAX: usize = 24;

/// What may stand before 结果 and adds nothing. Those that begin others come after them.
const BEFORE_RESULT: [&str; 76] = [
    "我想知道",
    "想知道",
    "我想问一下",
    "我想问下",
    "我想问",
    "想问一下",
    "想问下",
    "想问",
    "问一下",
    "问下",
    "问问",
    "请问一下",
    "请问",
    "请查询",
    "请查",
    "请",
    "我想查一下",
    "我想查",
    "想查",
    "我要查询",
    "我要查",
    "我要",
    "要",
    "查询一下",
    "查询",
    "查一下",
    "查下",
    "查查",
    "查看",
    "查个",
    "查",
    "看一下",
    "看下",
    "看看",
    "看",
    "告诉我",
    "给我",
    "帮我",
    "帮忙",
    "麻烦",
    "等",
    "在等",
    "求",
    "有没有",
    "有",
    "出",
    "还没有",
    "还没",
    "怎么还没有",
    "怎么还没",
    "怎么",
    "什么时候有",
    "什么时候出",
    "什么时候",
    "多久有",
    "多久出",
    "多久",
    "到底",
    "现在",
    "今天",
    "你好",
    "您好",
    "在吗",
    "那个",
    "那",
    "这个",
    "我的",
    "我上次的",
    "我上次",
    "上次的",
    "上次",
    "之前的",
    "之前",
    "我反映的",
    "核查",
    "最后",
];

/// As above, of the office's own work.
const OF_OUR_WORK: [&str; 10] =
    ["核实", "调查", "处理", "反馈", "最终", "辟谣", "我问的", "问的", "事情", "的"];

/// What may stand behind it.
const BEHIND_RESULT: [&str; 52] = [
    "出来了没有",
    "出来了没",
    "出来了吗",
    "出来没有",
    "出来没",
    "出来了",
    "出来",
    "出了没有",
    "出了没",
    "出了吗",
    "出了",
    "有了没有",
    "有了没",
    "有了吗",
    "有了",
    "有没有",
    "有吗",
    "有",
    "怎么样了",
    "怎么样",
    "怎样了",
    "怎样",
    "咋样了",
    "咋样",
    "如何了",
    "如何",
    "是什么",
    "是啥",
    "什么时候出来",
    "什么时候出",
    "什么时候有",
    "在哪里看",
    "在哪看",
    "在哪里",
    "在哪",
    "到了吗",
    "好了吗",
    "查询",
    "了没有",
    "了没",
    "了吗",
    "了",
    "吗",
    "呢",
    "呀",
    "啊",
    "嘛",
    "哦",
    "吧",
    "没有",
    "没",
    "谢谢",
];

/// What may stand around 不是.
const AROUND_NOT_THIS: [&str; 31] = [
    "我问的不是这个",
    "不是我问的这个",
    "不是我要问的",
    "不是我问的",
    "不是我说的",
    "不是这件事",
    "不是这回事",
    "不是这一条",
    "不是这条",
    "不是这件",
    "不是这个",
    "不是这事",
    "不是那个",
    "不是的",
    "不是",
    "答非所问",
    "不对",
    "说的不是这个",
    "问的不是这个",
    "我",
    "啊",
    "呀",
    "哦",
    "呢",
    "吧",
    "啦",
    "哈",
    "了",
    "谢谢",
    "你好",
    "您好",
];

/// True when a message asks what became of the sender's earlier ones.
#[must_use]
pub fn asks_for_result(text: &str) -> bool {
    let said = bare(text);
    let Some(at) = said.find("结果").filter(|_| said.chars().count() <= CHARS_MAX) else { return false };
    let (before, behind) = (&said[..at], &said[at + "结果".len()..]);
    let before_adds_nothing = is_made_of(before, &[&BEFORE_RESULT, &OF_OUR_WORK]);
    before_adds_nothing && is_made_of(behind, &[&BEHIND_RESULT])
}

/// True when a message says that an answer was about something else.
#[must_use]
pub fn says_not_this(text: &str) -> bool {
    let said = bare(text);
    let denies = said.contains("不是") || said == "不对" || said.starts_with("答非所问");
    denies && said.chars().count() <= CHARS_MAX && is_made_of(&said, &[&AROUND_NOT_THIS])
}

/// True when a text is nothing but these words, one after the other.
fn is_made_of(text: &str, lists: &[&[&str]]) -> bool {
    // Which first bytes are made of whole words: a longer word must not hide what a shorter one leaves.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for at in 0..text.len() {
        if !reached[at] {
            continue;
        }
        for word in lists.iter().copied().flatten() {
            if text[at..].starts_with(word) {
                reached[at + word.len()] = true;
            }
        }
    }
    reached[text.len()]
}

/// The letters and digits of a text as they look, in simplified characters, without faces.
fn bare(text: &str) -> String {
    let text = plain_text(text);
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(next) = rest.chars().next() {
        if let Some(after) = skip_face(rest) {
            rest = after;
            continue;
        }
        rest = &rest[next.len_utf8()..];
        if next.is_alphanumeric() {
            kept.push(simplified(next));
        }
    }
    kept
}

/// What follows a face at the start of `text`: `/:rose`, or a short name in square brackets without one of the two words.
fn skip_face(text: &str) -> Option<&str> {
    const NAME_CHARS_MAX: usize = 8;
    if let Some(code) = text.strip_prefix("/:") {
        return Some(code.trim_start_matches(|c: char| c.is_ascii() && !c.is_whitespace()));
    }
    let inside = text.strip_prefix('[')?;
    let (end, _) = inside.char_indices().take(NAME_CHARS_MAX + 1).find(|&(_, c)| c == ']')?;
    let name: String = inside[..end].chars().map(simplified).collect();
    let is_word = ["结果", "不是"].iter().any(|word| name.contains(word));
    (!is_word).then(|| &inside[end + 1..])
}

/// Of the traditional characters those that these words have.
const fn simplified(character: char) -> char {
    match character {
        '結' => '结',
        '詢' => '询',
        '請' => '请',
        '問' => '问',
        '個' => '个',
        '嗎' => '吗',
        '麼' | '麽' => '么',
        '還' => '还',
        '沒' => '没',
        '樣' => '样',
        '處' => '处',
        '調' => '调',
        '實' => '实',
        '闢' => '辟',
        '謠' => '谣',
        '這' => '这',
        '條' => '条',
        '對' => '对',
        '說' => '说',
        '謝' => '谢',
        '幫' => '帮',
        '煩' => '烦',
        '給' => '给',
        '訴' => '诉',
        '後' => '后',
        '終' => '终',
        '饋' => '馈',
        '時' => '时',
        '現' => '现',
        '進' => '进',
        '裡' | '裏' => '里',
        '來' => '来',
        '馬' => '马',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_result_is_asked_for_in_every_dress() {
        for text in [
            "结果",
            " “结果”。",
            "結果",
            "结果🙏",
            "【结果】",
            "查詢結果",
            "结果~",
            "［结果］",
            "[结果]",
            "「結果」？？",
            "结 果",
            "结果[微笑]",
            "结果/:rose",
            "查结果",
            "查一下结果",
            "我想问下结果",
            "请问结果出来了吗",
            "請問結果出來了嗎",
            "有结果了吗",
            "有结果没有",
            "结果呢？",
            "结果怎么样了",
            "怎么还没有结果啊",
            "上次的核实结果",
        ] {
            assert!(asks_for_result(text), "{text}");
        }
    }

    #[test]
    fn a_result_that_is_somebody_else_s_is_no_command() {
        for text in [
            "高考结果是假的",
            "结果呢，真的假的",
            "结果是真的吗",
            "检测结果出来了吗，听说全是阳性",
            "选举结果",
            "核酸结果什么时候出",
            "结果他就被抓了",
            "网上说结果了",
            "结",
            "",
        ] {
            assert!(!asks_for_result(text), "{text}");
        }
    }

    #[test]
    fn not_this_is_said_in_every_dress() {
        for text in [
            "不是",
            "“不是”",
            "【不是】",
            "不是~🙏",
            "不 是",
            "不是的",
            "不是這個",
            "不是我问的",
            "我问的不是这个啊",
            "不对",
            "答非所问！",
        ] {
            assert!(says_not_this(text), "{text}");
        }
        for text in ["不是说明天地震吗", "是不是真的", "不是谣言", "对", "不", "是", "我"]
        {
            assert!(!says_not_this(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_command_or_not(text in "(结果|不是|查|的|[一-龥]|\\PC){0,30}") {
            let _either = (asks_for_result(&text), says_not_this(&text));
        }
    }
}
