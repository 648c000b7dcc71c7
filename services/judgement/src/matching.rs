//! Which known thing a text is about: sure, maybe or none, and why.
//!
//! Candidates come from the index, likeness from `compare`, its worth from `rerank`. What a differing fact means
//! is said here: whatever the sum, a text with another place, number or a denial is never sure.

use crate::compare::{Asked, Likeness, Marks, SHORT_CHARACTERS};
use crate::facts::{Conflict, Facts};
use crate::index::{Field, Index, Kind, Target};
use crate::neighbours::{Neighbour, nearest};
use crate::profile::{Profile, text_of};
use crate::reason::Reason;
use crate::rerank::{Alike, Figures, figures, without_leads};
use crate::sameness::sameness;

mod weights;

pub use weights::{Judge, Judges};

/// How far a match may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// May be answered by machine.
    Sure,
    /// A report joins the claim; an officer can part them again.
    Likely,
    /// For a person to look at.
    Maybe,
}

/// A candidate with everything that was measured of it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it is.
    pub target: Target,
    /// How alike it is.
    pub alike: Alike,
    /// That, as figures.
    pub figures: Figures,
    /// What the figures are worth together: the logarithm of odds.
    pub score: f32,
}

/// The best match of one kind.
#[derive(Clone, Debug)]
pub struct Match {
    /// The id of what it matches.
    pub id: u128,
    /// 0 to 1: the odds as a share.
    pub similarity: f32,
    /// How far to trust it.
    pub certainty: Certainty,
    /// True when its words are nearly those of a text already known of the target.
    pub familiar: bool,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// The best clarification and the best claim.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// The published clarification most like the text.
    pub clarification: Option<Match>,
    /// The open claim most like the text.
    pub claim: Option<Match>,
    /// The nearest of both, whether or not they match.
    pub nearest: Vec<Neighbour>,
}

/// Texts with fewer informative characters are never sure: 「现实就是这样」 resembles everything.
const SURE_INFORMATIVE_MIN: usize = 6;
/// Texts with fewer informative characters are near to everything.
const NEAR_INFORMATIVE_MIN: usize = 4;
/// From here on a text says nothing that is not known of the target already.
pub const FAMILIAR: f32 = 0.8;
/// Texts kept of one claim. More would say the same again and make every look-up slower.
pub const TEXTS_MAX: usize = 24;

/// Every candidate for `profile`, best first, those of both kinds scored by their own weights.
pub fn candidates(index: &Index, judges: &Judges, profile: &Profile) -> Vec<Candidate> {
    let asked = Asked::of(profile, index);
    let mut marks = Marks::default();
    let mut found: Vec<(Target, Alike)> = Vec::new();
    let mut documents: Vec<_> =
        index.find(&asked.sought()).into_iter().filter_map(|number| index.document(number)).collect();
    // A body leads to its target, whose sentences then count too.
    let mut with_body: Vec<Target> = documents
        .iter()
        .filter(|document| document.field == Field::Body)
        .map(|document| document.target)
        .collect();
    with_body.sort_unstable();
    with_body.dedup();
    documents.retain(|document| with_body.binary_search(&document.target).is_err());
    documents.extend(with_body.into_iter().flat_map(|target| index.texts_of(target)));
    documents.sort_by_key(|document| document.target);
    for of_target in documents.chunk_by(|ours, theirs| ours.target == theirs.target) {
        let mut sentence = None;
        let mut body = None;
        for document in of_target {
            let likeness = asked.compare(document, &mut marks);
            let best = match document.field {
                Field::Sentence => &mut sentence,
                Field::Body => &mut body,
            };
            let worth = |likeness: &Likeness| likeness.cosine + 0.5 * likeness.covering;
            if best.as_ref().is_none_or(|best| worth(&likeness) > worth(best)) {
                *best = Some(likeness);
            }
        }
        let Some(sentence) = sentence.or(body) else { continue };
        let alike = Alike { sentence, body: body.unwrap_or(sentence), has_body: body.is_some() };
        found.push((of_target[0].target, alike));
    }
    let mut candidates: Vec<Candidate> = Vec::with_capacity(found.len());
    for of_kind in found.chunk_by(|ours, theirs| ours.0.kind == theirs.0.kind) {
        let alike: Vec<Alike> = of_kind.iter().map(|&(_, alike)| alike).collect();
        let weights = &judges.of(of_kind[0].0.kind).weights;
        for (&(target, alike), figures) in of_kind.iter().zip(figures(&asked, &alike)) {
            candidates.push(Candidate { target, alike, score: weights.score(&figures), figures });
        }
    }
    candidates
        .sort_by(|ours, theirs| theirs.score.total_cmp(&ours.score).then(ours.target.cmp(&theirs.target)));
    candidates
}

