//! What a column can mean.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The words.
    Text,
    /// The desk's own id of the record.
    Id,
    /// When it was said.
    Time,
    /// The day on which it was said, where the time of day stands in a column of its own.
    Date,
    /// How it came in.
    Channel,
    /// Who said it.
    Reporter,
    /// Where it was seen.
    SeenAt,
    /// The account that can answer.
    AnswerAccount,
}

impl Field {
    /// Every field, the most important first.
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Id,
        Self::Time,
        Self::Date,
        Self::Channel,
        Self::Reporter,
        Self::SeenAt,
        Self::AnswerAccount,
    ];

    /// Its name in files, forms and the contract.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Id => "id",
            Self::Time => "time",
            Self::Date => "date",
            Self::Channel => "channel",
            Self::Reporter => "reporter",
            Self::SeenAt => "seen_at",
            Self::AnswerAccount => "answer_account",
        }
    }

    /// The field with this name.
    #[must_use]
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.code() == code)
    }

    /// What officers call it.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Text => "内容",
            Self::Id => "编号",
            Self::Time => "时间",
            Self::Date => "日期",
            Self::Channel => "渠道",
            Self::Reporter => "留言人",
            Self::SeenAt => "出处",
            Self::AnswerAccount => "答复账号",
        }
    }
}

/// How a report came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A message to the Official Account.
    Wechat,
    /// A mention or a comment.
    Microblog,
    /// A note of the hotline's staff.
    Hotline,
    /// A partner's system, or any other way.
    Partner,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 4] = [Self::Hotline, Self::Wechat, Self::Microblog, Self::Partner];

    /// Its name in files, forms and the contract.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Microblog => "microblog",
            Self::Hotline => "hotline",
            Self::Partner => "partner",
        }
    }

    /// The channel with this name.
    #[must_use]
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }

    /// The channel that a cell names, as desks write it.
    #[must_use]
    pub fn written(cell: &str) -> Option<Self> {
        const HOTLINE: &[&str] =
            &["hotline", "热线", "电话", "来电", "座机", "phone", "call", "telephone", "12345", "语音"];
        const WECHAT: &[&str] = &["wechat", "weixin", "微信", "公众号", "微信公众号", "公众平台", "服务号"];
        const MICROBLOG: &[&str] = &["microblog", "weibo", "微博", "新浪微博"];
        const OTHERS: &[&str] = &[
            "partner",
            "other",
            "others",
            "web",
            "website",
            "app",
            "mail",
            "email",
            "e-mail",
            "sms",
            "letter",
            "合作单位",
            "合作方",
            "其他",
            "其它",
            "网站",
            "网络",
            "互联网",
            "网上",
            "门户网站",
            "客户端",
            "小程序",
            "信箱",
            "市长信箱",
            "邮箱",
            "邮件",
            "电子邮件",
            "来信",
            "信件",
            "信访",
            "来访",
            "走访",
            "现场",
            "窗口",
            "短信",
            "论坛",
            "留言板",
            "抖音",
            "快手",
            "头条",
            "今日头条",
            "转办",
            "交办",
            "网民留言",
            "领导留言板",
            "人民网",
            "政务服务网",
        ];
        let plain = crate::dress::plain_word(cell);
        let is = |list: &[&str]| list.contains(&plain.as_str());
        if is(WECHAT) {
            Some(Self::Wechat)
        } else if is(MICROBLOG) {
            Some(Self::Microblog)
        } else if is(HOTLINE)
            || plain.ends_with("热线")
            || plain.ends_with("电话")
            || plain.starts_with("12345")
        {
            Some(Self::Hotline)
        } else if is(OTHERS) {
            Some(Self::Partner)
        } else {
            None
        }
    }
}
