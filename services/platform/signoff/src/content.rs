//! What will be said: one revision of a clarification with its form for every channel. It holds no rule about
//! how long a post may be or who may sign it.

use std::collections::BTreeSet;

use ids::{AgencyId, CaseId, ClaimId, ClarificationId};
use sha2::{Digest, Sha256};

use crate::codec::{List, Reader, Text, Writer, ascends, repeats};
use crate::malformed::Malformed;
use crate::version::Version;

/// The domain tag, first in every encoded content.
pub const TAG: &str = "chengqing.content.v2";

/// The domain tag of version 1, in which nothing new is written.
pub const TAG_V1: &str = "chengqing.content.v1";

const TAGS: [(Version, &str); 2] = [(Version::One, TAG_V1), (Version::Two, TAG)];

/// The whole document's bound. The event that carries it must stay below the bus's 1 MiB.
pub const BYTES_MAX: usize = 512 * 1024;

/// The claims that one content may answer.
pub const CLAIMS_MAX: usize = 1024;

const KIND: Text = Text { field: "kind", bytes_max: 64 };
const VERDICT: Text = Text { field: "verdict", bytes_max: 64 };
const RESPONSE_LEVEL: Text = Text { field: "response_level", bytes_max: 64 };
const CLAIM_SENTENCE: Text = Text { field: "claim_sentence", bytes_max: 16 * 1024 };
const CLAIMS: List = List { field: "claims", count_max: CLAIMS_MAX };
const RENDITIONS: List = List { field: "renditions", count_max: 64 };
const CHANNEL: Text = Text { field: "channel", bytes_max: 64 };
const TITLE: Text = Text { field: "title", bytes_max: 1024 };
const SUMMARY: Text = Text { field: "summary", bytes_max: 4 * 1024 };
const BODY: Text = Text { field: "body", bytes_max: 256 * 1024 };
const PICTURES: List = List { field: "pictures", count_max: 64 };

/// One revision of a clarification, exactly as it will be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The version that it is written in.
    pub version: Version,
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
    /// The claims that the words answer: nobody else is told them by machine. Empty for what answers no claim,
    /// and in version 1, which does not say.
    pub claims: BTreeSet<ClaimId>,
    /// First Unix second at which it may go out; 0 = open.
    pub not_before: i64,
    /// Last Unix second at which it may still go out; 0 = open.
    pub not_after: i64,
    /// Last Unix second at which the words hold; after it nobody is told them by machine. 0 = no end, as always
    /// in version 1.
    pub valid_until: i64,
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
    /// When a field exceeds its bound, two renditions name one channel, or version 1 would have to say what it
    /// has no place for.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        self.version.check_absent("claims", self.claims.is_empty())?;
        self.version.check_absent("valid_until", self.valid_until == 0)?;
        let mut writer = Writer::new(match self.version {
            Version::One => TAG_V1,
            Version::Two => TAG,
        });
        writer.id(self.agency.as_uuid());
        writer.id(self.case.as_uuid());
        writer.id(self.clarification.as_uuid());
        writer.u64(self.revision);
        writer.text(KIND, &self.kind)?;
        writer.text(VERDICT, &self.verdict)?;
        writer.text(RESPONSE_LEVEL, &self.response_level)?;
        writer.byte(u8::from(self.automatic_answer));
        writer.text(CLAIM_SENTENCE, &self.claim_sentence)?;
        if self.version == Version::Two {
            writer.count(CLAIMS, self.claims.len())?;
            for claim in &self.claims {
                writer.id(claim.as_uuid());
            }
        }
        writer.i64(self.not_before);
        writer.i64(self.not_after);
        if self.version == Version::Two {
            writer.i64(self.valid_until);
        }
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
        let (mut reader, version) = Reader::of_versions(&TAGS, bytes, BYTES_MAX)?;
        let content = Self {
            version,
            agency: reader.id("agency")?,
            case: reader.id("case")?,
            clarification: reader.id("clarification")?,
            revision: reader.u64("revision")?,
            kind: reader.text(KIND)?,
            verdict: reader.text(VERDICT)?,
            response_level: reader.text(RESPONSE_LEVEL)?,
            automatic_answer: reader.bool("automatic_answer")?,
            claim_sentence: reader.text(CLAIM_SENTENCE)?,
            claims: match version {
                Version::One => BTreeSet::new(),
                Version::Two => read_claims(&mut reader)?,
            },
            not_before: reader.i64("not_before")?,
            not_after: reader.i64("not_after")?,
            valid_until: match version {
                Version::One => 0,
                Version::Two => reader.i64("valid_until")?,
            },
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

    /// The last Unix second at which the words may still go out: the earlier end of window and validity; `None`
    /// where neither has one.
    #[must_use]
    pub fn last_second(&self) -> Option<i64> {
        [self.not_after, self.valid_until].into_iter().filter(|end| *end != 0).min()
    }

    /// True once the words hold no longer, whatever their window said.
    #[must_use]
    pub const fn has_ended(&self, unix_second: i64) -> bool {
        self.valid_until != 0 && unix_second > self.valid_until
    }

    /// True when the words were signed for the askers of `claim`. Version 1 does not say, and is taken at the
    /// word of whoever brings it.
    #[must_use]
    pub fn answers(&self, claim: Option<ClaimId>) -> bool {
        match (self.version, claim) {
            (Version::One, _) => true,
            (Version::Two, None) => self.claims.is_empty(),
            (Version::Two, Some(claim)) => self.claims.contains(&claim),
        }
    }

    fn check_channels(&self) -> Result<(), Malformed> {
        let channels: Vec<&str> =
            self.renditions.iter().map(|rendition| rendition.channel.as_str()).collect();
        if repeats(&channels) { Err(Malformed::Repeated { field: "channel" }) } else { Ok(()) }
    }
}

fn read_claims(reader: &mut Reader<'_>) -> Result<BTreeSet<ClaimId>, Malformed> {
    let claims: Vec<ClaimId> = reader.list(CLAIMS, |reader| reader.id("claims"))?;
    if ascends(&claims) {
        Ok(claims.into_iter().collect())
    } else {
        Err(Malformed::Unordered { field: "claims" })
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