/// The claim that a report joins: the best candidate of those that the judge of joining gives enough, with what it
/// gives.
pub fn joined(judges: &Judges, candidates: &[Candidate]) -> Option<(Target, f32)> {
    best_to_join(judges, candidates, judges.joining.sure).map(|(candidate, score)| (candidate.target, score))
}

fn best_to_join<'a>(
    judges: &Judges,
    candidates: &'a [Candidate],
    least: f32,
) -> Option<(&'a Candidate, f32)> {
    candidates
        .iter()
        .filter(|candidate| {
            candidate.target.kind == Kind::Claim && (least < judges.joining.sure || !other_matter(candidate))
        })
        .map(|candidate| {
            let score = judges.joining.weights.score(&without_leads(&candidate.figures));
            (candidate, score + if names_it_only(candidate) { NAMED } else { 0.0 })
        })
        .filter(|&(candidate, score)| {
            let common = if least < judges.joining.sure { TO_BE_NEAR } else { TO_JOIN };
            score >= least && (common.holds(candidate) || names_it_only(candidate))
        })
        // Whether it joins is the one judge's to say; among those that it could join, both say which.
        .max_by(|ours, theirs| {
            let worth = |(candidate, score): &(&Candidate, f32)| candidate.score + score;
            worth(ours).total_cmp(&worth(theirs)).then(theirs.0.target.cmp(&ours.0.target))
        })
}

/// Texts of so few characters that say something name a thing and tell no more of it.
const BRIEF_INFORMATIVE: u32 = 9;

/// What it is worth to the judge of joining that a brief text names the claim's subject: it has few words to share.
const NAMED: f32 = 6.0;

/// What both must have in common for a short text to be alike, whatever the sum of weights says: those were fitted
/// among many rivals, and a young index has none.
struct Common {
    /// Share of either text.
    words: f32,
    /// Share of what the text claims of a place that it names: the same market is not the same matter.
    matter: f32,
    /// Whether a subject of the rules that both name is matter enough.
    subject_is_matter: bool,
}

/// A text that repeats so much of what is known is about it, whatever else it says.
const WHOLLY: f32 = 0.6;

/// Of what a text claims, the share that both say: two timetables or two lists of prices have nothing in common but
/// their digits and 「网传」.
const CLAIMED_MIN: f32 = 0.05;

const TO_BE_SURE: Common = Common { words: 0.25, matter: 0.5, subject_is_matter: false };
const TO_JOIN: Common = Common { words: 0.2, matter: 0.2, subject_is_matter: true };
const TO_BE_NEAR: Common = Common { words: 0.1, matter: 0.0, subject_is_matter: true };

impl Common {
    /// True where the candidate has so much in common with the text, or the text is long.
    const fn holds(&self, candidate: &Candidate) -> bool {
        let sentence = &candidate.alike.sentence;
        sentence.text_length > SHORT_CHARACTERS
            || sentence.claimed >= CLAIMED_MIN
                && sentence.cosine.max(sentence.covering).max(sentence.covered) >= self.words
                && (sentence.matter >= self.matter
                    || sentence.covering >= WHOLLY
                    || self.subject_is_matter && sentence.agreement.shared_subject)
    }
}

