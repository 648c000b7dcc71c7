//! Ranks departments for a text: what the readable rules say and, where there is one, what the model says that
//! was trained on how an office routes. Service and evaluation rank with the same function.
//!
//! Which words speak for what is `routing`'s; this only adds up.

use crate::learn::sorter::Sorter;

/// How strongly nothing at all speaks for the office itself: more than a hint does for a department.
const OFFICE: f32 = 1.5;
/// How much a point of the rules weighs beside the model's scores, which lie about 1 to either side of 0.
const RULES: f32 = 0.03;

/// A topic that words of a text speak for.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// Its department.
    pub department: &'a str,
    /// Whom else it concerns.
    pub second: &'a str,
    /// How strongly, by the rules.
    pub score: u32,
    /// The words.
    pub words: Vec<&'a str>,
}

/// A department and what speaks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Its name.
    pub name: String,
    /// What the rules say, in points.
    pub rules: f32,
    /// What the model says, if there is one that knows it.
    pub taught: Option<f32>,
}

impl Ranked {
    fn together(&self, trained: bool) -> f32 {
        // A department that the model has never seen is as unlikely as one that it clearly rules out.
        if trained { self.taught.unwrap_or(-1.0) + RULES * self.rules } else { self.rules }
    }
}

/// Ranks departments for a normalised text, best first, the office itself among them; equals stay in the rules'
/// order. `name_of` says which department a topic belongs to.
pub fn rank<'a>(
    text: &str,
    scored: &'a [Scored<'a>],
    name_of: impl Fn(&'a Scored<'a>) -> &'a str,
    office: &str,
    trained: Option<&Sorter>,
) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = Vec::new();
    let mut of = |name: &str, points: f32, taught: Option<f32>| match ranked
        .iter_mut()
        .find(|known| known.name == name)
    {
        Some(known) => {
            known.rules += points;
            known.taught = known.taught.or(taught);
        }
        None => ranked.push(Ranked { name: name.to_owned(), rules: points, taught }),
    };
    for topic in scored {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred words at most")]
        of(name_of(topic), topic.score as f32, None);
    }
    of(office, OFFICE, None);
    for (name, score) in trained.map(|trained| trained.scores(text)).unwrap_or_default() {
        of(name, 0.0, Some(score));
    }
    let together = |ranked: &Ranked| ranked.together(trained.is_some());
    ranked.sort_by(|ours, theirs| together(theirs).total_cmp(&together(ours)));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::sorter::Sorted;

    fn topic(department: &'static str, score: u32) -> Scored<'static> {
        Scored { topic: "", department, second: "", score, words: Vec::new() }
    }

    fn names(ranked: &[Ranked]) -> Vec<&str> {
        ranked.iter().map(|department| department.name.as_str()).collect()
    }

    #[test]
    fn points_for_one_department_add_up_and_a_hint_is_less_than_nothing_at_all() {
        let scored = [topic("甲局", 2), topic("乙局", 3), topic("甲局", 2), topic("丙局", 1)];
        let ranked = rank("", &scored, |topic| topic.department, "本单位", None);
        assert_eq!(names(&ranked), ["甲局", "乙局", "本单位", "丙局"]);
    }

    #[test]
    fn equals_stay_in_the_rules_order() {
        let scored = [topic("乙局", 3), topic("甲局", 3)];
        let ranked = rank("", &scored, |topic| topic.department, "本单位", None);
        assert_eq!(names(&ranked)[..2], ["乙局", "甲局"]);
    }

    #[test]
    fn what_an_office_decided_many_times_outweighs_a_word() {
        let rows: Vec<(String, &str, String)> = (0..60)
            .map(|at| match at % 2 {
                0 => (format!("渡口{at}号船停航"), "港航中心", at.to_string()),
                _ => (format!("集市{at}号摊涨价"), "乙局", at.to_string()),
            })
            .collect();
        let sorted: Vec<Sorted<'_>> =
            rows.iter().map(|(text, kind, group)| Sorted { text, kind, weight: 1.0, group }).collect();
        let trained = Sorter::train(&sorted).unwrap();
        let scored = [topic("甲局", 3)];
        let ranked = rank("渡口的船又停航", &scored, |topic| topic.department, "本单位", Some(&trained));
        assert_eq!(ranked[0].name, "港航中心", "{ranked:?}");
        assert!(ranked[0].taught > Some(0.0));
    }
}
