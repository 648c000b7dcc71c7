//! What a message is, by readable rules (`intent.toml`) and with the word that decided as its reason.
//!
//! Where no rule holds it is a report: a person decides, nothing is dropped. Whether somebody is in danger is asked
//! apart (`danger`) and goes first: an agency may write rules of its own, more words for help among them, but none of
//! them silences a call. No model, no learning: what the rules are in doubt about says so, and `learn::intents` may be
//! asked.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use toml::Spanned;

use crate::danger::{self, Danger, danger};
use crate::faces::is_wordless;
use crate::normalise::normalise;
use crate::reason::Reason;
use crate::rules_file::{Reading, Row, RulesError, Slot, quoted};
use crate::words::Words;

/// The rules that this program was built with, as a file.
pub const BUILT_IN: &str = include_str!("intent.toml");

/// How the name of a rule begins that says what is no call for help.
pub const NOT_HELP: &str = "not_help_";

/// The shortest word that may say what is no call for help.
const NOT_HELP_CHARS_MIN: usize = 3;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// 线索: something that may be a rumor.
    #[serde(alias = "线索")]
    Report,
    /// 咨询: a question about a service.
    #[serde(alias = "咨询")]
    Question,
    /// 诉求: a complaint.
    #[serde(alias = "诉求")]
    Complaint,
    /// 求助: a call for help.
    #[serde(alias = "求助")]
    Help,
    /// 异常现象: an observation for the department.
    #[serde(alias = "异常现象")]
    Observation,
    /// Anything else.
    #[serde(alias = "其他")]
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
    /// True when no rule holds and it is a report only so that a person looks.
    pub in_doubt: bool,
    /// Why somebody may be in danger, which a report can say too; `None` where nobody is.
    pub danger: Option<Reason>,
}

/// A word of a rule where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The word, normalised.
    pub word: &'a str,
    /// First byte in the normalised text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// A rule that holds for a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<'a> {
    /// The rule's name.
    pub name: &'a str,
    /// The intent that it decides, or would have decided.
    pub intent: Intent,
    /// What it tells officers.
    pub says: &'a str,
    /// Its words in the text.
    pub hits: Vec<Hit<'a>>,
}

/// A judgement with everything that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained<'a> {
    /// The judgement.
    pub judged: Judged,
    /// The rule that decided; `None` where none holds.
    pub decided_by: Option<Held<'a>>,
    /// Rules that hold too and come later, or were overruled by a call for help.
    pub others: Vec<Held<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    lists: HashMap<Spanned<String>, Vec<Spanned<String>>>,
    #[serde(default)]
    rule: Vec<Spanned<RuleText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: Spanned<String>,
    intent: Intent,
    says: Spanned<String>,
    #[serde(default)]
    any: Vec<Spanned<String>>,
    #[serde(default)]
    with: Vec<Spanned<String>>,
    #[serde(default)]
    unless: Vec<Spanned<String>>,
    #[serde(default)]
    whole: Vec<Spanned<String>>,
    #[serde(default)]
    disowns_answer: bool,
    chars_max: Option<usize>,
}

struct Rule {
    name: String,
    intent: Intent,
    says: String,
    needs_with: bool,
    disowns_answer: bool,
    chars_max: usize,
}

impl Rule {
    fn says_what_is_no_help(&self) -> bool {
        self.name.starts_with(NOT_HELP)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Any,
    With,
    Unless,
}

/// The intent rules, ready to be applied.
pub struct Rules {
    rules: Vec<Rule>,
    words: Words<(usize, Part)>,
    whole: HashMap<String, usize>,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Default)]
struct Seen<'a> {
    any: Option<&'a str>,
    with: Option<&'a str>,
    unless: bool,
}

