//! The two languages of the pages. Every text that a page shows of its own is a field of [`Words`], and each
//! language's catalogue is one value of it: a text that one of them lacks does not compile.

mod en;
mod words;
mod zh;

pub(crate) use words::Words;

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    /// Anything but `en` is Chinese.
    pub(crate) fn parse(code: &str) -> Self {
        if code == "en" { Self::English } else { Self::Chinese }
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// The one that the switch leads to.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// For the `lang` attribute, which also chooses the shapes of characters.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::Chinese => &zh::WORDS,
            Self::English => &en::WORDS,
        }
    }
}

/// Puts `value` where the text has `{}`.
pub(crate) fn fill(text: &str, value: impl std::fmt::Display) -> String {
    text.replacen("{}", &value.to_string(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_catalogues_say_everything_with_the_same_gaps() {
        let catalogues = [Language::Chinese, Language::English].map(|language| language.words().all());
        for ((name, zh), (_, en)) in catalogues[0].iter().zip(&catalogues[1]) {
            assert!(!zh.trim().is_empty(), "{name} is empty in Chinese");
            assert!(!en.trim().is_empty(), "{name} is empty in English");
            assert_eq!(zh.matches("{}").count(), en.matches("{}").count(), "{name} has other gaps");
        }
    }

    #[test]
    fn the_english_catalogue_is_english_and_the_chinese_one_chinese() {
        let han = |text: &str| text.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character));
        for (name, text) in Language::English.words().all() {
            // The switch names the other language in its own words.
            assert!(name == "switch_language" || !han(text), "{name} is not English: {text}");
        }
        for (name, text) in Language::Chinese.words().all() {
            assert!(name == "switch_language" || han(text), "{name} is not Chinese: {text}");
        }
    }

    #[test]
    fn an_unknown_language_is_chinese() {
        assert_eq!(Language::parse("fr"), Language::Chinese);
        assert_eq!(Language::parse(Language::English.code()), Language::English);
    }
}
