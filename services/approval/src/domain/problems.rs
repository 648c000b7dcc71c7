//! What is wrong with a draft, in words for an officer. A draft with problems can be saved and not signed.
//!
//! The machine checks form only: boxes left empty, lengths in each channel's own counting, numbers that the
//! boxes do not know, personal data, characters that nobody sees. Whether the words are right is for people.

use std::collections::BTreeSet;

use super::draft::{Draft, Kind, ResponseLevel, StandingKey, Verdict};
use super::rendition::{self, ANSWER_BYTES_MAX, POST_LENGTH_MAX};
use super::unfit;

/// Characters of a WeChat article's title.
pub const TITLE_CHARACTERS_MAX: usize = 32;
/// Characters of a WeChat article's summary.
pub const SUMMARY_CHARACTERS_MAX: usize = 120;

/// Everything that keeps this draft from being signed; empty when nothing does.
#[must_use]
pub fn problems(draft: &Draft) -> Vec<String> {
    let mut found = Vec::new();
    match draft.kind {
        Kind::Clarification | Kind::Response | Kind::Notice => {
            level_chosen(draft, &mut found);
            head(draft, &mut found);
            boxes(draft, &mut found);
            verdict(draft, &mut found);
            post(draft, &mut found);
            numbers(draft, &mut found);
        }
        Kind::Holding => {
            answers_only(draft, "核查中说明", &mut found);
            for (label, words) in [("核查", &draft.check), ("提醒", &draft.advice)] {
                if words.trim().is_empty() {
                    found.push(format!("“{label}”还没有填。"));
                }
            }
        }
        Kind::StandingReplies => {
            answers_only(draft, "常用答复", &mut found);
            standing_replies(draft, &mut found);
        }
    }
    found.extend(unfit::personal_data(draft));
    lengths(draft, &mut found);
    found.extend(unfit::hidden_characters(draft));
    found
}

fn level_chosen(draft: &Draft, found: &mut Vec<String>) {
    if draft.response_level.is_none() {
        found.push("请选择处置方式。".to_owned());
    }
}

fn answers_only(draft: &Draft, kind: &str, found: &mut Vec<String>) {
    if draft.level() != ResponseLevel::AnswerOnly {
        found.push(format!("{kind}只用于答复，处置方式请选“仅答复”。"));
    }
}

fn head(draft: &Draft, found: &mut Vec<String>) {
    for (label, words, max) in
        [("标题", &draft.title, TITLE_CHARACTERS_MAX), ("摘要", &draft.summary, SUMMARY_CHARACTERS_MAX)]
    {
        let characters = words.trim().chars().count();
        if characters == 0 {
            found.push(format!("“{label}”还没有填。"));
        } else if characters > max {
            found.push(format!("“{label}”{characters}字，最多{max}字。"));
        }
    }
}

fn boxes(draft: &Draft, found: &mut Vec<String>) {
    for (label, words) in draft.boxes() {
        // A notice answers nothing that is being said, so there may be nothing to quote or to check.
        let needed = draft.kind != Kind::Notice || label == "结论";
        if needed && words.is_empty() {
            found.push(format!("“{label}”还没有填。"));
        }
    }
}

fn verdict(draft: &Draft, found: &mut Vec<String>) {
    match (draft.kind, draft.verdict) {
        (Kind::Clarification | Kind::Response, None) => found.push("请选择核查结论。".to_owned()),
        (Kind::Clarification | Kind::Response, Some(Verdict::Pending)) => {
            found.push("还在核查的，请用“核查中说明”。".to_owned());
        }
        (Kind::Clarification, Some(Verdict::True)) => {
            found.push("结论为“属实”的，请用“回应”。".to_owned());
        }
        _ => {}
    }
}

fn post(draft: &Draft, found: &mut Vec<String>) {
    let words = draft.post.trim();
    if rendition::published_channels(draft.level()).contains(&rendition::WEIBO) && words.is_empty() {
        found.push("处置方式包含微博，“微博正文”还没有填。".to_owned());
    }
    let length = weibo::length::weighted_length(words);
    if length > POST_LENGTH_MAX {
        found.push(format!("“微博正文”{length}字，最多{POST_LENGTH_MAX}字（另留10字给链接）。"));
    }
    if words.contains('#') {
        found.push("“微博正文”不能含“#”：接口不接受话题。".to_owned());
    }
    if words.contains("http://") || words.contains("https://") {
        found.push("“微博正文”不要写链接：发布时自动加上公开页的链接。".to_owned());
    }
}

