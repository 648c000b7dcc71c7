//! What will be said: one revision of a clarification with its form for every channel. It holds no rule about
//! how long a post may be or who may sign it.

use ids::{AgencyId, CaseId, ClarificationId};
use sha2::{Digest, Sha256};

use crate::codec::{List, Reader, Text, Writer, repeats};
use crate::malformed::Malformed;

/// The domain tag, first in every encoded content.
pub const TAG: &str = "chengqing.content.v1";

/// The whole document's bound. The event that carries it must stay below the bus's 1 MiB.
pub const BYTES_MAX: usize = 512 * 1024;

const KIND: Text = Text { field: "kind", bytes_max: 64 };
const VERDICT: Text = Text { field: "verdict", bytes_max: 64 };
const RESPONSE_LEVEL: Text = Text { field: "response_level", bytes_max: 64 };
const CLAIM_SENTENCE: Text = Text { field: "claim_sentence", bytes_max: 16 * 1024 };
const RENDITIONS: List = List { field: "renditions", count_max: 64 };
const CHANNEL: Text = Text { field: "channel", bytes_max: 64 };
const TITLE: Text = Text { field: "title", bytes_max: 1024 };
const SUMMARY: Text = Text { field: "summary", bytes_max: 4 * 1024 };
const BODY: Text = Text { field: "body", bytes_max: 256 * 1024 };
const PICTURES: List = List { field: "pictures", count_max: 64 };

/// One revision of a clarification, exactly as it will be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The agency that says it.
    pub agency: AgencyId,
    /// The case that it belongs to.
    pub case: CaseId,
    /// The clarification.
    pub clarification: ClarificationId,
    /// Its revision, from 1.
    pub revision: u64,
    /// "clarification", "response", "holding", "notice" or "`standing_replies`".
    pub kind: String,
    /// The verdict, such as "false"; empty where there is none.
    pub verdict: String,
    /// "`answer_only`", "publish", "microblog", "`mass_push`" or "everything".
    pub response_level: String,
    /// Whether it may answer later askers automatically.
    pub automatic_answer: bool,
    /// What is being said in public, in one sentence.
    pub claim_sentence: String,
    /// First Unix second at which it may go out; 0 = open.
    pub not_before: i64,
    /// Last Unix second at which it may still go out; 0 = open.
    pub not_after: i64,
    /// Its form for each channel; at most one per channel.
    pub renditions: Vec<Rendition>,
}

/// A content's form for one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// "wechat", "weibo", "page", "answer" or "standing.<key>".
    pub channel: String,
    /// The title, where the channel has one.
    pub title: String,
    /// The summary, where the channel has one.
    pub summary: String,
    /// The text; HTML for "wechat" and "page", plain for the rest.
    pub body: String,
    /// SHA-256 of each picture, in order.
    pub pictures: Vec<[u8; 32]>,
}

impl Content {
    /// Writes the exact bytes that are hashed and signed.
    ///
    /// # Errors
    /// When a field exceeds its bound or two renditions name one channel.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut writer = Writer::new(TAG);
        writer.id(self.agency.as_uuid());
        writer.id(self.case.as_uuid());
        writer.id(self.clarification.as_uuid());
        writer.u64(self.revision);
        writer.text(KIND, &self.kind)?;
        writer.text(VERDICT, &self.verdict)?;
        writer.text(RESPONSE_LEVEL, &self.response_level)?;
        writer.byte(u8::from(self.automatic_answer));
        writer.text(CLAIM_SENTENCE, &self.claim_sentence)?;
        writer.i64(self.not_before);
        writer.i64(self.not_after);
        writer.count(RENDITIONS, self.renditions.len())?;
        for rendition in &self.renditions {
            rendition.write(&mut writer)?;
        }
        self.check_channels()?;
        writer.finish(BYTES_MAX)
    }

    /// Reads a content back; accepts only bytes that `encode` could have written.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(TAG, bytes, BYTES_MAX)?;
        let content = Self {
            agency: reader.id("agency")?,
            case: reader.id("case")?,
            clarification: reader.id("clarification")?,
            revision: reader.u64("revision")?,
            kind: reader.text(KIND)?,
            verdict: reader.text(VERDICT)?,
            response_level: reader.text(RESPONSE_LEVEL)?,
            automatic_answer: reader.bool("automatic_answer")?,
            claim_sentence: reader.text(CLAIM_SENTENCE)?,
            not_before: reader.i64("not_before")?,
            not_after: reader.i64("not_after")?,
            renditions: reader.list(RENDITIONS, Rendition::read)?,
        };
        reader.finish()?;
        content.check_channels()?;
        Ok(content)
    }

    /// The form for `channel`, if there is one.
    #[must_use]
    pub fn rendition(&self, channel: &str) -> Option<&Rendition> {
        self.renditions.iter().find(|rendition| rendition.channel == channel)
    }

    fn check_channels(&self) -> Result<(), Malformed> {
        let channels: Vec<&str> =
            self.renditions.iter().map(|rendition| rendition.channel.as_str()).collect();
        if repeats(&channels) { Err(Malformed::Repeated { field: "channel" }) } else { Ok(()) }
    }
}

impl Rendition {
    fn write(&self, writer: &mut Writer) -> Result<(), Malformed> {
        writer.text(CHANNEL, &self.channel)?;
        writer.text(TITLE, &self.title)?;
        writer.text(SUMMARY, &self.summary)?;
        writer.text(BODY, &self.body)?;
        writer.count(PICTURES, self.pictures.len())?;
        for picture in &self.pictures {
            writer.raw(picture);
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            channel: reader.text(CHANNEL)?,
            title: reader.text(TITLE)?,
            summary: reader.text(SUMMARY)?,
            body: reader.text(BODY)?,
            pictures: reader.list(PICTURES, |reader| reader.array("pictures"))?,
        })
    }
}

/// The content hash (校验码): SHA-256 over the encoded content. The domain tag is inside the bytes.
#[must_use]
pub fn content_hash(document: &[u8]) -> [u8; 32] {
    Sha256::digest(document).into()
}
