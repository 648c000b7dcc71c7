//! Models as bytes, for a database column: little-endian numbers, one after the other.
//!
//! Reading trusts nothing: bytes cut short or of another version are an error and never a model.

/// What was read is no model that this version can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no model of this version: train a new one")]
pub struct Unreadable;

/// Bytes being written.
#[derive(Default)]
pub struct Packing(Vec<u8>);

impl Packing {
    /// Writes a whole number.
    pub fn count(&mut self, count: u32) {
        self.0.extend(count.to_le_bytes());
    }

    /// Writes a number.
    pub fn number(&mut self, number: f32) {
        self.0.extend(number.to_le_bytes());
    }

    /// Writes a list after its length.
    pub fn list<T>(&mut self, list: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.count(u32::try_from(list.len()).expect("a model has a few million numbers at most"));
        list.iter().for_each(|item| each(self, item));
    }

    /// Writes words.
    pub fn text(&mut self, text: &str) {
        self.list(text.as_bytes(), |packing, &byte| packing.0.push(byte));
    }

    /// All that was written.
    pub fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Bytes being read.
pub struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    /// Begins to read.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// Reads a whole number.
    ///
    /// # Errors
    /// When nothing is left.
    pub fn count(&mut self) -> Result<u32, Unreadable> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    /// Reads a number.
    ///
    /// # Errors
    /// When nothing is left, or it is none.
    pub fn number(&mut self) -> Result<f32, Unreadable> {
        let number = f32::from_le_bytes(self.take()?);
        if number.is_finite() { Ok(number) } else { Err(Unreadable) }
    }

    /// Reads a list.
    ///
    /// # Errors
    /// When it is cut short.
    pub fn list<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Unreadable> {
        let length = self.count()? as usize;
        // Every item takes a byte at least, so that a false length allocates nothing.
        if length > self.0.len() {
            return Err(Unreadable);
        }
        (0..length).map(|_| each(self)).collect()
    }

    /// Reads words.
    ///
    /// # Errors
    /// When they are cut short or no UTF-8.
    pub fn text(&mut self) -> Result<String, Unreadable> {
        let bytes = self.list(|packed| packed.take().map(|[byte]: [u8; 1]| byte))?;
        String::from_utf8(bytes).map_err(|_| Unreadable)
    }

    /// Checks that all was read.
    ///
    /// # Errors
    /// When something is left.
    pub const fn end(self) -> Result<(), Unreadable> {
        if self.0.is_empty() { Ok(()) } else { Err(Unreadable) }
    }
}
