//! Which known thing a text is about: sure, maybe or none, and why.
//!
//! Candidates come from the index, likeness from `compare`, its worth from `rerank`. What a differing fact means
//! is said here: whatever the sum, a text with another place, number or a denial is never sure.

use crate::compare::{Asked, Likeness, Marks};
use crate::facts::{Conflict, Facts};
use crate::index::{Field, Index, Kind, Target};
use crate::profile::{Profile, text_of};
use crate::reason::Reason;
use crate::rerank::{Alike, Figures, figures, without_leads};

mod weights;

pub use weights::{Judge, Judges};

/// How far a match may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// May be answered by machine.
    Sure,
    /// About the same thing, as far as the words go.
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
    /// The next best claim, where its likeness is worth a person's look.
    pub other_claim: Option<Match>,
}

/// Texts with fewer informative characters are never sure: 「现实就是这样」 resembles everything.
const SURE_INFORMATIVE_MIN: usize = 6;
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
    let mut with_body: Vec<Target> =
        documents.iter().filter(|document| document.field == Field::Body).map(|document| document.target).collect();
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
        found.push((of_target[0].target, Alike { sentence, body: body.unwrap_or(sentence) }));
    }
    let mut candidates: Vec<Candidate> = Vec::with_capacity(found.len());
    for of_kind in found.chunk_by(|ours, theirs| ours.0.kind == theirs.0.kind) {
        let alike: Vec<Alike> = of_kind.iter().map(|&(_, alike)| alike).collect();
        let weights = &judges.of(of_kind[0].0.kind).weights;
        for (&(target, alike), figures) in of_kind.iter().zip(figures(&asked, &alike)) {
            candidates.push(Candidate { target, alike, score: weights.score(&figures), figures });
        }
    }
    candidates.sort_by(|ours, theirs| theirs.score.total_cmp(&ours.score).then(ours.target.cmp(&theirs.target)));
    candidates
}

/// The claim that a report joins, or that a person might join it to: the candidate that the judge of joining gives
/// most, where that is enough, with what it gives.
pub fn joined(judges: &Judges, candidates: &[Candidate]) -> Option<(Target, f32)> {
    best_to_join(judges, candidates, judges.joining.sure).map(|(candidate, score)| (candidate.target, score))
}

fn best_to_join<'a>(judges: &Judges, candidates: &'a [Candidate], least: f32) -> Option<(&'a Candidate, f32)> {
    candidates
        .iter()
        .filter(|candidate| candidate.target.kind == Kind::Claim)
        .map(|candidate| (candidate, judges.joining.weights.score(&without_leads(&candidate.figures))))
        .filter(|&(_, score)| score >= least)
        .max_by(|ours, theirs| ours.1.total_cmp(&theirs.1).then(theirs.0.target.cmp(&ours.0.target)))
}

/// Finds what `profile` matches.
pub fn matches(index: &Index, judges: &Judges, profile: &Profile) -> Matches {
    let mut matches = Matches::default();
    for candidate in candidates(index, judges, profile) {
        let judge = judges.of(candidate.target.kind);
        if candidate.score < judge.maybe {
            continue;
        }
        let place = match candidate.target.kind {
            Kind::Clarification if matches.clarification.is_none() => &mut matches.clarification,
            Kind::Claim if matches.claim.is_none() => &mut matches.claim,
            Kind::Claim if matches.other_claim.is_none() => &mut matches.other_claim,
            _ => continue,
        };
        *place = Some(worth(index, judges, profile, &candidate));
    }
    matches
}

/// True where the machine may answer with a candidate of this score.
pub fn is_sure(judges: &Judges, profile: &Profile, candidate: &Candidate) -> bool {
    let sentence = &candidate.alike.sentence;
    let other_place = sentence.agreement.other_region || sentence.agreement.other_place;
    // A report in the wrong claim is moved by an officer; a wrong answer is out.
    let differs = match candidate.target.kind {
        Kind::Clarification => sentence.conflicts(),
        Kind::Claim => other_place,
    };
    candidate.score >= judges.of(candidate.target.kind).sure
        && !differs
        && profile.informative >= SURE_INFORMATIVE_MIN
        && sentence.informative as usize >= SURE_INFORMATIVE_MIN
}

fn worth(index: &Index, judges: &Judges, profile: &Profile, candidate: &Candidate) -> Match {
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
        similarity: 1.0 / (1.0 + (-candidate.score).exp()),
        certainty: if is_sure(judges, profile, candidate) { Certainty::Sure } else { Certainty::Maybe },
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
        Conflict::Place(..) | Conflict::Subject(..) => true,
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
