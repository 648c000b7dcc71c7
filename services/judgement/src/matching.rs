//! What likeness is worth: sure, maybe or none, and why.
//!
//! Likeness is the cosine of the weighted n-grams, lowered by every fact on which two texts disagree. The
//! thresholds were set on dated collections of real reports with a margin; no weight here was learned from any text.

use ids::{ClaimId, ClarificationId};

use crate::facts::Conflict;
use crate::index::{Index, Likeness};
use crate::ngram::Profile;
use crate::reason::Reason;

/// What a text can be matched to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// An open claim.
    Claim(ClaimId),
    /// A published clarification.
    Clarification(ClarificationId),
}

/// How far a match may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// May be answered by machine.
    Sure,
    /// About the same thing, as far as the words go.
    Maybe,
}

/// The best match of one kind.
#[derive(Clone, Debug)]
pub struct Match<T> {
    /// What it matches.
    pub target: T,
    /// 0 to 1.
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
    pub clarification: Option<Match<ClarificationId>>,
    /// The open claim most like the text.
    pub claim: Option<Match<ClaimId>>,
}

/// From here on two texts are about the same thing.
const MAYBE: f32 = 0.16;
/// From here on, and without any conflict, the machine may answer.
const SURE: f32 = 0.40;
/// Texts with fewer informative characters are never sure: 「现实就是这样」 resembles everything.
const SURE_INFORMATIVE_MIN: usize = 6;
/// From here on a text says nothing that is not known of the target already.
const FAMILIAR: f32 = 0.8;

/// What each disagreement leaves of the likeness.
const OTHER_PLACE: f32 = 0.3;
const OTHER_SUBJECT: f32 = 0.55;
const OTHER_NUMBER: f32 = 0.8;
const DENIAL: f32 = 0.8;
/// What a shared subject adds where nothing disagrees: short texts name little else.
const SHARED_SUBJECT: f32 = 1.25;

/// Finds what `profile` matches.
pub fn matches(index: &Index<Target>, profile: &Profile) -> Matches {
    let mut matches = Matches::default();
    for likeness in index.alike(profile) {
        let Some(found) = judge(profile, &likeness) else { continue };
        match likeness.target {
            Target::Claim(claim) => keep(&mut matches.claim, found, claim),
            Target::Clarification(clarification) => keep(&mut matches.clarification, found, clarification),
        }
    }
    matches
}

fn keep<T>(best: &mut Option<Match<T>>, found: Match<()>, target: T) {
    if best.as_ref().is_none_or(|best| found.similarity > best.similarity) {
        let Match { similarity, certainty, familiar, reasons, target: () } = found;
        *best = Some(Match { target, similarity, certainty, familiar, reasons });
    }
}

fn judge(profile: &Profile, likeness: &Likeness<'_, Target>) -> Option<Match<()>> {
    let conflicts = profile.facts.conflicts(likeness.facts);
    let left: f32 = conflicts.iter().map(remains).product();
    let shared = profile.facts.subjects.intersection(&likeness.facts.subjects).next();
    let raised = if conflicts.is_empty() && shared.is_some() { SHARED_SUBJECT } else { 1.0 };
    let similarity = (likeness.cosine * left * raised).clamp(0.0, 1.0);
    if similarity < MAYBE {
        return None;
    }
    let sure = conflicts.is_empty()
        && likeness.cosine >= SURE
        && profile.informative >= SURE_INFORMATIVE_MIN
        && likeness.informative >= SURE_INFORMATIVE_MIN;
    let mut reasons = vec![Reason::new(
        "match.overlap",
        format!(
            "字词相似度{:.0}%（来文{:.0}%的内容在其中，其内容的{:.0}%在来文中）",
            likeness.cosine * 100.0,
            likeness.covered * 100.0,
            likeness.covering * 100.0
        ),
        f64::from(likeness.cosine.clamp(0.0, 1.0)),
    )];
    if let (Some(subject), true) = (shared, conflicts.is_empty()) {
        let share = (similarity - likeness.cosine).clamp(0.0, 1.0);
        reasons.push(Reason::new("match.subject", format!("说的都是{subject}"), f64::from(share)));
    }
    reasons.extend(conflicts.iter().map(reason));
    let certainty = if sure { Certainty::Sure } else { Certainty::Maybe };
    Some(Match { target: (), similarity, certainty, familiar: likeness.cosine >= FAMILIAR, reasons })
}

