//! The demo story: played once, through the same callbacks and pages that people use.
//!
//! Each step says what happened, how long after the beginning, and where to look. A step that does not come
//! true fails the story.

mod browser;
mod desk;
mod outside;
mod story;
pub mod words;

pub use browser::{Browser, Page};
pub use desk::{DepartmentLink, Desk, Seen};
pub use outside::{Citizen, Delivered, Entry, Outside};
pub use story::play;
pub use words::A_MESSAGE as FIRST_MESSAGE;
