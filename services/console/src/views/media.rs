//! A message's picture or voice, and what an officer wrote down of it.

use contracts::ingest::v1::Media;
use contracts::ingest::v1::media::{Kind, State};
use grpc::rights;

use crate::session::SignedIn;
use crate::show;

/// A picture or a voice.
pub(crate) struct MediaView {
    /// A picture that can be shown in the page.
    pub picture: bool,
    /// What a link to the file is called; empty where there is no file, or none for this person.
    pub file: &'static str,
    /// Why it is not here or is not what it should be.
    pub reason: String,
    /// What was written down last.
    pub transcript: String,
    /// Who wrote it down, and when.
    pub transcribed: String,
    /// True for those who may write it down.
    pub writes: bool,
    /// What is in the box, and the request that it belongs to.
    pub typed: String,
    pub request_id: String,
}

impl MediaView {
    pub(crate) fn of(media: Media, who: &SignedIn) -> Self {
        let (language, words) = (who.visit.language, who.words());
        let opens = who.may(rights::SEE_ORIGINALS);
        let (kind, state) = (media.kind(), media.state());
        let file = match (state, kind) {
            (State::Kept, Kind::Picture) => words.media_picture,
            (State::Kept, _) => words.media_voice,
            (State::Unreadable, _) => words.media_file,
            (State::Waiting | State::Lost | State::Unspecified, _) => "",
        };
        let waits = state == State::Waiting && media.reason.is_empty();
        let time = show::minute(media.transcribe_time.as_ref(), language);
        Self {
            picture: opens && state == State::Kept && kind == Kind::Picture,
            file: if opens { file } else { "" },
            reason: if waits { words.media_waiting.to_owned() } else { media.reason },
            transcribed: format!("{} · {time}", media.transcribed_by),
            typed: String::new(),
            request_id: crate::form::fresh_request_id(),
            transcript: media.transcript,
            writes: who.may(rights::TRANSCRIBE),
        }
    }
}
