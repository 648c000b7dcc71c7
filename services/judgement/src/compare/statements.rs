//! What a text states (numbers with their units, places, areas, denials) and where, and whether two texts state
//! different things about the same.
//!
//! A long text says many things, so only statements whose neighbouring words both texts share can contradict.

use crate::agreement::{Code, hash_of};
use crate::profile::{Glyph, Role, code_point, digit, role};

/// What a statement is about: only statements about one thing can contradict.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// How many of a unit.
    Number { unit: u32 },
    /// Which place of a kind.
    Place { kind: u32 },
    /// Which area.
    Area,
    /// That something is not so.
    Denial,
}

/// What a text states at some place.
#[derive(Clone, Copy)]
pub struct Statement {
    /// The character that it begins with.
    at: u32,
    /// The character after it.
    end: u32,
    about: About,
    /// What it says, hashed.
    says: Code,
}

impl Statement {
    fn says(&self, other: &Self) -> bool {
        self.about == other.about && self.says == other.says
    }

    /// The step that ends a name of two characters.
    const fn name(&self) -> usize {
        self.at as usize + 1
    }
}

/// Adds what a text states, in order.
pub fn stated(glyphs: &[Glyph], into: &mut Vec<Statement>) {
    let kind = |glyph: &Glyph| match role(*glyph) {
        _ if digit(*glyph).is_some() => Some(Role::Time),
        role @ (Role::Area | Role::Place | Role::Denial) => Some(role),
        _ => None,
    };
    let mut at = 0_usize;
    while let Some(first) = glyphs.get(at) {
        let Some(of) = kind(first) else {
            at += 1;
            continue;
        };
        let length = glyphs[at..].iter().take_while(|glyph| kind(glyph) == Some(of)).count();
        let next = glyphs.get(at + length).map(|&glyph| code_point(glyph));
        let about = match (of, next) {
            (Role::Time, Some(unit)) => Some(About::Number { unit }),
            (Role::Place, Some(kind)) => Some(About::Place { kind }),
            (Role::Area, _) => Some(About::Area),
            (Role::Denial, _) => Some(About::Denial),
            // A number at the very end has no unit and is compared with nothing.
            _ => None,
        };
        let says = hash_of(glyphs[at..at + length].iter().map(|&glyph| code_point(glyph)));
        into.extend(about.map(|about| Statement { at: at as u32, end: (at + length) as u32, about, says }));
        at += length;
    }
}

/// How far words stand from a statement and still belong to it.
const AROUND: usize = 4;

/// One of two texts: what it states, and which pair that both have ends at each of its characters.
pub struct Side<'a, P> {
    /// What it states.
    pub stated: &'a [Statement],
    /// The pair that ends at a character, where both texts have it.
    pub pair: P,
    /// How many pairs a denial must deny: in a long text one word is denied by chance.
    pub denied_min: usize,
}

