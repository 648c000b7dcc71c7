//! Whether somebody is in danger now, whatever else a message says.
//!
//! A question of its own beside what the message is: a rumor report can call for help too. General features decide:
//! words that call, words for a plight, whose it is, here and now, urging; against them frames in which nobody is in
//! danger (others say it, somebody asks whether it is so, news, advice, fiction, the past) and jest. A frame covers the
//! clauses that it speaks about, never a clause in which somebody speaks of oneself. Beside the lists stands how alike
//! the words are to examples of calls and of others (`danger/tally.rs`), since no list knows every plight. In doubt
//! somebody is in danger. None of it is an office's to edit. Knows no clock: how old a message is, its caller knows.

mod tally;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::danger::tally::Tally;
use crate::normalise::normalise;
use crate::reason::Reason;
use crate::words::Words;

/// The signal of its reason, and the name of what decided.
pub const HEARD: &str = "help.heard";

/// What it tells officers.
pub const SAYS: &str = "有人求救或身处险境";

/// Only so many characters are looked at: nobody calls for help in the middle of a book.
const CHARS_MAX: usize = 4_000;

/// A text with more characters is long: what belongs together in it stands near each other.
const LONG: usize = 80;

/// Clauses looked at, for the same reason.
const CLAUSES_MAX: usize = 400;

/// Words that pass a message on.
const PASSING_ON: [&str; 6] = ["转发", "扩散", "求转", "转一下", "转到", "代转"];

/// Words for people who are nobody in particular, and there.
const SOMEBODY: [&str; 4] = ["有人", "里面", "还有", "人在"];

/// What calls by itself and is an ordinary word beside others.
const CRIES: [&str; 3] = ["help", "救", "报警"];

/// Words shown to officers at most.
const SHOWN_MAX: usize = 4;

/// Somebody is in danger, as far as words tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Danger {
    /// Why.
    pub reason: Reason,
    /// The words that call or tell the plight, normalised.
    pub words: Vec<String>,
    /// True where the message also tells what others say, asks whether it is so, passes on what is not the sender's
    /// own, or tells of something without calling.
    pub is_report_too: bool,
}

/// What a word is evidence of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Appeal,
    Plight,
    Strain,
    Urging,
    Own,
    Now,
    Hearsay,
    Seen,
    Asks,
    Apart,
    Lately,
    Beside,
    Inquiry,
    Jest,
    Grumble,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    appeal: Vec<String>,
    plight: Vec<String>,
    strain: Vec<String>,
    urging: Vec<String>,
    own: Vec<String>,
    now: Vec<String>,
    hearsay: Vec<String>,
    seen: Vec<String>,
    asks: Vec<String>,
    apart: Vec<String>,
    lately: Vec<String>,
    beside: Vec<String>,
    inquiry: Vec<String>,
    jest: Vec<String>,
    grumble: Vec<String>,
    hazard: String,
}

struct Lists {
    whole: Words<Sign>,
    /// Words in two parts that stand in one clause, in this order.
    parted: Vec<(Sign, String, String)>,
    /// Characters of harm.
    hazard: BTreeSet<char>,
}

impl Lists {
    fn get() -> &'static Self {
        static LISTS: LazyLock<Lists> = LazyLock::new(|| {
            let file: File = toml::from_str(include_str!("danger/words.toml"))
                .expect("words.toml is part of the program, and a test reads it");
            file.into_lists()
        });
        &LISTS
    }

    /// The signs in a clause, each with its word.
    fn signs(&'static self, clause: &str) -> Vec<(Sign, String)> {
        let whole = self.whole.everywhere(clause).map(|found| (found.meaning, found.word.to_owned()));
        let parted = self.parted.iter().filter_map(|(sign, first, then)| {
            let after = clause.find(first)? + first.len();
            clause[after..].contains(then.as_str()).then(|| (*sign, first.clone()))
        });
        whole.chain(parted).collect()
    }
}

