//! What a citizen or the platform says in a callback, typed.
//!
//! Optional fields that are missing or empty stay empty: a message must not
//! be lost because a field beside its content is odd. Only what identifies a
//! message is required.

use sha1::{Digest, Sha1};
use thiserror::Error;

use crate::xml::Element;

/// OpenIDs have 28 characters and account ids 15; anything near this limit is
/// not from the platform.
const USER_BYTES_MAX: usize = 64;

/// One message or event, as pushed to the callback address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The account's original id (`gh_…`).
    pub to_user: String,
    /// The sender's OpenID.
    pub from_user: String,
    /// Seconds since 1970, by the platform's clock.
    pub create_time: i64,
    /// Missing in events.
    pub msg_id: Option<u64>,
    pub incoming: Incoming,
}

/// The content, by MsgType.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    Text {
        content: String,
    },
    Image {
        picture_url: String,
        media_id: String,
    },
    /// `recognition` is documented no longer and comes empty.
    Voice {
        media_id: String,
        format: String,
        media_id_16k: Option<String>,
        recognition: Option<String>,
    },
    /// `video` and `shortvideo`.
    Video {
        media_id: String,
        thumb_media_id: String,
    },
    /// Latitude and longitude in degrees, in the platform's own spelling.
    Location {
        latitude: String,
        longitude: String,
        scale: String,
        label: String,
    },
    /// A forwarded article: the usual form of a rumour report.
    Link {
        title: String,
        description: String,
        url: String,
    },
    /// Undocumented; the file itself cannot be fetched.
    File {
        title: String,
        description: String,
    },
    Event(Event),
    Unknown {
        msg_type: String,
    },
}

/// An event, by its name (compared without regard to case).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `scene` is that of the parametric QR code, without its prefix.
    Subscribe {
        scene: Option<String>,
    },
    Unsubscribe,
    Scan {
        scene: String,
    },
    Location,
    Click {
        key: String,
    },
    View {
        url: String,
    },
    MassSendJobFinish(MassSendJob),
    /// `status` is `success`, `failed:user block` or `failed: system failed`.
    TemplateSendJobFinish {
        msg_id: i64,
        status: String,
    },
    PublishJobFinish {
        publish_id: String,
    },
    Unknown {
        event: String,
        key: String,
    },
}

/// The result of a mass send. The counts are approximate: the event comes
/// when the job is nearly finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MassSendJob {
    /// As returned by `sendall`.
    pub msg_id: i64,
    pub status: MassSendStatus,
    /// Followers addressed.
    pub total_count: Option<i64>,
    /// Left after the platform's own filters (four a month, refusals).
    pub filter_count: Option<i64>,
    pub sent_count: Option<i64>,
    pub error_count: Option<i64>,
    /// In the order of the articles; may be empty even after success.
    pub article_urls: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MassSendStatus {
    /// `send success`: some followers may still have failed.
    Success,
    /// `send fail`: may be partly sent.
    Failed,
    /// `err(code)`: the platform's review or the administrator refused; not
    /// sent. 40001 = the administrator refused, 40002 = 30 minutes of silence.
    Refused {
        code: i64,
    },
    Other(String),
}

