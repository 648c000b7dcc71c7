//! Who is looking at a page: cookies, the session behind them, and the caller token that stands for it.
//!
//! The session's secret lives in the browser's cookie only; approval keeps its hash. Here a token is kept for
//! a minute at most under the hash of the secret, so that a page with five calls asks approval once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use contracts::approval::v1::{IssueTokenRequest, Person, Role};
use grpc::{Audience, Tokens};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::Console;
use crate::language::{Language, Words};
use crate::problem::{self, Problem, Refused};
use crate::show;

/// A cookie that somebody else must not be able to set, and its names: browsers let nobody set what is called
/// `__Host-…` but this very host, by https. Where people come by http (on their own machine) they do not take it.
pub(crate) struct CookieName {
    plain: &'static str,
    bound: &'static str,
}

impl CookieName {
    pub(crate) const fn when(&self, secure: bool) -> &'static str {
        if secure { self.bound } else { self.plain }
    }
}

/// The cookie with the session's secret.
pub(crate) const SESSION_COOKIE: CookieName = CookieName { plain: "session", bound: "__Host-session" };
/// The cookie that ties the sign-in form to its browser before there is a session.
pub(crate) const VISIT_COOKIE: CookieName = CookieName { plain: "visit", bound: "__Host-visit" };
/// The cookie by which a browser is known that somebody signed in with before. It opens nothing.
pub(crate) const DEVICE_COOKIE: CookieName = CookieName { plain: "device", bound: "__Host-device" };
/// The cookie with the chosen language, which is no secret and gives nobody anything.
pub(crate) const LANGUAGE_COOKIE: &str = "language";

/// How long a token is used before approval is asked again, and so how long a session that was ended
/// elsewhere can still be used here.
const TOKEN_KEPT_MAX: Duration = Duration::seconds(60);
/// A token, which lives for a minute, is not used in its last seconds: the call that carries it takes time.
const TOKEN_MARGIN: Duration = Duration::seconds(10);
/// Beyond this the oldest make room; far more than an office has people.
const TOKENS_MAX: usize = 4096;

/// A request, signed in or not.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub language: Language,
    /// The address to come back to: the page itself, or the front page after a post.
    pub here: String,
    /// True when htmx asks for a part of a page.
    pub partial: bool,
    /// True when a page asks by itself, as those parts do that renew themselves: it says nothing about whether anybody
    /// sits before it. Their addresses end so.
    pub polls: bool,
    /// Whether everything here is invented.
    pub demonstration: bool,
}

/// That everything in this installation is invented and nothing goes out; every request carries it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Demonstration(pub bool);

/// How the address of a part that renews itself ends.
const POLLED: &str = "/live";

impl Visit {
    pub(crate) fn of(parts: &Parts) -> Self {
        let here = match (&parts.method, parts.uri.path_and_query()) {
            (&Method::GET, Some(address)) => address.as_str().to_owned(),
            _ => "/".to_owned(),
        };
        Self {
            language: cookie(&parts.headers, LANGUAGE_COOKIE).map(Language::parse).unwrap_or_default(),
            here,
            partial: parts.headers.contains_key("hx-request"),
            polls: parts.uri.path().ends_with(POLLED),
            demonstration: parts.extensions.get::<Demonstration>().is_some_and(|said| said.0),
        }
    }