impl File {
    fn into_lists(self) -> Lists {
        let lists = [
            (Sign::Appeal, self.appeal),
            (Sign::Plight, self.plight),
            (Sign::Strain, self.strain),
            (Sign::Urging, self.urging),
            (Sign::Own, self.own),
            (Sign::Now, self.now),
            (Sign::Hearsay, self.hearsay),
            (Sign::Seen, self.seen),
            (Sign::Asks, self.asks),
            (Sign::Apart, self.apart),
            (Sign::Lately, self.lately),
            (Sign::Beside, self.beside),
            (Sign::Inquiry, self.inquiry),
            (Sign::Jest, self.jest),
            (Sign::Grumble, self.grumble),
        ];
        let mut whole = Vec::new();
        let mut parted = Vec::new();
        for (sign, word) in
            lists.into_iter().flat_map(|(sign, words)| words.into_iter().map(move |word| (sign, word)))
        {
            match word.split_once('…') {
                Some((first, then)) => parted.push((sign, normalise(first), normalise(then))),
                None => whole.push((word, sign)),
            }
        }
        Lists { whole: Words::overlapping(whole), parted, hazard: self.hazard.chars().collect() }
    }
}

/// Part of a sentence.
struct Clause {
    sentence: usize,
    text: String,
    signs: Vec<(Sign, String)>,
    covered: bool,
}

impl Clause {
    fn has(&self, sign: Sign) -> bool {
        self.signs.iter().any(|(of, _)| *of == sign)
    }

    /// Somebody speaks of oneself, and not only of asking.
    fn is_first_person(&self) -> bool {
        const SELVES: [&str; 5] = ["我", "俺", "咱", "阿拉", "本人"];
        const ASKING: [&str; 12] = [
            "我想问",
            "我想知道",
            "我看到",
            "我听",
            "我要投诉",
            "我们能",
            "我们这吗",
            "我们县",
            "我们镇",
            "我们市",
            "我们区",
            "我们想",
        ];
        SELVES.iter().any(|own| self.text.contains(own)) && !ASKING.iter().any(|ask| self.text.contains(ask))
    }

    fn is_now(&self) -> bool {
        const NOW: [&str; 12] = [
            "现在",
            "正在",
            "还在",
            "刚才",
            "刚刚",
            "还有",
            "还没",
            "马上",
            "此刻",
            "就在",
            "还活着",
            "眼下",
        ];
        NOW.iter().any(|now| self.text.contains(now))
    }
}

/// Whether somebody is in danger, by the words of a message as it was written.
#[must_use]
pub fn danger(message: &str) -> Option<Danger> {
    let message = own_words(message);
    let whole = normalise(&message);
    if whole.is_empty() {
        return None;
    }
    let mut clauses = match clauses(&message) {
        // Characters that are set apart one by one belong together: 救！命！
        apart if apart.iter().all(|clause| clause.text.chars().count() <= 1) => clauses(&whole),
        spoken => spoken,
    };
    let asked = clauses.iter().any(|clause| clause.has(Sign::Asks));
    let told = asked || clauses.iter().any(|clause| clause.has(Sign::Hearsay));
    let framed = told || clauses.iter().any(|clause| clause.has(Sign::Apart));
    let urged = clauses.iter().any(|clause| clause.has(Sign::Urging) || clause.has(Sign::Appeal));
    cover(&mut clauses, asked, urged);
    let of_whole = Lists::get().signs(&whole);
    let length = whole.chars().count();
    let is_long = length > LONG;
    let sentences: BTreeSet<usize> = clauses.iter().map(|clause| clause.sentence).collect();
    let (score, words) = sentences
        .into_iter()
        .map(|first| {
            // What belongs together stands together: of a long text two sentences at a time.
            let near =
                |clause: &&Clause| !is_long || clause.sentence == first || clause.sentence == first + 1;
            let heard: Vec<&Clause> = clauses.iter().filter(near).filter(|clause| !clause.covered).collect();
            weigh(&heard, if framed { &[] } else { &of_whole }, &of_whole, length)
        })
        .max_by(|ours, theirs| ours.0.total_cmp(&theirs.0))?;
    let enough = match length {
        0..=60 => 3.0,
        61..=120 => 4.0,
        _ if framed => 6.5,
        _ => 5.5,
    };
    if score < enough {
        return None;
    }
    let speaks_of_self = clauses.iter().any(|clause| !clause.covered && clause.is_first_person());
    let passed_on = PASSING_ON.iter().any(|word| whole.contains(word));
    // Who neither calls nor speaks of anybody in particular tells of something: a claim, until a person knows better.
    let heard = |sign: Sign| clauses.iter().any(|clause| !clause.covered && clause.has(sign));
    let speaks_of_somebody = [Sign::Appeal, Sign::Urging, Sign::Own].into_iter().any(heard)
        || SOMEBODY.iter().any(|word| whole.contains(word));
    let mut shown: Vec<String> = Vec::new();
    for word in words {
        if shown.len() < SHOWN_MAX && !shown.iter().any(|earlier| earlier.contains(&word)) {
            shown.push(word);
        }
    }
    Some(Danger {
        reason: Reason::new(&format!("intent.{HEARD}"), format!("{SAYS}：{}", shown.join("、")), 1.0),
        words: shown,
        is_report_too: told || (passed_on && !speaks_of_self) || !speaks_of_somebody,
    })
}

