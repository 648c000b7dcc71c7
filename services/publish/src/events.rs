//! The event that this service emits: a publication as it now stands, whole.

use contracts::Event;
use contracts::publish::v1 as pb;
use messaging::outbox;
use sqlx::PgConnection;

use crate::domain::publication::{Publication, State};

/// Queues what became of `publication`, in the transaction in which it did.
pub async fn changed(tx: &mut PgConnection, publication: &Publication) -> sqlx::Result<()> {
    let event = pb::PublicationChanged {
        agency_id: publication.agency.to_string(),
        publication: Some(publication.into()),
    };
    outbox::enqueue(tx, publication.agency, pb::PublicationChanged::SUBJECT, &event).await?;
    Ok(())
}

impl From<&Publication> for pb::Publication {
    fn from(publication: &Publication) -> Self {
        Self {
            publication_id: publication.id.to_string(),
            case_id: publication.case.to_string(),
            clarification_id: publication.clarification.to_string(),
            revision: publication.revision,
            channel: publication.account.channel.as_str().to_owned(),
            account: publication.account.slug.clone(),
            state: pb::publication::State::from(publication.state).into(),
            reason: publication.reason.clone(),
            url: publication.url.clone(),
            platform_id: publication.platform_id.clone(),
            changed_time: Some(grpc::timestamp(publication.changed_time)),
            state_revision: publication.state_revision,
            attempts: Vec::new(),
            title: publication.title.clone(),
        }
    }
}

impl From<State> for pb::publication::State {
    fn from(state: State) -> Self {
        match state {
            State::Planned => Self::Planned,
            State::Sending => Self::Sending,
            State::Uncertain => Self::Uncertain,
            State::Accepted => Self::Accepted,
            State::Confirmed => Self::Confirmed,
            State::Failed => Self::Failed,
            State::Halted => Self::Halted,
            State::Refused => Self::Refused,
            State::Withdrawn => Self::Withdrawn,
            State::NeedsPerson => Self::NeedsPerson,
        }
    }
}
