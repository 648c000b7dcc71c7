//! Which departments a claim belongs to, by readable rules (`routing.toml`): two suggestions and why.
//!
//! It suggests; an officer routes. The rules' subject words also tell `ngram` what a text is about.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::reason::Reason;
use crate::words::{Found, Words};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fallback: [String; 2],
    topic: Vec<Topic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    name: String,
    department: String,
    second: String,
    subjects: Vec<String>,
    hints: Vec<String>,
}

/// How strongly a word speaks for its topic.
const SUBJECT: u32 = 3;
const HINT: u32 = 1;

/// The topic rules, ready to be looked up.
pub struct Topics {
    fallback: [String; 2],
    topics: Vec<Topic>,
    words: Words<(usize, u32)>,
    subjects: Words<()>,
}

/// The suggested departments, best first, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Two departments.
    pub departments: Vec<String>,
    /// What speaks for them.
    pub reasons: Vec<Reason>,
}

impl Topics {
    /// The rules that this program was built with.
    pub fn get() -> &'static Self {
        static TOPICS: LazyLock<Topics> = LazyLock::new(|| {
            let file: File = toml::from_str(include_str!("routing.toml"))
                .expect("routing.toml is part of the program, and a test reads it");
            let words = Words::overlapping(file.topic.iter().enumerate().flat_map(|(at, topic)| {
                let subjects = topic.subjects.iter().map(move |word| (word.clone(), (at, SUBJECT)));
                subjects.chain(topic.hints.iter().map(move |word| (word.clone(), (at, HINT))))
            }));
            let all_subjects = file.topic.iter().flat_map(|topic| topic.subjects.iter().cloned());
            Topics {
                subjects: Words::longest(all_subjects.map(|word| (word, ()))),
                words,
                fallback: file.fallback,
                topics: file.topic,
            }
        });
        &TOPICS
    }

    /// The subject words of a normalised text.
    pub fn subjects<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Found<'a, ()>> {
        self.subjects.in_order(text)
    }

    /// Suggests departments for a normalised text.
    pub fn route(&self, text: &str) -> Route {
        let mut words: Vec<BTreeSet<(&str, u32)>> = vec![BTreeSet::new(); self.topics.len()];
        for found in self.words.everywhere(text) {
            let (topic, weight) = found.meaning;
            words[topic].insert((found.word, weight));
        }
        let score = |topic: usize| words[topic].iter().map(|&(_, weight)| weight).sum::<u32>();
        // The rules' own order decides between equals, so that one text always goes the same way.
        let mut ranked: Vec<usize> = (0..self.topics.len()).filter(|&topic| score(topic) > 0).collect();
        ranked.sort_by_key(|&topic| std::cmp::Reverse(score(topic)));
        let Some(&best) = ranked.first() else {
            return Route {
                departments: self.fallback.to_vec(),
                reasons: vec![Reason::new("route.fallback", "没有词指向某个部门，先由本单位研判", 1.0)],
            };
        };
        let total: u32 = ranked.iter().map(|&topic| score(topic)).sum();
        let reasons = ranked
            .iter()
            .take(2)
            .map(|&topic| {
                let named: Vec<&str> = words[topic].iter().map(|&(word, _)| word).collect();
                let detail = format!("{}：{}", self.topics[topic].name, named.join("、"));
                Reason::new("route.topic", detail, f64::from(score(topic)) / f64::from(total))
            })
            .collect();
        let first = &self.topics[best];
        let second = ranked
            .iter()
            .skip(1)
            .map(|&topic| &self.topics[topic].department)
            .find(|department| **department != first.department)
            .unwrap_or(&first.second);
        Route { departments: vec![first.department.clone(), second.clone()], reasons }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::normalise;

    #[test]
    fn each_topic_reaches_its_department_first_and_a_second_one() {
        for (text, department) in [
            ("明天凌晨3点青岚县有7级地震", "县应急管理局"),
            ("城东市场的西瓜都打了甜水针，小孩吃了住院", "县市场监督管理局"),
            ("有面包车在小学门口抢孩子，是人贩子", "县公安局"),
            ("县医院有十几个人感染了新病毒被隔离", "县卫生健康局"),
            ("下周全县中小学停课", "县教育局"),
            ("明天起高速封路三天", "县交通运输局"),
            ("自来水厂停水三天", "县水利局"),
            ("小区停电停气，物业说要一个月", "县城市管理局"),
        ] {
            let route = Topics::get().route(&normalise(text));
            assert_eq!(route.departments[0], department, "{text}: {route:?}");
            assert_eq!(route.departments.len(), 2);
            assert_ne!(route.departments[0], route.departments[1]);
            assert!(!route.reasons.is_empty());
        }
    }

    #[test]
    fn a_text_about_nothing_known_stays_with_the_office_and_says_so() {
        let route = Topics::get().route(&normalise("abc"));
        assert_eq!(route.departments, ["县融媒体中心", "县委网信办"]);
        assert_eq!(route.reasons[0].signal, "route.fallback");
    }
}
