//! What an office's own words must not hold. An office names its telephones and its mail address to be reached, so
//! landlines and the mail addresses of authorities stay; whatever else points at a person does not.

use crate::Found;
use crate::kind::Kind;
use crate::{cut, find};

/// Everything in an office's words that points at a person, in order.
#[must_use]
pub fn find_official(text: &str) -> Vec<Found> {
    find(text).into_iter().filter(|found| !is_public(found.kind, &text[found.range.clone()])).collect()
}

/// An office's words with what points at a person replaced by what it was.
#[must_use]
pub fn mask_official(text: &str) -> String {
    let found = find_official(text);
    if found.is_empty() { text.to_owned() } else { cut(text, &found) }
}

/// True where something was masked in these words.
#[must_use]
pub fn is_masked(text: &str) -> bool {
    Kind::ALL.iter().any(|kind| text.contains(kind.label()))
}

fn is_public(kind: Kind, written: &str) -> bool {
    match kind {
        Kind::Number => {
            let digits = lookalike::plain_text(written).chars().filter(char::is_ascii_digit).count();
            // A landline with its area code and extension at most.
            digits <= 16 && !is_long_run(written)
        }
        Kind::Mail => written.to_ascii_lowercase().ends_with(".gov.cn"),
        // Whom a post names by an at sign is an account that everybody sees.
        Kind::Mention => true,
        _ => false,
    }
}

/// Eleven digits and more in a row that no area code begins.
fn is_long_run(written: &str) -> bool {
    let plain = lookalike::plain_text(written);
    plain.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= 11 && !run.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_office_may_say_where_it_is_reached_and_names_no_person() {
        for stays in [
            "咨询电话：0571-88886666",
            "举报请拨88886666转801",
            "邮箱 jubao@qinglan.gov.cn",
            "详情见@青岚发布",
            "请拨12345",
        ] {
            assert_eq!(mask_official(stays), stays);
        }
        for (said, masked) in [
            ("承办人 138-0000-0000。", "承办人 〔手机号〕。"),
            ("当事人身份证 110105 19491231 002X。", "当事人身份证 〔证件号〕。"),
            ("承办人微信 wxid_abcdef123456。", "承办人微信 〔账号〕。"),
            ("联系人：王芳，zhang@example.com", "联系人：〔姓名〕，〔邮箱〕"),
        ] {
            assert_eq!(mask_official(said), masked);
        }
    }
}
