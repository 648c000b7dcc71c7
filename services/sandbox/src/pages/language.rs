//! Chinese first, English by `?lang=en`. Both wordings stand side by side in
//! the templates, so that neither is forgotten.

use serde::Deserialize;

/// The language of a page.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    Zh,
    En,
}

impl Language {
    /// The wording of this language.
    pub fn say<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// For the `lang` attribute.
    pub fn tag(&self) -> &'static str {
        self.say("zh-CN", "en")
    }

    /// What keeps the language in a link.
    pub fn query(&self) -> &'static str {
        self.say("", "?lang=en")
    }

    /// The other language's query.
    pub fn other_query(&self) -> &'static str {
        self.say("?lang=en", "?")
    }
}

/// What every page understands.
#[derive(Deserialize)]
pub struct PageQuery {
    #[serde(default)]
    pub lang: Language,
}