/// Whether a normalised word is part of one that calls for help or tells a plight: nobody may take such a word for a sign
/// that there is none.
#[must_use]
pub fn is_in_a_word_for_help(word: &str) -> bool {
    let lists = Lists::get();
    let mut whole = lists.whole.all().map(|(of, sign)| (sign, of));
    let mut parted = lists.parted.iter().flat_map(|(sign, first, then)| [(*sign, first), (*sign, then)]);
    let calls = |sign: Sign| matches!(sign, Sign::Appeal | Sign::Plight);
    whole.any(|(sign, of)| calls(sign) && of.contains(word))
        || parted.any(|(sign, of)| calls(sign) && of.contains(word))
}

/// Marks the clauses in which nobody is in danger, because of what frames them.
fn cover(clauses: &mut [Clause], asked: bool, urged: bool) {
    let mut covered = vec![false; clauses.len()];
    for (at, clause) in clauses.iter().enumerate() {
        let sentence = clause.sentence;
        let told = clause.has(Sign::Hearsay) || (clause.has(Sign::Seen) && asked);
        let asks = clause.has(Sign::Asks);
        let apart = clause.has(Sign::Apart) || (clause.has(Sign::Lately) && !urged);
        covered[at] |= told || asks || apart || clause.has(Sign::Beside);
        for (other_at, other) in clauses.iter().enumerate() {
            let same = other.sentence == sentence;
            let by_telling = told && same && other_at > at;
            let by_asking =
                asks && (same || other.sentence + 1 == sentence) && (other_at < at || (at == 0 && same));
            if (by_telling || by_asking) && !other.is_first_person() {
                covered[other_at] = true;
            }
            let goes_on =
                other.sentence == sentence + 1 && !other.is_first_person() && !other.has(Sign::Urging);
            if apart && (same || goes_on) && !other.is_now() {
                covered[other_at] = true;
            }
        }
    }
    for (clause, covered) in clauses.iter_mut().zip(covered) {
        clause.covered = covered;
    }
}