impl<P: Fn(usize) -> Option<u32>> Side<'_, P> {
    fn about(&self, kind: impl Fn(About) -> bool) -> impl Iterator<Item = &Statement> {
        self.stated.iter().filter(move |stated| kind(stated.about))
    }

    /// True where at least two of the pairs close to a statement are shared.
    fn among(&self, stated: &Statement) -> bool {
        let at = stated.at as usize;
        (at.saturating_sub(AROUND)..=at + AROUND).filter(|&step| (self.pair)(step).is_some()).count() >= 2
    }

    /// Shared pairs that end before a statement or begin after it.
    fn context(&self, stated: &Statement) -> impl Iterator<Item = u32> {
        let (at, end) = (stated.at as usize, stated.end as usize);
        (at.saturating_sub(AROUND)..at).chain(end + 1..=end + AROUND).filter_map(&self.pair)
    }

    /// The shared pairs that a denial denies: those after it, or those right before it.
    fn denied(&self, denial: &Statement) -> Vec<u32> {
        let (at, end) = (denial.at as usize, denial.end as usize);
        let after: Vec<u32> = (end + 1..=end + AROUND).filter_map(&self.pair).collect();
        let before = || (at.saturating_sub(self.denied_min)..at).filter_map(&self.pair).collect();
        if after.is_empty() { before() } else { after }
    }

    /// True where a denial stands near one of the pairs.
    fn denies(&self, pairs: &[u32]) -> bool {
        self.about(|about| about == About::Denial).any(|denial| {
            let (at, end) = (denial.at as usize, denial.end as usize);
            let mut near = at.saturating_sub(AROUND)..=end + AROUND;
            near.any(|step| (self.pair)(step).is_some_and(|pair| pairs.contains(&pair)))
        })
    }

    /// True where it denies what both say and the other does not.
    pub fn denies_unlike<Q: Fn(usize) -> Option<u32>>(&self, other: &Side<'_, Q>) -> bool {
        self.about(|about| about == About::Denial).any(|denial| {
            let denied = self.denied(denial);
            denied.len() >= self.denied_min && !other.denies(&denied)
        })
    }

    /// True where the other text repeats none of its names of places of one kind, nor the other way round; `None`
    /// where they name no places of one kind.
    pub fn names_other_places<Q: Fn(usize) -> Option<u32>>(&self, other: &Side<'_, Q>) -> Option<bool> {
        let places = || self.about(|about| matches!(about, About::Place { .. }));
        let mut of_one_kind = places()
            .flat_map(|ours| {
                other
                    .stated
                    .iter()
                    .filter(|theirs| theirs.about == ours.about)
                    .map(move |theirs| (ours, theirs))
            })
            .map(|(ours, theirs)| (self.pair)(ours.name()).is_none() && (other.pair)(theirs.name()).is_none())
            .peekable();
        of_one_kind.peek()?;
        Some(of_one_kind.any(|differs| differs))
    }

    /// True where it names an area.
    pub fn names_area(&self) -> bool {
        self.about(|about| about == About::Area).next().is_some()
    }

    /// True where the other text has the name of one of its counties or the like, whatever it calls it there.
    pub fn county_is_known(&self) -> bool {
        const ENDINGS: [char; 4] = ['省', '市', '县', '区'];
        // In 「青岚县医院」 the county is part of another place's name.
        let is_county = |place: &&Statement| match place.about {
            About::Place { kind } => {
                place.end > place.at + 2 || ENDINGS.iter().any(|&ending| u32::from(ending) == kind)
            }
            _ => false,
        };
        self.stated.iter().filter(is_county).any(|county| (self.pair)(county.name()).is_some())
    }

    /// The share of its numbers that the other text repeats, and the share that it lacks.
    pub fn numbers<Q>(&self, other: &Side<'_, Q>) -> (f32, f32) {
        let (mut shared, mut all) = (0.0, 0.0);
        for number in self.about(|about| matches!(about, About::Number { .. })) {
            all += 1.0;
            shared += f32::from(u8::from(other.stated.iter().any(|theirs| theirs.says(number))));
        }
        if all > 0.0 { (shared / all, (all - shared) / all) } else { (0.0, 0.0) }
    }

    /// True where both have numbers of one unit, neither of which the other repeats, beside a pair that they share.
    pub fn other_number<Q: Fn(usize) -> Option<u32>>(&self, other: &Side<'_, Q>) -> bool {
        self.about(|about| matches!(about, About::Number { .. }))
            .filter(|ours| alone(ours, other.stated))
            .any(|ours| {
                let around: Vec<u32> = self.context(ours).collect();
                other.stated.iter().filter(|theirs| theirs.about == ours.about).any(|theirs| {
                    alone(theirs, self.stated) && other.context(theirs).any(|pair| around.contains(&pair))
                })
            })
    }

    /// True where among what both say stand names of one kind, neither of which the other repeats.
    pub fn moved<Q: Fn(usize) -> Option<u32>>(&self, other: &Side<'_, Q>) -> bool {
        let differs = |kind: fn(About) -> bool| {
            self.about(kind).filter(|ours| alone(ours, other.stated) && self.among(ours)).any(|ours| {
                let mut theirs = other.stated.iter().filter(|theirs| theirs.about == ours.about);
                theirs.any(|theirs| alone(theirs, self.stated) && other.among(theirs))
            })
        };
        differs(|about| matches!(about, About::Place { .. })) || differs(|about| about == About::Area)
    }
}

/// True where none of the others says the same.
fn alone(stated: &Statement, others: &[Statement]) -> bool {
    !others.iter().any(|other| other.says(stated))
}
