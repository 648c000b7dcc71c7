//! A platform call, read completely before anything is decided, and the way an
//! ordered fault spoils its answer. Knows nothing of either platform.

use std::{collections::BTreeMap, net::IpAddr};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Multipart, Request},
    http::{Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::de::DeserializeOwned;

use crate::{cut::Peer, fault::AnswerFault, store::Circumstances};

/// The largest body either platform takes, with room for the form around it.
pub const BODY_BYTES_MAX: usize = 12 * 1024 * 1024;

/// One call.
pub struct Call {
    pub method: Method,
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// Fields of a form body, of either encoding.
    pub form: BTreeMap<String, String>,
    pub files: BTreeMap<String, FilePart>,
    pub body: Bytes,
    pub authorization: Option<String>,
    pub caller: IpAddr,
}

/// One file of a multipart body.
pub struct FilePart {
    pub file_name: Option<String>,
    pub bytes: Bytes,
}

impl Call {
    /// Reads a request to its end.
    ///
    /// # Errors
    /// An HTTP answer for a body that is too large or is not the form it says it is.
    pub async fn read(request: Request, peer: &Peer) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, BODY_BYTES_MAX)
            .await
            .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let kind = header(header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
        let authorization = header(header::AUTHORIZATION).map(str::to_owned);
        let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        let (mut form, mut files) = (BTreeMap::new(), BTreeMap::new());
        if kind.starts_with("multipart/form-data") {
            let again = Request::from_parts(parts, Body::from(body.clone()));
            let mut multipart =
                Multipart::from_request(again, &()).await.map_err(IntoResponse::into_response)?;
            while let Some(field) = multipart.next_field().await.map_err(IntoResponse::into_response)? {
                let name = field.name().unwrap_or_default().to_owned();
                let file_name = field.file_name().map(str::to_owned);
                let bytes = field.bytes().await.map_err(IntoResponse::into_response)?;
                // Platforms tell files by the field's name; clients need not name the file.
                if file_name.is_some() || matches!(name.as_str(), "media" | "pic") {
                    files.insert(name, FilePart { file_name, bytes });
                } else {
                    form.insert(name, String::from_utf8_lossy(&bytes).into_owned());
                }
            }
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            form = pairs(&body);
        }
        Ok(Self { method, path, query, form, files, body, authorization, caller: peer.address.ip() })
    }

    /// A parameter from the form or else the query; an empty one counts as missing.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let value = self.form.get(name).or_else(|| self.query.get(name))?;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// A parameter read as `T`; `None` when missing or unreadable.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.parameter(name)?.trim().parse().ok()
    }

    /// The body as JSON of shape `T`.
    ///
    /// # Errors
    /// What `serde_json` says.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

fn pairs(encoded: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

/// Answers one call, spoiled by `fault`. `act` does the work, `refuse` makes the
/// platform's own error answer.
pub async fn answer(
    peer: &Peer,
    fault: Option<AnswerFault>,
    act: impl FnOnce(Circumstances) -> Response,
    refuse: impl FnOnce(i64) -> Response,
) -> Response {
    let unheard = Circumstances { answer_lost: true, hidden_ms: 0 };
    match fault {
        None | Some(AnswerFault::DoubleDelivery) => act(Circumstances::default()),
        Some(AnswerFault::LateVisibility(delay)) => {
            let hidden_ms = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
            act(Circumstances { answer_lost: false, hidden_ms })
        }
        Some(AnswerFault::ServerErrorBefore) => server_error(),
        Some(AnswerFault::Code(code)) => refuse(code),
        Some(AnswerFault::DropAnswer) => {
            act(unheard);
            peer.cut();
            StatusCode::OK.into_response()
        }
        Some(AnswerFault::ServerErrorAfter) => {
            act(unheard);
            server_error()
        }
        Some(AnswerFault::CodeAfter(code)) => {
            act(unheard);
            refuse(code)
        }
        Some(AnswerFault::Delay(delay)) => {
            let answer = act(unheard);
            tokio::time::sleep(delay).await;
            answer
        }
    }
}

/// A gateway's own error page, which is not JSON.
pub fn server_error() -> Response {
    let page = "<html><head><title>500 Internal Server Error</title></head><body></body></html>";
    (StatusCode::INTERNAL_SERVER_ERROR, Html(page)).into_response()
}
