//! What must not stand in a draft, told with its box and its place: what points at a person, and what nobody can see.

use masking::find_official;

use super::draft::Draft;

/// Places of one box that are told one by one.
const TOLD_MAX: usize = 5;

/// What points at a person has no place in what goes out; the telephones of an office and service numbers may stay.
pub fn personal_data(draft: &Draft) -> Vec<String> {
    let mut problems = Vec::new();
    for (label, words) in draft.filled_in() {
        let found = find_official(words);
        for found in found.iter().take(TOLD_MAX) {
            let (place, what) = (place(words, found.range.start), found.kind.zh());
            let written = words[found.range.clone()].replace(['\r', '\n'], " ");
            problems.push(format!("“{label}”{place}起有{what}“{written}”，请删去。"));
        }
        problems.extend(more(label, "个人信息", found.len()));
    }
    problems
}

/// Characters that change how words look without being seen would make the signer see other words.
pub fn hidden_characters(draft: &Draft) -> Vec<String> {
    let mut problems = Vec::new();
    for (label, words) in draft.filled_in() {
        let mut count = 0;
        for hidden in lookalike::hidden(words) {
            count += 1;
            if count > TOLD_MAX {
                continue;
            }
            let code = u32::from(hidden.character);
            let behind = &words[hidden.at + hidden.character.len_utf8()..];
            let beside = match behind.chars().find(|character| is_seen(*character)) {
                Some(next) => format!("{}“{next}”的前面", place(words, hidden.at)),
                None => "末尾".to_owned(),
            };
            problems.push(format!("“{label}”{beside}有看不见的字符（U+{code:04X}），请把光标放到那里删去。"));
        }
        problems.extend(more(label, "看不见的字符", count));
    }
    problems
}

fn more(label: &str, what: &str, count: usize) -> Option<String> {
    let more = count.checked_sub(TOLD_MAX).filter(|more| *more > 0)?;
    Some(format!("“{label}”还有另外{more}处{what}，请删去。"))
}

fn is_seen(character: char) -> bool {
    !character.is_control() && !character.is_whitespace() && !lookalike::is_invisible(character)
}

/// Where a byte stands, counted in what a person sees: the line, where there are several, and the character in it.
fn place(words: &str, at: usize) -> String {
    let before = &words[..at];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let seen = before[start..].chars().filter(|c| !c.is_control() && !lookalike::is_invisible(*c)).count();
    let character = seen + 1;
    if words.trim_end().contains('\n') {
        format!("第{line}行第{character}字")
    } else {
        format!("第{character}字")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rendition::tests::watermelon;

    fn checked(check: &str) -> Draft {
        Draft { check: check.into(), ..watermelon() }
    }

    #[test]
    fn every_way_to_write_a_number_is_told_with_its_box_and_place() {
        for (words, problem) in [
            ("如有疑问请联系承办人 13800000000。", "“核查”第12字起有手机号码“13800000000”，请删去。"),
            ("如有疑问请联系承办人 138-0000-0000。", "“核查”第12字起有手机号码“138-0000-0000”，请删去。"),
            ("如有疑问请联系承办人 138 0000 0000。", "“核查”第12字起有手机号码“138 0000 0000”，请删去。"),
            (
                "如有疑问请联系承办人 １３８００００００００。",
                "“核查”第12字起有手机号码“１３８００００００００”，请删去。",
            ),
            ("如有疑问请联系承办人 +8613800000000。", "“核查”第12字起有手机号码“+8613800000000”，请删去。"),
            (
                "如有疑问请联系承办人 一三八〇〇〇〇〇〇〇〇。",
                "“核查”第12字起有手机号码“一三八〇〇〇〇〇〇〇〇”，请删去。",
            ),
            (
                "经查。\n当事人身份证 110105 19491231 002X。",
                "“核查”第2行第8字起有身份证等证件号码“110105 19491231 002X”，请删去。",
            ),
            ("承办人微信 wxid_abcdef123456。", "“核查”第7字起有微信、QQ等账号“wxid_abcdef123456”，请删去。"),
        ] {
            assert_eq!(personal_data(&checked(words)), [problem], "{words}");
        }
    }

    #[test]
    fn a_box_with_many_tells_some_and_how_many_more() {
        let many = "13800000000，".repeat(8);
        let told = personal_data(&checked(&many));
        assert_eq!(told.len(), 6);
        assert_eq!(told[5], "“核查”还有另外3处个人信息，请删去。");
    }

    #[test]
    fn what_cannot_be_seen_is_told_where_it_stands_and_emoji_are_no_fault() {
        assert_eq!(hidden_characters(&checked("家庭号👨‍👩‍👧服务照旧。❤️")), [""; 0]);
        assert_eq!(
            hidden_characters(&checked("经查，\n\u{200B}县医院正常开诊。\u{2060}")),
            [
                "“核查”第2行第1字“县”的前面有看不见的字符（U+200B），请把光标放到那里删去。",
                "“核查”末尾有看不见的字符（U+2060），请把光标放到那里删去。",
            ]
        );
        for hidden in [
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{115F}',
            '\u{3164}',
            '\u{180E}',
            '\u{2028}',
            '\u{2063}',
            '\u{FE00}',
            '\u{E0041}',
            '\u{7}',
        ] {
            assert_eq!(hidden_characters(&checked(&format!("县{hidden}医院"))).len(), 1, "{hidden:?}");
        }
    }

    #[test]
    fn standing_replies_are_looked_at_under_the_name_of_their_box() {
        let mut draft = watermelon();
        draft.standing_replies.insert("help".into(), "打13800000000".into());
        assert_eq!(personal_data(&draft), ["“求助的答复”第2字起有手机号码“13800000000”，请删去。"]);
    }
}
