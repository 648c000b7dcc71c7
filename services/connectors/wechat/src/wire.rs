//! One HTTP exchange: send, read a bounded answer, tell "certainly not sent"
//! from "perhaps done". It knows neither tokens nor what a code means.

use std::error::Error;

use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Span, field};

use crate::error::{CallError, UnknownCause, Wait};

/// Answers have a few hundred bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A JSON answer of the platform; no `errcode` means 0.
#[derive(Debug)]
pub struct Answer {
    pub code: i64,
    /// The platform's text, for people.
    pub message: String,
    body: Value,
}

impl Answer {
    /// # Errors
    /// If the body is no object or its code no number.
    pub fn of(body: Value) -> Result<Self, UnknownCause> {
        if !body.is_object() {
            return Err(UnknownCause::Unreadable("no JSON object".to_owned()));
        }
        let code = match body.get("errcode") {
            None | Some(Value::Null) => 0,
            Some(code) => {
                integer(code).ok_or_else(|| UnknownCause::Unreadable("errcode is no number".to_owned()))?
            }
        };
        let message = body.get("errmsg").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { code, message, body })
    }

    /// A field that documents show now as a number, now as a string.
    pub fn integer(&self, field: &str) -> Option<i64> {
        integer(self.body.get(field)?)
    }

    /// A field of an object in the answer.
    pub fn integer_in(&self, object: &str, field: &str) -> Option<i64> {
        integer(self.body.get(object)?.get(field)?)
    }

    /// A text that is there and not empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field)?.as_str().filter(|text| !text.is_empty())
    }

    /// The same, where the call is not known to be done without it.
    ///
    /// # Errors
    /// If the text is missing.
    pub fn needed(&self, field: &str) -> Result<&str, CallError> {
        self.text(field).ok_or_else(|| missing(field))
    }
}

/// The error of an answer that says success and lacks the result.
pub fn missing(field: &str) -> CallError {
    CallError::Unknown { cause: UnknownCause::Unreadable(format!("no {field}")) }
}

/// Sends `request` and reads the answer before `end`. `path` names the call
/// in the trace; the real address holds a token.
///
/// # Errors
/// `NotNow` if the request was certainly not sent, `Unknown` otherwise.
pub async fn exchange(request: RequestBuilder, path: &str, end: Instant) -> Result<Answer, CallError> {
    if Instant::now() >= end {
        return Err(not_sent("the deadline passed before the request was sent".to_owned()));
    }
    let span = tracing::info_span!(
        "wechat call",
        otel.name = format!("POST {path}"),
        otel.kind = "client",
        otel.status_code = field::Empty,
        "http.request.method" = "POST",
        "url.template" = path,
        "http.response.status_code" = field::Empty,
        "error.type" = field::Empty,
    );
    let result = match timeout_at(end, send_and_read(request).instrument(span.clone())).await {
        Ok(result) => result,
        Err(_) => Err(CallError::Unknown { cause: UnknownCause::Deadline }),
    };
    match &result {
        Ok(answer) if answer.code == 0 => {}
        Ok(answer) => {
            span.record("error.type", answer.code);
            span.record("otel.status_code", "ERROR");
        }
        Err(error) => {
            span.record("error.type", error.reason());
            span.record("otel.status_code", "ERROR");
        }
    }
    result
}

async fn send_and_read(request: RequestBuilder) -> Result<Answer, CallError> {
    let unknown = |cause| CallError::Unknown { cause };
    let response = request.send().await.map_err(|error| failed_to_send(&error.without_url()))?;
    let status = response.status();
    Span::current().record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        // A gateway may say this of a call that went through behind it.
        return Err(unknown(UnknownCause::HttpStatus(status.as_u16())));
    }
    let bytes = read_bounded(response).await.map_err(unknown)?;
    let answer = serde_json::from_slice(&bytes)
        .map_err(|error| UnknownCause::Unreadable(error.to_string()))
        .and_then(Answer::of);
    match answer {
        // The platform answers errors with status 200, so the code decides;
        // but a success needs both.
        Ok(answer) if status.is_success() || answer.code != 0 => Ok(answer),
        Ok(_) => Err(unknown(UnknownCause::HttpStatus(status.as_u16()))),
        Err(_) if !status.is_success() => Err(unknown(UnknownCause::HttpStatus(status.as_u16()))),
        Err(cause) => Err(unknown(cause)),
    }
}

async fn read_bounded(mut response: Response) -> Result<Vec<u8>, UnknownCause> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                bytes.extend_from_slice(&chunk)
            }
            Ok(Some(_)) => return Err(UnknownCause::Unreadable("the answer is too long".to_owned())),
            Ok(None) => return Ok(bytes),
            Err(error) => return Err(UnknownCause::Connection(describe(&error.without_url()))),
        }
    }
}

/// The error of a request that `send` gave up. The caller has taken the address out.
pub fn failed_to_send(error: &reqwest::Error) -> CallError {
    if error.is_builder() || error.is_connect() {
        not_sent(describe(error))
    } else if error.is_timeout() {
        CallError::Unknown { cause: UnknownCause::Deadline }
    } else {
        CallError::Unknown { cause: UnknownCause::Connection(describe(error)) }
    }
}

/// The error of a request that never left.
pub fn not_sent(message: String) -> CallError {
    CallError::NotNow { code: None, message, wait: Wait::Moments }
}

/// The chain of causes in one line. The caller has taken the address out.
pub fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
