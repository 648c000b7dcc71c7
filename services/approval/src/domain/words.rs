//! Closed vocabularies: an enum whose every variant has one word, the same in SQL, JSON, events and pages.

/// A word that is in no vocabulary of this version: the row or the message is corrupt, or newer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{word}” is no {vocabulary}")]
pub struct UnknownWord {
    /// What it should have been.
    pub vocabulary: &'static str,
    /// What it was.
    pub word: String,
}

macro_rules! words {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Its word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::domain::UnknownWord { vocabulary: stringify!($name), word: word.to_owned() }),
                }
            }
        }
    };
}

pub(crate) use words;
