//! Reading a rules file that a person edited: bounds, and faults that say where, what and what to do.
//!
//! It knows how such a file is written and how large it may be. What the rules in it mean is for `intent`,
//! `urgency` and `routing`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::intent::Intent;
use crate::normalise::normalise;

/// The largest file: with the words that it may hold, every text is still judged in well under a millisecond.
pub const BYTES_MAX: usize = 64 * 1024;
/// Rules, signals or topics of one file.
pub const RULES_MAX: usize = 200;
/// Words of one file, each counted as often as a rule uses it.
pub const WORDS_MAX: usize = 10_000;
/// Characters of one word after normalisation.
pub const WORD_CHARS_MAX: usize = 30;
/// Characters of a name or of a sentence that is shown to officers.
pub const NAME_CHARS_MAX: usize = 60;
/// Points of one signal, and all points together.
pub const POINTS_MAX: u32 = 100;
/// Faults told at once: enough to go on with, and few enough to be sent with a refusal.
const FAULTS_MAX: usize = 5;

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In which line, from 1.
    pub line: usize,
    /// What is wrong and what to do, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// Why a rules file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.en())]
pub struct RulesError {
    /// What is wrong, in the order of the file; never empty.
    pub faults: Vec<Fault>,
}

impl RulesError {
    /// All of it in Chinese, a line for each fault.
    #[must_use]
    pub fn zh(&self) -> String {
        let lines = self.faults.iter().map(|fault| format!("第{}行：{}", fault.line, fault.zh));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// All of it in English, a line for each fault.
    #[must_use]
    pub fn en(&self) -> String {
        let lines = self.faults.iter().map(|fault| format!("line {}: {}", fault.line, fault.en));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Which part a list of words plays in its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// One of them must be there.
    Any,
    /// And one of these.
    With,
    /// And none of these.
    Unless,
    /// The whole message is one of them.
    Whole,
    /// They carry a topic.
    Subject,
    /// They speak for a topic, which they do not name.
    Also,
    /// They tip the balance.
    Hint,
    /// A list with a name, which rules stand for with `@name`.
    List,
}

/// One rule, signal or topic as people read it in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Where it begins in the file, from 1.
    pub line: usize,
    /// The intent that it decides.
    pub intent: Option<Intent>,
    /// What it tells officers.
    pub says: String,
    /// Its points.
    pub points: Option<u32>,
    /// Its departments, best first.
    pub departments: Vec<String>,
    /// The last day on which it counts.
    pub until: Option<time::Date>,
    /// Its words, as they are written in the file.
    pub lists: Vec<(Slot, Vec<String>)>,
}

impl Row {
    /// A row without anything but its name.
    #[must_use]
    pub const fn named(name: String, line: usize) -> Self {
        Self {
            name,
            line,
            intent: None,
            says: String::new(),
            points: None,
            departments: Vec::new(),
            until: None,
            lists: Vec::new(),
        }
    }

    /// Adds a list of words, if there are any.
    pub fn list(&mut self, slot: Slot, words: &[Spanned<String>]) {
        if !words.is_empty() {
            self.lists.push((slot, words.iter().map(|word| word.get_ref().clone()).collect()));
        }
    }
}

/// A file that is being checked, with what was found wrong so far.
pub struct Reading<'a> {
    text: &'a str,
    faults: Vec<Fault>,
    words: usize,
}

impl<'a> Reading<'a> {
    /// Reads a file's form; what it means is for the caller to check.
    ///
    /// # Errors
    /// When it is too large or not written as such a file is.
    pub fn of<T: DeserializeOwned>(text: &'a str) -> Result<(Self, T), RulesError> {
        let mut reading = Self { text, faults: Vec::new(), words: 0 };
        if text.len() > BYTES_MAX {
            reading.fault(
                BYTES_MAX,
                format!("文件太长：最多{}KB，请删去用不着的规则和词。", BYTES_MAX / 1024),
                format!(
                    "the file is too long: {} KiB at most; take out what is not needed.",
                    BYTES_MAX / 1024
                ),
            );
            return Err(RulesError { faults: reading.faults });
        }
        match toml::from_str(text) {
            Ok(file) => Ok((reading, file)),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                let (zh, en) = explained(error.message());
                reading.fault(at, zh, en);
                Err(RulesError { faults: reading.faults })
            }
        }
    }

    /// The line of a byte of the file, from 1.
    #[must_use]
    pub fn line(&self, at: usize) -> usize {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// Notes that something is wrong at a byte of the file.
    pub fn fault(&mut self, at: usize, zh: impl Into<String>, en: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { line: self.line(at), zh: zh.into(), en: en.into() });
        }
    }

    /// Checks how many rules there are, and says how many may be used.
    pub fn count<T>(&mut self, rules: &[Spanned<T>]) {
        if let Some(first_too_many) = rules.get(RULES_MAX) {
            self.fault(
                first_too_many.span().start,
                format!("规则太多：一个文件最多{RULES_MAX}条，请合并或删去一些。"),
                format!("too many rules: {RULES_MAX} at most in one file; join some or take some out."),
            );
        }
    }

    /// Checks a name, or a sentence that officers read.
    pub fn name(&mut self, name: &Spanned<String>) {
        let text = name.get_ref();
        let chars = text.chars().count();
        if text.trim().is_empty() || chars > NAME_CHARS_MAX || text.chars().any(char::is_control) {
            self.fault(
                name.span().start,
                format!("这里要写1到{NAME_CHARS_MAX}个字，不能换行。"),
                format!("write 1 to {NAME_CHARS_MAX} characters here, in one line."),
            );
        }
    }

    /// Checks words, and how many the file uses so far.
    pub fn words(&mut self, words: &[Spanned<String>]) {
        for word in words {
            self.words += 1;
            if self.words == WORDS_MAX + 1 {
                self.fault(
                    word.span().start,
                    format!("词太多：一个文件最多用{WORDS_MAX}个词。"),
                    format!("too many words: a file may use {WORDS_MAX} at most."),
                );
            }
            let shown = quoted(word.get_ref());
            match normalise(word.get_ref()).chars().count() {
                0 => self.fault(
                    word.span().start,
                    format!("“{shown}”里没有文字：标点和表情不参与判断，请写出词来或删去。"),
                    format!("\"{shown}\" holds no letters: signs and emoji are not looked at; write a word or take it out."),
                ),
                chars if chars > WORD_CHARS_MAX => self.fault(
                    word.span().start,
                    format!("“{shown}”太长：一个词最多{WORD_CHARS_MAX}个字，请只留下关键的几个字。"),
                    format!("\"{shown}\" is too long: a word has {WORD_CHARS_MAX} characters at most; keep those that matter."),
                ),
                _ => {}
            }
        }
    }

    /// Checks points.
    pub fn points(&mut self, points: &Spanned<u32>) {
        if *points.get_ref() > POINTS_MAX {
            self.fault(
                points.span().start,
                format!("分数要在0到{POINTS_MAX}之间。"),
                format!("points must be between 0 and {POINTS_MAX}."),
            );
        }
    }

    /// Ends the check.
    ///
    /// # Errors
    /// When anything was found wrong.
    pub fn finish(mut self) -> Result<(), RulesError> {
        if self.faults.is_empty() {
            return Ok(());
        }
        self.faults.sort_by_key(|fault| fault.line);
        Err(RulesError { faults: self.faults })
    }
}

