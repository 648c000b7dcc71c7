//! Files as hotline desks have them, invented here: each is read as a person would read it, or stopped with a sentence
//! that says what to do; and no row of any file vanishes.

#![expect(clippy::unwrap_used, reason = "a test can only fail where its fixture does")]

mod counts;
mod desk;
mod encodings;
mod excel;
mod importing;
mod json;
mod rows;
mod times;
mod workbook;
