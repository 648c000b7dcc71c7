//! What publish decides, without asking anyone: states, plans, and what a platform's answer means. No I/O, no
//! clock, no database.

pub mod calendar;
pub mod channel;
pub mod halt;
pub mod plan;
pub mod publication;
pub mod wechat;
pub mod weibo;
