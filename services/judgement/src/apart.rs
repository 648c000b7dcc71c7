//! Whether a claim's later reports still speak of what it was opened with: a claim can grow from one wording to the
//! next into two.

use crate::compare::{Asked, Marks};
use crate::index::{Field, Index, Target};
use crate::profile::Profile;

/// Fewer later reports say nothing about a claim.
const LATER_MIN: usize = 8;

/// Below this average likeness to the opening words a claim may be two. Tellings of one rumor average twice as much
/// and more; a claim that two rumors share falls below once most of its newest reports are the other's.
const MEAN_MAX: f32 = 0.15;

/// Below this a report shares next to nothing with the opening words.
const UNLIKE: f32 = 0.05;

/// A claim that may be two.
#[derive(Clone, Debug, PartialEq)]
pub struct Apart {
    /// Average likeness of the later reports to the opening words, 0 to 1.
    pub mean: f32,
    /// Which of the later reports share next to nothing with them.
    pub unlike: Vec<usize>,
}

/// Compares later reports with the opening words; `None` while they keep together.
pub fn apart(opening: &Profile, later: &[Profile]) -> Option<Apart> {
    if later.len() < LATER_MIN {
        return None;
    }
    let target = Target::claim(0);
    let mut index = Index::default();
    index.add(target, Field::Sentence, opening);
    let opening = index.texts_of(target).next()?;
    let mut marks = Marks::default();
    let likeness: Vec<f32> =
        later.iter().map(|report| Asked::of(report, &index).compare(&opening, &mut marks).cosine).collect();
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let mean = likeness.iter().sum::<f32>() / likeness.len() as f32;
    let unlike: Vec<usize> =
        likeness.iter().enumerate().filter(|&(_, &alike)| alike < UNLIKE).map(|(at, _)| at).collect();
    (mean < MEAN_MAX && !unlike.is_empty()).then(|| Apart { mean: mean.clamp(0.0, 1.0), unlike })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::normalise;

    fn profiles(texts: &[&str]) -> Vec<Profile> {
        texts.iter().map(|text| Profile::of(&normalise(text))).collect()
    }

    const EARTHQUAKE: [&str; 8] = [
        "明天凌晨三点青岚县七级地震，是真的吗",
        "今晚3点有大地震，大家别睡屋里",
        "网传青岚县凌晨3点7级地震，求证",
        "业主群说明天半夜地震，让我们去广场睡",
        "县里是不是要地震了，都让睡外面",
        "据说明天凌晨有强烈地震",
        "老家说今晚大地震，7级的",
        "说是凌晨3点钟有地震，7级，让大家别在屋里睡觉",
    ];

    #[test]
    fn tellings_of_one_rumor_keep_together_and_two_rumors_fall_apart() {
        let opening = &profiles(&["群里都在转，说明天凌晨3点青岚县有7级地震，让大家别睡屋里，是真的吗？"])[0];
        assert_eq!(apart(opening, &profiles(&EARTHQUAKE)), None);
        let mut mixed = EARTHQUAKE;
        for melons in &mut mixed[1..] {
            *melons = "城东市场的西瓜都打了甜水针，孩子吃了住院";
        }
        let found = apart(opening, &profiles(&mixed)).unwrap();
        assert_eq!(found.unlike, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(apart(opening, &profiles(&mixed[1..])), None, "seven reports say nothing yet");
    }
}
