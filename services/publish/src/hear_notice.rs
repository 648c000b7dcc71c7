//! Hearing how a mass job ended. A notice is kept whether or not its job is known yet, because it may overtake
//! the answer to the request that made the job.

use ids::AgencyId;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::change::{ChangeError, change};
use crate::domain::publication::Publication;
use crate::domain::wechat::{Notice, after_notice};
use crate::store;

/// Keeps a notice and applies it to the publication whose job it is, if that is known. The agency's gate is
/// closed, so that whoever learns a job's id meanwhile sees the notice.
///
/// # Errors
/// When the database refuses.
pub async fn hear(
    tx: &mut PgConnection,
    agency: AgencyId,
    account: &str,
    notice: &Notice,
    now: OffsetDateTime,
) -> Result<(), ChangeError> {
    if !store::notice::keep(tx, agency, account, notice, now).await? {
        // What the second one says is still applied below, as far as the publication's state allows.
        tracing::error!(
            account,
            job = notice.msg_id,
            status = notice.status,
            "the platform says something else about a job than before; the first notice is kept"
        );
    }
    let Some(publication) = store::push::publication_of_job(tx, account, notice.msg_id).await? else {
        return Ok(());
    };
    let Some(publication) = store::publication::lock(tx, publication).await? else { return Ok(()) };
    // The notice has a trace of its own, begun by the platform's call; a link leads back to the sign-off.
    let span = tracing::Span::current();
    span.record(telemetry::attribute::CASE_ID, publication.case.to_string());
    let announced =
        store::clarification::traceparent(tx, publication.clarification, publication.revision).await?;
    if let Some(announced) = announced {
        telemetry::link(&span, &announced);
    }
    apply(tx, publication, notice, now).await?;
    Ok(())
}

/// Applies a notice to the publication whose job it is.
///
/// # Errors
/// When the database refuses.
pub async fn apply(
    tx: &mut PgConnection,
    publication: Publication,
    notice: &Notice,
    now: OffsetDateTime,
) -> Result<Publication, ChangeError> {
    let Some(command) = after_notice(notice) else { return Ok(publication) };
    match change(tx, publication.clone(), command, now).await {
        // A second notice that contradicts the first, or a person's word: the first end stays, the notice is kept.
        Err(ChangeError::Invalid(invalid)) => {
            tracing::warn!(
                chengqing.case.id = %publication.case,
                error = &invalid as &dyn std::error::Error,
                "a platform notice came too late for publication {}", publication.id
            );
            Ok(publication)
        }
        changed => changed,
    }
}