    pub(crate) fn words(&self) -> &'static Words {
        self.language.words()
    }

    /// The front page, asked for by nobody in particular.
    #[cfg(test)]
    pub(crate) fn of_nobody() -> Self {
        Self {
            language: Language::Chinese,
            here: "/".into(),
            partial: false,
            polls: false,
            demonstration: false,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

/// A request of somebody who is signed in.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub visit: Visit,
    pub secret: SecretString,
    csrf: String,
    identity: Arc<Identity>,
}

struct Identity {
    tokens: Tokens,
    person: Person,
    agency_name: String,
    other_sessions: u32,
}

/// Why nobody is signed in.
pub(crate) enum NotSignedIn {
    /// No session, or one that has ended.
    Ended,
    /// It could not be found out.
    Unknown(Problem),
}

impl SignedIn {
    /// Finds out who holds the request's session.
    pub(crate) async fn establish(parts: &Parts, console: &Console) -> Result<Self, NotSignedIn> {
        let visit = Visit::of(parts);
        let secret = cookie(&parts.headers, SESSION_COOKIE.when(console.secure()));
        let secret = SecretString::from(secret.ok_or(NotSignedIn::Ended)?.to_owned());
        let identity = console.sessions.identify(&secret, console, &visit).await?;
        let csrf = console.form_key.token(secret.expose_secret());
        Ok(Self { visit, secret, csrf, identity })
    }

    pub(crate) fn words(&self) -> &'static Words {
        self.visit.words()
    }

    pub(crate) fn role(&self) -> Role {
        self.identity.person.role()
    }

    /// Whether the services let this person do it: `right` is one of `grpc::rights`.
    pub(crate) fn may(&self, right: &[grpc::Role]) -> bool {
        let role = match self.role() {
            Role::Unspecified => return false,
            Role::DutyOfficer => grpc::Role::DutyOfficer,
            Role::Checker => grpc::Role::Checker,
            Role::Drafter => grpc::Role::Drafter,
            Role::Reviewer => grpc::Role::Reviewer,
            Role::Signer => grpc::Role::Signer,
            Role::Administrator => grpc::Role::Administrator,
            Role::Auditor => grpc::Role::Auditor,
            Role::Client => grpc::Role::Client,
        };
        right.contains(&role)
    }

    pub(crate) fn person_id(&self) -> &str {
        &self.identity.person.person_id
    }

    pub(crate) fn person_name(&self) -> &str {
        &self.identity.person.display_name
    }

    pub(crate) fn agency_name(&self) -> &str {
        &self.identity.agency_name
    }

    pub(crate) fn csrf(&self) -> String {
        self.csrf.clone()
    }

    /// How many other sessions of this person have not ended.
    pub(crate) fn other_sessions(&self) -> u32 {
        self.identity.other_sessions
    }

    /// A request in this person's name.
    pub(crate) fn call<M>(&self, message: M) -> tonic::Request<M> {
        grpc::with_tokens(message, &self.identity.tokens)
    }

    /// A service's refusal, in this person's language.
    pub(crate) fn problem(&self, status: &tonic::Status) -> Problem {
        Problem::of(status, self.visit.language)
    }

    /// The whole page for a refusal that leaves nothing else to show.
    pub(crate) fn refuse(&self, status: &tonic::Status) -> Refused {
        problem::page_for(self, self.problem(status)).into()
    }
}

impl FromRequestParts<Arc<Console>> for SignedIn {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Self::Rejection> {
        Self::establish(parts, console)
            .await
            .map_err(|why| problem::not_signed_in(&Visit::of(parts), why).into())
    }
}

/// The tokens of the last minute.
#[derive(Default)]
pub(crate) struct Sessions {
    known: Mutex<HashMap<[u8; 32], Known>>,
}

struct Known {
    identity: Arc<Identity>,
    use_until: OffsetDateTime,
    /// Whether approval was told, when it gave the token, that somebody uses the session.
    attended: bool,
}

