//! What officers teach at once by re-routing claims: where two of them sent claims about one subject to the same
//! department, that department is suggested first for the next claim about it.
//!
//! One officer's word alone suggests nothing here. A suggestion stays one: an officer routes.

use ids::{AgencyId, ClaimId, PersonId};
use judgement::normalise::normalise;
use judgement::reason::Reason;
use judgement::routing::{Route, Topics};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::store::lessons::{self, Lessons};
use crate::store::moved;

/// Suggestions for a claim.
const DEPARTMENTS_MAX: usize = 2;
/// Subjects that one claim may be about.
const SUBJECTS_MAX: usize = 4;

/// Takes note of where an officer sent a claim. The caller holds the agency's lock.
///
/// # Errors
/// When the database is away.
pub async fn teach(
    tx: &mut PgConnection,
    agency: AgencyId,
    topics: &Topics,
    claim: ClaimId,
    sent: (Option<&String>, Option<PersonId>),
    time: OffsetDateTime,
) -> sqlx::Result<()> {
    let Some(words) = moved::first_words(tx, agency, claim).await? else { return Ok(()) };
    let (department, person) = sent;
    let taught = department.map(String::as_str).zip(person);
    lessons::learn(tx, agency, claim, &subjects(topics, &normalise(&words)), taught, time).await
}

/// The rules' subject words that a normalised text is about.
fn subjects(topics: &Topics, text: &str) -> Vec<String> {
    let mut subjects: Vec<String> = Vec::new();
    for found in topics.subjects(text) {
        if subjects.len() < SUBJECTS_MAX && !subjects.iter().any(|known| known == found.word) {
            subjects.push(found.word.to_owned());
        }
    }
    subjects
}

/// Puts the department first on which officers agree about a subject of the text, and says so.
pub fn suggest(route: &mut Route, lessons: &Lessons, topics: &Topics, text: &str) {
    if lessons.is_empty() {
        return;
    }
    let about = subjects(topics, text);
    let taught = about.iter().filter_map(|subject| Some((subject, lessons.get(subject)?)));
    let Some((subject, agreed)) = taught.max_by_key(|(_, agreed)| agreed.people) else { return };
    if route.departments.first() == Some(&agreed.department) {
        return;
    }
    let detail = format!("{}位值班人员都把说到“{subject}”的改派给{}", agreed.people, agreed.department);
    route.departments.retain(|department| *department != agreed.department);
    route.departments.insert(0, agreed.department.clone());
    route.departments.truncate(DEPARTMENTS_MAX);
    route.reasons.insert(0, Reason::new("route.rerouted", detail, 0.0));
}
