//! What a message is, by readable rules (`intent.toml`) and with the word that decided as its reason.
//!
//! Where no rule holds it is a report: a person decides, nothing is dropped. No model, no learning.

use std::sync::LazyLock;

use serde::Deserialize;
use std::collections::HashMap;

use crate::normalise::normalise;
use crate::reason::Reason;
use crate::words::Words;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// 线索: something that may be a rumor.
    Report,
    /// 咨询: a question about a service.
    Question,
    /// 诉求: a complaint.
    Complaint,
    /// 求助: a call for help.
    Help,
    /// 异常现象: an observation for the department.
    Observation,
    /// Anything else.
    Other,
}

/// An intent and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// What it is.
    pub intent: Intent,
    /// What decided.
    pub reason: Reason,
    /// True when the sender says that an automatic answer was not what was asked.
    pub disowns_answer: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    lists: HashMap<String, Vec<String>>,
    rule: Vec<RuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: String,
    intent: Intent,
    says: String,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    with: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    whole: Vec<String>,
    #[serde(default)]
    disowns_answer: bool,
    chars_max: Option<usize>,
}

struct Rule {
    signal: String,
    intent: Intent,
    says: String,
    needs_with: bool,
    disowns_answer: bool,
    chars_max: usize,
}

#[derive(Clone, Copy)]
enum Slot {
    Any,
    With,
    Unless,
}

/// The intent rules, ready to be applied.
pub struct Rules {
    rules: Vec<Rule>,
    words: Words<(usize, Slot)>,
    whole: HashMap<String, usize>,
}

#[derive(Clone, Copy, Default)]
struct Seen<'a> {
    any: Option<&'a str>,
    with: Option<&'a str>,
    unless: bool,
}

impl Rules {
    /// The rules that this program was built with.
    pub fn get() -> &'static Self {
        static RULES: LazyLock<Rules> = LazyLock::new(|| {
            let file: File = toml::from_str(include_str!("intent.toml"))
                .expect("intent.toml is part of the program, and a test reads it");
            Rules::from(file)
        });
        &RULES
    }

    /// Judges a normalised text of which `informative` characters say anything at all.
    pub fn judge(&self, text: &str, informative: usize) -> Judged {
        let chars = text.chars().count();
        if let Some(&rule) = self.whole.get(text) {
            return self.rules[rule].decided(text);
        }
        if chars == 0 {
            return Judged {
                intent: Intent::Other,
                reason: Reason::new("intent.no_words", "没有文字内容", 1.0),
                disowns_answer: false,
            };
        }
        let mut seen = vec![Seen::default(); self.rules.len()];
        for found in self.words.everywhere(text) {
            let (rule, slot) = found.meaning;
            match slot {
                Slot::Any => seen[rule].any = seen[rule].any.or(Some(found.word)),
                Slot::With => seen[rule].with = seen[rule].with.or(Some(found.word)),
                Slot::Unless => seen[rule].unless = true,
            }
        }
        let first = self.rules.iter().zip(&seen).find_map(|(rule, seen)| {
            let any = seen.any?;
            let holds = chars <= rule.chars_max && !seen.unless && (!rule.needs_with || seen.with.is_some());
            holds.then(|| match seen.with {
                Some(with) if rule.needs_with => rule.decided(&format!("{any}…{with}")),
                _ => rule.decided(any),
            })
        });
        match first {
            // 「真的吗」 alone passes nothing on; there is nothing to gather it by.
            Some(judged) if judged.intent != Intent::Report || informative > 0 => judged,
            None if informative > 0 => Judged {
                intent: Intent::Report,
                reason: Reason::new("intent.in_doubt", "没有规则能判定，按线索处理，由人判断", 0.5),
                disowns_answer: false,
            },
            Some(_) | None => Judged {
                intent: Intent::Other,
                reason: Reason::new("intent.no_subject", "没有说是什么事", 1.0),
                disowns_answer: false,
            },
        }
    }
}

impl Rule {
    fn decided(&self, words: &str) -> Judged {
        Judged {
            intent: self.intent,
            reason: Reason::new(&self.signal, format!("{}：{words}", self.says), 1.0),
            disowns_answer: self.disowns_answer,
        }
    }
}

