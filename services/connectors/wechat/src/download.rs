//! One HTTP exchange whose answer is a file. The platform answers a refusal with JSON and status 200, so the
//! body decides; what kind of file it is, is the caller's to find out.

use bytes::{Bytes, BytesMut};
use reqwest::{RequestBuilder, Response};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Span, field};

use crate::error::{CallError, UnknownCause};
use crate::wire::{self, Answer};

/// A refusal has a few hundred bytes; a longer body is a file.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Download {
    /// The whole file, which may be empty or broken.
    Whole(Bytes),
    /// It is longer than the caller wants; the rest was not read.
    TooLong,
}

/// Either a file or the platform's JSON.
pub enum Received {
    File(Download),
    Refusal(Answer),
}

/// Sends `request` and reads at most `bytes_max` of the answer before `end`.
///
/// # Errors
/// `NotNow` if the request was certainly not sent, `Unknown` otherwise; reading again does no harm.
pub async fn exchange(
    request: RequestBuilder,
    path: &str,
    bytes_max: usize,
    end: Instant,
) -> Result<Received, CallError> {
    let span = tracing::info_span!(
        "wechat call",
        otel.name = format!("GET {path}"),
        otel.kind = "client",
        otel.status_code = field::Empty,
        "http.request.method" = "GET",
        "url.template" = path,
        "http.response.status_code" = field::Empty,
        "error.type" = field::Empty,
    );
    let received = match timeout_at(end, send_and_read(request, bytes_max).instrument(span.clone())).await {
        Ok(received) => received,
        Err(_) => Err(CallError::Unknown { cause: UnknownCause::Deadline }),
    };
    match &received {
        Ok(Received::File(_)) => {}
        Ok(Received::Refusal(answer)) => {
            span.record("error.type", answer.code);
            span.record("otel.status_code", "ERROR");
        }
        Err(error) => {
            span.record("error.type", error.reason());
            span.record("otel.status_code", "ERROR");
        }
    }
    received
}

async fn send_and_read(request: RequestBuilder, bytes_max: usize) -> Result<Received, CallError> {
    let response = request.send().await.map_err(|error| wire::failed_to_send(&error.without_url()))?;
    let status = response.status();
    Span::current().record("http.response.status_code", status.as_u16());
    if !status.is_success() {
        return Err(CallError::Unknown { cause: UnknownCause::HttpStatus(status.as_u16()) });
    }
    match read(response, bytes_max).await? {
        Download::Whole(bytes) => {
            Ok(refusal(&bytes).map_or(Received::File(Download::Whole(bytes)), Received::Refusal))
        }
        Download::TooLong => Ok(Received::File(Download::TooLong)),
    }
}

async fn read(mut response: Response, bytes_max: usize) -> Result<Download, CallError> {
    let mut bytes = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= bytes_max => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => return Ok(Download::TooLong),
            Ok(None) => return Ok(Download::Whole(bytes.freeze())),
            Err(error) => {
                let cause = UnknownCause::Connection(wire::describe(&error.without_url()));
                return Err(CallError::Unknown { cause });
            }
        }
    }
}

/// The platform's refusal, if the bytes are one. No picture and no voice begins with a brace.
fn refusal(bytes: &[u8]) -> Option<Answer> {
    if bytes.len() > REFUSAL_BYTES_MAX || bytes.first() != Some(&b'{') {
        return None;
    }
    let answer = Answer::of(serde_json::from_slice(bytes).ok()?).ok()?;
    (answer.code != 0).then_some(answer)
}
