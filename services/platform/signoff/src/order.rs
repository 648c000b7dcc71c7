//! One officer's order about what goes out: stop it, let it go on, or take back what was signed. An order to stop
//! holds for ever; a resumption names the halts that it ends, one by one, so that an old one never ends a newer halt.
//! It does not say whether the person was entitled to; `verify_order` does.

use std::collections::BTreeSet;

use ids::{AgencyId, ClarificationId, HaltId, KeyId, PersonId};
use uuid::Uuid;

use crate::bundle::Signed;
use crate::codec::{List, Reader, Text, Writer, ascends};
use crate::malformed::Malformed;
use crate::verify::ENROLMENTS_MAX;

/// The domain tag, first in every encoded order.
pub const TAG: &str = "chengqing.order.v1";

/// The domain tag, first in every signed order.
pub const SIGNED_TAG: &str = "chengqing.signed_order.v1";

/// Halts that one resumption ends at most.
pub const HALTS_MAX: usize = 400;

/// A signed order's bound.
pub const SIGNED_BYTES_MAX: usize = 384 * 1024;

/// The bound of what a signature inside a signed order may be over.
const BYTES_MAX: usize = 16 * 1024;
const ACCOUNT: Text = Text { field: "account", bytes_max: 512 };
const HALTS: List = List { field: "halts", count_max: HALTS_MAX };
const REASON: Text = Text { field: "reason", bytes_max: 4 * 1024 };
const ROLE: Text = Text { field: "role", bytes_max: 64 };
const ENROLMENTS: List = List { field: "enrolments", count_max: ENROLMENTS_MAX };

/// What an order is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderScope {
    /// One clarification, everywhere.
    Clarification(ClarificationId),
    /// One channel account, by slug.
    Account(String),
    /// All automatic answers.
    AutomaticAnswers,
    /// Everything.
    Everything,
}

impl OrderScope {
    const fn code(&self) -> u8 {
        match self {
            Self::Clarification(_) => 1,
            Self::Account(_) => 2,
            Self::AutomaticAnswers => 3,
            Self::Everything => 4,
        }
    }

    fn write(&self, writer: &mut Writer) -> Result<(), Malformed> {
        writer.byte(self.code());
        match self {
            Self::Clarification(clarification) => writer.id(clarification.as_uuid()),
            Self::Account(account) => writer.text(ACCOUNT, account)?,
            Self::AutomaticAnswers | Self::Everything => {}
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match reader.byte("scope")? {
            1 => Ok(Self::Clarification(reader.id("clarification")?)),
            2 => Ok(Self::Account(reader.text(ACCOUNT)?)),
            3 => Ok(Self::AutomaticAnswers),
            4 => Ok(Self::Everything),
            _ => Err(Malformed::UnknownValue { field: "scope" }),
        }
    }
}

/// What an order says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// 停发: nothing of this scope goes out any more. The order's id is the halt's.
    Halt(OrderScope),
    /// 恢复: these halts end, and no other, each only if it is of this scope.
    Lift {
        /// What goes on.
        scope: OrderScope,
        /// The halts that end.
        halts: BTreeSet<HaltId>,
        /// From when on the resumption counts no more, in Unix milliseconds.
        expires_at_ms: i64,
    },
    /// 撤销签发: this revision and every earlier one must not go out any more.
    Revoke {
        /// The clarification.
        clarification: ClarificationId,
        /// The revision.
        revision: u64,
    },
}