/// The XML is well-formed but is no message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    #[error("the root element is not <xml>")]
    Root,
    #[error("{0} is missing or empty")]
    Missing(&'static str),
    #[error("{0} is not a number")]
    NotANumber(&'static str),
    #[error("{0} is longer than {USER_BYTES_MAX} bytes")]
    TooLong(&'static str),
}

impl Message {
    /// Says which deliveries are the same message: equal for every
    /// redelivery. `MsgId` alone does not: when many people write at once, one
    /// id has been seen on messages of several. Should one person's two
    /// messages of one second share it too, [`content_key`](Self::content_key)
    /// tells them apart. Up to 200 bytes.
    pub fn dedupe_key(&self) -> String {
        let Self { from_user, create_time, .. } = self;
        match &self.incoming {
            // What is told of one job may change; a repetition may not.
            Incoming::Event(Event::MassSendJobFinish(job)) => {
                format!("job:mass:{}:{}", job.msg_id, short_hash(&format!("{job:?}")))
            }
            Incoming::Event(Event::TemplateSendJobFinish { msg_id, .. }) => format!("job:template:{msg_id}"),
            Incoming::Event(Event::PublishJobFinish { publish_id }) => {
                format!("job:publish:{}", short_hash(publish_id))
            }
            Incoming::Event(event) => {
                let (name, key) = event.identity();
                format!("event:{from_user}:{create_time}:{}", short_hash(&format!("{name}\n{key}")))
            }
            other => match self.msg_id {
                Some(msg_id) => format!("message:{from_user}:{create_time}:{msg_id}"),
                // Not documented to happen. The content keeps two messages of
                // one second apart.
                None => format!("message:{from_user}:{create_time}:{}", short_hash(&other.content())),
            },
        }
    }

    /// Equal for two deliveries that say the same. 40 bytes.
    pub fn content_key(&self) -> String {
        short_hash(&self.incoming.content())
    }
}

impl Incoming {
    /// What is said, without what may differ between two deliveries of one
    /// message: a picture's address is made anew, its id is not.
    fn content(&self) -> String {
        match self {
            Self::Image { media_id, .. } if !media_id.is_empty() => format!("image\n{media_id}"),
            Self::Text { content } => format!("text\n{content}"),
            other => format!("{other:?}"),
        }
    }
}

impl Event {
    /// Name and key, as far as they tell two events of one second apart.
    fn identity(&self) -> (&str, &str) {
        match self {
            Self::Subscribe { scene } => ("subscribe", scene.as_deref().unwrap_or_default()),
            Self::Unsubscribe => ("unsubscribe", ""),
            Self::Scan { scene } => ("scan", scene),
            Self::Location => ("location", ""),
            Self::Click { key } => ("click", key),
            Self::View { url } => ("view", url),
            Self::MassSendJobFinish(_) => ("masssendjobfinish", ""),
            Self::TemplateSendJobFinish { .. } => ("templatesendjobfinish", ""),
            Self::PublishJobFinish { publish_id } => ("publishjobfinish", publish_id),
            Self::Unknown { event, key } => (event, key),
        }
    }
}

impl MassSendStatus {
    /// Reads the platform's spelling tolerantly: documents mix brackets of
    /// full and half width, and spaces come and go.
    pub fn of(text: &str) -> Self {
        let compact: String = text.chars().filter(|character| !character.is_whitespace()).collect();
        let compact = compact.replace('（', "(").replace('）', ")").to_lowercase();
        let code = compact.strip_prefix("err(").and_then(|rest| rest.strip_suffix(')'));
        match (compact.as_str(), code.map(str::parse)) {
            ("sendsuccess", _) => Self::Success,
            ("sendfail", _) => Self::Failed,
            (_, Some(Ok(code))) => Self::Refused { code },
            _ => Self::Other(text.to_owned()),
        }
    }

    /// The platform's spelling.
    pub fn as_text(&self) -> String {
        match self {
            Self::Success => "send success".to_owned(),
            Self::Failed => "send fail".to_owned(),
            Self::Refused { code } => format!("err({code})"),
            Self::Other(text) => text.clone(),
        }
    }
}

impl TryFrom<&Element> for Message {
    type Error = MessageError;

    fn try_from(root: &Element) -> Result<Self, MessageError> {
        if root.name != "xml" {
            return Err(MessageError::Root);
        }
        let msg_id = match root.text_of("MsgId").map(str::trim) {
            None | Some("") => None,
            Some(text) => Some(text.parse().map_err(|_| MessageError::NotANumber("MsgId"))?),
        };
        Ok(Self {
            to_user: user(root, "ToUserName")?,
            from_user: user(root, "FromUserName")?,
            create_time: number(root, "CreateTime")?,
            msg_id,
            incoming: incoming(root)?,
        })
    }
}

fn incoming(root: &Element) -> Result<Incoming, MessageError> {
    let msg_type = required(root, "MsgType")?;
    Ok(match msg_type.to_lowercase().as_str() {
        // Not trimmed: what the citizen wrote stays as it is.
        "text" => Incoming::Text { content: root.text_of("Content").unwrap_or_default().to_owned() },
        "image" => Incoming::Image { picture_url: text(root, "PicUrl"), media_id: text(root, "MediaId") },
        "voice" => Incoming::Voice {
            media_id: text(root, "MediaId"),
            format: text(root, "Format"),
            media_id_16k: not_empty(root, "MediaId16K"),
            recognition: not_empty(root, "Recognition"),
        },
        "video" | "shortvideo" => {
            Incoming::Video { media_id: text(root, "MediaId"), thumb_media_id: text(root, "ThumbMediaId") }
        }
        "location" => Incoming::Location {
            latitude: text(root, "Location_X"),
            longitude: text(root, "Location_Y"),
            scale: text(root, "Scale"),
            label: text(root, "Label"),
        },
        "link" => Incoming::Link {
            title: text(root, "Title"),
            description: text(root, "Description"),
            url: text(root, "Url"),
        },
        "file" => Incoming::File { title: text(root, "Title"), description: text(root, "Description") },
        "event" => Incoming::Event(event(root)?),
        _ => Incoming::Unknown { msg_type },
    })
}

fn event(root: &Element) -> Result<Event, MessageError> {
    let event = required(root, "Event")?;
    let key = text(root, "EventKey");
    Ok(match event.to_lowercase().as_str() {
        "subscribe" => {
            let scene = key.strip_prefix("qrscene_").unwrap_or(&key);
            Event::Subscribe { scene: (!scene.is_empty()).then(|| scene.to_owned()) }
        }
        "unsubscribe" => Event::Unsubscribe,
        "scan" => Event::Scan { scene: key },
        "location" => Event::Location,
        "click" => Event::Click { key },
        "view" => Event::View { url: key },
        "masssendjobfinish" => Event::MassSendJobFinish(mass_send_job(root)?),
        "templatesendjobfinish" => {
            Event::TemplateSendJobFinish { msg_id: number(root, "MsgID")?, status: text(root, "Status") }
        }
        "publishjobfinish" => {
            let information =
                root.child("PublishEventInfo").ok_or(MessageError::Missing("PublishEventInfo"))?;
            Event::PublishJobFinish { publish_id: required(information, "publish_id")? }
        }
        _ => Event::Unknown { event, key },
    })
}

fn mass_send_job(root: &Element) -> Result<MassSendJob, MessageError> {
    let count = |name| root.text_of(name).and_then(|text| text.trim().parse().ok());
    let results = root.child("ArticleUrlResult").and_then(|result| result.child("ResultList"));
    let articles = results.map(|list| list.children.as_slice()).unwrap_or_default();
    Ok(MassSendJob {
        // Spelt MsgID here; MsgId in the messages of citizens.
        msg_id: number(root, "MsgID")?,
        status: MassSendStatus::of(&required(root, "Status")?),
        total_count: count("TotalCount"),
        filter_count: count("FilterCount"),
        sent_count: count("SentCount"),
        error_count: count("ErrorCount"),
        article_urls: articles.iter().filter_map(|article| not_empty(article, "ArticleUrl")).collect(),
    })
}

fn text(element: &Element, name: &str) -> String {
    element.text_of(name).unwrap_or_default().trim().to_owned()
}

fn not_empty(element: &Element, name: &str) -> Option<String> {
    Some(text(element, name)).filter(|text| !text.is_empty())
}

fn required(element: &Element, name: &'static str) -> Result<String, MessageError> {
    not_empty(element, name).ok_or(MessageError::Missing(name))
}

fn user(element: &Element, name: &'static str) -> Result<String, MessageError> {
    let user = required(element, name)?;
    if user.len() > USER_BYTES_MAX { Err(MessageError::TooLong(name)) } else { Ok(user) }
}

fn number(element: &Element, name: &'static str) -> Result<i64, MessageError> {
    required(element, name)?.parse().map_err(|_| MessageError::NotANumber(name))
}

fn short_hash(text: &str) -> String {
    hex::encode(Sha1::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{Event, Incoming, MassSendStatus, Message, MessageError};
    use crate::xml;

    fn read(inner: &str) -> Result<Message, MessageError> {
        let head = "<ToUserName>gh_7f083739789a</ToUserName><FromUserName>oCitizen</FromUserName><CreateTime>1763769600</CreateTime>";
        Message::try_from(&xml::parse(format!("<xml>{head}{inner}</xml>").as_bytes()).unwrap())
    }

    fn incoming(inner: &str) -> Incoming {
        read(inner).unwrap().incoming
    }

    #[test]
    fn every_kind_of_message_is_typed() {
        assert_eq!(
            incoming(
                "<MsgType><![CDATA[image]]></MsgType><PicUrl>http://p/0</PicUrl><MediaId>M</MediaId><MsgId>1</MsgId>"
            ),
            Incoming::Image { picture_url: "http://p/0".into(), media_id: "M".into() }
        );
        assert_eq!(
            incoming(
                "<MsgType>voice</MsgType><MediaId>M</MediaId><Format>amr</Format><Recognition><![CDATA[]]></Recognition><MediaId16K>K</MediaId16K>"
            ),
            Incoming::Voice {
                media_id: "M".into(),
                format: "amr".into(),
                media_id_16k: Some("K".into()),
                recognition: None
            }
        );
        assert_eq!(
            incoming("<MsgType>shortvideo</MsgType><MediaId>M</MediaId><ThumbMediaId>T</ThumbMediaId>"),
            Incoming::Video { media_id: "M".into(), thumb_media_id: "T".into() }
        );
        assert_eq!(
            incoming(
                "<MsgType>location</MsgType><Location_X>30.274</Location_X><Location_Y>120.155</Location_Y><Scale>15</Scale><Label>某某路1号</Label>"
            ),
            Incoming::Location {
                latitude: "30.274".into(),
                longitude: "120.155".into(),
                scale: "15".into(),
                label: "某某路1号".into()
            }
        );
        assert_eq!(
            incoming(
                "<MsgType>link</MsgType><Title>紧急通知</Title><Description>转发</Description><Url>http://mp.weixin.qq.com/s/abc</Url>"
            ),
            Incoming::Link {
                title: "紧急通知".into(),
                description: "转发".into(),
                url: "http://mp.weixin.qq.com/s/abc".into()
            }
        );
        assert_eq!(
            incoming("<MsgType>file</MsgType><Title>a.pdf</Title><FileKey>K</FileKey>"),
            Incoming::File { title: "a.pdf".into(), description: String::new() }
        );
        assert_eq!(
            incoming("<MsgType>hologram</MsgType>"),
            Incoming::Unknown { msg_type: "hologram".into() }
        );
    }

    #[test]
    fn events_are_typed_whatever_the_case_of_their_name() {
        let event = |inner: &str| match incoming(&format!("<MsgType>event</MsgType>{inner}")) {
            Incoming::Event(event) => event,
            other => panic!("{other:?} is no event"),
        };
        assert_eq!(event("<Event>subscribe</Event><EventKey></EventKey>"), Event::Subscribe { scene: None });
        assert_eq!(
            event("<Event>subscribe</Event><EventKey>qrscene_report01</EventKey>"),
            Event::Subscribe { scene: Some("report01".into()) }
        );
        assert_eq!(event("<Event>unsubscribe</Event>"), Event::Unsubscribe);
        assert_eq!(
            event("<Event>SCAN</Event><EventKey>report01</EventKey>"),
            Event::Scan { scene: "report01".into() }
        );
        assert_eq!(
            event("<Event>CLICK</Event><EventKey>MENU</EventKey>"),
            Event::Click { key: "MENU".into() }
        );
        assert_eq!(
            event("<Event>VIEW</Event><EventKey>http://x</EventKey>"),
            Event::View { url: "http://x".into() }
        );
        assert_eq!(
            event(
                "<Event>templatesendjobfinish</Event><MsgID>200163836</MsgID><Status>failed:user block</Status>"
            ),
            Event::TemplateSendJobFinish { msg_id: 200_163_836, status: "failed:user block".into() }
        );
        assert_eq!(
            event(
                "<Event>PUBLISHJOBFINISH</Event><PublishEventInfo><publish_id>2247503051</publish_id></PublishEventInfo>"
            ),
            Event::PublishJobFinish { publish_id: "2247503051".into() }
        );
        assert_eq!(
            event("<Event>pic_weixin</Event><EventKey>k</EventKey>"),
            Event::Unknown { event: "pic_weixin".into(), key: "k".into() }
        );
    }

    #[test]
    fn a_mass_send_result_without_its_lists_is_read() {
        let message = read("<MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event><MsgID>3147494276</MsgID><Status>err(20001)</Status><ArticleUrlResult></ArticleUrlResult>").unwrap();
        let Incoming::Event(Event::MassSendJobFinish(job)) = &message.incoming else { panic!("{message:?}") };
        assert_eq!(job.msg_id, 3_147_494_276);
        assert_eq!(job.status, MassSendStatus::Refused { code: 20001 });
        assert_eq!(job.total_count, None);
        assert!(job.article_urls.is_empty());
        assert!(message.dedupe_key().starts_with("job:mass:3147494276:"), "{}", message.dedupe_key());
    }

    #[test]
    fn mass_send_statuses_are_read_tolerantly() {
        for (text, status) in [
            ("send success", MassSendStatus::Success),
            ("sendsuccess", MassSendStatus::Success),
            ("send fail", MassSendStatus::Failed),
            ("err(30003)", MassSendStatus::Refused { code: 30003 }),
            ("err（40001）", MassSendStatus::Refused { code: 40001 }),
            ("err(x)", MassSendStatus::Other("err(x)".into())),
            ("", MassSendStatus::Other(String::new())),
        ] {
            assert_eq!(MassSendStatus::of(text), status, "{text}");
        }
        assert_eq!(
            MassSendStatus::of(&MassSendStatus::Refused { code: 1 }.as_text()),
            MassSendStatus::Refused { code: 1 }
        );
    }

    #[test]
    fn keys_tell_messages_apart_and_redeliveries_not() {
        let text = "<MsgType>text</MsgType><Content>a</Content><MsgId>24690000000000001</MsgId>";
        assert_eq!(read(text).unwrap().dedupe_key(), "message:oCitizen:1763769600:24690000000000001");
        let scan = |key: &str| {
            read(&format!("<MsgType>event</MsgType><Event>SCAN</Event><EventKey>{key}</EventKey>"))
                .unwrap()
                .dedupe_key()
        };
        assert_eq!(scan("a"), scan("a"));
        assert_ne!(scan("a"), scan("b"));
        let view =
            format!("<MsgType>event</MsgType><Event>VIEW</Event><EventKey>{}</EventKey>", "u".repeat(5000));
        assert!(read(&view).unwrap().dedupe_key().len() <= 200);
        let bare = |content: &str| {
            read(&format!("<MsgType>text</MsgType><Content>{content}</Content>")).unwrap().dedupe_key()
        };
        assert_ne!(bare("a"), bare("b"));
    }

    #[test]
    fn one_id_for_two_people_or_two_seconds_is_two_messages() {
        let message = read("<MsgType>text</MsgType><Content>a</Content><MsgId>1</MsgId>").unwrap();
        let of_another = Message { from_user: "oAnother".into(), ..message.clone() };
        let a_second_later = Message { create_time: message.create_time + 1, ..message.clone() };
        assert_ne!(message.dedupe_key(), of_another.dedupe_key());
        assert_ne!(message.dedupe_key(), a_second_later.dedupe_key());
    }

    #[test]
    fn one_id_with_other_words_is_told_by_the_content_and_a_redelivery_is_not() {
        let content = |inner: &str| read(&format!("{inner}<MsgId>1</MsgId>")).unwrap().content_key();
        let text = |words: &str| content(&format!("<MsgType>text</MsgType><Content>{words}</Content>"));
        assert_eq!(text("停水"), text("停水"));
        assert_ne!(text("停水"), text("停电"));
        let image = |url: &str, id: &str| {
            content(&format!("<MsgType>image</MsgType><PicUrl>{url}</PicUrl><MediaId>{id}</MediaId>"))
        };
        assert_eq!(image("http://a/0", "M"), image("http://b/0", "M"));
        assert_ne!(image("http://a/0", "M"), image("http://a/0", "N"));
        assert_ne!(image("http://a/0", ""), image("http://b/0", ""));
        let job = |status: &str| {
            read(&format!("<MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event><MsgID>3</MsgID><Status>{status}</Status>"))
                .unwrap()
                .dedupe_key()
        };
        assert_eq!(job("send success"), job("send success"));
        assert_ne!(job("send success"), job("send fail"));
    }

    #[test]
    fn what_identifies_a_message_is_required() {
        assert_eq!(read(""), Err(MessageError::Missing("MsgType")));
        assert_eq!(read("<MsgType>event</MsgType>"), Err(MessageError::Missing("Event")));
        assert_eq!(read("<MsgType>text</MsgType><MsgId>x</MsgId>"), Err(MessageError::NotANumber("MsgId")));
        let root = |text: &str| Message::try_from(&xml::parse(text.as_bytes()).unwrap());
        assert_eq!(root("<html/>"), Err(MessageError::Root));
        assert_eq!(root("<xml/>"), Err(MessageError::Missing("ToUserName")));
        let long = format!(
            "<xml><ToUserName>g</ToUserName><FromUserName>{}</FromUserName><CreateTime>1</CreateTime></xml>",
            "o".repeat(65)
        );
        assert_eq!(root(&long), Err(MessageError::TooLong("FromUserName")));
    }
}
