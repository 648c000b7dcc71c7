//! The few shapes that documents are made of: a tag, big-endian integers, raw ids and hashes, length-prefixed
//! texts and counted lists. It knows no document. Reader and writer hold the same bounds, so that whatever can
//! be written can be read back.

use uuid::Uuid;

use crate::malformed::Malformed;

/// A text field's name and its bound in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    pub(crate) field: &'static str,
    pub(crate) bytes_max: usize,
}

/// A list's name and its bound in entries.
#[derive(Clone, Copy)]
pub(crate) struct List {
    pub(crate) field: &'static str,
    pub(crate) count_max: usize,
}

/// Builds one document.
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Begins with the domain tag, which keeps a signature over one kind of document from fitting another.
    pub(crate) fn new(tag: &'static str) -> Self {
        let mut writer = Self { bytes: Vec::with_capacity(512) };
        writer.bytes.extend_from_slice(&length(tag.len()).to_be_bytes());
        writer.bytes.extend_from_slice(tag.as_bytes());
        writer
    }

    pub(crate) fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn id(&mut self, value: Uuid) {
        self.bytes.extend_from_slice(value.as_bytes());
    }

    pub(crate) fn raw(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
    }

    pub(crate) fn text(&mut self, bound: Text, value: &str) -> Result<(), Malformed> {
        self.blob(bound, value.as_bytes())
    }

    pub(crate) fn blob(&mut self, bound: Text, value: &[u8]) -> Result<(), Malformed> {
        if value.len() > bound.bytes_max {
            return Err(Malformed::TooLong { field: bound.field, bytes_max: bound.bytes_max });
        }
        self.u32(length(value.len()));
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    pub(crate) fn count(&mut self, bound: List, count: usize) -> Result<(), Malformed> {
        if count > bound.count_max {
            return Err(Malformed::TooMany { field: bound.field, count_max: bound.count_max });
        }
        self.u32(length(count));
        Ok(())
    }

    /// Ends the document, which may be at most `bytes_max` long.
    pub(crate) fn finish(self, bytes_max: usize) -> Result<Vec<u8>, Malformed> {
        if self.bytes.len() > bytes_max {
            return Err(Malformed::TooLong { field: "document", bytes_max });
        }
        Ok(self.bytes)
    }
}

/// Every length is bounded far below 4 GiB before it comes here, except a whole document's, which `finish`
/// bounds; saturating keeps even a caller's mistake a refusal instead of a wrap-around.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Takes one document apart. Never panics and never allocates more than the bytes that it was given.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(tag: &'static str, bytes: &'a [u8], bytes_max: usize) -> Result<Self, Malformed> {
        if bytes.len() > bytes_max {
            return Err(Malformed::TooLong { field: "document", bytes_max });
        }
        let wrong = Malformed::WrongTag { expected: tag };
        let rest = bytes.strip_prefix(length(tag.len()).to_be_bytes().as_slice()).ok_or(wrong)?;
        let rest = rest.strip_prefix(tag.as_bytes()).ok_or(wrong)?;
        Ok(Self { rest })
    }

    /// Begins a document that has several versions, each with a tag of its own; the last is the newest.
    pub(crate) fn of_versions<V: Copy>(
        versions: &[(V, &'static str)],
        bytes: &'a [u8],
        bytes_max: usize,
    ) -> Result<(Self, V), Malformed> {
        let mut wrong = Malformed::WrongTag { expected: "" };
        for (version, tag) in versions {
            match Self::new(tag, bytes, bytes_max) {
                Ok(reader) => return Ok((reader, *version)),
                Err(refused) => wrong = refused,
            }
        }
        Err(wrong)
    }

    /// Begins an entry of the audit trail, whose tag stands without its length.
    pub(crate) fn unprefixed(
        tag: &'static str,
        bytes: &'a [u8],
        bytes_max: usize,
    ) -> Result<Self, Malformed> {
        if bytes.len() > bytes_max {
            return Err(Malformed::TooLong { field: "document", bytes_max });
        }
        let rest = bytes.strip_prefix(tag.as_bytes()).ok_or(Malformed::WrongTag { expected: tag })?;
        Ok(Self { rest })
    }

    /// Reads a value that its length stands before, although there is only one length that it can have.
    pub(crate) fn sized<T>(
        &mut self,
        field: &'static str,
        length: u32,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        if self.u32(field)? != length {
            return Err(Malformed::UnknownValue { field });
        }
        read(self)
    }

    pub(crate) fn byte(&mut self, field: &'static str) -> Result<u8, Malformed> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    pub(crate) fn bool(&mut self, field: &'static str) -> Result<bool, Malformed> {
        match self.byte(field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed::UnknownValue { field }),
        }
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, Malformed> {
        self.array(field).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, Malformed> {
        self.array(field).map(u64::from_be_bytes)
    }

    pub(crate) fn i64(&mut self, field: &'static str) -> Result<i64, Malformed> {
        self.array(field).map(i64::from_be_bytes)
    }

    pub(crate) fn id<T: From<Uuid>>(&mut self, field: &'static str) -> Result<T, Malformed> {
        self.array(field).map(|bytes| T::from(Uuid::from_bytes(bytes)))
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Malformed> {
        let (value, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed::Truncated { field })?;
        self.rest = rest;
        Ok(*value)
    }

    pub(crate) fn text(&mut self, bound: Text) -> Result<String, Malformed> {
        let bytes = self.blob(bound)?;
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed::NotUtf8 { field: bound.field })?;
        Ok(text.to_owned())
    }

    pub(crate) fn blob(&mut self, bound: Text) -> Result<&'a [u8], Malformed> {
        let length = self.u32(bound.field)? as usize;
        if length > bound.bytes_max {
            return Err(Malformed::TooLong { field: bound.field, bytes_max: bound.bytes_max });
        }
        let (value, rest) =
            self.rest.split_at_checked(length).ok_or(Malformed::Truncated { field: bound.field })?;
        self.rest = rest;
        Ok(value)
    }

    /// Reads a list, entry by entry.
    pub(crate) fn list<T>(
        &mut self,
        bound: List,
        mut entry: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = self.u32(bound.field)? as usize;
        if count > bound.count_max {
            return Err(Malformed::TooMany { field: bound.field, count_max: bound.count_max });
        }
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(entry(self)?);
        }
        Ok(entries)
    }

    /// Ends the document: nothing may follow.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed::Trailing) }
    }
}

/// Says whether a list is written as a set is: strictly ascending.
pub(crate) fn ascends<T: PartialOrd>(values: &[T]) -> bool {
    values.windows(2).all(|pair| pair[0] < pair[1])
}

/// Says whether any two of a short list are equal.
pub(crate) fn repeats<T: PartialEq>(values: &[T]) -> bool {
    values.iter().enumerate().any(|(index, value)| values[..index].contains(value))
}
