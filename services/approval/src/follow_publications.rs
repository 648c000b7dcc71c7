//! A case follows what publish says about its signed revision: published, stopped, or a person's task with
//! the reason.

use ids::AgencyId;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::audit;
use crate::desk::named;
use crate::domain::audit::Entry;
use crate::domain::case::{CaseCommand, CaseFile};
use crate::domain::content::published_channels;
use crate::domain::publication::{Outcome, PublicationState, channel_zh, outcome};
use crate::store::case::CaseEvent;
use crate::store::publication::Reported;
use crate::store::{self, StoreError};

/// Why a publication was not followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// It is about a case that this agency does not have.
    #[error("publication {0} is of no case of this agency")]
    UnknownCase(ids::PublicationId),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes over what events say about publications.
pub async fn follow(
    tx: &mut PgConnection,
    agency: AgencyId,
    reported: &[&Reported],
    now: OffsetDateTime,
) -> Result<(), FollowError> {
    // In the order of their cases, so that two consumers lock alike.
    let mut ordered = reported.to_vec();
    ordered.sort_by_key(|one| one.case);
    let mut entries = Vec::new();
    for publication in ordered {
        let case = store::case::lock(tx, publication.case).await?;
        let mut case = case.ok_or(FollowError::UnknownCase(publication.publication))?;
        if !store::publication::save(tx, agency, publication).await? {
            continue;
        }
        let why =
            if publication.reason.is_empty() { String::new() } else { format!("：{}", publication.reason) };
        let what = format!(
            "{}（{}）{}{why}。",
            channel_zh(&publication.channel),
            publication.account,
            publication.state.zh()
        );
        let event = CaseEvent { time: now, actor: String::new(), what };
        store::case::append_event(tx, agency, case.case, &event).await?;
        if let Some(action) = move_case(tx, &mut case, publication).await? {
            let actor = audit::SYSTEM.to_owned();
            entries.push(Entry { time: now, actor, action, subject: named(&case) });
        }
    }
    Ok(audit::record(tx, agency, &entries).await?)
}

/// Moves the case where its newest signed revision's publications say; gives the audit trail's word for it.
async fn move_case(
    tx: &mut PgConnection,
    case: &mut CaseFile,
    publication: &Reported,
) -> Result<Option<&'static str>, StoreError> {
    let signed = store::clarification::signed_of_case(tx, case.case).await?;
    let is_newest_signed = signed.iter().any(|one| {
        one.clarification == publication.clarification && one.revision.cast_signed() == publication.revision
    });
    // What does not verify was altered or forged on the way, perhaps so that it is not the revision which was
    // signed: a person must know at once.
    let (command, note, action) = if publication.state == PublicationState::Refused && !is_newest_signed {
        let why = format!("{}：{}", channel_zh(&publication.channel), publication.reason);
        (CaseCommand::NeedPerson, why, "case.needs_person")
    } else if is_newest_signed {
        match outcome_of(tx, publication).await? {
            Outcome::UnderWay => return Ok(None),
            Outcome::Confirmed => (CaseCommand::ConfirmPublications, String::new(), "case.published"),
            Outcome::NeedsPerson(why) => (CaseCommand::NeedPerson, why, "case.needs_person"),
            Outcome::Halted(why) => (CaseCommand::Halt, why, "case.halted"),
        }
    } else {
        return Ok(None);
    };
    let Ok(state) = case.state.apply(command) else { return Ok(None) };
    // A halted case whose other channels are confirmed keeps saying why it was halted.
    let note = if state == case.state && note.is_empty() { case.note.clone() } else { note };
    if state == case.state && note == case.note {
        return Ok(None);
    }
    store::case::move_to(tx, case, state, &note).await?;
    Ok(Some(action))
}

/// What all publications of the same revision say together.
async fn outcome_of(tx: &mut PgConnection, publication: &Reported) -> Result<Outcome, StoreError> {
    let revision = publication.revision.cast_unsigned();
    let revision = store::clarification::revision(tx, publication.clarification, revision).await?;
    let Some(revision) = revision else { return Ok(Outcome::UnderWay) };
    let publications =
        store::publication::of_revision(tx, publication.clarification, publication.revision).await?;
    // The channels that were signed, and not those that the level stands for today.
    let Some(content) = revision.hashed_content() else {
        return Ok(Outcome::NeedsPerson("签发的稿件无法读取，疑被改动".to_owned()));
    };
    Ok(outcome(&published_channels(&content), &publications))
}