impl Rules {
    /// The rules that this program was built with.
    pub fn get() -> &'static Arc<Self> {
        static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
            let rules = Rules::read(BUILT_IN, false);
            Arc::new(rules.expect("intent.toml is part of the program, and a test reads it"))
        });
        &RULES
    }

    /// Rules that an office wrote. What hears that somebody is in danger stays on beside them.
    ///
    /// # Errors
    /// When they cannot be used; says where and why.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        Self::read(text, true)
    }

    fn read(text: &str, of_an_office: bool) -> Result<Self, RulesError> {
        let (mut reading, file) = Reading::of::<File>(text)?;
        reading.count(&file.rule);
        file.check(&mut reading, of_an_office);
        let rows = file.rows(&reading);
        reading.finish()?;
        Ok(file.into_rules(rows))
    }

    /// The rules as people read them, in their order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Judges a message: as it was written, and normalised, of which `informative` characters say anything at all.
    pub fn judge(&self, message: &str, text: &str, informative: usize) -> Judged {
        self.hear(message, text, informative).0
    }

    /// The same for what was said too long ago for anybody to be in danger still.
    pub fn judge_past(&self, message: &str, text: &str, informative: usize) -> Judged {
        let text = if is_wordless(message) { "" } else { text };
        let past = self.holding(text).find(|&(rule, _)| self.rules[rule].intent != Intent::Help);
        let by_rule = past.map(|(rule, words)| self.rules[rule].decided(&words));
        settled(by_rule, text, informative)
    }

    /// The judgement, and what decided it.
    fn hear(&self, message: &str, text: &str, informative: usize) -> (Judged, Option<Decisive>) {
        let text = if is_wordless(message) { "" } else { text };
        let holding: Vec<(usize, String)> = self.holding(text).collect();
        let first = holding.first().map(|&(rule, _)| rule);
        let by_rule = holding.first().map(|(rule, words)| self.rules[*rule].decided(words));
        // What an office says is no call is none, and what it calls one is one.
        let is_no_call = holding.iter().any(|&(rule, _)| self.rules[rule].says_what_is_no_help());
        let called = holding.iter().find(|&&(rule, _)| self.rules[rule].intent == Intent::Help);
        let called = called.filter(|&&(rule, _)| !is_no_call || Some(rule) == first);
        let heard = if is_no_call { None } else { danger(message) };
        let (mut judged, decisive) = match (called, heard) {
            (Some((rule, words)), _) if Some(*rule) == first => {
                let judged = self.rules[*rule].decided(words);
                let danger = Some(judged.reason.clone());
                (Some(Judged { danger, ..judged }), Some(Decisive::Rule(*rule)))
            }
            (_, Some(heard)) => {
                let reports = first.is_none_or(|rule| self.rules[rule].intent == Intent::Report);
                if reports && heard.is_report_too {
                    let judged = by_rule.or_else(|| in_doubt(informative));
                    let danger = Some(heard.reason);
                    (judged.map(|judged| Judged { danger, ..judged }), first.map(Decisive::Rule))
                } else {
                    (Some(called_for_help(&heard)), Some(Decisive::Heard(heard)))
                }
            }
            (Some((rule, words)), None) => {
                let danger = Some(self.rules[*rule].decided(words).reason);
                (by_rule.map(|judged| Judged { danger, ..judged }), first.map(Decisive::Rule))
            }
            (None, None) => (by_rule, first.map(Decisive::Rule)),
        };
        let danger = judged.as_mut().and_then(|judged| judged.danger.take());
        let mut judged = settled(judged, text, informative);
        if let Some(reason) = danger.clone().filter(|_| judged.intent == Intent::Other) {
            // A cry may have no words besides.
            judged = Judged { intent: Intent::Help, reason, ..judged };
        }
        (Judged { danger, ..judged }, decisive)
    }

    /// Judges like [`judge`](Self::judge) and tells which rules hold and where their words are.
    pub fn explain<'a>(&'a self, message: &str, text: &'a str, informative: usize) -> Explained<'a> {
        let (judged, decisive) = self.hear(message, text, informative);
        let mut holding: Vec<usize> = self.holding(text).map(|(rule, _)| rule).collect();
        let decided_by = match decisive {
            None => None,
            Some(Decisive::Rule(rule)) => {
                holding.retain(|&other| other != rule);
                Some(self.held(rule, text))
            }
            Some(Decisive::Heard(heard)) => Some(heard_in(&heard, text)),
        };
        Explained {
            judged,
            decided_by,
            others: holding.into_iter().map(|rule| self.held(rule, text)).collect(),
        }
    }

    /// The rules that hold for a text, with the words that make them hold, in the order in which they decide.
    fn holding<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, String)> + 'a {
        let chars = text.chars().count();
        let whole = self.whole.get(text).copied();
        let mut seen = vec![Seen::default(); self.rules.len()];
        for found in self.words.everywhere(text) {
            let (rule, part) = found.meaning;
            match part {
                Part::Any => seen[rule].any = seen[rule].any.or(Some(found.word)),
                Part::With => seen[rule].with = seen[rule].with.or(Some(found.word)),
                Part::Unless => seen[rule].unless = true,
            }
        }
        let by_words = self.rules.iter().zip(seen).enumerate().filter_map(move |(at, (rule, seen))| {
            let any = seen.any?;
            let holds = chars <= rule.chars_max && !seen.unless && (!rule.needs_with || seen.with.is_some());
            holds.then(|| match seen.with {
                Some(with) if rule.needs_with => (at, format!("{any}…{with}")),
                _ => (at, any.to_owned()),
            })
        });
        let by_words = by_words.filter(move |&(rule, _)| Some(rule) != whole);
        whole.map(|rule| (rule, text.to_owned())).into_iter().chain(by_words)
    }

    /// A rule that holds, with all its words in the text.
    fn held<'a>(&'a self, at: usize, text: &'a str) -> Held<'a> {
        let rule = &self.rules[at];
        let mut hits: Vec<Hit<'a>> = self
            .words
            .everywhere(text)
            .filter(|found| found.meaning.0 == at && found.meaning.1 != Part::Unless)
            .map(|found| Hit { word: found.word, start: found.start, end: found.end })
            .collect();
        if self.whole.get(text) == Some(&at) {
            hits.push(Hit { word: text, start: 0, end: text.len() });
        }
        hits.sort_by_key(|hit| (hit.start, hit.end));
        hits.dedup();
        Held { name: &rule.name, intent: rule.intent, says: &rule.says, hits }
    }
}