/// How much these clauses say that somebody is in danger, and by which words.
fn weigh(
    clauses: &[&Clause],
    appeals_of_whole: &[(Sign, String)],
    of_whole: &[(Sign, String)],
    length: usize,
) -> (f32, Vec<String>) {
    if clauses.is_empty() {
        return (0.0, Vec::new());
    }
    let of = |sign: Sign| -> BTreeSet<&str> {
        let signs = clauses.iter().flat_map(|clause| &clause.signs);
        signs.filter(|(of, _)| *of == sign).map(|(_, word)| word.as_str()).collect()
    };
    let mut appeals = of(Sign::Appeal);
    appeals.extend(CRIES.iter().filter(|cry| clauses.iter().all(|clause| clause.text == **cry)));
    // A cry that is written with a sign after each character is one cry.
    appeals.extend(
        appeals_of_whole.iter().filter(|(sign, _)| *sign == Sign::Appeal).map(|(_, word)| word.as_str()),
    );
    let plights = longest(&of(Sign::Plight));
    let mut strains = longest(&of(Sign::Strain));
    strains.retain(|strain| !plights.iter().any(|plight| plight.contains(strain) || strain.contains(plight)));
    let listed: Vec<&str> = appeals.iter().chain(&plights).chain(&strains).copied().collect();
    let hazards = hazards(clauses, &listed);
    let (alike, alike_words) = Tally::get().likeness(clauses.iter().map(|clause| clause.text.as_str()));
    if listed.is_empty() && hazards.len() < 2 && alike <= 1.0 {
        return (0.0, Vec::new());
    }
    let one = |is: bool, worth: f32| if is { worth } else { 0.0 };
    let plight = match (plights.len(), strains.len()) {
        (0, 0) => 0.0,
        (0, 1) => 1.0,
        (0, _) | (1, 0) => 2.0,
        (_, _) => 3.0,
    };
    let hazard = match hazards.len() {
        0 => 0.0,
        1 => 0.5,
        2 | 3 => 1.0,
        _ => 1.5,
    };
    // A long text has something of everything.
    let weight = if length <= LONG { 1.3 } else { 0.65 };
    let likeness = (weight * (alike - 0.8)).clamp(-2.0, 3.5);
    let count = |sign: Sign| of_whole.iter().filter(|(of, _)| *of == sign).count() as f32;
    let (jests, grumbles) = (count(Sign::Jest), count(Sign::Grumble));
    let score = one(!appeals.is_empty(), 3.0)
        + plight
        + hazard
        + likeness
        + one(!of(Sign::Urging).is_empty(), 1.0)
        + one(!of(Sign::Own).is_empty(), 1.0)
        + one(!of(Sign::Now).is_empty(), 0.5)
        + one(clauses.iter().any(|clause| clause.is_first_person()), 1.0)
        + one(length <= 30, 0.5)
        - one(jests > 0.0, 2.5 + 1.5 * jests)
        - one(length <= 60, 2.0 * grumbles)
        - one(count(Sign::Inquiry) > 0.0 && appeals.is_empty(), 1.5)
        - one(appeals.is_empty() && plights.is_empty(), 0.5);
    let words = listed.iter().map(|word| (*word).to_owned());
    let words: Vec<String> = words.chain(hazards.iter().map(char::to_string)).chain(alike_words).collect();
    (score, words)
}

/// The characters of harm in these clauses that no word of the lists has counted.
fn hazards(clauses: &[&Clause], listed: &[&str]) -> BTreeSet<char> {
    let lists = Lists::get();
    let characters = clauses.iter().flat_map(|clause| clause.text.chars());
    let counted = |hazard: char| listed.iter().any(|word| word.contains(hazard));
    characters.filter(|&character| lists.hazard.contains(&character) && !counted(character)).collect()
}

/// Without the words that others hold.
fn longest<'a>(words: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let inside = |word: &&str| words.iter().any(|other| other.len() > word.len() && other.contains(*word));
    words.iter().filter(|word| !inside(word)).copied().collect()
}

fn clauses(message: &str) -> Vec<Clause> {
    const SENTENCE_ENDS: &str = "。！？!?；;\n…";
    const CLAUSE_ENDS: &str = "，,、：: ~～|／\u{3000}";
    let mut clauses = Vec::new();
    let mut sentence = 0;
    let mut rest = message;
    while !rest.is_empty() && clauses.len() < CLAUSES_MAX {
        let end = rest.find(|c| SENTENCE_ENDS.contains(c) || CLAUSE_ENDS.contains(c)).unwrap_or(rest.len());
        let text = normalise(&rest[..end]);
        if !text.is_empty() {
            let signs = Lists::get().signs(&text);
            clauses.push(Clause { sentence, text, signs, covered: false });
        }
        let Some(sign) = rest[end..].chars().next() else { break };
        if SENTENCE_ENDS.contains(sign) {
            sentence += 1;
        }
        rest = &rest[end + sign.len_utf8()..];
    }
    clauses
}

