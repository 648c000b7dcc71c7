//! What a citizen's message is answered with at once: which signed words come into question, best first, and
//! how their two placeholders are filled.
//!
//! Whether words are really signed is not decided here, and there is no way to make words of one's own.

use ids::ClarificationId;

use crate::domain::command;
use crate::domain::intent::Intent;

/// Bytes of an immediate reply at most; the platform shows a fault notice instead of a longer one.
pub const REPLY_BYTES_MAX: usize = 2047;

/// What is being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Words. The intent is `None` until classification has decided.
    Words(Option<Intent>),
    /// A picture, a voice message or another message without words.
    Wordless,
    /// A kind of message that this project does not know.
    UnknownKind,
    /// Somebody follows the account.
    Welcome,
    /// 「结果」: the reporter asks what became of it.
    AskedForResult,
    /// 「不是」after an automatic answer: it was about something else.
    NotThis,
}

impl Occasion {
    /// What words mean before anybody classifies them. `answered_automatically` says whether the last reply to
    /// this reporter was an automatic answer.
    #[must_use]
    pub fn of_words(text: &str, answered_automatically: bool) -> Self {
        if command::asks_for_result(text) {
            Self::AskedForResult
        } else if answered_automatically && command::says_not_this(text) {
            Self::NotThis
        } else {
            Self::Words(None)
        }
    }
}

/// One revision of a clarification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The clarification.
    pub clarification: ClarificationId,
    /// Its revision.
    pub revision: u64,
}

/// What is known that could answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The live clarification that surely answers this message.
    pub sure_match: Option<Revision>,
    /// The live clarification of the message's claim, or of any claim of the reporter who asks for a result.
    pub clarification: Option<Revision>,
    /// The newest holding statement of the same claims.
    pub holding: Option<Revision>,
}

/// Why words are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A published clarification surely answers the message.
    Automatic,
    /// The clarification of the message's claim.
    Clarification,
    /// 核查中: its claim's holding statement.
    Holding,
    /// A standing reply.
    Standing,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 4] = [Self::Automatic, Self::Clarification, Self::Holding, Self::Standing];

    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Clarification => "clarification",
            Self::Holding => "holding",
            Self::Standing => "standing",
        }
    }

    /// The source with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }

    /// True when words signed for this rendition may be given for this reason.
    #[must_use]
    pub fn allows(self, rendition: &str) -> bool {
        match self {
            Self::Automatic => matches!(rendition, "answer.auto" | "answer"),
            Self::Clarification | Self::Holding => rendition == "answer",
            Self::Standing => rendition.starts_with("standing."),
        }
    }
}

/// Words that could be given, by where they are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Why.
    pub source: Source,
    /// The revision that holds them; `None` means the agency's newest standing replies.
    pub revision: Option<Revision>,
    /// The renditions that hold them, the first that exists counts.
    pub renditions: &'static [&'static str],
}

const fn standing(renditions: &'static [&'static str]) -> Candidate {
    Candidate { source: Source::Standing, revision: None, renditions }
}

const RECEIPT: Candidate = standing(&["standing.receipt"]);

/// What comes into question, best first. Empty hands are possible: then nothing is said.
#[must_use]
pub fn candidates(occasion: Occasion, known: &Known) -> Vec<Candidate> {
    match occasion {
        Occasion::Words(Some(Intent::Help)) => vec![standing(&["standing.help", "standing.receipt"])],
        Occasion::Words(intent) => {
            let mut candidates = signed(known);
            candidates.push(match intent {
                Some(Intent::Question) => standing(&["standing.question", "standing.receipt"]),
                Some(Intent::Complaint) => standing(&["standing.complaint", "standing.receipt"]),
                Some(Intent::Observation) => standing(&["standing.observation", "standing.receipt"]),
                Some(Intent::Other) => standing(&["standing.other", "standing.receipt"]),
                Some(Intent::Report | Intent::Help) | None => RECEIPT,
            });
            candidates
        }
        Occasion::Wordless => vec![RECEIPT],
        Occasion::UnknownKind => vec![standing(&["standing.other", "standing.receipt"])],
        Occasion::Welcome => vec![standing(&["standing.welcome"])],
        Occasion::AskedForResult => {
            let mut candidates = signed(&Known { sure_match: None, ..*known });
            candidates.push(RECEIPT);
            candidates
        }
        Occasion::NotThis => vec![standing(&["standing.handover", "standing.receipt"])],
    }
}

