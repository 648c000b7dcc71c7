//! The audit trail's chain (G9): each entry's hash covers the entry before, so that a change anywhere shows.
//!
//! Canonical bytes of an entry: the tag, then each field as its length in four big-endian bytes and the bytes
//! themselves: agency (16), sequence (8, big-endian), time (8, Unix milliseconds, big-endian), actor, action,
//! subject (UTF-8), hash of the entry before (32; zeros for the first). The entry's hash is the SHA-256 of
//! that.

use ids::AgencyId;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

const TAG: &[u8] = b"chengqing.audit.v1";

/// The hash "before" the first entry.
pub const START: [u8; 32] = [0; 32];

/// What happened, in ids and names of officers only: no citizen's data, no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub time: OffsetDateTime,
    /// Who: an officer's name, a department, or "system".
    pub actor: String,
    /// What, such as "clarification.signed".
    pub action: &'static str,
    /// About what.
    pub subject: String,
}

/// An entry with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chained {
    /// From 1.
    pub sequence: i64,
    /// The canonical bytes.
    pub document: Vec<u8>,
    /// Their SHA-256.
    pub hash: [u8; 32],
}

/// Puts `entries` behind the chain's end, each behind the one before.
#[must_use]
pub fn chain(
    agency: AgencyId,
    mut last_sequence: i64,
    mut last_hash: [u8; 32],
    entries: &[Entry],
) -> Vec<Chained> {
    let mut chained = Vec::with_capacity(entries.len());
    for entry in entries {
        let next = chain_one(agency, last_sequence, last_hash, entry);
        (last_sequence, last_hash) = (next.sequence, next.hash);
        chained.push(next);
    }
    chained
}

fn chain_one(agency: AgencyId, last_sequence: i64, last_hash: [u8; 32], entry: &Entry) -> Chained {
    let sequence = last_sequence + 1;
    let milliseconds = entry.time.unix_timestamp_nanos() / 1_000_000;
    // Milliseconds since 1970 fit 64 bits for the next 290 million years.
    let milliseconds = i64::try_from(milliseconds).unwrap_or(i64::MAX);
    let agency = agency.as_uuid();
    let mut document = TAG.to_vec();
    let fields: [&[u8]; 7] = [
        agency.as_bytes(),
        &sequence.to_be_bytes(),
        &milliseconds.to_be_bytes(),
        entry.actor.as_bytes(),
        entry.action.as_bytes(),
        entry.subject.as_bytes(),
        &last_hash,
    ];
    for field in fields {
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        document.extend_from_slice(&length.to_be_bytes());
        document.extend_from_slice(field);
    }
    let hash = Sha256::digest(&document).into();
    Chained { sequence, document, hash }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(subject: &str) -> Entry {
        Entry {
            time: OffsetDateTime::UNIX_EPOCH,
            actor: "演示·终审人".into(),
            action: "clarification.signed",
            subject: subject.into(),
        }
    }

    #[test]
    fn a_change_anywhere_changes_every_hash_behind_it() {
        let agency = AgencyId::mint();
        let one = chain(agency, 0, START, &[entry("a"), entry("b")]);
        let other = chain(agency, 0, START, &[entry("c"), entry("b")]);
        assert_eq!(one.iter().map(|chained| chained.sequence).collect::<Vec<_>>(), [1, 2]);
        assert_ne!(one[1].hash, other[1].hash);
        assert!(one[1].document.ends_with(&one[0].hash));
    }

    #[test]
    fn evidence_reads_what_the_trail_holds() {
        let agency = AgencyId::mint();
        let chained = chain(agency, 6, [5; 32], &[entry("clarification 1 revision 2 of case QL-0001")]);
        let read = signoff::trail::TrailEntry::decode(&chained[0].document).unwrap();
        assert_eq!((read.agency, read.sequence, read.time_ms), (agency, 7, 0));
        assert_eq!((read.actor.as_str(), read.action.as_str()), ("演示·终审人", "clarification.signed"));
        assert_eq!(read.subject, "clarification 1 revision 2 of case QL-0001");
        assert_eq!((read.hash_before, read.hash), ([5; 32], chained[0].hash));
    }

    #[test]
    fn fields_cannot_run_into_one_another() {
        let agency = AgencyId::mint();
        let one = Entry { actor: "ab".into(), subject: "c".into(), ..entry("") };
        let other = Entry { actor: "a".into(), subject: "bc".into(), ..entry("") };
        assert_ne!(chain(agency, 0, START, &[one])[0].hash, chain(agency, 0, START, &[other])[0].hash);
    }
}
