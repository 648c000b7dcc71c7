//! The one way in which a publication changes: decide, save, announce, in one transaction.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::domain::channel::Channel;
use crate::domain::publication::{Command, InvalidTransition, Publication};
use crate::{events, store};

/// Why a change did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It makes no sense.
    #[error(transparent)]
    Invalid(#[from] InvalidTransition),
    /// The database refused.
    #[error("a publication could not be changed")]
    Database(#[from] sqlx::Error),
}

/// Changes a publication whose row is locked. What changes nothing is not announced.
///
/// # Errors
/// When the command makes no sense, or the database refuses.
pub async fn change(
    tx: &mut PgConnection,
    publication: Publication,
    command: Command,
    now: OffsetDateTime,
) -> Result<Publication, ChangeError> {
    let before = publication.clone();
    let mut after = publication.apply(command)?;
    if after == before {
        return Ok(after);
    }
    after.state_revision = before.state_revision + 1;
    after.changed_time = now;
    store::publication::save(tx, &after, before.state_revision).await?;
    events::changed(tx, &after).await?;
    if before.state != after.state && lets_microblog_go(&after) {
        store::publication::release_microblog(tx, after.clarification, after.revision, now).await?;
    }
    tracing::info!(
        chengqing.case.id = %after.case,
        chengqing.publication.id = %after.id,
        channel = after.account.channel.as_str(),
        from = before.state.as_str(),
        to = after.state.as_str(),
        "publication {} on {} is now {}", after.id, after.account.channel.as_str(), after.state.as_str()
    );
    Ok(after)
}

/// The microblog waits for the page that it links to, and a while for WeChat.
fn lets_microblog_go(publication: &Publication) -> bool {
    match publication.account.channel {
        Channel::Page | Channel::Wechat => !publication.state.is_open(),
        Channel::Weibo => false,
    }
}