impl From<File> for Rules {
    fn from(file: File) -> Self {
        let mut words = Vec::new();
        let mut whole = HashMap::new();
        let mut rules = Vec::new();
        for (at, rule) in file.rule.into_iter().enumerate() {
            for (slot, list) in
                [(Slot::Any, &rule.any), (Slot::With, &rule.with), (Slot::Unless, &rule.unless)]
            {
                for word in list.iter().flat_map(|word| named(word, &file.lists)) {
                    words.push((word.clone(), (at, slot)));
                }
            }
            whole.extend(rule.whole.iter().map(|text| (normalise(text), at)));
            rules.push(Rule {
                signal: format!("intent.{}", rule.name),
                intent: rule.intent,
                says: rule.says,
                needs_with: !rule.with.is_empty(),
                disowns_answer: rule.disowns_answer,
                chars_max: rule.chars_max.unwrap_or(usize::MAX),
            });
        }
        Self { rules, words: Words::overlapping(words), whole }
    }
}

/// A word, or every word of the list that `@name` stands for. An unknown list is an empty one; a test says so.
fn named<'a>(word: &'a String, lists: &'a HashMap<String, Vec<String>>) -> &'a [String] {
    match word.strip_prefix('@') {
        Some(list) => lists.get(list).map_or(&[], Vec::as_slice),
        None => std::slice::from_ref(word),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::Profile;

    fn judged(text: &str) -> Judged {
        let text = normalise(text);
        Rules::get().judge(&text, Profile::of(&text).informative)
    }

    #[test]
    fn every_message_of_the_demo_story_is_what_a_person_would_say_it_is() {
        for (text, intent) in [
            ("群里都在转，说明天凌晨3点青岚县有7级地震，让大家别睡屋里，是真的吗？", Intent::Report),
            ("听说城东市场的西瓜都打了甜水针，小孩吃了住院，真的吗", Intent::Report),
            ("身份证怎么补办", Intent::Question),
            ("不动产登记窗口周末上班吗", Intent::Question),
            ("我要投诉楼下KTV半夜噪音扰民，没人管", Intent::Complaint),
            ("某某局不作为，路灯坏了三个月", Intent::Complaint),
            ("救命！我们被困在三楼，着火了", Intent::Help),
            ("快来人，有人落水了", Intent::Help),
            ("村里的井水突然变浑了", Intent::Observation),
            ("后山山体裂缝，还掉石头", Intent::Observation),
            ("你好", Intent::Other),
            ("谢谢！", Intent::Other),
            ("😱😱😱", Intent::Other),
            ("", Intent::Other),
            ("真的吗？", Intent::Other),
            ("1", Intent::Other),
        ] {
            let judged = judged(text);
            assert_eq!(judged.intent, intent, "{text}: {judged:?}");
            assert!(!judged.reason.detail.is_empty());
        }
    }

    #[test]
    fn what_is_passed_on_is_a_report_whatever_it_is_about() {
        for text in [
            "网传有人被困地下车库喊救命",
            "听说民政局不作为老人饿死了",
            "听说身份证要全部换新的怎么办",
            "群里说井水变浑是地震前兆",
        ] {
            assert_eq!(judged(text).intent, Intent::Report, "{text}");
        }
    }

    #[test]
    fn what_no_rule_knows_is_a_report_for_a_person() {
        let judged = judged("明天高速封路三天");
        assert_eq!(judged.intent, Intent::Report);
        assert_eq!(judged.reason.signal, "intent.in_doubt");
    }

    #[test]
    fn not_this_disowns_the_answer_and_only_as_the_whole_message() {
        assert!(judged("不是。").disowns_answer);
        assert!(judged("不是这件事").disowns_answer);
        assert!(!judged("不是说明天地震吗").disowns_answer);
    }

    #[test]
    fn every_list_that_a_rule_names_exists() {
        let file: File = toml::from_str(include_str!("intent.toml")).unwrap();
        for rule in &file.rule {
            for word in rule.any.iter().chain(&rule.with).chain(&rule.unless) {
                assert!(!named(word, &file.lists).is_empty(), "{}: {word}", rule.name);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_gets_an_intent_and_a_reason(text in "\\PC{0,120}") {
            let judged = judged(&text);
            prop_assert!(!judged.reason.detail.is_empty());
            prop_assert!((0.0..=1.0).contains(&judged.reason.share));
        }
    }
}
