//! What a report may be: limits, clean text, and a refusal that says which field is wrong and what to do.

use time::{Duration, OffsetDateTime};

/// Characters of a report's words at most.
pub const TEXT_CHARACTERS_MAX: usize = 20_000;
/// Characters of the place where it was seen at most.
pub const SEEN_AT_CHARACTERS_MAX: usize = 200;
/// Bytes of the submitter's own id at most.
pub const EXTERNAL_ID_BYTES_MAX: usize = 128;
/// Bytes of the channel's name for a reporter at most.
pub const REPORTER_BYTES_MAX: usize = 128;
/// How far ahead of ours a submitter's clock may be.
const AHEAD_MAX: Duration = Duration::DAY;
/// No message is older; anything earlier is a broken clock or a wrong unit.
const EARLIEST_YEAR: i32 = 1970;

/// How a report came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A message to the Official Account.
    Wechat,
    /// A mention or a comment.
    Microblog,
    /// A note of the hotline's staff.
    Hotline,
    /// A partner's system or a file.
    Partner,
}

impl Channel {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Microblog => "microblog",
            Self::Hotline => "hotline",
            Self::Partner => "partner",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Wechat, Self::Microblog, Self::Hotline, Self::Partner]
            .into_iter()
            .find(|channel| channel.as_str() == name)
    }
}

/// A report as somebody submits it.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// The words.
    pub text: String,
    /// `None` when not stated or unknown.
    pub channel: Option<Channel>,
    /// The submitter's own id; empty when there is none.
    pub external_id: String,
    /// Who sent it, as the channel names them; empty when unknown.
    pub reporter: String,
    /// When it was said; `None` when the submitter does not know.
    pub said_time: Option<OffsetDateTime>,
    /// Where it was seen.
    pub seen_at: String,
    /// The account that can answer the reporter; empty when none can.
    pub answer_account: String,
}

/// A report that may be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The words: no control characters but line feeds, not blank.
    pub text: String,
    /// How it came in.
    pub channel: Channel,
    /// The submitter's own id.
    pub external_id: Option<String>,
    /// Who sent it.
    pub reporter: Option<String>,
    /// When it was said.
    pub said_time: Option<OffsetDateTime>,
    /// Where it was seen.
    pub seen_at: String,
    /// The account that can answer the reporter.
    pub answer_account: Option<String>,
}

/// Which field is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as the contract names it.
    pub field: &'static str,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl FieldError {
    fn new(field: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { field, zh: zh.into(), en: en.into() }
    }
}

impl Submission {
    /// Checks every field. `account_known` says whether an account is one of the agency's.
    ///
    /// # Errors
    /// Names the first field that is wrong.
    pub fn check(
        self,
        now: OffsetDateTime,
        account_known: impl Fn(&str) -> bool,
    ) -> Result<Checked, FieldError> {
        let characters = self.text.chars().count();
        if characters > TEXT_CHARACTERS_MAX {
            return Err(FieldError::new(
                "text",
                format!(
                    "留言有 {characters} 字，超过上限 {TEXT_CHARACTERS_MAX} 字；请只保留网传内容，或分成几条提交。"
                ),
                format!(
                    "text has {characters} characters, over the limit of {TEXT_CHARACTERS_MAX}; keep what is being said, or submit it in parts."
                ),
            ));
        }
        let text = clean(&self.text);
        if text.trim().is_empty() {
            return Err(FieldError::new(
                "text",
                "留言没有文字；请写明网传了什么。",
                "text is empty or blank; write what is being said.",
            ));
        }
        let channel = self.channel.ok_or_else(|| {
            FieldError::new(
                "channel",
                "没有说明来源渠道；请填写微信、微博、热线或合作单位之一。",
                "channel is not stated or unknown; state WECHAT, MICROBLOG, HOTLINE or PARTNER.",
            )
        })?;
        limited("external_id", &self.external_id, EXTERNAL_ID_BYTES_MAX)?;
        limited("reporter", &self.reporter, REPORTER_BYTES_MAX)?;
        let seen_at = clean(&self.seen_at).replace('\n', " ");
        if seen_at.chars().count() > SEEN_AT_CHARACTERS_MAX {
            return Err(FieldError::new(
                "seen_at",
                format!("出处超过 {SEEN_AT_CHARACTERS_MAX} 字；请缩短。"),
                format!("seen_at is over {SEEN_AT_CHARACTERS_MAX} characters; shorten it."),
            ));
        }
        if self.said_time.is_some_and(|said| said > now + AHEAD_MAX || said.year() < EARLIEST_YEAR) {
            return Err(FieldError::new(
                "said_time",
                "留言时间在将来或早得不合情理；请核对时间和时区，不知道就留空。",
                "said_time lies in the future or is absurdly early; check it and its zone, or leave it out.",
            ));
        }
        if !self.answer_account.is_empty() {
            if self.reporter.is_empty() {
                return Err(FieldError::new(
                    "reporter",
                    "填了答复账号就要填写留言人，否则不知道答复谁。",
                    "answer_account needs a reporter: without one there is nobody to answer.",
                ));
            }
            if !account_known(&self.answer_account) {
                return Err(FieldError::new(
                    "answer_account",
                    "本单位没有这个账号；请核对账号代号，不能由机器答复就留空。",
                    "answer_account is none of this agency's accounts; correct it, or leave it out.",
                ));
            }
        }
        Ok(Checked {
            text,
            channel,
            external_id: present(self.external_id),
            reporter: present(self.reporter),
            said_time: self.said_time,
            seen_at,
            answer_account: present(self.answer_account),
        })
    }
}

