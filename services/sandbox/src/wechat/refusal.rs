//! WeChat's error codes with the words it sends along. Callers must go by the
//! number: the words carry a fresh `rid` each time, as the platform's do.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// A call that WeChat turns down.
#[derive(Debug)]
pub struct Refusal {
    code: i64,
    /// In place of the code's usual words.
    words: Option<String>,
    /// Fields beside the code.
    extra: Option<(&'static str, Value)>,
}

impl Refusal {
    /// A refusal in the code's usual words.
    pub fn code(code: i64) -> Self {
        Self { code, words: None, extra: None }
    }

    /// 45065: this `clientmsgid` already has a job.
    pub fn key_exists(msg_id: u64) -> Self {
        Self {
            code: 45_065,
            words: Some("clientmsgid exist".to_owned()),
            extra: Some(("msg_id", json!(msg_id))),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let words = self.words.unwrap_or_else(|| usual_words(self.code).to_owned());
        // The platform's three groups: the time in hexadecimal, then two of chance.
        let rid = format!(
            "{:08x}-{:08x}-{:08x}",
            rand::random::<u32>(),
            rand::random::<u32>(),
            rand::random::<u32>()
        );
        let mut body = json!({ "errcode": self.code, "errmsg": format!("{words} rid: {rid}") });
        if let Some((field, value)) = self.extra {
            body[field] = value;
        }
        Json(body).into_response()
    }
}

fn usual_words(code: i64) -> &'static str {
    match code {
        -1 => "system error",
        40_001 => {
            "invalid credential, access_token is invalid or not latest, could get access_token by \
             getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
        }
        40_002 => "invalid grant_type",
        40_003 => "invalid openid",
        40_004 => "invalid media type",
        40_005 => "invalid file type",
        40_007 => "invalid media_id",
        40_008 => "invalid message type",
        40_009 => "invalid image size",
        40_013 => "invalid appid",
        40_014 => "invalid access_token",
        40_031 => "invalid openid list",
        40_032 => "invalid openid list size",
        40_033 => "invalid charset. please check your request, if include \\uxxxx will create fail!",
        40_035 => "invalid parameter",
        40_059 => "invalid msg id",
        40_060 => "invalid article idx",
        40_065 => "state forbids this action",
        40_066 => "invalid url",
        40_114 => "invalid index value",
        40_125 => "invalid appsecret",
        40_130 => "invalid openid list size, at least two openid",
        40_152 => "invalid tag_id",
        40_227 => "title is empty",
        41_001 => "access_token missing",
        41_002 => "appid missing",
        41_004 => "appsecret missing",
        41_005 => "media data missing",
        41_006 => "media_id missing",
        42_001 => "access_token expired",
        42_010 => "masssend fast, retry again",
        43_001 => "require GET method",
        43_002 => "require POST method",
        43_004 => "require subscribe",
        44_002 => "empty post data",
        44_003 => "empty news data",
        44_004 => "empty content",
        45_002 => "content size out of limit",
        45_003 => "title size out of limit",
        45_004 => "description size out of limit",
        45_005 => "url size out of limit",
        45_008 => "article size out of limit",
        45_009 => "reach max api daily quota limit",
        45_011 => "api minute-quota reach limit, must slower, retry next minute",
        45_015 => "response out of time limit or subscription is canceled",
        45_028 => "has no masssend quota",
        45_047 => "out of response count limit",
        45_066 => "same clientmsgid retry too fast",
        45_067 => "clientmsgid size out of limit",
        45_110 => "author size out of limit",
        45_166 => "invalid content",
        47_001 => "data format error",
        48_001 => "api unauthorized",
        48_006 => "forbid to clear quota because of reaching the limit",
        76_003 => "invalid cgi_path",
        76_021 => "cgi_path not found",
        89_504 => "masssend still in approval by administrator",
        89_505 => "masssend entered the administrator confirmation flow",
        _ => "system refuses",
    }
}
