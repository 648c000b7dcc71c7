//! A post to be published, posts as the platform shows them, and what
//! publishing can come to.

use std::net::IpAddr;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use url::Url;

use crate::error::{AmbiguousCause, CallError, Wait};
use crate::mid::mid62;

/// Without a commercial contract the platform shows only one's newest five
/// posts, whatever `count` asks for. If so many are newer than `since_id`,
/// there may be more of them than are seen.
pub const TIMELINE_POSTS_MAX: usize = 5;

/// `Tue May 31 17:46:55 +0800 2011`
const CREATED_AT: StaticFormatDescription = format_description!(
    "[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute] [year]"
);

/// One post to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPost {
    pub text: String,
    /// On the app's safe domain; the platform refuses a post without one.
    pub link: Url,
    /// The address of the person or machine that publishes, which the
    /// platform demands.
    pub operator_ip: IpAddr,
}

/// A post as the platform shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub id: i64,
    /// With short links; markup characters may be escaped.
    pub text: String,
    pub created_time: Option<OffsetDateTime>,
    pub user_id: Option<i64>,
    /// Every address that the platform names for the links of the post,
    /// short and long.
    pub urls: Vec<String>,
}

/// One's own newest posts, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    pub posts: Vec<Post>,
}

/// Which of one's own posts to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimelineQuery {
    pub uid: Option<i64>,
    /// Only posts with a larger id.
    pub since_id: Option<i64>,
    /// Only posts made through this app.
    pub this_app_only: bool,
}

/// Everything that publishing can come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShareOutcome {
    Published(Post),
    /// 20032: published; it appears, and its id can be read, in a minute or
    /// two.
    PublishedLate,
    /// The platform has the same or a similar text already: perhaps our own
    /// earlier attempt. A matching post in the timeline means success.
    Duplicate {
        code: i64,
        message: String,
    },
    /// Certainly not published; the same would be refused again.
    Refused {
        code: i64,
        message: String,
    },
    /// Certainly not published; later may do.
    NotNow {
        code: Option<i64>,
        message: String,
        wait: Wait,
    },
    /// Certainly not published; a person must authorise anew, unlock the
    /// account or edit the text.
    NeedsPerson {
        code: i64,
        message: String,
    },
    /// May have been published: to be reconciled before anything else is
    /// written to the account.
    Ambiguous {
        cause: AmbiguousCause,
    },
}

/// What deleting came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destroyed {
    Now,
    /// 20101: no such post (any more).
    AlreadyGone,
}

impl NewPost {
    /// The text that is published, and that counts for the limit. The space
    /// keeps the platform from reading on into what follows the link.
    pub fn status(&self) -> String {
        format!("{} {}", self.text, self.link)
    }
}

impl Post {
    /// The address of the post's page, if its author is known.
    pub fn page_url(&self) -> Option<String> {
        let mid = u64::try_from(self.id).ok()?;
        self.user_id.map(|user_id| format!("https://weibo.com/{user_id}/{}", mid62(mid)))
    }

    /// Reads a Status object; only its id is indispensable.
    pub(crate) fn of(status: &Value) -> Option<Self> {
        Some(Self {
            // The string first: `id` has been seen rounded.
            id: ["idstr", "mid", "id"].into_iter().find_map(|field| integer(status.get(field)?))?,
            text: status.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
            created_time: status.get("created_at").and_then(Value::as_str).and_then(created_time),
            user_id: status.get("user").and_then(|user| integer(user.get("id")?)),
            urls: urls(status),
        })
    }
}

impl Timeline {
    /// Reads the list; an empty one may come as `[]`. One unreadable post
    /// makes the whole list unreadable, because its absence would be taken
    /// as proof.
    pub(crate) fn of(answer: &Value) -> Option<Self> {
        let statuses = match answer {
            Value::Array(statuses) => statuses,
            Value::Object(object) => object.get("statuses")?.as_array()?,
            _ => return None,
        };
        let posts = statuses.iter().map(Post::of).collect::<Option<_>>()?;
        Some(Self { posts })
    }
}