const fn remains(conflict: &Conflict) -> f32 {
    match conflict {
        Conflict::Place(..) => OTHER_PLACE,
        Conflict::Subject(..) => OTHER_SUBJECT,
        Conflict::Number(..) => OTHER_NUMBER,
        Conflict::Denial => DENIAL,
    }
}

/// Says what disagrees; its share is what it took away.
fn reason(conflict: &Conflict) -> Reason {
    let (signal, detail) = match conflict {
        Conflict::Place(ours, theirs) => ("match.other_place", format!("地点不同：{ours}／{theirs}")),
        Conflict::Subject(ours, theirs) => ("match.other_subject", format!("主题不同：{ours}／{theirs}")),
        Conflict::Number(ours, theirs) => ("match.other_number", format!("数字不同：{ours}／{theirs}")),
        Conflict::Denial => ("match.denial", "一个肯定、一个否定".to_owned()),
    };
    Reason::new(signal, detail, f64::from(1.0 - remains(conflict)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normalise::normalise;

    fn profile(text: &str) -> Profile {
        Profile::of(&normalise(text))
    }

    fn against(known: &str, asked: &str) -> Option<Match<ClaimId>> {
        let mut index = Index::new();
        index.add(Target::Claim(ClaimId::mint()), &profile(known));
        matches(&index, &profile(asked)).claim
    }

    #[test]
    fn the_same_thing_told_otherwise_is_found_and_another_is_not() {
        let earthquake = "明天凌晨3点青岚县有7级地震，让大家别睡屋里";
        let told = against(earthquake, "今晚三点我们县有七级大地震，快别在屋里睡");
        assert!(told.is_some_and(|told| told.reasons.iter().all(|reason| !reason.detail.is_empty())));
        for other in ["昨天四川地震", "凌晨3点全县停电是真的吗", "明天高速封路", "超市的盐被抢光了"]
        {
            assert!(against(earthquake, other).is_none(), "{other}");
        }
    }

    #[test]
    fn every_disagreement_lowers_the_likeness_is_named_and_is_never_sure() {
        let known = "城东市场的西瓜打了7针甜水";
        let same = against(known, known).unwrap();
        assert_eq!(same.certainty, Certainty::Sure);
        for (asked, signal) in [
            ("城西市场的西瓜打了7针甜水", "match.other_place"),
            ("城东市场的西瓜打了9针甜水", "match.other_number"),
            ("城东市场的西瓜没打7针甜水", "match.denial"),
        ] {
            let found = against(known, asked).unwrap();
            assert!(found.similarity < same.similarity, "{asked}");
            assert_eq!(found.certainty, Certainty::Maybe, "{asked}");
            assert!(
                found.reasons.iter().any(|reason| reason.signal == signal),
                "{asked}: {:?}",
                found.reasons
            );
        }
    }

    #[test]
    fn a_short_text_is_never_sure() {
        assert_eq!(against("今晚地震", "今晚地震").unwrap().certainty, Certainty::Maybe);
    }

    proptest! {
        #[test]
        fn any_two_texts_are_compared_and_a_text_never_disagrees_with_itself(ours in "\\PC{0,80}", theirs in "\\PC{0,80}") {
            let found = against(&ours, &theirs);
            prop_assert!(found.is_none_or(|found| (0.0..=1.0).contains(&found.similarity)));
            if let Some(same) = against(&ours, &ours) {
                prop_assert!(same.similarity > 0.99, "{}", same.similarity);
            }
        }
    }
}