/// What a judgement rests on.
enum Decisive {
    Rule(usize),
    Heard(Danger),
}

fn called_for_help(heard: &Danger) -> Judged {
    Judged {
        intent: Intent::Help,
        reason: heard.reason.clone(),
        disowns_answer: false,
        in_doubt: false,
        danger: Some(heard.reason.clone()),
    }
}

/// What was heard, shown like a rule. A word that another sign parts in the message is not marked in it.
fn heard_in<'a>(heard: &Danger, text: &'a str) -> Held<'a> {
    let mut hits: Vec<Hit<'a>> = heard
        .words
        .iter()
        .flat_map(|word| text.match_indices(word.as_str()))
        .map(|(start, word)| Hit { word, start, end: start + word.len() })
        .collect();
    hits.sort_by_key(|hit| (hit.start, hit.end));
    hits.dedup();
    Held { name: danger::HEARD, intent: Intent::Help, says: danger::SAYS, hits }
}

/// What follows from the rules for a text, of which `informative` characters say anything at all.
fn settled(judged: Option<Judged>, text: &str, informative: usize) -> Judged {
    let other = |signal: &str, detail: &str| Judged {
        intent: Intent::Other,
        reason: Reason::new(signal, detail, 1.0),
        disowns_answer: false,
        in_doubt: false,
        danger: None,
    };
    match judged {
        _ if text.is_empty() => other("intent.no_words", "没有文字内容"),
        // 「真的吗」 alone passes nothing on; there is nothing to gather it by.
        Some(judged) if judged.intent != Intent::Report || informative > 0 => judged,
        None => in_doubt(informative).unwrap_or_else(|| other("intent.no_subject", "没有说是什么事")),
        Some(_) => other("intent.no_subject", "没有说是什么事"),
    }
}

/// A report only so that a person looks; `None` where nothing informative is said.
fn in_doubt(informative: usize) -> Option<Judged> {
    (informative > 0).then(|| Judged {
        intent: Intent::Report,
        reason: Reason::new("intent.in_doubt", "没有规则能判定，按线索处理，由人判断", 0.5),
        disowns_answer: false,
        in_doubt: true,
        danger: None,
    })
}