/// A message without names of accounts, titles of works and topics, which say what they like.
fn own_words(message: &str) -> String {
    let message: String = message.chars().take(CHARS_MAX).collect();
    let message = message.replace('🆘', "sos");
    let message = without_between(&message, '《', '》', 30);
    let message = without_between(&message, '#', '#', 40);
    let mut kept = String::with_capacity(message.len());
    let mut rest = message.as_str();
    while let Some(next) = rest.chars().next() {
        let name = NAMED_AFTER.iter().find_map(|mark| {
            let head = rest.get(..mark.len())?;
            head.eq_ignore_ascii_case(mark).then(|| &rest[mark.len()..])
        });
        match name {
            Some(name) => rest = after_name(name),
            None => {
                kept.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    kept
}

/// What a name of an account follows.
const NAMED_AFTER: [&str; 5] = ["via ", "via:", "via@", "@", "＠"];

/// What follows a name: up to a blank, a bracket or a sign. What is glued to 所有人, or goes on too long for a name,
/// are words.
fn after_name(text: &str) -> &str {
    const NAME_CHARS_MAX: usize = 12;
    const EVERYBODY: [&str; 4] = ["所有人", "全体成员", "全体", "all"];
    let text = text.trim_start_matches(['@', '＠', ' ', ':', '：']);
    if let Some(rest) = EVERYBODY.iter().find_map(|all| text.strip_prefix(all)) {
        return rest;
    }
    if let Some((_, rest)) = text.strip_prefix('〔').and_then(|masked| masked.split_once('〕')) {
        return rest;
    }
    let ends = |c: char| c.is_whitespace() || "：:，,。！!？?；;)）】]、".contains(c);
    let end = text.find(ends).unwrap_or(text.len());
    if text[..end].chars().count() > NAME_CHARS_MAX { text } else { &text[end..] }
}

fn without_between(text: &str, open: char, close: char, chars_max: usize) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(open) {
        let inside = &rest[at + open.len_utf8()..];
        let closing = inside.char_indices().take(chars_max + 1).find(|&(_, c)| c == close);
        kept.push_str(&rest[..at]);
        match closing {
            Some((end, c)) => rest = &inside[end + c.len_utf8()..],
            None => {
                kept.push(open);
                rest = inside;
            }
        }
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn calls(message: &str) -> bool {
        danger(message).is_some()
    }

    #[test]
    fn words_that_pass_it_on_length_and_script_hide_no_call() {
        let call = "救命！我们一家四口被困在城北大桥西头平房屋顶，水已经到窗台，有老人和孩子";
        assert!(calls(call));
        assert!(calls(&format!("{call}，求转发求扩散")));
        assert!(calls(&format!("{call}。{}", "我们在这里等，手机快没电了，雨一直在下。".repeat(10))));
        assert!(calls("救命！我們一家四口被困在屋頂，水已經到窗台"));
        assert!(calls("🆘🆘救💔命，我们🏠着🔥了"));
        assert!(calls("救！命！啊！"));
        assert!(calls("@所有人救命我们被困在三楼了"));
        assert!(calls("@〔用户〕救我，他要杀我"));
        assert!(calls("help"));
    }

    #[test]
    fn a_rumor_report_can_call_for_help_too() {
        let both = danger("群里都在说水库垮了是不是真的，我们家已经进水了出不来，快救我们").unwrap();
        assert!(both.is_report_too);
        let call = danger("求扩散！我奶奶一个人在河西村，屋里进水到腰，出不来，求救").unwrap();
        assert!(!call.is_report_too);
        assert!(danger("紧急求助，孩子在城西广场走丢，见到请联系，转发扩散").unwrap().is_report_too);
    }

    #[test]
    fn what_is_asked_about_told_named_or_meant_in_jest_is_no_call() {
        for message in [
            "网传有人求救是真的吗",
            "城东明天停水，真的吗 via 请救我美少女",
            "@救救孩子协会 你们周末上班吗",
            "城东明天停水吗@请救我美少女",
            "《救命》这首歌的作者是谁",
            "救命，笑死我了",
            "",
            "，，，",
        ] {
            assert!(!calls(message), "{message}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_heard_or_not_and_never_breaks(text in "(@|《|#|via |救命|。|，|听说|[一-龥a-z]|\\PC){0,60}") {
            if let Some(danger) = danger(&text) {
                prop_assert!(!danger.words.is_empty());
            }
        }
    }
}
