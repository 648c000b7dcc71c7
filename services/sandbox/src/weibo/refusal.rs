//! Weibo's error codes, words and HTTP statuses.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// A call that Weibo turns down.
#[derive(Debug)]
pub struct Refusal {
    code: i64,
    words: Option<String>,
}

impl Refusal {
    /// A refusal in the code's usual words.
    pub fn code(code: i64) -> Self {
        Self { code, words: None }
    }

    /// A refusal in words of its own.
    pub fn because(code: i64, words: &str) -> Self {
        Self { code, words: Some(words.to_owned()) }
    }

    /// The answer to a call of `path`.
    pub fn answer(self, path: &str) -> Response {
        let (status, usual) = status_and_words(self.code);
        // Most codes are numbers; this one has been seen as text.
        let code = if self.code == 10_006 { Value::from("10006") } else { Value::from(self.code) };
        let mut body =
            json!({ "error": self.words.as_deref().unwrap_or(usual), "error_code": code, "request": path });
        if path.starts_with("/oauth2/") {
            body["error_uri"] = Value::from(path);
            body["error_description"] = Value::from(usual);
        }
        (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
    }
}

fn status_and_words(code: i64) -> (u16, &'static str) {
    match code {
        10_001 => (500, "system error!"),
        10_002 => (503, "service unavailable!"),
        10_003 => (503, "remote service error!"),
        10_005 => (403, "permission denied!, need a high level appkey!"),
        10_006 => (400, "source paramter(appkey) is missing"),
        10_008 => (400, "param error, see doc for more info"),
        10_009 => (503, "too many pending tasks, system is busy!"),
        10_010 => (503, "job expired!"),
        10_011 => (503, "rpc error!"),
        10_013 => (403, "invalid weibo user!"),
        10_014 => (403, "insufficient app permissions!"),
        10_016 => (400, "miss required parameter"),
        10_017 => (400, "parameter value invalid"),
        10_020 => (404, "request api not found!"),
        10_021 => (405, "HTTP METHOD is not suported for this request!"),
        10_022 => (403, "IP requests out of rate limit!"),
        10_023 => (403, "User requests out of rate limit!"),
        10_024 => (403, "User requests for special api is out of rate limit!"),
        20_003 => (400, "user does not exists!"),
        20_005 => (400, "unsupported image type, only suport JPG, GIF, PNG!"),
        20_006 => (400, "image size too large!"),
        20_008 => (400, "content is null!"),
        20_012 => (400, "text too long, please input text less than 140 characters!"),
        20_015 => (403, "account or ip or app is illegal, can not continue!"),
        20_016 => (400, "out of limit"),
        20_017 => (400, "similar content!"),
        20_018 => (400, "contain illegal website!"),
        20_019 => (400, "repeat content!"),
        20_020 => (400, "contain advertising!"),
        20_021 => (400, "content is illegal!"),
        20_031 => (400, "test and verify"),
        20_032 => (400, "发布成功，目前服务器可能会有延迟，请耐心等待1-2分钟"),
        20_101 => (400, "target weibo does not exist!"),
        20_102 => (400, "not your own weibo!"),
        20_109 => (400, "weibo id is null!"),
        20_111 => (400, "repeated weibo text!"),
        21_315 => (403, "token_expired"),
        21_316 => (403, "token_revoked"),
        21_317 => (403, "token_rejected"),
        21_321 => (403, "applications over the unaudited use restrictions!"),
        21_322 => (400, "redirect_uri_mismatch"),
        21_323 => (400, "invalid_request"),
        21_324 => (400, "invalid_client"),
        21_325 => (400, "invalid_grant"),
        21_327 => (403, "expired_token"),
        21_328 => (400, "unsupported_grant_type"),
        21_332 => (403, "invalid_access_token"),
        _ => (400, "error"),
    }
}
