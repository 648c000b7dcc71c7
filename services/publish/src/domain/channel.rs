//! The channels that exist. What each of them does is its sender's business.

use std::str::FromStr;

/// Where something can be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// The agency's own public page.
    Page,
    /// A WeChat Official Account.
    Wechat,
    /// A microblog account.
    Weibo,
}

/// The account slug of the public page, of which an agency has one.
pub const PAGE_ACCOUNT: &str = "page";

impl Channel {
    /// Its name in rows, events and renditions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Wechat => "wechat",
            Self::Weibo => "weibo",
        }
    }

    /// Its name for officers.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Page => "公开页",
            Self::Wechat => "微信公众号",
            Self::Weibo => "微博",
        }
    }
}

/// Not the name of a channel.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such channel")]
pub struct UnknownChannel;

impl FromStr for Channel {
    type Err = UnknownChannel;

    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        [Self::Page, Self::Wechat, Self::Weibo]
            .into_iter()
            .find(|channel| channel.as_str() == text)
            .ok_or(UnknownChannel)
    }
}

/// One account on a channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// The channel.
    pub channel: Channel,
    /// The account's slug.
    pub slug: String,
}