impl Rule {
    fn decided(&self, words: &str) -> Judged {
        Judged {
            intent: self.intent,
            reason: Reason::new(&format!("intent.{}", self.name), format!("{}：{words}", self.says), 1.0),
            disowns_answer: self.disowns_answer,
            in_doubt: false,
            danger: None,
        }
    }
}

impl File {
    fn check(&self, reading: &mut Reading<'_>, of_an_office: bool) {
        let lists: HashMap<&str, &Vec<Spanned<String>>> =
            self.lists.iter().map(|(name, words)| (name.get_ref().as_str(), words)).collect();
        let mut names = HashSet::new();
        for rule in &self.rule {
            let rule_text = rule.get_ref();
            reading.name(&rule_text.name);
            reading.name(&rule_text.says);
            let name = rule_text.name.get_ref().as_str();
            if !names.insert(name) {
                reading.fault(
                    rule_text.name.span().start,
                    format!("已有名为“{}”的规则，请换一个名字。", quoted(name)),
                    format!("there is a rule named \"{}\" already; choose another name.", quoted(name)),
                );
            }
            if rule_text.any.is_empty() && rule_text.whole.is_empty() {
                reading.fault(
                    rule.span().start,
                    "这条规则没有 any 也没有 whole，永远不会用到，请写上词或删去这条。",
                    "this rule has neither `any` nor `whole` and would never hold; give it words or take it out.",
                );
            }
            if rule_text.chars_max == Some(0) {
                reading.fault(rule.span().start, "chars_max 要大于0。", "chars_max must be more than 0.");
            }
            reading.words(&rule_text.whole);
            for word in rule_text.any.iter().chain(&rule_text.with).chain(&rule_text.unless) {
                match word.get_ref().strip_prefix('@') {
                    None => reading.words(std::slice::from_ref(word)),
                    Some(list) => match lists.get(list) {
                        Some(words) if !words.is_empty() => reading.words(words),
                        _ => reading.fault(
                            word.span().start,
                            format!("没有名为“{}”的词表，或表里没有词；请在 [lists] 里写上。", quoted(list)),
                            format!(
                                "there is no list named \"{}\", or it is empty; write it under [lists].",
                                quoted(list)
                            ),
                        ),
                    },
                }
            }
            if of_an_office && name.starts_with(NOT_HELP) {
                check_not_help(rule_text, &lists, reading);
            }
        }
        if !self.rule.iter().any(|rule| rule.get_ref().intent == Intent::Help) {
            reading.fault(
                0,
                "没有一条规则判为求助（intent = \"help\"）。求助必须能被听到，请至少保留一条求助规则；\
                 内置的求助识别无论如何都有效，个别不是求助的说法请用名字以 not_help_ 开头的规则写明。",
                "no rule decides intent = \"help\". Calls for help must be heard: keep one such rule at least; the \
                 built-in hearing stays on anyway, and what is no call for help is said by a rule whose \
                 name begins with not_help_.",
            );
        }
    }

    fn rows(&self, reading: &Reading<'_>) -> Vec<Row> {
        let rules = self.rule.iter().map(|rule| {
            let line = reading.line(rule.span().start);
            let rule = rule.get_ref();
            let mut row = Row::named(rule.name.get_ref().clone(), line);
            row.intent = Some(rule.intent);
            row.says.clone_from(rule.says.get_ref());
            row.list(Slot::Whole, &rule.whole);
            row.list(Slot::Any, &rule.any);
            row.list(Slot::With, &rule.with);
            row.list(Slot::Unless, &rule.unless);
            row
        });
        let mut lists: Vec<Row> = self
            .lists
            .iter()
            .map(|(name, words)| {
                let mut row = Row::named(format!("@{}", name.get_ref()), reading.line(name.span().start));
                row.list(Slot::List, words);
                row
            })
            .collect();
        lists.sort_by_key(|row| row.line);
        rules.chain(lists).collect()
    }

