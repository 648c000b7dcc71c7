//! What likeness is worth: sure, maybe or none, and why.
//!
//! Likeness is the cosine of the weighted n-grams, lowered by every fact on which two texts disagree. The
//! thresholds were set on dated collections of real reports with a margin (README, "Measured"); no weight here
//! was learned from any text.

use ids::{ClaimId, ClarificationId};

use crate::domain::facts::Conflict;
use crate::domain::index::{Index, Likeness};
use crate::domain::ngram::Profile;
use crate::domain::reason::Reason;

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