/// The beginning of what somebody wrote, fit to stand in a message.
pub fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 20;
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(CHARS_MAX).collect();
    if text.chars().count() > CHARS_MAX {
        shown.push('…');
    }
    shown
}

/// What the parser's message means to somebody who is no programmer.
fn explained(message: &str) -> (String, String) {
    let name = message.split('`').nth(1).map(quoted).unwrap_or_default();
    let allowed = message.split_once("expected").map_or("", |(_, allowed)| allowed);
    let allowed: Vec<&str> = allowed.split('`').skip(1).step_by(2).collect();
    let zh = if message.starts_with("unknown field") {
        format!("没有“{name}”这一项；这里可以写：{}。", allowed.join("、"))
    } else if message.starts_with("missing field") {
        format!("缺少“{name}”这一项，请补上。")
    } else if message.starts_with("unknown variant") {
        format!("“{name}”不是已知的值；可以写：{}。", allowed.join("、"))
    } else if message.starts_with("duplicate") {
        "同一项写了两次，请只留一个。".to_owned()
    } else if message.starts_with("invalid length") {
        "方括号里的个数不对，请按内置文件的样子写全。".to_owned()
    } else if message.starts_with("invalid type") || message.starts_with("invalid value") {
        "值的种类不对：词要写在引号里，几个词写在方括号里，分数直接写数字。".to_owned()
    } else {
        "写法不对：引号、方括号要成对，词之间用逗号隔开；引号和逗号都要用英文半角。".to_owned()
    };
    let message = message.lines().next().unwrap_or_default();
    let en = format!(
        "{}; quotes and brackets come in pairs, words are separated by commas, all of them half-width.",
        message.chars().take(200).collect::<String>()
    );
    (zh, en)
}

/// A day as it is written in a file, with or without quotes.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Day {
    /// 2026-08-01
    Bare(toml::value::Datetime),
    /// "2026-08-01"
    Quoted(String),
}

impl Day {
    /// The day, if it is one.
    #[must_use]
    pub fn date(&self) -> Option<time::Date> {
        let written = match self {
            Self::Bare(datetime) => datetime.date?.to_string(),
            Self::Quoted(text) => text.trim().to_owned(),
        };
        let format = time::macros::format_description!("[year]-[month]-[day]");
        time::Date::parse(&written, format).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_says_is_told_in_words_for_an_officer() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            #[expect(dead_code, reason = "only its being there matters here")]
            words: Vec<String>,
        }
        for (text, line, says) in [
            ("words = [\"救命\"]\nwrods = 1", 2, "没有“wrods”这一项；这里可以写：words"),
            ("# nothing", 1, "缺少“words”"),
            ("words = [1]", 1, "值的种类不对"),
            ("words = []\nwords = []", 2, "写了两次"),
            ("\n\nwords = [“救命”]", 3, "英文半角"),
            ("words = [\"救命]\n", 1, "写法不对"),
            ("words = [\n\"a\",\u{0}]", 2, "写法不对"),
        ] {
            let error = Reading::of::<File>(text).map(|_| ()).unwrap_err();
            assert_eq!(error.faults[0].line, line, "{text:?}: {error:?}");
            assert!(error.zh().contains(says), "{text:?}: {error:?}");
        }
    }

    #[test]
    fn a_day_is_read_with_and_without_quotes() {
        #[derive(Deserialize)]
        struct File {
            day: Day,
        }
        for (text, is_day) in [
            ("day = 2026-08-01", true),
            ("day = \"2026-08-01\"", true),
            ("day = \"8月1日\"", false),
            ("day = 07:30:00", false),
        ] {
            let file: File = toml::from_str(text).unwrap();
            assert_eq!(file.day.date().is_some(), is_day, "{text}");
        }
    }
}