impl From<CallError> for ShareOutcome {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused { code, message } => Self::Refused { code, message },
            CallError::NotNow { code, message, wait } => Self::NotNow { code, message, wait },
            CallError::NeedsPerson { code, message } => Self::NeedsPerson { code, message },
            CallError::Duplicate { code, message } => Self::Duplicate { code, message },
            CallError::Ambiguous { cause } => Self::Ambiguous { cause },
        }
    }
}

/// The member that holds the long address is not documented, so every known
/// spelling is tried.
fn urls(status: &Value) -> Vec<String> {
    const LISTS: [&str; 2] = ["url_objects", "url_struct"];
    const MEMBERS: [&str; 6] = ["url_long", "long_url", "ori_url", "url", "url_short", "short_url"];
    let mut urls = Vec::new();
    for object in LISTS.into_iter().filter_map(|list| status.get(list)?.as_array()).flatten() {
        for place in [Some(object), object.get("info"), object.get("object")].into_iter().flatten() {
            let found = MEMBERS.into_iter().filter_map(|member| place.get(member)?.as_str());
            urls.extend(found.filter(|url| url.starts_with("http")).map(str::to_owned));
        }
    }
    urls
}

fn created_time(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, CREATED_AT).ok()
}

pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::{NewPost, Post, Timeline};

    #[test]
    fn a_status_is_read_from_its_strings() {
        let post = Post::of(&json!({
            "created_at": "Tue May 31 17:46:55 +0800 2011",
            "id": 3_504_803_600_500_000_i64, "idstr": "3504803600502730", "mid": "3504803600502730",
            "text": "澄清 http://t.cn/A6x ", "user": { "id": 1_404_376_560, "screen_name": "x" },
            "url_objects": [{ "url_ori": "http://t.cn/A6x", "info": { "url_short": "http://t.cn/A6x", "url_long": "https://a.cn/c/1" } }],
            "unknown": {},
        }))
        .unwrap();
        assert_eq!(post.id, 3_504_803_600_502_730);
        assert_eq!(post.created_time, Some(datetime!(2011-05-31 17:46:55 +8)));
        assert_eq!(post.urls, ["https://a.cn/c/1", "http://t.cn/A6x"]);
        assert_eq!(post.page_url().as_deref(), Some("https://weibo.com/1404376560/z20XK26My"));
    }

    #[test]
    fn only_the_id_is_needed() {
        let post = Post::of(&json!({ "id": 5, "created_at": "yesterday", "url_objects": null })).unwrap();
        assert_eq!((post.id, post.created_time, post.page_url()), (5, None, None));
        assert_eq!(Post::of(&json!({ "text": "a" })), None);
        assert_eq!(Post::of(&json!({ "id": 3.5e15 })), None);
    }

    #[test]
    fn a_timeline_may_be_a_list_or_an_object_but_never_half_read() {
        assert_eq!(Timeline::of(&json!([])), Some(Timeline::default()));
        assert_eq!(Timeline::of(&json!({ "statuses": [], "total_number": 0 })), Some(Timeline::default()));
        assert_eq!(Timeline::of(&json!({ "statuses": [{ "id": 5 }] })).unwrap().posts.len(), 1);
        assert_eq!(Timeline::of(&json!({ "statuses": [{ "id": 5 }, {}] })), None);
        assert_eq!(Timeline::of(&json!({ "total_number": 0 })), None);
        assert_eq!(Timeline::of(&json!("x")), None);
    }

    #[test]
    fn the_status_ends_with_the_link() {
        let post = NewPost {
            text: "【澄清】不实".into(),
            link: "https://www.qinglan.gov.cn/c/1".parse().unwrap(),
            operator_ip: [211, 156, 0, 1].into(),
        };
        assert_eq!(post.status(), "【澄清】不实 https://www.qinglan.gov.cn/c/1");
    }
}
