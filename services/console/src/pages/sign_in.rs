//! 登录: signing in and out, and the choice of language.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use contracts::approval::v1::{SignInRequest, SignOutRequest};
use secrecy::ExposeSecret;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::see;
use crate::form::{Posted, Submitted};
use crate::frame::{Frame, page};
use crate::problem::{Answer, Kind, Problem};
use crate::session::{
    DEVICE_COOKIE, LANGUAGE_COOKIE, SESSION_COOKIE, VISIT_COOKIE, Visit, cookie, fits_cookie, set_cookie,
};
use crate::{Console, origin};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    login: String,
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Arrival {
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignInForm {
    csrf: String,
    request_id: String,
    login: String,
    password: String,
    code: String,
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct LanguageForm {
    language: String,
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignOutForm {}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    visit: Visit,
    headers: HeaderMap,
    Query(arrival): Query<Arrival>,
) -> Response {
    sign_in_page(&console, &visit, &headers, String::new(), &arrival.next, None)
}

pub(crate) async fn sign_in(
    State(console): State<Arc<Console>>,
    Submitted { visit, headers, peer, form }: Submitted<SignInForm>,
) -> Response {
    let words = visit.words();
    let again = |login: String, problem: Problem| {
        sign_in_page(&console, &visit, &headers, login, &form.next, Some(problem))
    };
    // Without this, another site could sign a person in as somebody else and watch what they type.
    let visit_secret = cookie(&headers, VISIT_COOKIE.when(console.secure()));
    let visit_secret = visit_secret.filter(|secret| console.form_key.matches(secret, &form.csrf));
    let Some(visit_secret) = visit_secret else {
        let mut problem = Problem::new(Kind::NotAllowed, words);
        problem.said = words.problem_csrf.to_owned();
        problem.advice = words.advice_sign_in_again;
        return again(form.login.clone(), problem);
    };
    let address = origin::client(peer, &headers, &console.trusted_proxies);
    let request = SignInRequest {
        login: form.login.trim().to_owned(),
        password: form.password.clone(),
        totp_code: form.code.clone(),
        client_address: address.map(|address| address.to_string()).unwrap_or_default(),
        device_token: cookie(&headers, DEVICE_COOKIE.when(console.secure())).unwrap_or_default().to_owned(),
        attempt: attempt(visit_secret, &form.request_id),
        browser: origin::browser(&headers),
    };
    let signed_in = match console.clients.access().sign_in(grpc::without_token(request)).await {
        Ok(signed_in) => signed_in.into_inner(),
        Err(status) => {
            let mut problem = Problem::of(&status, visit.language);
            if matches!(problem.kind, Kind::SignedOut | Kind::NotFound | Kind::Invalid) {
                if problem.kind == Kind::SignedOut && problem.said == words.problem_signed_out {
                    problem.said = words.problem_sign_in.to_owned();
                }
                problem.advice = words.advice_sign_in;
            }
            return again(form.login.clone(), problem);
        }
    };
    if !fits_cookie(&signed_in.session_secret) {
        tracing::error!("approval gave a session secret that no cookie can hold");
        return again(form.login.clone(), Problem::new(Kind::Broken, words));
    }
    let mut response = see(local(&form.next));
    let secure = console.secure();
    let session = SESSION_COOKIE.when(secure);
    add_cookie(&mut response, &set_cookie(session, Some(&signed_in.session_secret), None, secure));
    if fits_cookie(&signed_in.device_token) {
        let device = DEVICE_COOKIE.when(secure);
        let line = set_cookie(device, Some(&signed_in.device_token), Some(DEVICE_DAYS), secure);
        add_cookie(&mut response, &line);
    }
    response
}

/// How long a browser is known after a sign-in; approval has the last word.
const DEVICE_DAYS: u32 = 180;

/// What everything that one press of the button sends has in common, and nobody else can say.
fn attempt(visit_secret: &str, request_id: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(visit_secret);
    hash.update([0]);
    hash.update(request_id);
    hex::encode(hash.finalize())
}

/// Ends the session. The cookie goes even when approval cannot be asked: the browser is what is left behind.
pub(crate) async fn sign_out(
    State(console): State<Arc<Console>>,
    Posted { who, .. }: Posted<SignOutForm>,
) -> Answer {
    console.sessions.forget(&who.secret);
    let request = SignOutRequest { session_secret: who.secret.expose_secret().to_owned() };
    if let Err(status) = console.clients.access().sign_out(who.call(request)).await {
        tracing::warn!(error = &status as &dyn std::error::Error, "a session could not be ended at approval");
    }
    let mut response = see("/sign-in");
    let session = SESSION_COOKIE.when(console.secure());
    add_cookie(&mut response, &set_cookie(session, None, None, console.secure()));
    Ok(response)
}

/// Needs no token: all that a stranger could change with it is the language.
pub(crate) async fn choose_language(
    State(console): State<Arc<Console>>,
    Submitted { form, .. }: Submitted<LanguageForm>,
) -> Answer {
    let mut response = see(local(&form.next));
    let language = crate::language::Language::parse(&form.language).code();
    add_cookie(&mut response, &set_cookie(LANGUAGE_COOKIE, Some(language), Some(365), console.secure()));
    Ok(response)
}

fn sign_in_page(
    console: &Console,
    visit: &Visit,
    headers: &HeaderMap,
    login: String,
    next: &str,
    problem: Option<Problem>,
) -> Response {
    let visit_cookie = VISIT_COOKIE.when(console.secure());
    let known = cookie(headers, visit_cookie).map(str::to_owned);
    let secret = known.clone().unwrap_or_else(|| hex::encode(rand::random::<[u8; 32]>()));
    let next = local(next).to_owned();
    let mut frame = Frame::of_visitor(visit, console.form_key.token(&secret)).here("/sign-in");
    frame.alert = problem;
    let mut response = page(&frame.clone(), &SignInPage { frame, login, next });
    if known.is_none() {
        add_cookie(&mut response, &set_cookie(visit_cookie, Some(&secret), None, console.secure()));
    }
    response
}

fn add_cookie(response: &mut Response, line: &str) {
    // Every value was checked or made here, so a line that is no header cannot come about.
    if let Ok(line) = HeaderValue::from_str(line) {
        response.headers_mut().append(SET_COOKIE, line);
    }
}

/// An address of this console: a sign-in must not send anybody elsewhere.
fn local(next: &str) -> &str {
    let stays = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control)
        && next.is_ascii();
    if stays { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn signing_in_leads_to_a_page_of_the_console_only() {
        assert_eq!(local("/case/1?done=saved"), "/case/1?done=saved");
        for elsewhere in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nb", "case"]
        {
            assert_eq!(local(elsewhere), "/");
        }
    }
}
