//! The agency's word that a key belongs to a person in a role, signed by the agency's root key. It carries no
//! secret and says nothing about any text.

use ids::{AgencyId, KeyId, PersonId};

use crate::codec::{List, Reader, Text, Writer, repeats};
use crate::malformed::Malformed;
use crate::statement::Purpose;

/// The domain tag, first in every encoded enrolment.
pub const TAG: &str = "chengqing.enrolment.v1";

/// The role that signs policies and never takes a step of the chain.
pub const ADMINISTRATOR: &str = "administrator";

/// The role that only looks, and never takes a step of the chain.
pub const AUDITOR: &str = "auditor";

const BYTES_MAX: usize = 4 * 1024;
const DISPLAY_NAME: Text = Text { field: "display_name", bytes_max: 256 };
const ROLE: Text = Text { field: "role", bytes_max: 64 };
const PURPOSES: List = List { field: "purposes", count_max: 4 };

/// How a key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Ed25519, sealed under the person's password and a key outside the database, used with a one-time code.
    Totp,
}

impl KeyKind {
    const fn code(self) -> u8 {
        match self {
            Self::Totp => 1,
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match reader.byte("key_kind")? {
            1 => Ok(Self::Totp),
            _ => Err(Malformed::UnknownValue { field: "key_kind" }),
        }
    }
}

/// A key, its person, and what the two may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// The agency.
    pub agency: AgencyId,
    /// Whose key it is.
    pub person: PersonId,
    /// The person's name, for the approval form.
    pub display_name: String,
    /// The key's id.
    pub key: KeyId,
    /// The key.
    pub public_key: [u8; 32],
    /// How it is kept.
    pub key_kind: KeyKind,
    /// The person's role, such as "drafter", "signer" or "administrator".
    pub role: String,
    /// The steps that the key may sign; none for an administrator.
    pub purposes: Vec<Purpose>,
    /// First instant at which it counts, in Unix milliseconds.
    pub not_before_ms: i64,
    /// Last instant at which it counts, in Unix milliseconds.
    pub not_after_ms: i64,
}

impl Enrolment {
    /// Writes the exact bytes that the root key signs.
    ///
    /// # Errors
    /// When a field exceeds its bound or a purpose is named twice.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut writer = Writer::new(TAG);
        writer.id(self.agency.as_uuid());
        writer.id(self.person.as_uuid());
        writer.text(DISPLAY_NAME, &self.display_name)?;
        writer.id(self.key.as_uuid());
        writer.raw(&self.public_key);
        writer.byte(self.key_kind.code());
        writer.text(ROLE, &self.role)?;
        writer.count(PURPOSES, self.purposes.len())?;
        for purpose in &self.purposes {
            writer.byte(purpose.code());
        }
        writer.i64(self.not_before_ms);
        writer.i64(self.not_after_ms);
        self.check_purposes()?;
        writer.finish(BYTES_MAX)
    }

    /// Reads an enrolment back; accepts only bytes that `encode` could have written.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(TAG, bytes, BYTES_MAX)?;
        let enrolment = Self {
            agency: reader.id("agency")?,
            person: reader.id("person")?,
            display_name: reader.text(DISPLAY_NAME)?,
            key: reader.id("key")?,
            public_key: reader.array("public_key")?,
            key_kind: KeyKind::read(&mut reader)?,
            role: reader.text(ROLE)?,
            purposes: reader.list(PURPOSES, Purpose::read)?,
            not_before_ms: reader.i64("not_before_ms")?,
            not_after_ms: reader.i64("not_after_ms")?,
        };
        reader.finish()?;
        enrolment.check_purposes()?;
        Ok(enrolment)
    }

    fn check_purposes(&self) -> Result<(), Malformed> {
        if repeats(&self.purposes) { Err(Malformed::Repeated { field: "purposes" }) } else { Ok(()) }
    }
}
