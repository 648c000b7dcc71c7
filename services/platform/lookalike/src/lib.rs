//! What a text looks like, whatever characters it is written in.
//!
//! [`plain`] reads one character as what a person sees: radicals, full width, circled, mathematical and foreign
//! digits become the ordinary ones, invisible characters and marks over letters become nothing. A [`Shadow`] is a
//! whole text read so, with the way back into the text as it was written: search in the shadow, cut in the
//! original. [`hidden`] and [`cleaned`] are about the invisible characters alone. [`addresses`] finds web addresses, which
//! are no words and are not read.
//!
//! Nothing here knows language: traditional characters, numerals in words and letters that stand for digits are
//! others' business.

mod address;
mod hidden;
mod pictograph;
mod plain;
mod shadow;

pub use crate::address::addresses;
pub use crate::hidden::{Hidden, cleaned, hidden, is_invisible};
pub use crate::plain::{plain, plain_text};
pub use crate::shadow::Shadow;
