//! Pictures on their way to the platform. Reading, resizing and choosing
//! them is the caller's business.

use bytes::Bytes;

/// One picture file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Shown in the account's material list; the extension should fit.
    pub file_name: String,
    pub picture_type: PictureType,
    pub bytes: Bytes,
}

/// What the platform takes; `upload_image` takes only JPEG and PNG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureType {
    Jpeg,
    Png,
    Gif,
    Bmp,
}

/// A picture in the account's permanent store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    pub media_id: String,
    /// Usable on the platform's own domains only.
    pub url: Option<String>,
}

impl PictureType {
    /// Tells the type by the first bytes of the file.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', ..] => Some(Self::Png),
            [b'G', b'I', b'F', b'8', ..] => Some(Self::Gif),
            [b'B', b'M', ..] => Some(Self::Bmp),
            _ => None,
        }
    }

    /// The usual file extension, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
        }
    }

    pub(crate) fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
        }
    }
}
