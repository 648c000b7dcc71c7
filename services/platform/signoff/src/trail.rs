//! One entry of an agency's audit trail, as its canonical bytes say it. Approval writes them; evidence carries those
//! of the signatures, so that when something was signed is the trail's word and not the signer's own.

use ids::AgencyId;
use sha2::{Digest, Sha256};

use crate::codec::{Reader, Text};
use crate::malformed::Malformed;

/// The domain tag, first in every entry.
pub const TAG: &str = "chengqing.audit.v1";

/// The entry's bound: three short texts.
pub const BYTES_MAX: usize = 16 * 1024;

const ACTOR: Text = Text { field: "actor", bytes_max: 4 * 1024 };
const ACTION: Text = Text { field: "action", bytes_max: 256 };
const SUBJECT: Text = Text { field: "subject", bytes_max: 8 * 1024 };

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailEntry {
    /// The agency.
    pub agency: AgencyId,
    /// Its place in the agency's chain, from 1.
    pub sequence: u64,
    /// When, in Unix milliseconds.
    pub time_ms: i64,
    /// Who.
    pub actor: String,
    /// What, such as "clarification.signed".
    pub action: String,
    /// About what.
    pub subject: String,
    /// The hash of the entry before; zeros for the first.
    pub hash_before: [u8; 32],
    /// This entry's hash, by which the next one names it.
    pub hash: [u8; 32],
}

impl TrailEntry {
    /// Reads an entry; accepts only bytes that the trail could hold.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::unprefixed(TAG, bytes, BYTES_MAX)?;
        let entry = Self {
            agency: reader.sized("agency", 16, |reader| reader.id("agency"))?,
            sequence: reader.sized("sequence", 8, |reader| reader.u64("sequence"))?,
            time_ms: reader.sized("time", 8, |reader| reader.i64("time"))?,
            actor: reader.text(ACTOR)?,
            action: reader.text(ACTION)?,
            subject: reader.text(SUBJECT)?,
            hash_before: reader.sized("hash_before", 32, |reader| reader.array("hash_before"))?,
            hash: Sha256::digest(bytes).into(),
        };
        reader.finish()?;
        Ok(entry)
    }
}
