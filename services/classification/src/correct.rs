//! Puts right what officers say does not belong together, or does: merges, splits and re-routes of claims.
//!
//! Approval decides and numbers each agency's corrections without a gap; here they are kept as they arrive and
//! applied in that order, so that any order of arrival leads to the same claims. Reports move under the agency's
//! lock, each with one `report.assigned`; the words that they were recognised by move with them, so that the next
//! report of the same words goes where a person said.

use std::collections::BTreeSet;

use ids::{AgencyId, ClaimId, PersonId, ReportId};
use messaging::outbox;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::decide::day_of;
use crate::events;
use crate::known::Change;
use crate::lessons;
use crate::rulebook::Rulebooks;
use crate::store::claims::{self, Claim};
use crate::store::moved::{self, Moved};
use crate::store::{changes, corrections, suggestions};
use judgement::facts::Facts;
use judgement::matching::TEXTS_MAX;
use judgement::normalise::normalise;
use judgement::reason::Reason;
use judgement::urgency::{Spread, urgency};

/// Reports moved in one statement; a merge may move many.
const MOVED_AT_ONCE: i64 = 1_000;

/// Texts that a merge adds at least, however many are known: a person said that they belong there.
const TEXTS_BY_HAND: usize = 4;

/// What an officer decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This claim's reports belong to another.
    Merge {
        /// The claim that ends.
        claim: ClaimId,
        /// The claim that goes on.
        into: ClaimId,
    },
    /// These reports are about something else.
    Split {
        /// The claim that they are taken out of.
        claim: ClaimId,
        /// Their own.
        new: ClaimId,
        /// The reports.
        reports: Vec<ReportId>,
        /// What they say.
        sentence: String,
    },
    /// The claim is for these departments.
    Reroute {
        /// The claim.
        claim: ClaimId,
        /// The departments, best first.
        departments: Vec<String>,
        /// Who decided, as far as approval said.
        person: Option<PersonId>,
    },
}

/// A decision with its place in the agency's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// From 1, without a gap.
    pub number: i64,
    /// When it was decided.
    pub time: OffsetDateTime,
    /// What.
    pub decision: Decision,
}

/// Keeps a correction and applies every one whose turn has come. The caller holds the agency's lock.
///
/// # Errors
/// When the database is away; then nothing was corrected.
pub async fn correct(tx: &mut PgConnection, agency: AgencyId, correction: &Correction) -> sqlx::Result<()> {
    corrections::keep(tx, agency, correction).await?;
    while let Some(next) = corrections::next(tx, agency).await? {
        match &next.decision {
            Decision::Merge { claim, into } => merge(tx, agency, &next, *claim, *into).await?,
            Decision::Split { claim, new, reports, sentence } => {
                split(tx, agency, &next, Parting { claim: *claim, new: *new, reports, sentence }).await?;
            }
            Decision::Reroute { claim, departments, person } => {
                let reason = office("routing.office", format!("新闻办改派：{}", departments.join("、")));
                claims::reroute(tx, agency, *claim, departments, &reason).await?;
                let current = Rulebooks::default().current(tx, agency).await?;
                let (topics, sent) = (&current.rulebook.routing, (departments.first(), *person));
                lessons::teach(tx, agency, topics, *claim, sent, next.time).await?;
            }
        }
        corrections::mark_applied(tx, agency, next.number).await?;
    }
    Ok(())
}

/// A reason that is a person's word.
fn office(signal: &str, detail: String) -> Reason {
    Reason::new(signal, detail, 1.0)
}

async fn merge(
    tx: &mut PgConnection,
    agency: AgencyId,
    correction: &Correction,
    claim: ClaimId,
    into: ClaimId,
) -> sqlx::Result<()> {
    let words = changes::texts_of(tx, agency, claim).await?;
    let mut learned = Vec::new();
    if claims::merge(tx, agency, claim, into).await? {
        learned.push(Change::ClaimClosed(claim));
    }
    if claims::is_open(tx, agency, into).await? {
        let known = changes::texts_of(tx, agency, into).await?;
        let room = TEXTS_MAX.saturating_sub(known.len()).max(TEXTS_BY_HAND);
        let new = words.into_iter().filter(|text| !known.contains(text)).take(room);
        learned.extend(new.map(|text| Change::AliasAdded(into, text)));
    }
    changes::append(tx, agency, &learned).await?;
    let reason = office("office.merged", format!("值班人员并入（第{}号更正）", correction.number));
    loop {
        let reports = moved::all_of(tx, agency, claim, into, &reason, MOVED_AT_ONCE).await?;
        tell(tx, agency, into, &reports).await?;
        if i64::try_from(reports.len()).unwrap_or(MOVED_AT_ONCE) < MOVED_AT_ONCE {
            break;
        }
    }
    claims::recount(tx, agency, claim).await?;
    claims::recount(tx, agency, into).await?;
    suggestions::accept_merge(tx, agency, claim, into, correction.time).await
}