/// A number that only the short forms know is a slip of the pen or worse.
fn numbers(draft: &Draft, found: &mut Vec<String>) {
    let mut known = BTreeSet::new();
    for (_, words) in draft.boxes() {
        known.extend(numbers_in(words));
    }
    for (label, words) in [("标题", &draft.title), ("摘要", &draft.summary), ("微博正文", &draft.post)]
    {
        for number in numbers_in(words).difference(&known) {
            found.push(format!("“{label}”里的数字{number}在五栏里没有出现。"));
        }
    }
}

/// The numbers in a text; full-width digits count as digits.
fn numbers_in(words: &str) -> BTreeSet<String> {
    let plain: String = words
        .chars()
        .map(|character| match character {
            '０'..='９' => {
                char::from_u32(u32::from(character) - u32::from('０') + u32::from('0')).unwrap_or(character)
            }
            '．' => '.',
            other => other,
        })
        .collect();
    plain
        .split(|character: char| !character.is_ascii_digit() && character != '.')
        .map(|number| number.trim_matches('.'))
        .filter(|number| !number.is_empty())
        .map(str::to_owned)
        .collect()
}

fn standing_replies(draft: &Draft, found: &mut Vec<String>) {
    if draft.standing_replies.values().all(|words| words.trim().is_empty()) {
        found.push("至少要填一条常用答复。".to_owned());
    }
    for key in draft.standing_replies.keys() {
        if key.parse::<StandingKey>().is_err() {
            found.push(format!("没有“{key}”这一类常用答复。"));
        }
    }
}

fn lengths(draft: &Draft, found: &mut Vec<String>) {
    for rendition in rendition::renditions(draft) {
        // The post has its own line above, with its own words.
        if rendition.channel == rendition::WEIBO {
            continue;
        }
        let (length, max) = rendition.length();
        if length > max {
            let unit = if max == ANSWER_BYTES_MAX { "字节" } else { "字" };
            found.push(format!("“{}”稿样{length}{unit}，最多{max}{unit}。", rendition.channel));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rendition::tests::watermelon;
    use std::collections::BTreeMap;

    #[test]
    fn a_whole_draft_has_no_problem() {
        assert_eq!(problems(&watermelon()), Vec::<String>::new());
    }

    #[test]
    fn each_problem_is_told_in_words() {
        let table: Vec<(Draft, &str)> = vec![
            (Draft { title: String::new(), ..watermelon() }, "“标题”还没有填。"),
            (Draft { title: "长".repeat(33), ..watermelon() }, "“标题”33字，最多32字。"),
            (Draft { summary: "长".repeat(121), ..watermelon() }, "“摘要”121字，最多120字。"),
            (Draft { basis: " \n".into(), ..watermelon() }, "“依据”还没有填。"),
            (
                Draft { post: "长".repeat(131), ..watermelon() },
                "“微博正文”131字，最多130字（另留10字给链接）。",
            ),
            (Draft { title: "13批次西瓜合格".into(), ..watermelon() }, "“标题”里的数字13在五栏里没有出现。"),
            (Draft { post: "抽检１３批次".into(), ..watermelon() }, "“微博正文”里的数字13在五栏里没有出现。"),
            (Draft { verdict: None, ..watermelon() }, "请选择核查结论。"),
            (Draft { verdict: Some(Verdict::True), ..watermelon() }, "结论为“属实”的，请用“回应”。"),
            (Draft { response_level: None, ..watermelon() }, "请选择处置方式。"),
            (
                Draft { check: "致电13800000000核实12批次、12315。".into(), ..watermelon() },
                "“核查”第3字起有手机号码“13800000000”，请删去。",
            ),
            (
                Draft { check: "身份证11010519491231002X，12批次。".into(), ..watermelon() },
                "“核查”第4字起有身份证等证件号码“11010519491231002X”，请删去。",
            ),
            (
                Draft { claim: "网传\u{202e}反向".into(), ..watermelon() },
                "“网传”第3字“反”的前面有看不见的字符（U+202E），请把光标放到那里删去。",
            ),
            (Draft { kind: Kind::Holding, ..watermelon() }, "核查中说明只用于答复，处置方式请选“仅答复”。"),
            (
                Draft {
                    kind: Kind::StandingReplies,
                    response_level: None,
                    standing_replies: BTreeMap::from([("song".into(), "唱".into())]),
                    ..watermelon()
                },
                "没有“song”这一类常用答复。",
            ),
        ];
        for (draft, problem) in table {
            let all = problems(&draft);
            assert!(all.iter().any(|found| found == problem), "{problem} not in {all:?}");
        }
    }

    #[test]
    fn the_service_numbers_are_no_personal_data() {
        let draft = Draft { advice: "请拨110、119、120、12315、12345。".into(), ..watermelon() };
        assert_eq!(problems(&draft), Vec::<String>::new());
    }
}
