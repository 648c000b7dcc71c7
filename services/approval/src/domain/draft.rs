//! The five boxes and what goes around them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::words::words;

words! {
    /// What kind of word it is.
    pub enum Kind {
        /// 辟谣.
        Clarification = "clarification",
        /// 回应, for what is true.
        Response = "response",
        /// 核查中说明: goes to those who ask meanwhile.
        Holding = "holding",
        /// 通报: answers no claim.
        Notice = "notice",
        /// 常用答复: what the machine may say by itself.
        StandingReplies = "standing_replies",
    }
}

words! {
    /// Who shall hear it.
    pub enum ResponseLevel {
        /// 仅答复: askers only.
        AnswerOnly = "answer_only",
        /// 发布（不群发）: page and askers.
        Publish = "publish",
        /// 微博: page, microblog and askers.
        Microblog = "microblog",
        /// 群发: page, WeChat push and askers.
        MassPush = "mass_push",
        /// 全渠道.
        Everything = "everything",
    }
}

words! {
    /// What was found.
    pub enum Verdict {
        /// 不实.
        False = "false",
        /// 部分不实.
        PartlyFalse = "partly_false",
        /// 误导.
        Misleading = "misleading",
        /// 旧闻翻炒.
        Outdated = "outdated",
        /// 暂无依据.
        Unsubstantiated = "unsubstantiated",
        /// 属实.
        True = "true",
        /// 核查中.
        Pending = "pending",
    }
}

impl Verdict {
    /// As citizens read it.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::False => "不实",
            Self::PartlyFalse => "部分不实",
            Self::Misleading => "误导",
            Self::Outdated => "旧闻翻炒",
            Self::Unsubstantiated => "暂无依据",
            Self::True => "属实",
            Self::Pending => "核查中",
        }
    }
}

words! {
    /// What a standing reply answers.
    pub enum StandingKey {
        /// 线索: the receipt; `{code}` becomes the receipt's number.
        Receipt = "receipt",
        /// 咨询.
        Question = "question",
        /// 诉求.
        Complaint = "complaint",
        /// 求助.
        Help = "help",
        /// 异常现象.
        Observation = "observation",
        /// Anything else.
        Other = "other",
        /// Somebody follows the account.
        Welcome = "welcome",
    }
}

impl StandingKey {
    /// As its box is called on the drafter's page.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Receipt => "线索回执",
            Self::Question => "咨询的答复",
            Self::Complaint => "诉求的答复",
            Self::Help => "求助的答复",
            Self::Observation => "异常现象的答复",
            Self::Other => "其他留言的答复",
            Self::Welcome => "关注欢迎语",
        }
    }
}

/// What the drafter filled in. Kept beside the canonical content that is made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// 标题.
    pub title: String,
    /// 摘要.
    pub summary: String,
    /// 网传.
    pub claim: String,
    /// 核查.
    pub check: String,
    /// 结论.
    pub conclusion: String,
    /// 依据.
    pub basis: String,
    /// 提醒.
    pub advice: String,
    /// The microblog post without its link.
    pub post: String,
    /// What kind of word it is.
    pub kind: Kind,
    /// Who shall hear it; `None` until the drafter has chosen.
    pub response_level: Option<ResponseLevel>,
    /// The verdict that it states; `None` where it states none.
    pub verdict: Option<Verdict>,
    /// The machine may answer sure matches with it.
    pub automatic_answer: bool,
    /// Texts by key; only for standing replies.
    pub standing_replies: BTreeMap<String, String>,
    /// 适用至: the last Unix second at which the words hold; `None`: without an end.
    // Left out where there is none, so that a request from before there was one is still the same request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<i64>,
}

/// Ends of validity that mean something: after 1970, and within the calendar (9999-12-31T23:59:59Z).
const VALID_UNTIL: std::ops::RangeInclusive<i64> = 1..=253_402_300_799;

/// A box that is longer than this is refused when it is saved; nothing that goes out needs as much.
pub const BOX_CHARACTERS_MAX: usize = 4_000;

/// There are seven keys; more than this is no draft of ours.
const STANDING_REPLIES_MAX: usize = 16;

/// The longest key has eleven.
const STANDING_KEY_CHARACTERS_MAX: usize = 40;

impl Draft {
    /// The five boxes with their labels, in the order of the article.
    #[must_use]
    pub fn boxes(&self) -> [(&'static str, &str); 5] {
        [
            ("网传", self.claim.trim()),
            ("核查", self.check.trim()),
            ("结论", self.conclusion.trim()),
            ("依据", self.basis.trim()),
            ("提醒", self.advice.trim()),
        ]
    }

    /// Who shall hear it: what can only answer, answers, whatever else was left open.
    #[must_use]
    pub fn level(&self) -> ResponseLevel {
        let unchosen = match self.kind {
            Kind::Holding | Kind::StandingReplies => ResponseLevel::AnswerOnly,
            Kind::Clarification | Kind::Response | Kind::Notice => ResponseLevel::Publish,
        };
        self.response_level.unwrap_or(unchosen)
    }

    /// Every box as it was filled in, with its label.
    #[must_use]
    pub fn filled_in(&self) -> Vec<(&str, &str)> {
        let mut filled_in = vec![
            ("标题", self.title.as_str()),
            ("摘要", &self.summary),
            ("网传", &self.claim),
            ("核查", &self.check),
            ("结论", &self.conclusion),
            ("依据", &self.basis),
            ("提醒", &self.advice),
            ("微博正文", &self.post),
        ];
        filled_in.extend(self.standing_replies.iter().map(|(key, words)| {
            let label = match key.parse::<StandingKey>() {
                Ok(known) => known.zh(),
                Err(_) => key.as_str(),
            };
            (label, words.as_str())
        }));
        filled_in
    }

    /// Every text in it.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        [&self.title, &self.summary, &self.post]
            .into_iter()
            .map(String::as_str)
            .chain(self.boxes().map(|(_, words)| words))
            .chain(self.standing_replies.iter().flat_map(|(key, words)| [key.as_str(), words.as_str()]))
    }

    /// Whether all of it can be kept: not too long, without the one character that no database takes, and with an
    /// end that is an instant.
    #[must_use]
    pub fn can_be_kept(&self) -> bool {
        self.valid_until.is_none_or(|end| VALID_UNTIL.contains(&end))
            && self.standing_replies.len() <= STANDING_REPLIES_MAX
            && self.standing_replies.keys().all(|key| key.chars().count() <= STANDING_KEY_CHARACTERS_MAX)
            && self.texts().all(|text| text.chars().count() <= BOX_CHARACTERS_MAX && !text.contains('\0'))
    }
}
