//! What the office decided and what became public, as changes to what is known.
//!
//! Each fact is written down as it arrives, in any order; then what follows from all of them is compared with
//! what the index knows. Nothing is verified here, because nothing is said from here.

use ids::{AgencyId, ClaimId, ClarificationId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::correct::{Correction, correct};
use crate::known::Change;
use crate::store::clarifications::{self, Page, Signed};
use crate::store::{changes, claims, lock_agency};
use crate::suspend;

/// Something that others decided.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The case of this claim was closed without a clarification.
    Dismissed(ClaimId),
    /// A revision was signed.
    Signed(Signed),
    /// A clarification was revoked up to this revision.
    Revoked(ClarificationId, i64),
    /// A page changed its state.
    Page(Page),
    /// What belongs together was put right.
    Corrected(Correction),
    /// The automatic answer of a clarification is on again: the suspension of this revision ends.
    AnswerResumed(ClarificationId, i64),
    /// Nothing that matters here.
    Beside,
}

/// Writes facts down and brings the change log in line with them.
///
/// # Errors
/// When the database is away; then nothing was learned.
pub async fn learn(
    tx: &mut PgConnection,
    agency: AgencyId,
    facts: impl IntoIterator<Item = &Fact>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    lock_agency(tx, agency).await?;
    for fact in facts {
        match fact {
            Fact::Dismissed(claim) => dismiss(tx, agency, *claim).await?,
            Fact::Signed(signed) => {
                clarifications::add_signed(tx, agency, signed).await?;
                settle(tx, agency, signed.clarification).await?;
            }
            Fact::Revoked(clarification, revision) => {
                clarifications::revoke(tx, agency, *clarification, *revision).await?;
                settle(tx, agency, *clarification).await?;
            }
            Fact::Page(page) => {
                clarifications::set_page(tx, agency, page).await?;
                settle(tx, agency, page.clarification).await?;
            }
            Fact::Corrected(correction) => correct(tx, agency, correction).await?,
            Fact::AnswerResumed(clarification, suspension) => {
                suspend::resume(tx, agency, *clarification, *suspension, now).await?;
            }
            Fact::Beside => {}
        }
    }
    Ok(())
}

/// A dismissed claim gathers nothing more. What is said about it later opens a new one, so that one person's
/// click never silences what people say.
async fn dismiss(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<()> {
    claims::remember_dismissed(tx, agency, claim).await?;
    if claims::dismiss(tx, agency, claim).await? {
        changes::append(tx, agency, &[Change::ClaimClosed(claim)]).await?;
    }
    Ok(())
}

/// Makes the index know the revision that may answer now, or none.
async fn settle(tx: &mut PgConnection, agency: AgencyId, clarification: ClarificationId) -> sqlx::Result<()> {
    let answering = clarifications::answering(tx, agency, clarification).await?;
    let known = clarifications::known_revision(tx, agency, clarification).await?;
    let wanted = answering.as_ref().map(|&(revision, _)| revision);
    if wanted == known { Ok(()) } else { renew(tx, agency, clarification).await }
}

/// Makes the index know a clarification as it stands now, whatever it knew.
///
/// # Errors
/// When the database is away.
pub async fn renew(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
) -> sqlx::Result<()> {
    let answering = clarifications::answering(tx, agency, clarification).await?;
    let wanted = answering.as_ref().map(|&(revision, _)| revision);
    let change = match answering {
        Some((_, published)) => Change::ClarificationKnown(clarification, published),
        None => Change::ClarificationRemoved(clarification),
    };
    changes::append(tx, agency, &[change]).await?;
    clarifications::set_known_revision(tx, agency, clarification, wanted).await
}
