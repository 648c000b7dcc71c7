//! One person's word for one step: "I drafted, reviewed or signed exactly this content, having passed these gates,
//! under this policy, at this time". It does not say whether the person was entitled to; `verify` does.

use std::collections::BTreeSet;
use std::str::FromStr;

use ids::{AgencyId, CaseId, ClarificationId, KeyId, PersonId};

use crate::codec::{Reader, Text, Writer};
use crate::malformed::Malformed;
use crate::version::Version;

/// The domain tag, first in every encoded statement.
pub const TAG: &str = "chengqing.statement.v2";

/// The domain tag of version 1, in which nothing new is written.
pub const TAG_V1: &str = "chengqing.statement.v1";

const TAGS: [(Version, &str); 2] = [(Version::One, TAG_V1), (Version::Two, TAG)];

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

/// One of the four gates of 先审后发 that whoever reviews or signs confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// 政治关.
    Political,
    /// 法律关.
    Legal,
    /// 保密关.
    Secrecy,
    /// 文字关.
    Text,
}

impl Gate {
    /// Every gate, in the order in which they are read.
    pub const ALL: [Self; 4] = [Self::Political, Self::Legal, Self::Secrecy, Self::Text];

    /// Its machine name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Political => "political",
            Self::Legal => "legal",
            Self::Secrecy => "secrecy",
            Self::Text => "text",
        }
    }

    /// Its name on the approval form.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Political => "政治关",
            Self::Legal => "法律关",
            Self::Secrecy => "保密关",
            Self::Text => "文字关",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Political => 1,
            Self::Legal => 2,
            Self::Secrecy => 4,
            Self::Text => 8,
        }
    }

    fn read_set(reader: &mut Reader<'_>) -> Result<BTreeSet<Self>, Malformed> {
        let bits = reader.byte("gates")?;
        let gates: BTreeSet<Self> = Self::ALL.into_iter().filter(|gate| bits & gate.bit() != 0).collect();
        if Self::bits(&gates) == bits { Ok(gates) } else { Err(Malformed::UnknownValue { field: "gates" }) }
    }

    fn bits(gates: &BTreeSet<Self>) -> u8 {
        gates.iter().fold(0, |bits, gate| bits | gate.bit())
    }
}

impl FromStr for Gate {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let known = Self::ALL.into_iter().find(|gate| gate.as_str() == text);
        known.ok_or(Malformed::UnknownValue { field: "gates" })
    }
}

/// What a person signs for one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The version that it is written in.
    pub version: Version,
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
    /// The gates that the person confirmed: none for the draft itself, and none in version 1, which does not say.
    pub gates: BTreeSet<Gate>,
}

impl Statement {
    /// Writes the exact bytes that are signed.
    ///
    /// # Errors
    /// When the role exceeds its bound, or version 1 would have to name gates.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        self.version.check_absent("gates", self.gates.is_empty())?;
        let mut writer = Writer::new(match self.version {
            Version::One => TAG_V1,
            Version::Two => TAG,
        });
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
        if self.version == Version::Two {
            writer.byte(Gate::bits(&self.gates));
        }
        writer.finish(BYTES_MAX)
    }

    /// Reads a statement back; accepts only bytes that `encode` could have written.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (mut reader, version) = Reader::of_versions(&TAGS, bytes, BYTES_MAX)?;
        let statement = Self {
            version,
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
            gates: match version {
                Version::One => BTreeSet::new(),
                Version::Two => Gate::read_set(&mut reader)?,
            },
        };
        reader.finish()?;
        Ok(statement)
    }
}