/// True where a brief text names the same subject of the rules (「听说今晚要地震」), and nothing in it differs.
const fn names_it_only(candidate: &Candidate) -> bool {
    let sentence = &candidate.alike.sentence;
    sentence.text_informative <= BRIEF_INFORMATIVE
        && sentence.agreement.shared_subject
        && !sentence.conflicts()
}

/// True where a short text says the same words of another place, or is about another subject of the rules: one
/// template with another town is another rumor.
const fn other_matter(candidate: &Candidate) -> bool {
    let sentence = &candidate.alike.sentence;
    let agreement = &sentence.agreement;
    sentence.text_length <= SHORT_CHARACTERS
        && (sentence.moved || agreement.other_region || agreement.other_place || agreement.other_subject)
}

/// Finds what `profile` matches.
pub fn matches(index: &Index, judges: &Judges, profile: &Profile) -> Matches {
    let candidates = candidates(index, judges, profile);
    let (of_claims, of_clarifications): (Vec<&Candidate>, Vec<&Candidate>) =
        candidates.iter().partition(|candidate| candidate.target.kind == Kind::Claim);
    let surely = |of_kind: &[&Candidate]| {
        surely(index, judges, profile, of_kind.iter().copied()).map(|best| best.target)
    };
    let clarification =
        of_clarifications.first().filter(|best| best.score >= judges.clarification.maybe).map(|best| {
            let sure = surely(&of_clarifications).is_some();
            let certainty = if sure { Certainty::Sure } else { Certainty::Maybe };
            worth(index, profile, best, best.score, certainty)
        });
    let sure_claim = surely(&of_claims);
    let joins = best_to_join(judges, &candidates, judges.joining.sure);
    let claim = joins.or_else(|| best_to_join(judges, &candidates, judges.joining.maybe)).map(
        |(candidate, score)| {
            let certainty = match joins {
                Some(_) if sure_claim == Some(candidate.target) => Certainty::Sure,
                Some(_) => Certainty::Likely,
                None => Certainty::Maybe,
            };
            worth(index, profile, candidate, score, certainty)
        },
    );
    Matches { clarification, claim, nearest: nearest(index, judges, &candidates) }
}

/// The open claim nearest to `profile` that is not `own`, for a person to look at. One of another matter is not near,
/// however alike the words are.
pub fn neighbour(index: &Index, judges: &Judges, profile: &Profile, own: u128) -> Option<Match> {
    let mut others = candidates(index, judges, profile);
    others.retain(|other| {
        other.target.id != own && !other_matter(other) && profile.informative >= NEAR_INFORMATIVE_MIN
    });
    let (nearest, score) = best_to_join(judges, &others, judges.joining.maybe)?;
    Some(worth(index, profile, nearest, score, Certainty::Maybe))
}

/// The first candidate, where the machine may answer with it. Candidates are of one kind, best first.
pub fn surely<'a>(
    index: &Index,
    judges: &Judges,
    profile: &Profile,
    candidates: impl IntoIterator<Item = &'a Candidate>,
) -> Option<&'a Candidate> {
    let mut candidates = candidates.into_iter();
    let best = candidates.next().filter(|best| is_sure(judges, profile, best))?;
    let sure = judges.of(best.target.kind).sure;
    let rivals = candidates.take_while(|rival| rival.score >= sure);
    // A text that tells of two things cannot be answered with one of them.
    let two_things = rivals.into_iter().any(|rival| !same_thing(index, best.target, rival.target));
    (best.target.kind == Kind::Claim || !two_things).then_some(best)
}

fn is_sure(judges: &Judges, profile: &Profile, candidate: &Candidate) -> bool {
    let sentence = &candidate.alike.sentence;
    // A report in the wrong claim is moved by an officer; a wrong answer is out.
    let differs = match candidate.target.kind {
        Kind::Clarification => sentence.conflicts(),
        Kind::Claim => other_matter(candidate),
    };
    candidate.score >= judges.of(candidate.target.kind).sure
        && TO_BE_SURE.holds(candidate)
        && !differs
        && profile.informative >= SURE_INFORMATIVE_MIN
        && sentence.informative as usize >= SURE_INFORMATIVE_MIN
}