struct Parting<'a> {
    claim: ClaimId,
    new: ClaimId,
    reports: &'a [ReportId],
    sentence: &'a str,
}

async fn split(
    tx: &mut PgConnection,
    agency: AgencyId,
    correction: &Correction,
    parting: Parting<'_>,
) -> sqlx::Result<()> {
    let Parting { claim, new, reports, sentence } = parting;
    let opened = opened_by_hand(tx, agency, new, sentence, correction.time).await?;
    claims::insert(tx, agency, &[opened], correction.time).await?;
    let reason = office("office.split", format!("值班人员拆出（第{}号更正）", correction.number));
    let moved = moved::these(tx, agency, claim, new, reports, &reason).await?;
    tell(tx, agency, new, &moved).await?;
    let mut learned = Vec::new();
    let words = distinct(moved.iter().map(|report| normalise(&report.masked_text)));
    // A person has looked at these words: they are no longer the other claim's.
    if claims::is_open(tx, agency, claim).await? {
        let known = changes::texts_of(tx, agency, claim).await?;
        let kept: Vec<String> = known.iter().filter(|text| !words.contains(text)).cloned().collect();
        if kept.len() < known.len() {
            learned.push(Change::ClaimClosed(claim));
            let kept = if kept.is_empty() { remaining(tx, agency, claim).await? } else { kept };
            learned.extend(known_by(claim, kept));
        }
    }
    // Its case may have been dismissed before this was heard.
    if claims::was_dismissed(tx, agency, new).await? {
        claims::dismiss(tx, agency, new).await?;
    } else {
        let words = if words.is_empty() { vec![normalise(sentence)] } else { words };
        learned.extend(known_by(new, words));
    }
    changes::append(tx, agency, &learned).await?;
    claims::recount(tx, agency, claim).await?;
    claims::recount(tx, agency, new).await?;
    suggestions::accept_split(tx, agency, claim, correction.time).await
}

/// The words of the first report that is left to a claim.
async fn remaining(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<Vec<String>> {
    Ok(moved::first_words(tx, agency, claim).await?.map(|text| normalise(&text)).into_iter().collect())
}

/// These words as changes: the first opens the claim.
fn known_by(claim: ClaimId, words: Vec<String>) -> impl Iterator<Item = Change> {
    words.into_iter().enumerate().map(move |(at, text)| match at {
        0 => Change::ClaimOpened(claim, text),
        _ => Change::AliasAdded(claim, text),
    })
}

/// Each text once, in the order given, as many as are kept of a claim.
fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts.filter(|text| !text.is_empty() && seen.insert(text.clone())).take(TEXTS_MAX).collect()
}

/// A claim that a person makes; it is counted once its reports are there.
async fn opened_by_hand(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    sentence: &str,
    time: OffsetDateTime,
) -> sqlx::Result<Claim> {
    let text = normalise(sentence);
    // Rare enough to read the agency's rules for it.
    let current = Rulebooks::default().current(tx, agency).await?;
    let route = current.rulebook.routing.route(&text, None);
    let urgency_of_words = current.rulebook.urgency.of_words(&text, &Facts::of(&text), day_of(time));
    Ok(Claim {
        claim,
        sentence: sentence.to_owned(),
        spread: Spread::default(),
        first_time: time,
        last_time: time,
        said_on: day_of(time),
        departments: route.departments,
        urgency: urgency(&urgency_of_words),
        order_hint: None,
        urgency_of_words,
        routing: route.reasons,
        state_revision: 0,
    })
}

/// Tells where reports are now.
async fn tell(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    reports: &[Moved],
) -> sqlx::Result<()> {
    let outgoing: Vec<_> = reports.iter().map(|report| events::moved(agency, claim, report)).collect();
    outbox::enqueue_all(tx, agency, &outgoing).await
}