fn signed(known: &Known) -> Vec<Candidate> {
    let sure = known.sure_match.map(|revision| Candidate {
        source: Source::Automatic,
        revision: Some(revision),
        renditions: &["answer.auto", "answer"],
    });
    let clarification = known.clarification.map(|revision| Candidate {
        source: Source::Clarification,
        revision: Some(revision),
        renditions: &["answer"],
    });
    let holding = known.holding.map(|revision| Candidate {
        source: Source::Holding,
        revision: Some(revision),
        renditions: &["answer"],
    });
    [sure, clarification, holding].into_iter().flatten().collect()
}

/// Fills `{code}` with the receipt number and `{link}` with the page's address. `None` when the words need a
/// receipt number and there is none.
#[must_use]
pub fn fill(body: &str, code: Option<&str>, link: &str) -> Option<String> {
    let body = match (body.contains("{code}"), code) {
        (false, _) => body.to_owned(),
        (true, Some(code)) => body.replace("{code}", code),
        (true, None) => return None,
    };
    Some(body.replace("{link}", link))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision() -> Revision {
        Revision { clarification: ClarificationId::mint(), revision: 2 }
    }

    fn sources(occasion: Occasion, known: &Known) -> Vec<(Source, &'static str)> {
        candidates(occasion, known)
            .into_iter()
            .map(|candidate| (candidate.source, candidate.renditions[0]))
            .collect()
    }

    #[test]
    fn signed_words_about_the_matter_come_before_standing_replies() {
        let known = Known {
            sure_match: Some(revision()),
            clarification: Some(revision()),
            holding: Some(revision()),
        };
        assert_eq!(
            sources(Occasion::Words(Some(Intent::Report)), &known),
            [
                (Source::Automatic, "answer.auto"),
                (Source::Clarification, "answer"),
                (Source::Holding, "answer"),
                (Source::Standing, "standing.receipt"),
            ]
        );
        assert_eq!(
            sources(Occasion::AskedForResult, &known),
            [
                (Source::Clarification, "answer"),
                (Source::Holding, "answer"),
                (Source::Standing, "standing.receipt"),
            ]
        );
    }

    #[test]
    fn each_occasion_has_its_standing_reply() {
        let nothing = Known::default();
        for (occasion, rendition) in [
            (Occasion::Words(None), "standing.receipt"),
            (Occasion::Words(Some(Intent::Report)), "standing.receipt"),
            (Occasion::Words(Some(Intent::Question)), "standing.question"),
            (Occasion::Words(Some(Intent::Complaint)), "standing.complaint"),
            (Occasion::Words(Some(Intent::Help)), "standing.help"),
            (Occasion::Words(Some(Intent::Observation)), "standing.observation"),
            (Occasion::Words(Some(Intent::Other)), "standing.other"),
            (Occasion::Wordless, "standing.receipt"),
            (Occasion::UnknownKind, "standing.other"),
            (Occasion::Welcome, "standing.welcome"),
            (Occasion::AskedForResult, "standing.receipt"),
            (Occasion::NotThis, "standing.handover"),
        ] {
            assert_eq!(sources(occasion, &nothing), [(Source::Standing, rendition)], "{occasion:?}");
        }
    }

    #[test]
    fn a_call_for_help_is_never_answered_with_a_clarification() {
        let known = Known { sure_match: Some(revision()), ..Known::default() };
        assert_eq!(
            sources(Occasion::Words(Some(Intent::Help)), &known),
            [(Source::Standing, "standing.help")]
        );
    }

    #[test]
    fn two_words_mean_something_by_themselves() {
        assert_eq!(Occasion::of_words(" “结果”。", false), Occasion::AskedForResult);
        assert_eq!(Occasion::of_words("不是", true), Occasion::NotThis);
        assert_eq!(Occasion::of_words("不是", false), Occasion::Words(None));
        assert_eq!(Occasion::of_words("结果是真的吗", true), Occasion::Words(None));
        assert_eq!(Occasion::of_words("【结果】🙏", false), Occasion::AskedForResult);
        assert_eq!(Occasion::of_words("「不是」啦", true), Occasion::NotThis);
    }

    #[test]
    fn placeholders_are_filled_or_the_words_are_not_used() {
        assert_eq!(fill("编号{code}", Some("000417Y"), "").as_deref(), Some("编号000417Y"));
        assert_eq!(fill("编号{code}", None, ""), None);
        assert_eq!(fill("见 {link}", None, "https://x/c/1").as_deref(), Some("见 https://x/c/1"));
    }
}
