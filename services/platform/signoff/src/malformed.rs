//! Why bytes are not a document, or a value cannot become one. It does not judge what a document says.

/// What is wrong with the form of a document, key or signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is another kind of document, or another version of this one.
    #[error("the document does not begin with the tag {expected}")]
    WrongTag {
        /// The tag of the kind that was asked for.
        expected: &'static str,
    },
    /// The bytes end inside a field.
    #[error("the document ends inside {field}")]
    Truncated {
        /// The field.
        field: &'static str,
    },
    /// Bytes follow the last field.
    #[error("bytes follow the document's last field")]
    Trailing,
    /// A text or the whole document is longer than its bound.
    #[error("{field} is longer than {bytes_max} bytes")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its bound in bytes.
        bytes_max: usize,
    },
    /// A list is longer than its bound.
    #[error("{field} has more than {count_max} entries")]
    TooMany {
        /// The field.
        field: &'static str,
        /// Its bound in entries.
        count_max: usize,
    },
    /// A text is not UTF-8.
    #[error("{field} is not UTF-8")]
    NotUtf8 {
        /// The field.
        field: &'static str,
    },
    /// A value that this version does not know.
    #[error("{field} has a value that this version does not know")]
    UnknownValue {
        /// The field.
        field: &'static str,
    },
    /// The document's version has no place for this.
    #[error("this version of the document has no {field}")]
    NotInVersion {
        /// The field.
        field: &'static str,
    },
    /// A set is not written in ascending order, which is its only encoding.
    #[error("{field} is not in ascending order")]
    Unordered {
        /// The field.
        field: &'static str,
    },
    /// The same thing is named twice where once is meant.
    #[error("{field} names the same thing twice")]
    Repeated {
        /// The field.
        field: &'static str,
    },
    /// Not a public key that can be verified against.
    #[error("not an Ed25519 public key")]
    PublicKey,
    /// Not an Ed25519 signature with the id of its key.
    #[error("not an Ed25519 signature of 64 bytes with the id of its key")]
    Signature,
}