/// Below this share of common characters two known sentences that one text repeats are two things. Lower than where
/// sentences are the same by themselves: that one text repeats both says much already.
const OTHER_THING: f32 = 0.15;

/// True where two known sentences say the same.
fn same_thing(index: &Index, ours: Target, theirs: Target) -> bool {
    let sentence = |target| index.texts_of(target).next();
    let (Some(ours), Some(theirs)) = (sentence(ours), sentence(theirs)) else { return false };
    sameness(ours.glyphs, theirs.glyphs) >= OTHER_THING
}

fn worth(index: &Index, profile: &Profile, candidate: &Candidate, score: f32, certainty: Certainty) -> Match {
    let sentence = &candidate.alike.sentence;
    let percent = |share: f32| share * 100.0;
    let mut reasons = vec![Reason::new(
        "match.overlap",
        format!(
            "字词相似度{:.0}%（来文{:.0}%的内容在其中，其内容的{:.0}%在来文中）",
            percent(sentence.cosine),
            percent(sentence.covered),
            percent(sentence.covering),
        ),
        f64::from(sentence.cosine),
    )];
    if sentence.run >= 4.0 {
        let detail = format!("有{:.0}个字连着相同", sentence.run);
        reasons.push(Reason::new("match.run", detail, f64::from(sentence.run_share)));
    }
    reasons.extend(said(index, profile, candidate.target, sentence));
    Match {
        id: candidate.target.id,
        similarity: 1.0 / (1.0 + (-score).exp()),
        certainty,
        familiar: sentence.cosine >= FAMILIAR,
        reasons,
    }
}

/// Says in words what agrees and what does not; only for what is shown, since it reads the texts again.
fn said(index: &Index, profile: &Profile, target: Target, likeness: &Likeness) -> Vec<Reason> {
    if !likeness.conflicts() && !likeness.agreement.shared_subject {
        return Vec::new();
    }
    let mut known: Option<Facts> = None;
    for document in index.texts_of(target) {
        let mut facts = Facts::of(&text_of(document.glyphs));
        if let Some(earlier) = &known {
            facts.inherit(earlier);
        }
        known = Some(facts);
    }
    let known = known.unwrap_or_default();
    let mut conflicts = profile.facts.conflicts(&known);
    conflicts.retain(|conflict| match conflict {
        Conflict::Place(..) => likeness.agreement.other_region || likeness.agreement.other_place,
        Conflict::Subject(..) => likeness.other_subject(),
        Conflict::Number(..) => likeness.other_number,
        Conflict::Denial => likeness.denial,
    });
    let mut reasons: Vec<Reason> = conflicts.iter().map(differs).collect();
    if let (true, Some(subject)) =
        (conflicts.is_empty(), profile.facts.subjects.intersection(&known.subjects).next())
    {
        reasons.push(Reason::new("match.subject", format!("说的都是{subject}"), 1.0));
    }
    reasons
}

