//! What a claim is near to without having been taken for it: a suggestion to a person, never a decision.

use ids::ClaimId;

use crate::facts::Conflict;
use crate::index::Index;
use crate::matching::Target;
use crate::ngram::Profile;
use crate::reason::Reason;

/// From here on a claim is near enough to be shown beside another. Half of what gathers reports by itself: what two
/// tellings of one rumor share when each names its details differently. Below it texts share little but common words.
const NEAR: f32 = 0.08;

/// Texts with fewer informative characters are near to everything.
const INFORMATIVE_MIN: usize = 4;

/// An open claim that may be the same as another.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// The claim.
    pub claim: ClaimId,
    /// How alike the nearest of its texts is, 0 to 1.
    pub similarity: f32,
    /// Why it is shown.
    pub reasons: Vec<Reason>,
}

/// The open claim nearest to `profile` that is not `own`. One that tells of another place or another subject is not
/// near, however alike the words are.
pub fn neighbour(index: &Index<Target>, profile: &Profile, own: ClaimId) -> Option<Neighbour> {
    if profile.informative < INFORMATIVE_MIN {
        return None;
    }
    let mut nearest: Option<Neighbour> = None;
    for likeness in index.alike(profile) {
        let Target::Claim(claim) = likeness.target else { continue };
        let best = nearest.as_ref().map_or(NEAR, |nearest| nearest.similarity);
        if claim == own || likeness.cosine < best || likeness.informative < INFORMATIVE_MIN {
            continue;
        }
        let conflicts = profile.facts.conflicts(likeness.facts);
        if conflicts.iter().any(|one| matches!(one, Conflict::Place(..) | Conflict::Subject(..))) {
            continue;
        }
        let similarity = likeness.cosine.clamp(0.0, 1.0);
        let detail = format!(
            "字词相似度{:.0}%（这一说法{:.0}%的内容在对方的说法中）",
            similarity * 100.0,
            likeness.covered * 100.0
        );
        let mut reasons = vec![Reason::new("near.overlap", detail, f64::from(similarity))];
        reasons.extend(conflicts.iter().filter_map(differs));
        nearest = Some(Neighbour { claim, similarity, reasons });
    }
    nearest
}

/// What disagrees without keeping two claims apart: the officer should see it first.
fn differs(conflict: &Conflict) -> Option<Reason> {
    match conflict {
        Conflict::Number(ours, theirs) => {
            Some(Reason::new("near.other_number", format!("数字不同：{ours}／{theirs}"), 0.0))
        }
        Conflict::Denial => Some(Reason::new("near.denial", "一个肯定、一个否定", 0.0)),
        Conflict::Place(..) | Conflict::Subject(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::normalise;

    fn profile(text: &str) -> Profile {
        Profile::of(&normalise(text))
    }

    #[test]
    fn the_nearest_other_claim_is_named_and_never_one_of_another_place_or_itself() {
        let mut index = Index::new();
        let [own, near, far, elsewhere] = std::array::from_fn(|_| ClaimId::mint());
        index.add(Target::Claim(own), &profile("城东市场的西瓜打了甜水针"));
        index.add(Target::Claim(near), &profile("城东市场卖的水果泡过药水"));
        index.add(Target::Claim(far), &profile("明天高速公路要封路"));
        index.add(Target::Claim(elsewhere), &profile("城西市场的西瓜打了甜水针"));
        let asked = profile("城东市场的西瓜打了甜水针");
        let found = neighbour(&index, &asked, own);
        assert!(found.is_none_or(|found| found.claim == near), "{elsewhere} is another place");
        let alone = neighbour(&index, &profile("明天高速公路封路吗"), far);
        assert_eq!(alone, None, "a claim is no neighbour of its own");
    }
}
