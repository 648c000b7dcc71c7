//! Whether a case is still what it was when its draft was written. What people sign names the case's sentence and
//! claims: once these are others, the words answer something that nobody is asking any more, or that nobody saw.

use signoff::content::Content;
use signoff::version::Version;
use time::OffsetDateTime;

use super::case::CaseState;
use super::content::Matter;

/// What has changed since a draft was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MovedOn {
    /// The case says another sentence.
    #[error("the case's sentence is not the one in the draft any more")]
    Sentence,
    /// The case is about other claims.
    #[error("the case is about other claims than the draft")]
    Claims,
    /// Cases were merged into it, or reports taken out of it.
    #[error("the case was merged or split since the draft was written")]
    Corrected,
    /// It was halted or revoked.
    #[error("the case was halted since the draft was written")]
    Halted,
    /// The words hold no longer.
    #[error("the end of the draft's validity has passed")]
    Ended,
    /// It was saved by an earlier version of the program, whose contents say less.
    #[error("the draft was saved in an older form")]
    OldForm,
}

impl MovedOn {
    /// In words for an officer, with what to do.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Sentence => "工单的网传内容在起草后改过，自动答复会按旧的句子匹配。请拟稿人核对后重新保存",
            Self::Claims | Self::Corrected => {
                "工单在起草后合并或拆分过，这一稿针对的已不是现在的线索。请拟稿人核对后重新保存"
            }
            Self::Halted => "工单已停发或撤销。需要继续的，请拟稿人重新保存稿件，从头审签",
            Self::Ended => "稿件的适用期已过。请拟稿人改定适用期后重新保存",
            Self::OldForm => "这一稿是旧版格式，没有写明针对的线索和适用期。请拟稿人重新保存",
        }
    }

    /// In English, with what to do.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Sentence => {
                "The case's sentence was changed after the draft was written, and automatic answers would be \
                 matched by the old one. Have the drafter look and save again."
            }
            Self::Claims | Self::Corrected => {
                "The case was merged or split after the draft was written. Have the drafter look and save again."
            }
            Self::Halted => {
                "The case was halted or its words were revoked. To go on, have the drafter save again; the chain \
                 begins anew."
            }
            Self::Ended => "The words' validity has ended. Have the drafter set another end and save again.",
            Self::OldForm => {
                "This draft is of an older form, without its claims and its end of validity. Have the drafter save \
                 again."
            }
        }
    }
}

/// The case as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Present<'a> {
    /// Where it stands.
    pub state: CaseState,
    /// What it is about.
    pub matter: &'a Matter,
    /// How often it was merged and split.
    pub corrections: i64,
    /// The time of day.
    pub now: OffsetDateTime,
}

/// What has changed since `content` was written, when the case had been corrected `corrections` times.
#[must_use]
pub fn moved_on(content: &Content, corrections: i64, present: &Present<'_>) -> Option<MovedOn> {
    if content.version < Version::LATEST {
        Some(MovedOn::OldForm)
    } else if present.state == CaseState::Halted {
        Some(MovedOn::Halted)
    } else if content.claims != present.matter.claims {
        Some(MovedOn::Claims)
    } else if corrections != present.corrections {
        Some(MovedOn::Corrected)
    } else if content.claim_sentence != present.matter.sentence {
        Some(MovedOn::Sentence)
    } else if content.has_ended(present.now.unix_timestamp()) {
        Some(MovedOn::Ended)
    } else {
        None
    }
}
