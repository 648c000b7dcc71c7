//! Pictures and voices of messages: what kinds there are, what a file is by its first bytes, and when fetching
//! is tried again. What a picture shows is `picture`'s.

use time::{Duration, OffsetDateTime};

/// Bytes of a file at most: the platform's own limit for pictures.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;

/// The platform keeps media for three days.
pub const PLATFORM_KEEPS: Duration = Duration::days(3);

/// What is unknown is never shown, only offered as a file.
pub const UNKNOWN_TYPE: &str = "application/octet-stream";

/// What a message has besides words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A picture.
    Picture,
    /// A voice message.
    Voice,
}

impl Kind {
    /// By the platform's kind of message.
    #[must_use]
    pub fn of_message(message_type: &str) -> Option<Self> {
        match message_type {
            "image" => Some(Self::Picture),
            "voice" => Some(Self::Voice),
            _ => None,
        }
    }

    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Voice => "voice",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Picture, Self::Voice].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Still to be fetched.
    Waiting,
    /// Here.
    Kept,
    /// Here, and not what it should be.
    Unreadable,
    /// Never to be had any more.
    Lost,
}

impl State {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Kept => "kept",
            Self::Unreadable => "unreadable",
            Self::Lost => "lost",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Kept, Self::Unreadable, Self::Lost]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// What a file is by its first bytes, whatever anybody says that it is.
#[must_use]
pub fn content_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'B', b'M', ..] => "image/bmp",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'#', b'!', b'A', b'M', b'R', b'-', b'W', b'B', ..] => "audio/amr-wb",
        [b'#', b'!', b'A', b'M', b'R', ..] => "audio/amr",
        [b'#', b'!', b'S', b'I', b'L', b'K', ..] | [2, b'#', b'!', b'S', b'I', b'L', b'K', ..] => {
            "audio/silk"
        }
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xf3 | 0xf2, ..] => "audio/mpeg",
        _ => UNKNOWN_TYPE,
    }
}

/// When to fetch again after so many attempts; `None` once the platform has forgotten it.
#[must_use]
pub fn next_attempt(attempts: i32, received: OffsetDateTime, now: OffsetDateTime) -> Option<OffsetDateTime> {
    const FIRST: Duration = Duration::seconds(30);
    const LONGEST: Duration = Duration::HOUR;
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(7);
    let again = now + (FIRST * 2i32.pow(doublings)).min(LONGEST);
    (again < received + PLATFORM_KEEPS).then_some(again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        for (bytes, known) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n", "image/png"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"#!AMR\n", "audio/amr"),
            (b"#!AMR-WB\n", "audio/amr-wb"),
            (b"<html>", UNKNOWN_TYPE),
            (b"<svg onload=alert(1)>", UNKNOWN_TYPE),
            (b"\x89PNG", UNKNOWN_TYPE),
            (b"", UNKNOWN_TYPE),
        ] {
            assert_eq!(content_type(bytes), known, "{bytes:?}");
        }
    }

    #[test]
    fn attempts_come_later_and_later_until_the_platform_has_forgotten() {
        let received = OffsetDateTime::UNIX_EPOCH;
        let wait =
            |attempts| (next_attempt(attempts, received, received).unwrap() - received).whole_seconds();
        assert_eq!([1, 2, 3, 8, 100].map(wait), [30, 60, 120, 3600, 3600]);
        let late = received + Duration::hours(71) + Duration::minutes(30);
        assert_eq!(next_attempt(9, received, late), None);
    }
}