impl Sessions {
    async fn identify(
        &self,
        secret: &SecretString,
        console: &Console,
        visit: &Visit,
    ) -> Result<Arc<Identity>, NotSignedIn> {
        let key = fingerprint(secret);
        let now = console.clock.now();
        let is_good = |known: &&Known| known.use_until > now && (known.attended || visit.polls);
        if let Some(known) = self.lock().get(&key).filter(is_good) {
            return Ok(known.identity.clone());
        }
        let session_secret = secret.expose_secret().to_owned();
        let audiences = Audience::ALL.map(|audience| audience.name().to_owned()).to_vec();
        let request = IssueTokenRequest { session_secret, audiences, unattended: visit.polls };
        let issued = match console.clients.access().issue_token(grpc::without_token(request)).await {
            Ok(issued) => issued.into_inner(),
            Err(status) => {
                self.forget(secret);
                return Err(match status.code() {
                    tonic::Code::Unauthenticated
                    | tonic::Code::NotFound
                    | tonic::Code::InvalidArgument
                    | tonic::Code::PermissionDenied => NotSignedIn::Ended,
                    _ => NotSignedIn::Unknown(Problem::of(&status, visit.language)),
                });
            }
        };
        let ends = show::instant(issued.expire_time.as_ref()).map_or(now, |end| end - TOKEN_MARGIN);
        let identity = Arc::new(Identity {
            tokens: Audience::ALL.into_iter().zip(issued.tokens).collect(),
            person: issued.person.unwrap_or_default(),
            agency_name: issued.agency_name,
            other_sessions: issued.other_sessions,
        });
        let use_until = ends.min(now + TOKEN_KEPT_MAX);
        let known = Known { identity: identity.clone(), use_until, attended: !visit.polls };
        let mut all = self.lock();
        if all.len() >= TOKENS_MAX {
            all.retain(|_, known| known.use_until > now);
        }
        if all.len() < TOKENS_MAX {
            all.insert(key, known);
        }
        drop(all);
        Ok(identity)
    }

    /// Drops what is known of a session: it ended, or its token was refused.
    pub(crate) fn forget(&self, secret: &SecretString) {
        self.lock().remove(&fingerprint(secret));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Known>> {
        // A map of copies has no half-written state that a panic elsewhere could have left.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fingerprint(secret: &SecretString) -> [u8; 32] {
    Sha256::digest(secret.expose_secret()).into()
}

/// The value of a cookie that the browser sent.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}

/// A `Set-Cookie` line. `None` ends the cookie; without `days` it ends with the browser.
pub(crate) fn set_cookie(name: &str, value: Option<&str>, days: Option<u32>, secure: bool) -> String {
    let age = match (value, days) {
        (None, _) => "; Max-Age=0".to_owned(),
        (Some(_), Some(days)) => format!("; Max-Age={}", days * 24 * 60 * 60),
        (Some(_), None) => String::new(),
    };
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={}; Path=/; HttpOnly; SameSite=Strict{age}{secure}", value.unwrap_or_default())
}

/// True when `value` can stand in a cookie as it is.
pub(crate) fn fits_cookie(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "xsession=no; language=en".parse().unwrap());
        headers.append(COOKIE, "session=abc=; empty=".parse().unwrap());
        assert_eq!(cookie(&headers, "session"), Some("abc="));
        assert_eq!(cookie(&headers, "language"), Some("en"));
        assert_eq!(cookie(&headers, "empty"), None);
        assert_eq!(cookie(&headers, "missing"), None);
    }

    #[test]
    fn the_session_cookie_is_kept_from_scripts_and_other_sites() {
        let session = SESSION_COOKIE.when(true);
        let line = set_cookie(session, Some("abc"), None, true);
        assert_eq!(line, "__Host-session=abc; Path=/; HttpOnly; SameSite=Strict; Secure");
        assert_eq!(SESSION_COOKIE.when(false), "session");
        assert!(!set_cookie("session", Some("abc"), None, false).contains("Secure"));
        assert!(set_cookie(session, None, None, true).contains("Max-Age=0"));
    }

    #[test]
    fn a_value_that_could_end_a_cookie_is_refused() {
        assert!(fits_cookie("AZaz09-_=="));
        assert!(!fits_cookie("a;b"));
        assert!(!fits_cookie("a b"));
        assert!(!fits_cookie("a\r\nSet-Cookie: b"));
        assert!(!fits_cookie(""));
    }
}
