//! Words that say the same (`synonyms.txt`), read as one of them where texts are compared: people seldom retell a
//! rumor in its own words.

use std::sync::LazyLock;

use crate::normalise::normalise;
use crate::words::{Found, Words};

/// The lists of `synonyms.txt`, ready to be looked up.
pub struct Synonyms {
    words: Words<u8>,
    /// Of each list the word that stands for all of it.
    stand_for: Vec<Vec<char>>,
}

impl Synonyms {
    /// The lists that this program was built with.
    pub fn get() -> &'static Self {
        static SYNONYMS: LazyLock<Synonyms> = LazyLock::new(|| {
            let lists: Vec<Vec<&str>> = include_str!("synonyms.txt")
                .lines()
                .filter(|line| !line.starts_with('#'))
                .map(|line| line.split_whitespace().collect::<Vec<_>>())
                .filter(|list| !list.is_empty())
                .collect();
            let words = (1_u8..u8::MAX)
                .zip(&lists)
                .flat_map(|(number, list)| list.iter().map(move |&word| (word.to_owned(), number)));
            let words = Words::longest(words);
            let stand_for = lists.iter().map(|list| normalise(list[0]).chars().collect()).collect();
            Synonyms { words, stand_for }
        });
        &SYNONYMS
    }

    /// Every word of the lists in a normalised text, in order, with the number of its list: 1 to 254.
    pub fn in_order<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Found<'a, u8>> {
        self.words.in_order(text)
    }

    /// The word that a normalised word is read as.
    pub fn read(&self, word: &str) -> String {
        let found = self.in_order(word).next().filter(|found| found.word == word);
        found.map_or_else(|| word.to_owned(), |found| self.stands_for(found.meaning).iter().collect())
    }

    /// The word that stands for a list.
    pub fn stands_for(&self, number: u8) -> &[char] {
        self.stand_for.get(usize::from(number) - 1).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::facts::Facts;
    use crate::profile::{Profile, code_point, meant, text_of};

    fn read_as(text: &str) -> String {
        let profile = Profile::of(&normalise(text));
        meant(&profile.glyphs).filter_map(|(_, glyph)| char::from_u32(code_point(glyph))).collect()
    }

    #[test]
    fn words_that_say_the_same_are_read_as_one_and_kept_as_they_were_written() {
        assert_eq!(read_as("城东市场起火，小孩受伤"), read_as("城东市场着火，孩子受伤"));
        let profile = Profile::of(&normalise("城东市场起火，小孩受伤"));
        assert_eq!(text_of(&profile.glyphs), "城东市场起火小孩受伤");
    }

    #[test]
    fn what_states_a_fact_is_never_replaced() {
        let text = normalise("北京公安局今晚没抓人，儿童医院关门3天");
        let profile = Profile::of(&text);
        for kept in ["北京", "今晚", "没", "儿童医院", "3天"] {
            assert!(read_as(&text).contains(kept), "{kept} in {}", read_as(&text));
        }
        assert_eq!(profile.facts, Facts::of(&text));
    }

    #[test]
    fn what_is_another_claim_is_never_read_as_the_same() {
        for (one, other) in [
            ("大蒜致癌", "大蒜抗癌"),
            ("城管打人", "城管被打"),
            ("老人诈骗", "老人被骗"),
            ("明天封路", "明天封城"),
            ("明天停课", "明天开学"),
            ("吃了中毒", "吃了毒死"),
            ("演员吸毒", "演员贩毒"),
            ("女孩失踪", "妇女失踪"),
            ("司机酒驾", "司机醉驾"),
            ("食盐涨价", "食盐降价"),
            ("药品治疗", "药品预防"),
        ] {
            assert_ne!(read_as(one), read_as(other));
        }
    }

    #[test]
    fn every_list_has_a_number_and_no_word_is_in_two() {
        let synonyms = Synonyms::get();
        assert!(synonyms.stand_for.len() < usize::from(u8::MAX), "{} lists", synonyms.stand_for.len());
        let mut seen = HashSet::new();
        for (word, number) in synonyms.words.all() {
            assert!(seen.insert(word), "{word} is in two lists");
            assert!((1..u8::MAX).contains(&number));
        }
        for (at, word) in (1..).zip(&synonyms.stand_for) {
            let word: String = word.iter().collect();
            assert!(
                synonyms.words.all().any(|known| known == (word.as_str(), at)),
                "{word} stands for its list"
            );
            assert_eq!(synonyms.stands_for(at), word.chars().collect::<Vec<_>>());
        }
    }
}
