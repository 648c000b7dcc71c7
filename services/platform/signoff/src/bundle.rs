//! Everything that lets anyone verify a signed text: its bytes, the statements, the enrolments and the policy.
//! A bundle proves nothing by itself; `verify` says what it is worth under an agency's root key.

use ids::KeyId;

use crate::codec::{List, Reader, Text, Writer};
use crate::malformed::Malformed;
use crate::{content, statement};

/// The domain tag, first in every encoded bundle.
pub const TAG: &str = "chengqing.bundle.v1";

/// The whole bundle's bound.
pub const BYTES_MAX: usize = 768 * 1024;
const CONTENT: Text = Text { field: "content", bytes_max: content::BYTES_MAX };
const DOCUMENT: Text = Text { field: "document", bytes_max: 16 * 1024 };
const STATEMENTS: List = List { field: "statements", count_max: statement::Purpose::ALL.len() };
const ENROLMENTS: List = List { field: "enrolments", count_max: 16 };
const SIGNATURES: List = List { field: "signatures", count_max: 2 };

/// One signature over a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key that made it; `None` is the agency's root key.
    pub key: Option<KeyId>,
    /// The Ed25519 signature.
    pub bytes: [u8; 64],
}

impl Signature {
    /// Reads a signature from the parts that travel in an event: an empty `key_id` means the root key.
    ///
    /// # Errors
    /// When the id is no UUID or the signature is not 64 bytes long.
    pub fn from_parts(key_id: &str, bytes: &[u8]) -> Result<Self, Malformed> {
        let key = match key_id {
            "" => None,
            text => Some(text.parse().map_err(|_| Malformed::Signature)?),
        };
        let bytes = bytes.try_into().map_err(|_| Malformed::Signature)?;
        Ok(Self { key, bytes })
    }
}

/// A document's exact bytes with the signatures over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The exact bytes.
    pub document: Vec<u8>,
    /// One signature, or for a policy two.
    pub signatures: Vec<Signature>,
}

/// A text with everything that was signed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The encoded content.
    pub content: Vec<u8>,
    /// The chain's statements, one per step.
    pub statements: Vec<Signed>,
    /// The enrolment of every signer and of both administrators.
    pub enrolments: Vec<Signed>,
    /// The policy in force.
    pub policy: Signed,
}

impl Bundle {
    /// Writes the bundle as one piece, to be kept.
    ///
    /// # Errors
    /// When a part exceeds its bound.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut writer = Writer::new(TAG);
        writer.blob(CONTENT, &self.content)?;
        writer.count(STATEMENTS, self.statements.len())?;
        for statement in &self.statements {
            statement.write(&mut writer)?;
        }
        writer.count(ENROLMENTS, self.enrolments.len())?;
        for enrolment in &self.enrolments {
            enrolment.write(&mut writer)?;
        }
        self.policy.write(&mut writer)?;
        writer.finish(BYTES_MAX)
    }

    /// Reads a bundle back. The documents inside are left as they are.
    ///
    /// # Errors
    /// When the bytes are not a bundle.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(TAG, bytes, BYTES_MAX)?;
        let bundle = Self {
            content: reader.blob(CONTENT)?.to_vec(),
            statements: reader.list(STATEMENTS, Signed::read)?,
            enrolments: reader.list(ENROLMENTS, Signed::read)?,
            policy: Signed::read(&mut reader)?,
        };
        reader.finish()?;
        Ok(bundle)
    }
}

impl Signed {
    pub(crate) fn write(&self, writer: &mut Writer) -> Result<(), Malformed> {
        writer.blob(DOCUMENT, &self.document)?;
        writer.count(SIGNATURES, self.signatures.len())?;
        for signature in &self.signatures {
            match signature.key {
                None => writer.byte(0),
                Some(key) => {
                    writer.byte(1);
                    writer.id(key.as_uuid());
                }
            }
            writer.raw(&signature.bytes);
        }
        Ok(())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            document: reader.blob(DOCUMENT)?.to_vec(),
            signatures: reader.list(SIGNATURES, |reader| {
                let key = if reader.bool("key")? { Some(reader.id("key")?) } else { None };
                Ok(Signature { key, bytes: reader.array("signature")? })
            })?,
        })
    }
}