    fn into_rules(self, rows: Vec<Row>) -> Rules {
        let lists: HashMap<&str, &[Spanned<String>]> =
            self.lists.iter().map(|(name, words)| (name.get_ref().as_str(), words.as_slice())).collect();
        let mut words = Vec::new();
        let mut whole = HashMap::new();
        let mut rules = Vec::new();
        for (at, rule) in self.rule.into_iter().map(Spanned::into_inner).enumerate() {
            for (part, list) in
                [(Part::Any, &rule.any), (Part::With, &rule.with), (Part::Unless, &rule.unless)]
            {
                let named = list.iter().flat_map(|word| match word.get_ref().strip_prefix('@') {
                    Some(list) => lists.get(list).copied().unwrap_or_default(),
                    None => std::slice::from_ref(word),
                });
                words.extend(named.map(|word| (word.get_ref().clone(), (at, part))));
            }
            for text in &rule.whole {
                whole.entry(normalise(text.get_ref())).or_insert(at);
            }
            rules.push(Rule {
                name: rule.name.into_inner(),
                intent: rule.intent,
                says: rule.says.into_inner(),
                needs_with: !rule.with.is_empty(),
                disowns_answer: rule.disowns_answer,
                chars_max: rule.chars_max.unwrap_or(usize::MAX),
            });
        }
        Rules { rules, words: Words::overlapping(words), whole, rows }
    }
}

