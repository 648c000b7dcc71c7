//! An officer writes down what is said in a message without words. The words go the way that a message's go:
//! sealed as typed, masked before anything leaves. A second time replaces the first, and both are kept.

use grpc::Caller;
use ids::ReportId;
use masking::mask;
use messaging::{Waker, outbox};
use runtime::{Clock, crash_point};
use sqlx::PgPool;
use uuid::Uuid;

use crate::deed::{Action, Deed};
use crate::domain::report::{FieldError, TEXT_CHARACTERS_MAX, clean};
use crate::events;
use crate::fetch::report_key;
use crate::store::media::{self, Transcript};
use crate::vault::{Purpose, Vault};

/// What an officer asks for.
pub struct Transcribe {
    /// The caller's request.
    pub request: Uuid,
    /// The message.
    pub report: ReportId,
    /// What is said, as typed.
    pub text: String,
    /// Who.
    pub caller: Caller,
}

/// Why nothing was written down.
#[derive(Debug, thiserror::Error)]
pub enum TranscribeError {
    /// The text cannot be taken.
    #[error("the text cannot be taken")]
    Text(FieldError),
    /// No such message, or one that has neither picture nor voice.
    #[error("no such message without words")]
    Unknown,
    /// The same request was made about another message, or with other words.
    #[error("the request was made before about another message, or with other words")]
    OtherRequest,
    /// Its reporter was forgotten, and its key with it.
    #[error("the message can no longer be opened")]
    Forgotten,
    /// The database is away.
    #[error("the database did not take the transcript")]
    Database(#[from] sqlx::Error),
}

/// Writes transcripts.
pub struct Transcribing {
    /// The database.
    pub pool: PgPool,
    /// Seals what is typed.
    pub vault: Vault,
    /// Woken when something was written down.
    pub relay: Waker,
    /// The time.
    pub clock: Clock,
}

impl Transcribing {
    /// Writes one down; returns its revision.
    ///
    /// # Errors
    /// When it is not durable; then nothing was changed.
    pub async fn transcribe(&self, asked: Transcribe) -> Result<u64, TranscribeError> {
        let text = checked(&asked.text).map_err(TranscribeError::Text)?;
        let agency = asked.caller.agency;
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let message = media::lock(&mut tx, agency, asked.report).await?.ok_or(TranscribeError::Unknown)?;
        let masked_text = mask(&text);
        if let Some(before) = media::transcribed_before(&mut tx, agency, asked.request).await? {
            // Other words under one id are not the same request again: they must not be lost in silence.
            return if before.report == asked.report && before.masked_text == masked_text {
                Ok(before.revision.cast_unsigned())
            } else {
                Err(TranscribeError::OtherRequest)
            };
        }
        let key = report_key(&self.vault, &message).map_err(|_| TranscribeError::Forgotten)?;
        let transcript = Transcript {
            request: asked.request,
            sealed: key.seal(Purpose::Transcript, asked.report.as_uuid(), text.as_bytes()),
            masked_text,
            by: asked.caller.actor(),
            by_name: asked.caller.display_name.clone(),
        };
        let now = self.clock.now();
        let revision =
            media::transcribe(&mut tx, agency, asked.report, &transcript, now).await?.cast_unsigned();
        let event = events::message_transcribed(agency, asked.report, revision, transcript.masked_text);
        outbox::enqueue(&mut tx, agency, events::MESSAGE_TRANSCRIBED, &event).await?;
        let subjects = [("report", asked.report.to_string()), ("revision", revision.to_string())];
        let (caller, action) = (&asked.caller, Action::MessageTranscribed);
        Deed { caller, action, subjects: &subjects, reason: "", time: now }.record(&mut tx).await?;
        crash_point!("ingest.transcribe.before_commit");
        tx.commit().await?;
        crash_point!("ingest.transcribe.after_commit");
        self.relay.wake();
        Ok(revision)
    }
}

fn checked(typed: &str) -> Result<String, FieldError> {
    let characters = typed.chars().count();
    if characters > TEXT_CHARACTERS_MAX {
        return Err(FieldError {
            field: "text",
            zh: format!("听写有 {characters} 字，超过上限 {TEXT_CHARACTERS_MAX} 字；请只写要点。"),
            en: format!(
                "text has {characters} characters, over the limit of {TEXT_CHARACTERS_MAX}; write the gist."
            ),
        });
    }
    let text = clean(typed);
    if text.trim().is_empty() {
        return Err(FieldError {
            field: "text",
            zh: "还没有写；请写下听到或看到的内容。".to_owned(),
            en: "text is empty or blank; write down what is said.".to_owned(),
        });
    }
    Ok(text)
}
