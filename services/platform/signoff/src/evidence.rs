//! Evidence that something was signed, and when: a bundle with the audit trail's entries of its signatures.
//!
//! A signature says nothing about when it was made: whoever has stolen a key can write any time into a statement.
//! So evidence is judged as of the trail's time, and a statement that names another one is refused. The entries'
//! hashes are for comparing with the trail itself, or with a checkpoint that was kept apart.

use ids::ClarificationId;
use time::{Duration, OffsetDateTime};

use crate::bundle::{self, Bundle};
use crate::codec::{List, Reader, Text, Writer};
use crate::content::Content;
use crate::malformed::Malformed;
use crate::refused::Refused;
use crate::statement::{Purpose, Statement};
use crate::trail::{self, TrailEntry};
use crate::verify::{Expected, SKEW_MAX_MS, Trust, Verified, verify};

/// The domain tag, first in every evidence file.
pub const TAG: &str = "chengqing.evidence.v1";

const BYTES_MAX: usize = bundle::BYTES_MAX + 128 * 1024;
const BUNDLE: Text = Text { field: "bundle", bytes_max: bundle::BYTES_MAX };
const ENTRIES: List = List { field: "entries", count_max: Purpose::ALL.len() };
const ENTRY: Text = Text { field: "entry", bytes_max: trail::BYTES_MAX };

/// A bundle, and what the audit trail says of its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What was signed.
    pub bundle: Bundle,
    /// The trail's entries of the signatures, one per step, as their canonical bytes.
    pub entries: Vec<Vec<u8>>,
}

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// A part cannot be read.
    #[error("a part of the evidence cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// The trail has no entry of this step, or two.
    #[error("the audit trail does not have exactly one entry of \"{}\"", .0.as_str())]
    NotInTrail(Purpose),
    /// The statement says that it was made at another time than the trail.
    #[error("\"{}\" names another time than the audit trail", .0.as_str())]
    OtherTime(Purpose),
    /// The trail has the steps in another order.
    #[error("the audit trail has \"{}\" before the step that it builds on", .0.as_str())]
    OutOfOrder(Purpose),
    /// The bundle breaks a rule, as of the trail's time.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Unproven {
    /// Why, for an officer.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Malformed(_) => "存证材料有一部分无法读取，可能已被改动".to_owned(),
            Self::NotInTrail(purpose) => format!("操作记录里没有（或不止一条）“{}”的记录", purpose.zh()),
            Self::OtherTime(purpose) => {
                format!("“{}”自称的签署时间与操作记录不符，疑为倒签", purpose.zh())
            }
            Self::OutOfOrder(purpose) => {
                format!("操作记录里“{}”排在它前面的一步之前", purpose.zh())
            }
            Self::Refused(refused) => refused.zh(),
        }
    }
}

/// What evidence proves.
#[derive(Clone, Debug)]
pub struct Proven {
    /// What was signed, and by whom.
    pub verified: Verified,
    /// The trail's entry of each step, in the chain's order.
    pub trail: Vec<TrailEntry>,
}

impl Evidence {
    /// Writes the evidence as one file.
    ///
    /// # Errors
    /// When a part exceeds its bound.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut writer = Writer::new(TAG);
        writer.blob(BUNDLE, &self.bundle.encode()?)?;
        writer.count(ENTRIES, self.entries.len())?;
        for entry in &self.entries {
            writer.blob(ENTRY, entry)?;
        }
        writer.finish(BYTES_MAX)
    }

    /// Reads a file back.
    ///
    /// # Errors
    /// When the bytes are no evidence.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(TAG, bytes, BYTES_MAX)?;
        let evidence = Self {
            bundle: Bundle::decode(reader.blob(BUNDLE)?)?,
            entries: reader.list(ENTRIES, |reader| Ok(reader.blob(ENTRY)?.to_vec()))?,
        };
        reader.finish()?;
        Ok(evidence)
    }

    /// Judges the evidence as of the time that the trail gives for the sign-off.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn judge(&self, trust: &Trust) -> Result<Proven, Unproven> {
        let content = Content::decode(&self.bundle.content)?;
        let entries: Vec<TrailEntry> =
            self.entries.iter().map(|entry| TrailEntry::decode(entry)).collect::<Result<_, _>>()?;
        let mut statements = Vec::new();
        for signed in &self.bundle.statements {
            statements.push(Statement::decode(&signed.document)?);
        }
        statements.sort_by_key(|statement| statement.purpose);
        let mut trail: Vec<TrailEntry> = Vec::new();
        for statement in &statements {
            let purpose = statement.purpose;
            let entry = entry_of(&entries, trust, purpose, content.clarification, content.revision)?;
            if entry.time_ms.abs_diff(statement.signed_at_ms) > SKEW_MAX_MS.unsigned_abs() {
                return Err(Unproven::OtherTime(purpose));
            }
            if trail.last().is_some_and(|before| before.sequence >= entry.sequence) {
                return Err(Unproven::OutOfOrder(purpose));
            }
            trail.push(entry.clone());
        }
        let signed = trail.last().ok_or(Unproven::NotInTrail(Purpose::Signed))?;
        let as_of = OffsetDateTime::UNIX_EPOCH
            .checked_add(Duration::milliseconds(signed.time_ms))
            .ok_or(Unproven::OtherTime(Purpose::Signed))?;
        let expected =
            Expected { case: content.case, clarification: content.clarification, revision: content.revision };
        let verified = verify(&self.bundle, trust, &expected, as_of)?;
        Ok(Proven { verified, trail })
    }
}

/// How the trail names a signed step.
#[must_use]
pub const fn action(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Drafted => "clarification.drafted",
        Purpose::FirstReviewed => "clarification.first_reviewed",
        Purpose::SecondReviewed => "clarification.second_reviewed",
        Purpose::Signed => "clarification.signed",
    }
}

/// How the subject of the trail's entry about a revision begins.
#[must_use]
pub fn subject_of(clarification: ClarificationId, revision: u64) -> String {
    format!("clarification {clarification} revision {revision} of ")
}

fn entry_of<'a>(
    entries: &'a [TrailEntry],
    trust: &Trust,
    purpose: Purpose,
    clarification: ClarificationId,
    revision: u64,
) -> Result<&'a TrailEntry, Unproven> {
    let subject = subject_of(clarification, revision);
    let mut about = entries.iter().filter(|entry| {
        entry.agency == trust.agency && entry.action == action(purpose) && entry.subject.starts_with(&subject)
    });
    match (about.next(), about.next()) {
        (Some(entry), None) => Ok(entry),
        _ => Err(Unproven::NotInTrail(purpose)),
    }
}
