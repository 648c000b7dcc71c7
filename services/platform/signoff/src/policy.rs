//! The agency's rule of who takes which step, signed by two administrators. The floor that no policy can lower
//! is not here but in `verify`.

use ids::AgencyId;
use sha2::{Digest, Sha256};

use crate::codec::{List, Reader, Text, Writer, repeats};
use crate::malformed::Malformed;
use crate::statement::Purpose;

/// The domain tag, first in every encoded policy.
pub const TAG: &str = "chengqing.policy.v1";

const BYTES_MAX: usize = 16 * 1024;
const STEPS: List = List { field: "steps", count_max: 4 };
const ROLES: List = List { field: "roles", count_max: 16 };
const ROLE: Text = Text { field: "role", bytes_max: 64 };

/// Which steps a text needs, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The agency.
    pub agency: AgencyId,
    /// Grows with every change.
    pub version: u64,
    /// The steps, each needed exactly once.
    pub steps: Vec<PolicyStep>,
    /// How many different people the steps need together; counts from 3 up.
    pub people_min: u32,
    /// How long a statement may count at most, in seconds.
    pub statement_lifetime_seconds: u64,
}

/// One step and the roles that may take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyStep {
    /// The step.
    pub purpose: Purpose,
    /// The roles that may take it.
    pub roles: Vec<String>,
}

impl Policy {
    /// Writes the exact bytes that the administrators sign.
    ///
    /// # Errors
    /// When a field exceeds its bound or a purpose is named twice.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut writer = Writer::new(TAG);
        writer.id(self.agency.as_uuid());
        writer.u64(self.version);
        writer.count(STEPS, self.steps.len())?;
        for step in &self.steps {
            writer.byte(step.purpose.code());
            writer.count(ROLES, step.roles.len())?;
            for role in &step.roles {
                writer.text(ROLE, role)?;
            }
        }
        writer.u32(self.people_min);
        writer.u64(self.statement_lifetime_seconds);
        self.check_steps()?;
        writer.finish(BYTES_MAX)
    }

    /// Reads a policy back; accepts only bytes that `encode` could have written.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(TAG, bytes, BYTES_MAX)?;
        let policy = Self {
            agency: reader.id("agency")?,
            version: reader.u64("version")?,
            steps: reader.list(STEPS, |reader| {
                Ok(PolicyStep {
                    purpose: Purpose::read(reader)?,
                    roles: reader.list(ROLES, |reader| reader.text(ROLE))?,
                })
            })?,
            people_min: reader.u32("people_min")?,
            statement_lifetime_seconds: reader.u64("statement_lifetime_seconds")?,
        };
        reader.finish()?;
        policy.check_steps()?;
        Ok(policy)
    }

    /// The rule for one step, if the policy needs it.
    #[must_use]
    pub fn step(&self, purpose: Purpose) -> Option<&PolicyStep> {
        self.steps.iter().find(|step| step.purpose == purpose)
    }

    /// How long a statement may count at most, in milliseconds.
    #[must_use]
    pub fn lifetime_ms(&self) -> i64 {
        i64::try_from(self.statement_lifetime_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }

    fn check_steps(&self) -> Result<(), Malformed> {
        let purposes: Vec<Purpose> = self.steps.iter().map(|step| step.purpose).collect();
        if repeats(&purposes) { Err(Malformed::Repeated { field: "steps" }) } else { Ok(()) }
    }
}

/// The hash by which statements name the policy that was in force: SHA-256 over the encoded policy.
#[must_use]
pub fn policy_hash(document: &[u8]) -> [u8; 32] {
    Sha256::digest(document).into()
}
