//! One person's word for one step: "I drafted, reviewed or signed exactly this content, under this policy, at
//! this time". It does not say whether the person was entitled to; `verify` does.

use std::str::FromStr;

use ids::{AgencyId, CaseId, ClarificationId, KeyId, PersonId};

use crate::codec::{Reader, Text, Writer};
use crate::malformed::Malformed;

/// The domain tag, first in every encoded statement.
pub const TAG: &str = "chengqing.statement.v1";

const BYTES_MAX: usize = 4 * 1024;
const ROLE: Text = Text { field: "role", bytes_max: 64 };

/// A step of the chain, in the chain's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// 拟稿.
    Drafted,
    /// 初审.
    FirstReviewed,
    /// 复审.
    SecondReviewed,
    /// 终审（签发）.
    Signed,
}

impl Purpose {
    /// Every step, in order.
    pub const ALL: [Self; 4] = [Self::Drafted, Self::FirstReviewed, Self::SecondReviewed, Self::Signed];

    /// Its machine name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drafted => "drafted",
            Self::FirstReviewed => "first_reviewed",
            Self::SecondReviewed => "second_reviewed",
            Self::Signed => "signed",
        }
    }

    /// Its name on the approval form.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Drafted => "拟稿",
            Self::FirstReviewed => "初审",
            Self::SecondReviewed => "复审",
            Self::Signed => "终审（签发）",
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Drafted => 1,
            Self::FirstReviewed => 2,
            Self::SecondReviewed => 3,
            Self::Signed => 4,
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let code = reader.byte("purpose")?;
        let known = Self::ALL.into_iter().find(|purpose| purpose.code() == code);
        known.ok_or(Malformed::UnknownValue { field: "purpose" })
    }
}

impl FromStr for Purpose {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let known = Self::ALL.into_iter().find(|purpose| purpose.as_str() == text);
        known.ok_or(Malformed::UnknownValue { field: "purpose" })
    }
}

/// What a person signs for one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The step.
    pub purpose: Purpose,
    /// The agency.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The clarification.
    pub clarification: ClarificationId,
    /// Its revision.
    pub revision: u64,
    /// SHA-256 of the encoded content.
    pub content_hash: [u8; 32],
    /// Who.
    pub person: PersonId,
    /// With which key.
    pub key: KeyId,
    /// In which role, as the key's enrolment says.
    pub role: String,
    /// SHA-256 of the encoded policy that was in force.
    pub policy_hash: [u8; 32],
    /// When, in Unix milliseconds.
    pub signed_at_ms: i64,
    /// From when on the statement counts no more, in Unix milliseconds.
    pub expires_at_ms: i64,
}

impl Statement {
    /// Writes the exact bytes that are signed.
    ///
    /// # Errors
    /// When the role exceeds its bound.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut writer = Writer::new(TAG);
        writer.byte(self.purpose.code());
        writer.id(self.agency.as_uuid());
        writer.id(self.case.as_uuid());
        writer.id(self.clarification.as_uuid());
        writer.u64(self.revision);
        writer.raw(&self.content_hash);
        writer.id(self.person.as_uuid());
        writer.id(self.key.as_uuid());
        writer.text(ROLE, &self.role)?;
        writer.raw(&self.policy_hash);
        writer.i64(self.signed_at_ms);
        writer.i64(self.expires_at_ms);
        writer.finish(BYTES_MAX)
    }

    /// Reads a statement back; accepts only bytes that `encode` could have written.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(TAG, bytes, BYTES_MAX)?;
        let statement = Self {
            purpose: Purpose::read(&mut reader)?,
            agency: reader.id("agency")?,
            case: reader.id("case")?,
            clarification: reader.id("clarification")?,
            revision: reader.u64("revision")?,
            content_hash: reader.array("content_hash")?,
            person: reader.id("person")?,
            key: reader.id("key")?,
            role: reader.text(ROLE)?,
            policy_hash: reader.array("policy_hash")?,
            signed_at_ms: reader.i64("signed_at_ms")?,
            expires_at_ms: reader.i64("expires_at_ms")?,
        };
        reader.finish()?;
        Ok(statement)
    }
}
