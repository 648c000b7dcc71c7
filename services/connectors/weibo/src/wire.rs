//! One HTTP exchange: send, read a bounded answer, tell "certainly not sent"
//! from "perhaps done". What a code proves is the table's business.

use std::error::Error;

use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Span, field};

use crate::error::{AmbiguousCause, CallError, Wait};
use crate::post::integer;

/// Five posts with all their members stay far below this.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What names a call in the trace; the real address may hold the token.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
}

/// A JSON answer of the platform.
#[derive(Debug)]
pub enum Answer {
    Success(Value),
    /// `through_gateway`: the HTTP status was 500 or more.
    Failure {
        code: i64,
        message: String,
        through_gateway: bool,
    },
}

impl Answer {
    /// Gives the result, or classifies the failure by its code.
    ///
    /// # Errors
    /// What the code proves.
    pub fn success(self) -> Result<Value, CallError> {
        match self {
            Self::Success(body) => Ok(body),
            Self::Failure { code, message, through_gateway } => {
                Err(CallError::of_code(code, message, through_gateway))
            }
        }
    }
}

/// The error of an answer that says success and cannot be read.
pub fn unreadable(what: &str) -> CallError {
    CallError::Ambiguous { cause: AmbiguousCause::Unreadable(what.to_owned()) }
}

/// Sends `request` and reads the answer before `end`.
///
/// # Errors
/// `NotNow` if the request was certainly not sent, `Ambiguous` otherwise.
pub async fn exchange(
    request: RequestBuilder,
    operation: Operation,
    end: Instant,
) -> Result<Answer, CallError> {
    let Operation { method, path } = operation;
    let span = tracing::info_span!(
        "weibo call",
        otel.name = format!("{method} {path}"),
        otel.kind = "client",
        otel.status_code = field::Empty,
        "http.request.method" = method,
        "url.template" = path,
        "http.response.status_code" = field::Empty,
        "error.type" = field::Empty,
    );
    let result = match timeout_at(end, send_and_read(request).instrument(span.clone())).await {
        Ok(result) => result,
        Err(_) => Err(CallError::Ambiguous { cause: AmbiguousCause::Deadline }),
    };
    match &result {
        Ok(Answer::Success(_)) => {}
        Ok(Answer::Failure { code, .. }) => {
            span.record("error.type", *code);
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
    let ambiguous = |cause| CallError::Ambiguous { cause };
    let response = request.send().await.map_err(|error| failed_to_send(&error.without_url()))?;
    let status = response.status();
    Span::current().record("http.response.status_code", status.as_u16());
    let bytes = read_bounded(response).await.map_err(ambiguous)?;
    let body: Value = match serde_json::from_slice(&bytes) {
        Ok(body) => body,
        Err(_) if !status.is_success() => return Err(ambiguous(AmbiguousCause::HttpStatus(status.as_u16()))),
        Err(error) => return Err(ambiguous(AmbiguousCause::Unreadable(error.to_string()))),
    };
    match body.get("error_code") {
        // Now a number, now a string.
        Some(code) => {
            let code = integer(code).ok_or_else(|| unreadable("error_code is no number"))?;
            let message = body.get("error").and_then(Value::as_str).unwrap_or_default().to_owned();
            Ok(Answer::Failure { code, message, through_gateway: status.is_server_error() })
        }
        None if status.is_success() => Ok(Answer::Success(body)),
        None => Err(ambiguous(AmbiguousCause::HttpStatus(status.as_u16()))),
    }
}

async fn read_bounded(mut response: Response) -> Result<Vec<u8>, AmbiguousCause> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                bytes.extend_from_slice(&chunk)
            }
            Ok(Some(_)) => return Err(AmbiguousCause::Unreadable("the answer is too long".to_owned())),
            Ok(None) => return Ok(bytes),
            Err(error) => return Err(AmbiguousCause::Connection(describe(&error.without_url()))),
        }
    }
}

fn failed_to_send(error: &reqwest::Error) -> CallError {
    if error.is_builder() || error.is_connect() {
        CallError::NotNow { code: None, message: describe(error), wait: Wait::Minutes }
    } else if error.is_timeout() {
        CallError::Ambiguous { cause: AmbiguousCause::Deadline }
    } else {
        CallError::Ambiguous { cause: AmbiguousCause::Connection(describe(error)) }
    }
}

/// The chain of causes in one line. The caller has taken the address out.
fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