/// A rule that says what is no call for help must be more particular than the words for help.
fn check_not_help(rule: &RuleText, lists: &HashMap<&str, &Vec<Spanned<String>>>, reading: &mut Reading<'_>) {
    let listed = |word: &Spanned<String>| {
        let list = word.get_ref().strip_prefix('@')?;
        lists.get(list).copied()
    };
    let any = rule.any.iter().flat_map(|word| listed(word).map_or(std::slice::from_ref(word), Vec::as_slice));
    for word in any {
        let normal = normalise(word.get_ref());
        if normal.chars().count() < NOT_HELP_CHARS_MIN || danger::is_in_a_word_for_help(&normal) {
            let shown = quoted(word.get_ref());
            reading.fault(
                word.span().start,
                format!("“{shown}”太宽，会盖住真正的求助。这样的规则只能用至少{NOT_HELP_CHARS_MIN}个字、比求助词更具体的说法，例如“救命稻草”。"),
                format!("\"{shown}\" is too wide and would cover real calls for help. Such a rule takes only words of {NOT_HELP_CHARS_MIN} characters or more that are more particular than the words for help, such as 救命稻草."),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::Profile;
    use crate::rules_file::RULES_MAX;

    fn judged_by(rules: &Rules, message: &str) -> Judged {
        let text = normalise(message);
        rules.judge(message, &text, Profile::of(&text).informative)
    }

    const HELP: &str =
        "[[rule]]\nname = \"help.ours\"\nintent = \"求助\"\nsays = \"呼救\"\nany = [\"俺们遭难\"]\n";

    fn office(more: &str) -> Result<Rules, RulesError> {
        Rules::parse(&format!("{more}{HELP}"))
    }

    fn rule(name: &str, intent: &str, any: &str) -> String {
        format!("[[rule]]\nname = \"{name}\"\nintent = \"{intent}\"\nsays = \"测试\"\nany = [{any}]\n")
    }

    #[test]
    fn what_no_rule_knows_is_a_report_for_a_person() {
        let judged = judged_by(Rules::get(), "明天高速封路三天");
        assert_eq!(judged.intent, Intent::Report);
        assert_eq!(judged.reason.signal, "intent.in_doubt");
        assert!(judged.in_doubt);
        assert!(!judged_by(Rules::get(), "救命，有人被困在电梯里").in_doubt);
    }

    #[test]
    fn not_this_disowns_the_answer_and_only_as_the_whole_message() {
        assert!(judged_by(Rules::get(), "不是。").disowns_answer);
        assert!(judged_by(Rules::get(), "不是这件事").disowns_answer);
        assert!(!judged_by(Rules::get(), "不是说明天地震吗").disowns_answer);
    }

    #[test]
    fn an_office_judges_by_its_own_rules_and_the_first_that_holds_decides() {
        let rules =
            office(&(rule("ours.lamp", "complaint", "\"路灯\"") + &rule("ours.dark", "other", "\"黑\"")))
                .unwrap();
        let text = normalise("路灯坏了，黑得很");
        let explained = rules.explain(&text, &text, 5);
        assert_eq!(explained.judged.intent, Intent::Complaint);
        assert_eq!(explained.judged.reason.signal, "intent.ours.lamp");
        let first = explained.decided_by.unwrap();
        assert_eq!(
            (first.name, first.hits[0].word, first.hits[0].start, first.hits[0].end),
            ("ours.lamp", "路灯", 0, 6)
        );
        assert_eq!(explained.others.iter().map(|held| held.name).collect::<Vec<_>>(), ["ours.dark"]);
    }

    #[test]
    fn no_edit_silences_a_call_for_help() {
        let everything = rule("all.other", "other", "\"困\", \"救\", \"火\"");
        let rules = office(&everything).unwrap();
        let judged = judged_by(&rules, "救命！我们被困在三楼，着火了");
        assert_eq!(judged.intent, Intent::Help);
        assert_eq!(judged.reason.signal, "intent.help.heard", "{judged:?}");
        assert_eq!(judged.danger, Some(judged.reason));
        let text = normalise("救命！我们被困在三楼，着火了");
        let explained = rules.explain("救命！我们被困在三楼，着火了", &text, 5);
        assert_eq!(explained.decided_by.unwrap().intent, Intent::Help);
        assert_eq!(explained.others[0].name, "all.other");
        assert_eq!(judged_by(&rules, "俺们遭难了").intent, Intent::Help);
    }

    #[test]
    fn an_office_names_what_is_no_call_for_help_and_only_by_particular_words() {
        let game = rule("not_help_escape", "other", "\"密室逃脱\"");
        let rules = office(&game).unwrap();
        assert_eq!(judged_by(&rules, "密室逃脱里被困在三楼救命啊").intent, Intent::Other);
        assert_eq!(judged_by(&rules, "被困在三楼救命啊").intent, Intent::Help);
        let first = rule("ours.game", "complaint", "\"不退票\"") + &game;
        let judged = judged_by(&office(&first).unwrap(), "密室逃脱不退票，喊救命都没用");
        assert_eq!(judged.intent, Intent::Complaint, "the order of the office's rules stays what it is");
        for too_wide in ["\"救命\"", "\"被困\"", "\"游戏\"", "\"救\""] {
            let error = office(&rule("not_help_wide", "other", too_wide)).map(|_| ()).unwrap_err();
            assert!(error.zh().contains("太宽") && error.faults[0].line == 5, "{too_wide}: {error:?}");
        }
    }

    #[test]
    fn rules_without_one_for_help_are_refused_with_the_reason() {
        let error = Rules::parse(&rule("a", "other", "\"甲\"")).map(|_| ()).unwrap_err();
        assert!(error.zh().contains("求助必须能被听到"), "{error:?}");
        assert!(error.faults[0].en.contains("Calls for help must be heard"));
    }

    #[test]
    fn every_fault_says_its_line_and_what_to_do() {
        for (more, line, says) in [
            (rule("a", "report", "\"@nobody\""), 5, "没有名为“nobody”的词表"),
            (rule("a", "report", "\"！😱\""), 5, "没有文字"),
            (rule("a", "report", &format!("\"{}\"", "长".repeat(31))), 5, "太长"),
            (rule("a", "report", ""), 1, "永远不会用到"),
            (rule("a", "rumour", "\"甲\""), 3, "不是已知的值"),
            (rule("a", "report", "\"甲\"") + &rule("a", "report", "\"乙\""), 7, "请换一个名字"),
            (rule("a", "report", "\"甲\"") + "chars_max = 0\n", 1, "大于0"),
            (rule("", "report", "\"甲\""), 2, "1到60个字"),
            ("[[rule]]\nname = \"a\"\n".to_owned(), 1, "缺少"),
        ] {
            let error = office(&more).map(|_| ()).unwrap_err();
            assert_eq!(error.faults[0].line, line, "{more}: {error:?}");
            assert!(error.zh().contains(says), "{more}: {error:?}");
        }
    }

    #[test]
    fn a_thousand_rules_and_a_large_file_are_refused() {
        let thousand: String = (0..1_000).map(|at| rule(&format!("r{at}"), "其他", "\"甲\"")).collect();
        let error = Rules::parse(&thousand).map(|_| ()).unwrap_err();
        assert!(error.zh().contains("文件太长"), "{error:?}");
        let some: String = (0..=RULES_MAX).map(|at| rule(&format!("r{at}"), "other", "\"甲\"")).collect();
        let error = office(&some).map(|_| ()).unwrap_err();
        assert_eq!(error.faults[0].line, RULES_MAX * 5 + 1, "{error:?}");
        assert!(error.zh().contains("规则太多"));
    }

    #[test]
    fn a_list_used_by_many_rules_counts_each_time() {
        let words: Vec<String> = (0..600).map(|at| format!("\"词{at}\"")).collect();
        let list = format!("[lists]\nmany = [{}]\n", words.join(","));
        let rules: String = (0..20).map(|at| rule(&format!("r{at}"), "other", "\"@many\"")).collect();
        let error = Rules::parse(&format!("{list}{rules}{HELP}")).map(|_| ()).unwrap_err();
        assert!(error.zh().contains("词太多"), "{error:?}");
    }

    #[test]
    fn a_word_that_begins_every_other_hides_none_of_them() {
        let rules =
            office(&(rule("a", "complaint", "\"噪音扰民\"") + &rule("b", "other", "\"噪\", \"噪音\"")))
                .unwrap();
        assert_eq!(judged_by(&rules, "楼下噪音扰民").intent, Intent::Complaint);
        assert_eq!(judged_by(&rules, "有噪音").intent, Intent::Other);
    }

    #[test]
    fn odd_texts_get_an_intent_from_built_in_and_own_rules_alike() {
        let own = office("").unwrap();
        for text in
            ["", " ", "😱😱😱", "\u{0}\u{7}\u{202E}", &"地震救命".repeat(25_000), "ｑｗｅ", "a\u{301}"]
        {
            for rules in [Rules::get(), &own] {
                assert!(!judged_by(rules, text).reason.detail.is_empty());
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_gets_an_intent_and_a_reason(text in "\\PC{0,120}") {
            let judged = judged_by(Rules::get(), &text);
            prop_assert!(!judged.reason.detail.is_empty());
            prop_assert!((0.0..=1.0).contains(&judged.reason.share));
        }

        #[test]
        fn any_file_is_rules_or_a_located_fault(
            text in "(\\[\\[rule\\]\\]|\\[lists\\]|name|any|intent|says| = |\"|\\[|\\]|,|\n|help|@|救命|😱|\\PC){0,60}",
        ) {
            match Rules::parse(&text) {
                Ok(rules) => prop_assert!(!rules.rows().is_empty()),
                Err(error) => {
                    let lines = text.lines().count() + 1;
                    prop_assert!(!error.faults.is_empty());
                    for fault in &error.faults {
                        prop_assert!((1..=lines).contains(&fault.line), "{:?}", fault);
                        prop_assert!(!fault.zh.is_empty() && !fault.en.is_empty());
                    }
                }
            }
        }

        #[test]
        fn the_explanation_is_the_judgement_and_its_words_are_where_it_says(text in "(听说|救命|被困在|井水|变浑|投诉|怎么办|身份证|[一-龥a-z0-9]){0,20}") {
            let text = normalise(&text);
            let informative = Profile::of(&text).informative;
            let rules = Rules::get();
            let explained = rules.explain(&text, &text, informative);
            prop_assert_eq!(&explained.judged, &rules.judge(&text, &text, informative));
            for held in explained.decided_by.iter().chain(&explained.others) {
                prop_assert!(!held.hits.is_empty());
                for hit in &held.hits {
                    prop_assert_eq!(&text[hit.start..hit.end], hit.word);
                }
            }
        }
    }
}