impl Command {
    /// Its machine name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Halt(_) => "halt",
            Self::Lift { .. } => "lift",
            Self::Revoke { .. } => "revoke",
        }
    }

    /// Its name for officers.
    #[must_use]
    pub const fn zh(&self) -> &'static str {
        match self {
            Self::Halt(_) => "停发",
            Self::Lift { .. } => "恢复",
            Self::Revoke { .. } => "撤销签发",
        }
    }

    fn write(&self, writer: &mut Writer) -> Result<(), Malformed> {
        match self {
            Self::Halt(scope) => {
                writer.byte(1);
                scope.write(writer)?;
            }
            Self::Lift { scope, halts, expires_at_ms } => {
                writer.byte(2);
                scope.write(writer)?;
                writer.count(HALTS, halts.len())?;
                for halt in halts {
                    writer.id(halt.as_uuid());
                }
                writer.i64(*expires_at_ms);
            }
            Self::Revoke { clarification, revision } => {
                writer.byte(3);
                writer.id(clarification.as_uuid());
                writer.u64(*revision);
            }
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match reader.byte("command")? {
            1 => Ok(Self::Halt(OrderScope::read(reader)?)),
            2 => {
                let scope = OrderScope::read(reader)?;
                let halts: Vec<HaltId> = reader.list(HALTS, |reader| reader.id("halts"))?;
                if !ascends(&halts) {
                    return Err(Malformed::Unordered { field: "halts" });
                }
                let expires_at_ms = reader.i64("expires_at_ms")?;
                Ok(Self::Lift { scope, halts: halts.into_iter().collect(), expires_at_ms })
            }
            3 => Ok(Self::Revoke {
                clarification: reader.id("clarification")?,
                revision: reader.u64("revision")?,
            }),
            _ => Err(Malformed::UnknownValue { field: "command" }),
        }
    }
}

/// What a person signs when giving an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The agency.
    pub agency: AgencyId,
    /// Names the order; a halt's is the halt's id.
    pub id: Uuid,
    /// What it says.
    pub command: Command,
    /// Why, in the officer's words; a halt's may be empty.
    pub reason: String,
    /// Who.
    pub person: PersonId,
    /// With which key.
    pub key: KeyId,
    /// In which role, as the key's enrolment says.
    pub role: String,
    /// SHA-256 of the encoded policy that was in force.
    pub policy_hash: [u8; 32],
    /// When, in Unix milliseconds.
    pub given_at_ms: i64,
}

impl Order {
    /// Writes the exact bytes that are signed.
    ///
    /// # Errors
    /// When a field exceeds its bound.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut writer = Writer::new(TAG);
        writer.id(self.agency.as_uuid());
        writer.id(self.id);
        self.command.write(&mut writer)?;
        writer.text(REASON, &self.reason)?;
        writer.id(self.person.as_uuid());
        writer.id(self.key.as_uuid());
        writer.text(ROLE, &self.role)?;
        writer.raw(&self.policy_hash);
        writer.i64(self.given_at_ms);
        writer.finish(BYTES_MAX)
    }

    /// Reads an order back; accepts only bytes that `encode` could have written.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(TAG, bytes, BYTES_MAX)?;
        let order = Self {
            agency: reader.id("agency")?,
            id: reader.id("order")?,
            command: Command::read(&mut reader)?,
            reason: reader.text(REASON)?,
            person: reader.id("person")?,
            key: reader.id("key")?,
            role: reader.text(ROLE)?,
            policy_hash: reader.array("policy_hash")?,
            given_at_ms: reader.i64("given_at_ms")?,
        };
        reader.finish()?;
        Ok(order)
    }
}

/// An order with its signature and the papers behind the key: everything that lets anyone verify it. It proves
/// nothing by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOrder {
    /// The encoded order with the one signature over it.
    pub order: Signed,
    /// The enrolments of the signer and of the administrators.
    pub enrolments: Vec<Signed>,
    /// The policy in force.
    pub policy: Signed,
}

impl SignedOrder {
    /// Writes the signed order as one piece, as it travels and is kept.
    ///
    /// # Errors
    /// When a part exceeds its bound.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut writer = Writer::new(SIGNED_TAG);
        self.order.write(&mut writer)?;
        writer.count(ENROLMENTS, self.enrolments.len())?;
        for enrolment in &self.enrolments {
            enrolment.write(&mut writer)?;
        }
        self.policy.write(&mut writer)?;
        writer.finish(SIGNED_BYTES_MAX)
    }

    /// Reads a signed order back. The documents inside are left as they are.
    ///
    /// # Errors
    /// When the bytes are no signed order.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(SIGNED_TAG, bytes, SIGNED_BYTES_MAX)?;
        let signed = Self {
            order: Signed::read(&mut reader)?,
            enrolments: reader.list(ENROLMENTS, Signed::read)?,
            policy: Signed::read(&mut reader)?,
        };
        reader.finish()?;
        Ok(signed)
    }
}
