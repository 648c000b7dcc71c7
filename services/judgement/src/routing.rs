//! Which departments a claim belongs to, by readable rules (`routing.toml`) and, where an office has trained one,
//! by the model of how it routes: two suggestions and why.
//!
//! It suggests; an officer routes. The rules' subject words also tell `ngram` what a text is about.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::learn::sorter::Sorter;
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
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    hints: Vec<String>,
}

/// How strongly a word speaks for its topic.
const SUBJECT: u32 = 3;
const ALSO: u32 = 2;
const HINT: u32 = 1;
/// How strongly nothing at all speaks for the office itself: more than a hint does for a department.
const OFFICE: f32 = 1.5;
/// How much a point of the rules weighs beside the model's scores, which lie about 1 to either side of 0.
const RULES: f32 = 0.05;

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
                let also = topic.also.iter().map(move |word| (word.clone(), (at, ALSO)));
                let hints = topic.hints.iter().map(move |word| (word.clone(), (at, HINT)));
                subjects.chain(also).chain(hints)
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

    /// What the rules say about a normalised text: every topic that a word speaks for, in the rules' order.
    pub fn scored<'a>(&'a self, text: &'a str) -> Vec<Scored<'a>> {
        let mut words: Vec<BTreeMap<&str, u32>> = vec![BTreeMap::new(); self.topics.len()];
        for found in self.words.everywhere(text) {
            let (topic, weight) = found.meaning;
            let heard = words[topic].entry(found.word).or_default();
            *heard = weight.max(*heard);
        }
        let spoken_for = self.topics.iter().zip(words).filter(|(_, words)| !words.is_empty());
        spoken_for
            .map(|(topic, words)| Scored {
                topic: &topic.name,
                department: &topic.department,
                second: &topic.second,
                score: words.values().sum(),
                words: words.into_keys().collect(),
            })
            .collect()
    }

    /// Suggests departments for a normalised text, asking the office's own model where there is one.
    pub fn route(&self, text: &str, trained: Option<&Sorter>) -> Route {
        let scored = self.scored(text);
        let office = self.fallback[0].as_str();
        let ranked = rank(text, &scored, |topic| topic.department, office, trained);
        let best = ranked[0].name.clone();
        let mut reasons = Vec::new();
        let mut leading: Vec<&Scored<'_>> = scored.iter().collect();
        leading.sort_by_key(|topic| std::cmp::Reverse(topic.score));
        let total: u32 = leading.iter().map(|topic| topic.score).sum();
        reasons.extend(leading.iter().take(2).map(|topic| {
            let detail = format!("{}：{}", topic.topic, topic.words.join("、"));
            Reason::new("route.topic", detail, f64::from(topic.score) / f64::from(total))
        }));
        if let Some(taught) = ranked[0].taught {
            let detail = format!("本单位以往改派的记录指向{best}（{taught:+.1}）");
            reasons.push(Reason::new("route.trained", detail, 0.0));
        }
        if best == office {
            reasons.insert(0, Reason::new("route.fallback", "没有词指向某个部门，先由本单位研判", 1.0));
            return Route { departments: self.fallback.to_vec(), reasons };
        }
        let named_second = leading.iter().find(|topic| topic.department == best).map(|topic| topic.second);
        let second = ranked
            .iter()
            .skip(1)
            .find(|other| other.name != office && (other.rules > 0.0 || other.taught > Some(0.0)))
            .map_or(named_second.unwrap_or(office), |other| &other.name);
        Route { departments: vec![best, second.to_owned()], reasons }
    }
}

/// A topic that words of a text speak for.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// Its department.
    pub department: &'a str,
    /// Whom else it concerns.
    pub second: &'a str,
    /// How strongly, by the rules.
    pub score: u32,
    /// The words.
    pub words: Vec<&'a str>,
}

/// A department and what speaks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Its name.
    pub name: String,
    /// What the rules say, in points.
    pub rules: f32,
    /// What the model says, if there is one that knows it.
    pub taught: Option<f32>,
}

impl Ranked {
    fn together(&self, trained: bool) -> f32 {
        // A department that the model has never seen is as unlikely as one that it clearly rules out.
        if trained { self.taught.unwrap_or(-1.0) + RULES * self.rules } else { self.rules }
    }
}

/// Ranks departments for a normalised text, best first, the office itself among them; equals stay in the rules'
/// order. `name_of` says which department a topic belongs to.
pub fn rank<'a>(
    text: &str,
    scored: &'a [Scored<'a>],
    name_of: impl Fn(&'a Scored<'a>) -> &'a str,
    office: &str,
    trained: Option<&Sorter>,
) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = Vec::new();
    let mut of = |name: &str, points: f32, taught: Option<f32>| match ranked
        .iter_mut()
        .find(|known| known.name == name)
    {
        Some(known) => {
            known.rules += points;
            known.taught = known.taught.or(taught);
        }
        None => ranked.push(Ranked { name: name.to_owned(), rules: points, taught }),
    };
    for topic in scored {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred words at most")]
        of(name_of(topic), topic.score as f32, None);
    }
    of(office, OFFICE, None);
    for (name, score) in trained.map(|trained| trained.scores(text)).unwrap_or_default() {
        of(name, 0.0, Some(score));
    }
    let together = |ranked: &Ranked| ranked.together(trained.is_some());
    ranked.sort_by(|ours, theirs| together(theirs).total_cmp(&together(ours)));
    ranked
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
            let route = Topics::get().route(&normalise(text), None);
            assert_eq!(route.departments[0], department, "{text}: {route:?}");
            assert_eq!(route.departments.len(), 2);
            assert_ne!(route.departments[0], route.departments[1]);
            assert!(!route.reasons.is_empty());
        }
    }

    #[test]
    fn a_text_about_nothing_known_stays_with_the_office_and_says_so() {
        let route = Topics::get().route(&normalise("abc"), None);
        assert_eq!(route.departments, ["县融媒体中心", "县委网信办"]);
        assert_eq!(route.reasons[0].signal, "route.fallback");
    }
}
