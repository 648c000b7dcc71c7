//! What a text was held against: the nearest of what is known, and what each figure contributed to its score, so
//! that a judgement can be read and checked. It decides nothing.

use crate::index::{Index, Target};
use crate::matching::{Candidate, Judges};
use crate::profile::text_of;
use crate::rerank::FIGURES;

/// Neighbours that are kept.
const NEIGHBOURS_MAX: usize = 3;
/// Contributions that are kept of each: the biggest.
const SHARES_MAX: usize = 5;
/// Contributions below this are nothing.
const WORTH_MIN: f32 = 0.05;
/// Characters that are kept of what is known.
const CHARACTERS_MAX: usize = 120;

/// What each of [`FIGURES`] tells an officer.
const NAMES: [&str; FIGURES.len()] = [
    "整体字词相似",
    "其内容在来文中",
    "其单字在来文中",
    "来文内容在其中",
    "来文单字在其中",
    "来文内容在其各种说法中",
    "正文里比说法里更多",
    "有一段与其对应",
    "那一段的相似",
    "最长相同的一串",
    "最长一串占的份量",
    "最长一串的少见程度",
    "少见的词也在",
    "来文单字在正文中",
    "与正文相同的份量",
    "来文长短",
    "其长短",
    "相同的份量",
    "地名相同",
    "缺了其地名",
    "多了别的地名",
    "地区不同",
    "地点不同",
    "数字相同",
    "缺了其数字",
    "数字不同",
    "主题不同",
    "主题相同",
    "一个肯定一个否定",
    "换了地方的同一说法",
    "有正文可比",
    "整体字词很相似",
    "其内容多在来文中",
    "其单字多在来文中",
    "来文内容多在其各种说法中",
    "有一段与其很对应",
    "那一段很相似",
    "互相包含内容",
    "互相包含单字",
    "那一段互相对应",
    "来文越长越有其内容",
    "其越长整体越相似",
    "其越长越有其单字",
    "整体相似领先第二名",
    "单字相似领先第二名",
    "内容相似领先第二名",
    "落后于第一名",
];

/// What one figure contributed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The figure's name.
    pub figure: &'static str,
    /// The same for an officer, in Chinese.
    pub name: &'static str,
    /// The figure times its weight, as logarithm of odds.
    pub worth: f32,
}

/// One of the nearest.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// What it is.
    pub target: Target,
    /// Its first words, normalised and cut short.
    pub text: String,
    /// The logarithm of the odds that the two are about the same thing.
    pub score: f32,
    /// What contributed most, the biggest first.
    pub shares: Vec<Share>,
}

/// The nearest of `candidates`, which come best first.
pub fn nearest(index: &Index, judges: &Judges, candidates: &[Candidate]) -> Vec<Neighbour> {
    candidates.iter().take(NEIGHBOURS_MAX).map(|candidate| neighbour(index, judges, candidate)).collect()
}

fn neighbour(index: &Index, judges: &Judges, candidate: &Candidate) -> Neighbour {
    let weights = &judges.of(candidate.target.kind).weights.weights;
    let parts = FIGURES.iter().zip(NAMES).zip(weights.iter().zip(&candidate.figures));
    let mut shares: Vec<Share> = parts
        .map(|((figure, name), (weight, value))| Share { figure, name, worth: weight * value })
        .filter(|share| share.worth.abs() >= WORTH_MIN)
        .collect();
    shares.sort_by(|ours, theirs| theirs.worth.abs().total_cmp(&ours.worth.abs()));
    shares.truncate(SHARES_MAX);
    let text = index.texts_of(candidate.target).next().map(|document| text_of(document.glyphs));
    let text = text.unwrap_or_default().chars().take(CHARACTERS_MAX).collect();
    Neighbour { target: candidate.target, text, score: candidate.score, shares }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Field;
    use crate::matching::candidates;
    use crate::normalise::normalise;
    use crate::profile::Profile;

    fn profile(text: &str) -> Profile {
        Profile::of(&normalise(text))
    }

    #[test]
    fn the_nearest_come_first_and_say_what_spoke_for_them() {
        let mut index = Index::default();
        for (id, text) in
            ["明天凌晨3点青岚县有7级地震", "青岚县明天停水", "城东市场西瓜打针", "青岚县地震局搬家"]
                .into_iter()
                .enumerate()
        {
            index.add(Target::claim(id as u128), Field::Sentence, &profile(text));
        }
        let judges = Judges::get();
        let found = candidates(&index, judges, &profile("听说明天凌晨三点我们青岚县要有七级地震"));
        let near = nearest(&index, judges, &found);
        assert!(near.len() <= NEIGHBOURS_MAX && near[0].target.id == 0, "{near:?}");
        assert_eq!(near[0].text, normalise("明天凌晨3点青岚县有7级地震"));
        assert!(near[0].shares.len() <= SHARES_MAX && !near[0].shares.is_empty());
        let worths: Vec<f32> = near[0].shares.iter().map(|share| share.worth.abs()).collect();
        assert!(worths.is_sorted_by(|ours, theirs| ours >= theirs), "{worths:?}");
    }

    #[test]
    fn every_contribution_is_its_figure_times_its_weight() {
        let mut index = Index::default();
        index.add(Target::claim(1), Field::Sentence, &profile("高速公路明天封路"));
        let judges = Judges::get();
        let found = candidates(&index, judges, &profile("明天高速公路要封路"));
        for share in &nearest(&index, judges, &found)[0].shares {
            let at = FIGURES.iter().position(|figure| *figure == share.figure).unwrap();
            let worth = judges.claim.weights.weights[at] * found[0].figures[at];
            assert!((share.worth - worth).abs() < 1e-6 && share.name == NAMES[at], "{share:?}");
        }
    }
}
