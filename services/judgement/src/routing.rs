//! Which departments a claim belongs to, by readable rules (`routing.toml`) and, where an office has trained one,
//! by the model of how it routes: two suggestions and why.
//!
//! It suggests; an officer routes. The built-in rules' subject words also tell `profile` what a text is about;
//! those of an agency do not, because what is indexed already would have to be indexed again.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use toml::Spanned;

use crate::learn::sorter::Sorter;
use crate::ranking::{Scored, rank};
use crate::reason::Reason;
use crate::rules_file::{Reading, Row, RulesError, Slot, quoted};
use crate::words::{Found, Words};

/// The topic rules that this program was built with, as a file.
pub const BUILT_IN: &str = include_str!("routing.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fallback: [Spanned<String>; 2],
    #[serde(default)]
    topic: Vec<Spanned<TopicText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicText {
    name: Spanned<String>,
    department: Spanned<String>,
    second: Spanned<String>,
    subjects: Vec<Spanned<String>>,
    #[serde(default)]
    also: Vec<Spanned<String>>,
    #[serde(default)]
    hints: Vec<Spanned<String>>,
}

struct Topic {
    name: String,
    department: String,
    second: String,
}

/// How strongly a word speaks for its topic.
const SUBJECT: u32 = 3;
const ALSO: u32 = 2;
const HINT: u32 = 1;

/// The topic rules, ready to be looked up.
pub struct Topics {
    fallback: [String; 2],
    topics: Vec<Topic>,
    words: Words<(usize, u32)>,
    subjects: Words<()>,
    rows: Vec<Row>,
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
    pub fn get() -> &'static Arc<Self> {
        static TOPICS: LazyLock<Arc<Topics>> = LazyLock::new(|| {
            let topics = Topics::parse(BUILT_IN);
            Arc::new(topics.expect("routing.toml is part of the program, and a test reads it"))
        });
        &TOPICS
    }

    /// Topic rules that an office wrote.
    ///
    /// # Errors
    /// When they cannot be used; says where and why.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let (mut reading, file) = Reading::of::<File>(text)?;
        file.check(&mut reading);
        let rows = file.rows(&reading);
        reading.finish()?;
        Ok(file.into_topics(rows))
    }

    /// The topics as people read them, in their order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
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
        if let Some(taught) = ranked[0].taught {
            let detail = format!("本单位以往改派的记录指向{best}（{taught:+.1}）");
            reasons.push(Reason::new("route.trained", detail, 0.0));
        }
        if best == office {
            let detail = "没有词明确指向某个部门，先由本单位研判";
            reasons.push(Reason::new("route.fallback", detail, 1.0));
            return Route { departments: self.fallback.to_vec(), reasons };
        }
        let mut leading: Vec<&Scored<'_>> = scored.iter().collect();
        leading.sort_by_key(|topic| std::cmp::Reverse(topic.score));
        let total: u32 = leading.iter().map(|topic| topic.score).sum();
        reasons.extend(leading.iter().take(2).map(|topic| {
            let detail = format!("{}：{}", topic.topic, topic.words.join("、"));
            Reason::new("route.topic", detail, f64::from(topic.score) / f64::from(total))
        }));
        let named_second = leading.iter().find(|topic| topic.department == best).map(|topic| topic.second);
        let second = ranked
            .iter()
            .skip(1)
            .find(|other| other.name != office && (other.rules > 0.0 || other.taught > Some(0.0)))
            .map_or(named_second.unwrap_or(office), |other| &other.name);
        Route { departments: vec![best, second.to_owned()], reasons }
    }
}

impl File {
    fn check(&self, reading: &mut Reading<'_>) {
        reading.count(&self.topic);
        let [first, second] = &self.fallback;
        check_two(reading, first, second);
        let mut names = HashSet::new();
        for topic in &self.topic {
            let text = topic.get_ref();
            reading.name(&text.name);
            check_two(reading, &text.department, &text.second);
            reading.words(&text.subjects);
            reading.words(&text.also);
            reading.words(&text.hints);
            let name = text.name.get_ref();
            if !names.insert(name) {
                reading.fault(
                    text.name.span().start,
                    format!("已有名为“{}”的主题，请合并或换一个名字。", quoted(name)),
                    format!("there is a topic named \"{}\" already; join them or rename one.", quoted(name)),
                );
            }
            if text.subjects.is_empty() && text.also.is_empty() && text.hints.is_empty() {
                reading.fault(
                    topic.span().start,
                    "这个主题没有词，永远不会用到，请写上词或删去。",
                    "this topic has no words and would never be suggested; give it some or take it out.",
                );
            }
        }
    }