fn differs(conflict: &Conflict) -> Reason {
    let (signal, detail) = match conflict {
        Conflict::Place(ours, theirs) => ("match.other_place", format!("地点不同：{ours}／{theirs}")),
        Conflict::Subject(ours, theirs) => ("match.other_subject", format!("主题不同：{ours}／{theirs}")),
        Conflict::Number(ours, theirs) => ("match.other_number", format!("数字不同：{ours}／{theirs}")),
        Conflict::Denial => ("match.denial", "一个肯定、一个否定".to_owned()),
    };
    Reason::new(signal, detail, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normalise::normalise;

    fn profile(text: &str) -> Profile {
        Profile::of(&normalise(text))
    }

    fn knowing(kind: Kind, known: &str) -> Index {
        let mut index = Index::default();
        index.add(Target { kind, id: 7 }, Field::Sentence, &profile(known));
        index
    }

    fn claim(known: &str, asked: &str) -> Option<Match> {
        matches(&knowing(Kind::Claim, known), Judges::get(), &profile(asked)).claim
    }

    fn clarification(known: &str, asked: &str) -> Option<Match> {
        matches(&knowing(Kind::Clarification, known), Judges::get(), &profile(asked)).clarification
    }

    #[test]
    fn every_weight_has_its_figure() {
        let Judges { claim, clarification, joining } = Judges::get();
        for judge in [claim, clarification, joining] {
            assert_eq!(judge.weights.weights.len(), crate::rerank::FIGURES.len());
            assert!(judge.maybe < judge.sure);
        }
    }

    #[test]
    fn the_same_thing_told_otherwise_joins_and_another_does_not() {
        let earthquake = "明天凌晨3点青岚县有7级地震，让大家别睡屋里";
        let told = claim(earthquake, "今晚三点我们县有七级大地震，快别在屋里睡").unwrap();
        assert_ne!(told.certainty, Certainty::Maybe);
        assert_ne!(claim(earthquake, "听说今晚要地震？").unwrap().certainty, Certainty::Maybe);
        assert!(told.reasons.iter().all(|reason| !reason.detail.is_empty()));
        for other in ["昨天四川地震", "凌晨3点全县停电是真的吗", "明天高速封路", "超市的盐被抢光了"]
        {
            let found = claim(earthquake, other);
            assert!(found.is_none_or(|found| found.certainty == Certainty::Maybe), "{other}");
        }
    }

    #[test]
    fn the_same_market_is_not_the_same_matter() {
        let melons = "听说城南市场的西瓜打了甜水针，是真的吗";
        for (asked, certainty) in [
            ("城南市场的西瓜打针了吗", Certainty::Sure),
            ("听说城南市场的西瓜打过甜水，小孩吃了拉肚子", Certainty::Sure),
            ("网传城南市场有人往瓜果里注射糖水，求证", Certainty::Maybe),
            ("网传城南市场卖的瓜果泡过药水", Certainty::Maybe),
        ] {
            let found = claim(melons, asked).map(|found| found.certainty);
            assert_eq!(found, Some(certainty), "{asked}");
            let answer = clarification(melons, asked).map(|found| found.certainty);
            assert!(certainty == Certainty::Sure || answer != Some(Certainty::Sure), "{asked}");
        }
        // The same fruit of the same market may join, where an officer can part them; it is not answered.
        for asked in ["城南市场的西瓜是偷来的", "城南市场的西瓜涨到十块一斤", "城南市场西瓜摊把人打伤了"]
        {
            let answer = clarification(melons, asked).map(|found| found.certainty);
            assert_ne!(answer, Some(Certainty::Sure), "{asked}");
        }
        assert_ne!(claim(melons, "城南市场着火了").map(|found| found.certainty), Some(Certainty::Sure));
    }

    #[test]
    fn days_prices_and_timetables_are_no_matter_by_themselves() {
        for (known, asked) in [
            (
                "网传12路公交改点 06:30 21:15 换成 118 139 150 分钟一班",
                "网传城东煤气检修2026.12.08-2026.12.15是真的吗",
            ),
            ("听说鸡蛋涨到 5.50 6.80 7.20 8.10，是真的吗", "听说3路车改点 05:50 06:80 07:20 08:10，是真的吗"),
            ("网传2026年12月8日上午9点30分停水是真的吗", "网传2026年12月8日上午9点30分放假是真的吗"),
        ] {
            assert!(claim(known, asked).is_none(), "{asked}");
            assert!(clarification(known, asked).is_none_or(|found| found.certainty != Certainty::Sure));
        }
        let known = "网传12路公交改点 06:30 21:15 换成 118 139 150 分钟一班";
        assert!(claim(known, "12路公交要改点了吗").is_some());
    }

    #[test]
    fn every_disagreement_is_named_and_is_never_sure() {
        let known = "城东市场的西瓜打了7针甜水";
        assert_eq!(clarification(known, known).unwrap().certainty, Certainty::Sure);
        for (asked, signal) in [
            ("城西市场的西瓜打了7针甜水", "match.other_place"),
            ("城东市场的西瓜打了9针甜水", "match.other_number"),
            ("城东市场的西瓜没打7针甜水", "match.denial"),
        ] {
            let found = clarification(known, asked).unwrap();
            assert_eq!(found.certainty, Certainty::Maybe, "{asked}");
            assert!(
                found.reasons.iter().any(|reason| reason.signal == signal),
                "{asked}: {:?}",
                found.reasons
            );
        }
    }

    #[test]
    fn only_what_is_said_about_the_same_words_contradicts() {
        for (known, asked) in [
            (
                "青岚县今天晚上12点大面积消毒",
                "青岚县9点全部商店都关门，今天晚上对主干道大面积消毒，药水浓度大，早点吃饭",
            ),
            (
                "燕窝可以提升免疫力预防肺炎病毒",
                "到处都在说眼下根本没有病毒的特效药，大医院里的专家也只能看着，只有燕窝可以提升免疫力预防肺炎病毒，让家里的老人和孩子们每天早上都多吃一点",
            ),
            ("四川青岚警方给确诊人员戴手铐", "青岚县医院门口有人看见警方给确诊人员戴手铐"),
        ] {
            let found = clarification(known, asked).unwrap();
            assert_eq!(found.certainty, Certainty::Sure, "{asked}: {:?}", found.reasons);
        }
        for (known, asked) in [
            ("青岚县今晚12点大面积消毒", "青岚县今晚9点大面积消毒"),
            ("燕窝可以提升免疫力预防肺炎", "燕窝不会提升免疫力预防肺炎"),
            ("四川青岚警方给确诊人员戴手铐", "云南的警方给确诊人员戴手铐"),
        ] {
            let found = clarification(known, asked);
            assert!(found.is_none_or(|found| found.certainty == Certainty::Maybe), "{asked}");
        }
    }

    #[test]
    fn the_nearest_other_claim_is_never_one_of_another_place_or_itself() {
        let mut index = Index::default();
        let texts = [
            "城东市场的西瓜打了甜水针",
            "城东市场的西瓜泡过药水",
            "明天高速公路要封路",
            "城西市场的西瓜打了甜水针",
        ];
        for (id, text) in (1..).zip(texts) {
            index.add(Target::claim(id), Field::Sentence, &profile(text));
        }
        let nearest =
            |text: &str, own| neighbour(&index, Judges::get(), &profile(text), own).map(|near| near.id);
        assert_eq!(nearest(texts[0], 1), Some(2));
        assert_eq!(nearest("明天高速公路封路吗", 3), None);
    }

    #[test]
    fn a_word_in_common_is_no_likeness_however_young_the_index() {
        let found = claim("今日天气预报内部版，台风要来", "内部消息：学校要合并");
        assert!(found.is_none_or(|found| found.certainty == Certainty::Maybe));
        let found = claim("听说野家要关门是真的吗", "听说自来水厂昨晚发生了严重爆炸，是真的吗");
        assert!(found.is_none_or(|found| found.certainty == Certainty::Maybe));
    }

    #[test]
    fn a_short_text_is_never_sure() {
        assert_eq!(clarification("今晚地震", "今晚地震").unwrap().certainty, Certainty::Maybe);
    }

    #[test]
    fn a_text_made_to_match_everything_is_sure_of_nothing() {
        let mut index = Index::default();
        let known =
            ["城东市场的西瓜都打了甜水针", "明天凌晨青岚县有7级地震", "自来水厂停水三天", "明天起高速封路"];
        for (text, id) in known.iter().zip(1..) {
            index.add(Target::clarification(id), Field::Sentence, &profile(text));
        }
        let found = matches(&index, Judges::get(), &profile(&known.concat())).clarification;
        assert!(found.is_none_or(|found| found.certainty == Certainty::Maybe));
    }

    proptest! {
        #[test]
        fn any_two_texts_are_compared_and_all_is_a_share(ours in "\\PC{0,80}", theirs in "\\PC{0,80}") {
            let found = claim(&ours, &theirs);
            prop_assert!(found.is_none_or(|found| (0.0..=1.0).contains(&found.similarity)));
        }
    }
}
