//! Everything the sandbox knows, as the sum of what happened. Changes are
//! facts: deciding is done before one is made, applying one cannot fail, and
//! the same changes always give the same world.

use serde::{Deserialize, Serialize};

use crate::{
    beijing,
    wechat::{state::Wechat, state::WechatChange},
    weibo::state::{Weibo, WeiboChange},
};

/// One fact.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Wechat(WechatChange),
    Weibo(WeiboChange),
    /// Something reached the public or a citizen.
    Shown(Shown),
}

impl From<WechatChange> for Change {
    fn from(change: WechatChange) -> Self {
        Self::Wechat(change)
    }
}

impl From<WeiboChange> for Change {
    fn from(change: WeiboChange) -> Self {
        Self::Weibo(change)
    }
}

impl From<Shown> for Change {
    fn from(shown: Shown) -> Self {
        Self::Shown(shown)
    }
}

/// What kind of thing was shown, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownKind {
    /// A mass message reached the followers.
    MassPush,
    /// A mass message's article was taken down.
    MassDeleted,
    /// A post appeared on the microblog.
    WeiboPost,
    /// A post disappeared from the microblog.
    WeiboDeleted,
    /// A customer-service message reached one citizen.
    CustomerMessage,
    /// The answer to a callback reached one citizen.
    PassiveReply,
}

/// One thing shown, as the public log states it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shown {
    pub kind: ShownKind,
    /// The official account's `gh_…` or the microblog account's uid.
    pub account: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub platform_id: String,
    /// Further articles of one mass message, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Headline>,
}

/// Title and address of one article.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Headline {
    pub title: String,
    pub url: String,
}

/// One line of the public log.
#[derive(Clone, Serialize)]
pub struct LogEntry {
    pub seq: usize,
    /// RFC 3339, Beijing's offset.
    pub time: String,
    #[serde(skip)]
    pub at_ms: i64,
    #[serde(flatten)]
    pub shown: Shown,
}

/// Both platforms and the append-only log of what they showed.
#[derive(Default)]
pub struct World {
    pub wechat: Wechat,
    pub weibo: Weibo,
    pub log: Vec<LogEntry>,
}

impl World {
    /// Takes note of one fact.
    pub fn apply(&mut self, change: &Change, at_ms: i64) {
        match change {
            Change::Wechat(change) => self.wechat.apply(change, at_ms),
            Change::Weibo(change) => self.weibo.apply(change, at_ms),
            Change::Shown(shown) => {
                let seq = self.log.len() + 1;
                let time = beijing::rfc3339(at_ms);
                self.log.push(LogEntry { seq, time, at_ms, shown: shown.clone() });
            }
        }
    }
}
