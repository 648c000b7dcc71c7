//! What this service decides, without I/O: what a report may be, what a message is answered with, and how an
//! answer ends.

pub mod answer;
pub mod command;
pub mod halt;
pub mod import_source;
pub mod intent;
pub mod media;
pub mod receipt;
pub mod reply;
pub mod report;