    fn rows(&self, reading: &Reading<'_>) -> Vec<Row> {
        let topics = self.topic.iter().map(|topic| {
            let text = topic.get_ref();
            let mut row = Row::named(text.name.get_ref().clone(), reading.line(topic.span().start));
            row.departments = vec![text.department.get_ref().clone(), text.second.get_ref().clone()];
            row.list(Slot::Subject, &text.subjects);
            row.list(Slot::Also, &text.also);
            row.list(Slot::Hint, &text.hints);
            row
        });
        let mut fallback =
            Row::named("（都不符合时）".to_owned(), reading.line(self.fallback[0].span().start));
        fallback.departments = self.fallback.iter().map(|department| department.get_ref().clone()).collect();
        topics.chain([fallback]).collect()
    }

    fn into_topics(self, rows: Vec<Row>) -> Topics {
        let mut words = Vec::new();
        let mut subjects = Vec::new();
        let mut topics = Vec::with_capacity(self.topic.len());
        for (at, topic) in self.topic.into_iter().map(Spanned::into_inner).enumerate() {
            for word in topic.subjects.into_iter().map(Spanned::into_inner) {
                words.push((word.clone(), (at, SUBJECT)));
                subjects.push((word, ()));
            }
            words.extend(topic.also.into_iter().map(|word| (word.into_inner(), (at, ALSO))));
            words.extend(topic.hints.into_iter().map(|word| (word.into_inner(), (at, HINT))));
            topics.push(Topic {
                name: topic.name.into_inner(),
                department: topic.department.into_inner(),
                second: topic.second.into_inner(),
            });
        }
        Topics {
            fallback: self.fallback.map(Spanned::into_inner),
            topics,
            words: Words::overlapping(words),
            subjects: Words::longest(subjects),
            rows,
        }
    }
}

/// Two suggestions are two departments.
fn check_two(reading: &mut Reading<'_>, first: &Spanned<String>, second: &Spanned<String>) {
    reading.name(first);
    reading.name(second);
    if first.get_ref() == second.get_ref() {
        reading.fault(
            second.span().start,
            "两个部门相同，请写上另一个可能要问的部门。",
            "both departments are the same; name another one that may have to be asked.",
        );
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

    const OWN: &str = "fallback = [\"甲局\", \"乙局\"]\n[[topic]]\nname = \"渡口\"\ndepartment = \"港航中心\"\n\
        second = \"甲局\"\nsubjects = [\"渡口\", \"轮渡\"]\n";

    #[test]
    fn an_office_routes_by_its_own_words_to_its_own_departments() {
        let topics = Topics::parse(OWN).unwrap();
        assert_eq!(topics.route(&normalise("渡口停航了"), None).departments, ["港航中心", "甲局"]);
        assert_eq!(topics.route(&normalise("地震"), None).departments, ["甲局", "乙局"]);
        assert_eq!(topics.rows().len(), 2);
    }

    #[test]
    fn every_fault_says_its_line_and_what_to_do() {
        for (from, to, line, says) in [
            ("second = \"甲局\"", "second = \"港航中心\"", 5, "两个部门相同"),
            ("\"渡口\", \"轮渡\"", "", 2, "没有词"),
            ("\"乙局\"]", "\"\"]", 1, "1到60个字"),
            ("\"渡口\", \"轮渡\"", "\"！\"", 6, "没有文字"),
            ("\"甲局\", \"乙局\"", "\"甲局\"", 1, "个数不对"),
        ] {
            let error = Topics::parse(&OWN.replacen(from, to, 1)).map(|_| ()).unwrap_err();
            assert_eq!(error.faults[0].line, line, "{to}: {error:?}");
            assert!(error.zh().contains(says), "{to}: {error:?}");
        }
    }
}
