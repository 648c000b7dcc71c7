//! What points at a person, and what is written in its place.

use serde::{Deserialize, Serialize};

/// What something that points at a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A mobile number.
    Mobile,
    /// A landline, or a long number of which nothing else is known.
    Number,
    /// An identity card, a passport or another paper.
    Paper,
    /// A bank card.
    Card,
    /// The plate of a vehicle.
    Plate,
    /// An account of a messenger or a platform.
    Account,
    /// A mail address.
    Mail,
    /// The name behind an at sign.
    Mention,
    /// The name that somebody gives of themselves.
    Name,
    /// Where somebody lives, or is.
    Home,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Mobile,
        Self::Number,
        Self::Paper,
        Self::Card,
        Self::Plate,
        Self::Account,
        Self::Mail,
        Self::Mention,
        Self::Name,
        Self::Home,
    ];

    /// What is written in its place.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Mobile => "〔手机号〕",
            Self::Number => "〔号码〕",
            Self::Paper => "〔证件号〕",
            Self::Card => "〔卡号〕",
            Self::Plate => "〔车牌〕",
            Self::Account => "〔账号〕",
            Self::Mail => "〔邮箱〕",
            Self::Mention => "〔用户〕",
            Self::Name => "〔姓名〕",
            Self::Home => "〔地址〕",
        }
    }

    /// Its name for officers, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Mobile => "手机号码",
            Self::Number => "电话或其他号码",
            Self::Paper => "身份证等证件号码",
            Self::Card => "银行卡号",
            Self::Plate => "车牌号",
            Self::Account => "微信、QQ等账号",
            Self::Mail => "邮箱地址",
            Self::Mention => "被@的用户名",
            Self::Name => "个人姓名",
            Self::Home => "住址",
        }
    }

    /// The same in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Mobile => "a mobile number",
            Self::Number => "a telephone or other number",
            Self::Paper => "the number of an identity card or another paper",
            Self::Card => "the number of a bank card",
            Self::Plate => "a vehicle's plate",
            Self::Account => "an account of WeChat, QQ or the like",
            Self::Mail => "a mail address",
            Self::Mention => "the name of a mentioned user",
            Self::Name => "a person's name",
            Self::Home => "a home address",
        }
    }
}
