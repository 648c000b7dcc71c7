//! A form that came back: who sent it, that it is theirs, and what was typed.
//!
//! Nothing typed is lost: a form whose session has ended, or that is not its sender's, comes back as a page
//! that shows its texts. What a field means is for the page that asked.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::Console;
use crate::origin;
use crate::problem::{Kind, Problem, Refused, kept};
use crate::session::{NotSignedIn, SignedIn, Visit};

/// A form of somebody who is signed in.
pub(crate) struct Posted<T> {
    pub who: SignedIn,
    pub request_id: String,
    pub form: T,
}

/// A form of somebody who needs no session. Its page says what stands in for the session.
pub(crate) struct Submitted<T> {
    pub visit: Visit,
    pub headers: axum::http::HeaderMap,
    /// Where the connection comes from.
    pub peer: Option<std::net::IpAddr>,
    pub form: T,
}

/// An id for a form that has not been sent yet.
pub(crate) fn fresh_request_id() -> String {
    Uuid::now_v7().to_string()
}

impl<T: DeserializeOwned> FromRequest<Arc<Console>> for Posted<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        let visit = Visit::of(&parts);
        let body = read(Request::from_parts(parts.clone(), body), console, &visit).await?;
        let typed = typed(&body);
        let give_back = |problem| Refused::from(kept(&visit, problem, &typed));
        let who = SignedIn::establish(&parts, console).await.map_err(|why| {
            give_back(match why {
                NotSignedIn::Ended => Problem::new(Kind::SignedOut, visit.words()),
                NotSignedIn::Unknown(problem) => problem,
            })
        })?;
        let secret = secrecy::ExposeSecret::expose_secret(&who.secret);
        if !console.form_key.matches(secret, field(&typed, "csrf")) {
            let mut problem = Problem::new(Kind::NotAllowed, visit.words());
            problem.said = visit.words().problem_csrf.to_owned();
            problem.advice = visit.words().advice_csrf;
            return Err(give_back(problem));
        }
        let request_id = field(&typed, "request_id").to_owned();
        let form = serde_urlencoded::from_bytes(&body)
            .map_err(|_| give_back(Problem::new(Kind::Invalid, visit.words())))?;
        Ok(Self { who, request_id, form })
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Console>> for Submitted<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        let visit = Visit::of(&parts);
        let headers = parts.headers.clone();
        let peer = origin::peer_of(&parts);
        let body = read(Request::from_parts(parts, body), console, &visit).await?;
        let form = serde_urlencoded::from_bytes(&body).map_err(|_| {
            Refused::from(kept(&visit, Problem::new(Kind::Invalid, visit.words()), &typed(&body)))
        })?;
        Ok(Self { visit, headers, peer, form })
    }
}

async fn read(request: Request, console: &Arc<Console>, visit: &Visit) -> Result<Bytes, Refused> {
    // Too long, or cut off on its way: either way there is nothing to show again.
    Bytes::from_request(request, console)
        .await
        .map_err(|_| kept(visit, Problem::new(Kind::Invalid, visit.words()), &[]).into())
}

fn typed(body: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

fn field<'a>(typed: &'a [(String, String)], name: &str) -> &'a str {
    typed.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}