/// Text without control characters (line feeds stay, tabs become spaces) and without the invisible characters
/// that reorder text or hide inside a number. Emoji that are joined of several stay whole.
#[must_use]
pub fn clean(text: &str) -> String {
    lookalike::cleaned(text)
}

/// The first `characters_max` characters.
#[must_use]
pub fn clip(text: &str, characters_max: usize) -> &str {
    text.char_indices().nth(characters_max).map_or(text, |(end, _)| &text[..end])
}

fn limited(field: &'static str, text: &str, bytes_max: usize) -> Result<(), FieldError> {
    if text.len() > bytes_max {
        return Err(FieldError::new(
            field,
            format!("{field} 超过 {bytes_max} 字节；请缩短。"),
            format!("{field} is over {bytes_max} bytes; shorten it."),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(FieldError::new(
            field,
            format!("{field} 含有控制字符；请去掉。"),
            format!("{field} holds control characters; remove them."),
        ));
    }
    Ok(())
}

fn present(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn submission() -> Submission {
        Submission {
            text: "网传明天停水".into(), channel: Some(Channel::Hotline), ..Submission::default()
        }
    }

    fn refused(change: impl FnOnce(&mut Submission)) -> &'static str {
        let mut submission = submission();
        change(&mut submission);
        submission.check(NOW, |account| account == "qinglan-wechat").unwrap_err().field
    }

    #[test]
    fn each_field_is_refused_by_name() {
        assert_eq!(refused(|report| report.text.clear()), "text");
        assert_eq!(refused(|report| report.text = " \n\u{200b}\t\u{0}".into()), "text");
        assert_eq!(refused(|report| report.text = "字".repeat(TEXT_CHARACTERS_MAX + 1)), "text");
        assert_eq!(refused(|report| report.text = "a".repeat(100_000)), "text");
        assert_eq!(refused(|report| report.channel = None), "channel");
        assert_eq!(refused(|report| report.external_id = "x".repeat(129)), "external_id");
        assert_eq!(refused(|report| report.external_id = "a\u{0}".into()), "external_id");
        assert_eq!(refused(|report| report.reporter = "x".repeat(129)), "reporter");
        assert_eq!(refused(|report| report.seen_at = "群".repeat(201)), "seen_at");
        assert_eq!(refused(|report| report.said_time = Some(NOW + Duration::days(2))), "said_time");
        assert_eq!(refused(|report| report.said_time = Some(NOW - Duration::days(2))), "said_time");
        assert_eq!(refused(|report| report.answer_account = "qinglan-wechat".into()), "reporter");
        let elsewhere = |report: &mut Submission| {
            report.reporter = "o1".into();
            report.answer_account = "another".into();
        };
        assert_eq!(refused(elsewhere), "answer_account");
    }

    #[test]
    fn the_longest_text_is_accepted_and_control_characters_are_gone() {
        let mut longest = submission();
        longest.text = "字".repeat(TEXT_CHARACTERS_MAX);
        assert!(longest.check(NOW, |_| true).is_ok());
        assert_eq!(clean("一\r\n二\u{0}\t三\u{202e}\u{feff}"), "一\n二 三");
        assert_eq!(clean("地\u{ad}震\u{34f}\u{3164}\u{e0041}，一家👨‍👩‍👧都好"), "地震，一家👨‍👩‍👧都好");
        assert_eq!(clip("一二三", 2), "一二");
        assert_eq!(clip("一", 2), "一");
    }
}
