//! A file of reports as a hotline desk has it, read into rows: CSV and its kin, XLSX, JSON, in whatever encoding and
//! with whatever headings.
//!
//! [`read`] makes a [`Table`] of a file's bytes: every row with the line that an editor (or Excel) shows. What each
//! column means is a [`Mapping`], guessed from its heading or chosen by somebody; [`Table::judge`] then says of every
//! row either what it reports or why not. No row vanishes: there are as many judgements as rows. A file that cannot be
//! right as a whole (a quotation mark that swallows lines, ids that Excel has rounded) is stopped with one sentence
//! that says what to do.
//!
//! An [`Import`] then counts what ingest makes of the rows. Nothing here sends, keeps or logs anything, and no bytes make
//! it panic.

mod csv;
mod decode;
mod dress;
mod field;
mod heading;
mod import;
mod json;
mod json_rows;
mod layout;
mod record;
mod refused;
mod rounded;
mod sentence;
mod swallowed;
mod table;
mod when;
mod xlsx;

pub use crate::field::{Channel, Field};
pub use crate::heading::{Mapping, same_heading};
pub use crate::import::{Import, ROWS_PER_CALL, Tally, Untold};
pub use crate::record::{Judged, Record};
pub use crate::refused::refused_csv;
pub use crate::sentence::Sentence;
pub use crate::table::{Row, Table, read};
