//! What went wrong, in words for the person who looks at it, and what to do next.
//!
//! A service's refusal carries its own words in both languages; they are shown as they are. What a failing
//! connection says is for engineers and is replaced.

use askama::Template;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use tonic::Code;
use tonic_types::StatusExt;

use crate::frame::{Frame, page_with};
use crate::language::{Language, Words};
use crate::session::{NotSignedIn, SignedIn, Visit};
use crate::wording;

/// What kind of refusal it is; decides the status and the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SignedOut,
    NotAllowed,
    NotFound,
    Changed,
    Refused,
    Invalid,
    TooMany,
    Unavailable,
    Broken,
}

/// A refusal, ready to be shown.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub kind: Kind,
    /// What is wrong.
    pub said: String,
    /// What to do.
    pub advice: &'static str,
    /// How long to wait before trying again, where that is known.
    pub retry_after_seconds: Option<u64>,
}

impl Problem {
    /// Reads a service's answer.
    pub(crate) fn of(status: &tonic::Status, language: Language) -> Self {
        let kind = match status.code() {
            Code::Unauthenticated => Kind::SignedOut,
            Code::PermissionDenied => Kind::NotAllowed,
            Code::NotFound => Kind::NotFound,
            Code::Aborted | Code::AlreadyExists => Kind::Changed,
            Code::FailedPrecondition => Kind::Refused,
            Code::InvalidArgument | Code::OutOfRange => Kind::Invalid,
            Code::ResourceExhausted => Kind::TooMany,
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => Kind::Unavailable,
            Code::Ok | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => Kind::Broken,
        };
        let localized = status.get_details_localized_message().map(|message| message.message);
        let said = match (language, localized) {
            (Language::Chinese, Some(words)) if !words.is_empty() => Some(words),
            (Language::English, Some(_)) => Some(status.message().to_owned()),
            // Without a localized message nobody wrote these words for people.
            (Language::Chinese | Language::English, _) => None,
        };
        let mut problem = Self::new(kind, language.words());
        if let Some(said) = said {
            problem.said = said;
        }
        // A wrong code is no lack of permission: the next one will do.
        if let Some(info) = status.get_details_error_info() {
            problem.retry_after_seconds =
                info.metadata.get("retry_after_seconds").and_then(|seconds| seconds.parse().ok());
            if info.reason == "CODE_REFUSED" {
                let words = language.words();
                let must_wait = problem.retry_after_seconds.is_some();
                problem.advice = if must_wait { words.advice_too_many } else { words.code_fresh };
            }
        }
        problem
    }

    /// A refusal of our own, in general words.
    pub(crate) fn new(kind: Kind, words: &'static Words) -> Self {
        let (said, advice) = match kind {
            Kind::SignedOut => (words.problem_signed_out, words.advice_signed_out),
            Kind::NotAllowed => (words.problem_not_allowed, words.advice_not_allowed),
            Kind::NotFound => (words.problem_not_found, words.advice_not_found),
            Kind::Changed => (words.problem_changed, words.advice_changed),
            Kind::Refused => (words.problem_refused, words.advice_refused),
            Kind::Invalid => (words.problem_invalid, words.advice_invalid),
            Kind::TooMany => (words.problem_too_many, words.advice_too_many),
            Kind::Unavailable => (words.problem_unavailable, words.advice_unavailable),
            Kind::Broken => (words.problem_broken, words.advice_broken),
        };
        Self { kind, said: said.to_owned(), advice, retry_after_seconds: None }
    }

    /// True when nobody knows whether what was asked happened: the same form sent again must be the same request.
    /// Otherwise what is sent next may differ, and needs an id of its own.
    pub(crate) fn outcome_unknown(&self) -> bool {
        matches!(self.kind, Kind::Unavailable | Kind::Broken)
    }

    pub(crate) const fn status(&self) -> StatusCode {
        match self.kind {
            Kind::SignedOut => StatusCode::UNAUTHORIZED,
            Kind::NotAllowed => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Changed | Kind::Refused => StatusCode::CONFLICT,
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// A page shown instead of the one that was asked for. Boxed, because a response is large and most pages work.
pub(crate) struct Refused(Box<Response>);

/// What a handler gives back.
pub(crate) type Answer = Result<Response, Refused>;

impl From<Response> for Refused {
    fn from(page: Response) -> Self {
        Self(Box::new(page))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    frame: Frame,
    retry: Option<String>,
}

#[derive(Template)]
#[template(path = "failure_part.html")]
struct FailurePart {
    words: &'static Words,
    problem: Problem,
    sign_in: bool,
}

#[derive(Template)]
#[template(path = "kept.html")]
struct KeptPage {
    frame: Frame,
    kept: Vec<(&'static str, String)>,
}

/// The page of a refusal for somebody who is signed in.
pub(crate) fn page_for(who: &SignedIn, problem: Problem) -> Response {
    if problem.kind == Kind::SignedOut {
        return not_signed_in(&who.visit, NotSignedIn::Ended);
    }
    if who.visit.partial {
        return part(&who.visit, problem);
    }
    let status = problem.status();
    let retry = (who.visit.here != "/").then(|| who.visit.here.clone());
    page_with(status, &FailurePage { frame: Frame::of(who).alert(problem), retry })
}

/// The page of a refusal for somebody who needs no session.
pub(crate) fn page_for_visitor(visit: &Visit, problem: Problem) -> Response {
    let status = problem.status();
    let retry = (problem.kind == Kind::Unavailable).then(|| visit.here.clone());
    page_with(status, &FailurePage { frame: Frame::of_visitor(visit, String::new()).alert(problem), retry })
}

/// What somebody without a session gets instead of a page: the way to sign in.
pub(crate) fn not_signed_in(visit: &Visit, why: NotSignedIn) -> Response {
    match why {
        NotSignedIn::Ended if visit.partial => part(visit, Problem::new(Kind::SignedOut, visit.words())),
        NotSignedIn::Ended => {
            let next = url::form_urlencoded::byte_serialize(visit.here.as_bytes()).collect::<String>();
            Redirect::to(&format!("/sign-in?next={next}")).into_response()
        }
        NotSignedIn::Unknown(problem) if visit.partial => part(visit, problem),
        NotSignedIn::Unknown(problem) => page_for_visitor(visit, problem),
    }
}

/// The page of a post that could not even be passed on. Shows everything that was typed, to be copied.
pub(crate) fn kept(visit: &Visit, problem: Problem, typed: &[(String, String)]) -> Response {
    if visit.partial {
        return part(visit, problem);
    }
    let kept = typed
        .iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .filter_map(|(name, value)| Some((label(name, visit.words())?, value.clone())))
        .collect();
    let status = problem.status();
    page_with(status, &KeptPage { frame: Frame::of_visitor(visit, String::new()).alert(problem), kept })
}

/// What the page calls a field with words in it. `None` for choices, ids and secrets: nobody wants them back.
fn label(name: &str, words: &'static Words) -> Option<&'static str> {
    Some(match name {
        "title" => words.box_title,
        "summary" => words.box_summary,
        "claim" => words.box_claim,
        "check" => words.box_check,
        "conclusion" => words.box_conclusion,
        "basis" => words.box_basis,
        "advice" => words.box_advice,
        "post" => words.box_post,
        "question" => words.question,
        "reason" => words.reason,
        "sentence" => words.notice_sentence,
        "text" => words.rules_file,
        "message" => words.try_message,
        "note" => words.resolve_note,
        "facts" => words.facts,
        "evidence" => words.evidence,
        "department" => words.department,
        "answered_by" => words.answered_by,
        "transcript" => words.transcript,
        other => return wording::standing_reply(other.strip_prefix("standing_")?, words),
    })
}

fn part(visit: &Visit, problem: Problem) -> Response {
    let status = problem.status();
    let sign_in = problem.kind == Kind::SignedOut;
    page_with(status, &FailurePart { words: visit.words(), problem, sign_in })
}

/// The page for an address that leads nowhere.
pub(crate) async fn no_such_page(visit: Visit) -> Response {
    page_for_visitor(&visit, Problem::new(Kind::NotFound, visit.words()))
}

/// The last resort, when even a template fails.
pub(crate) fn plain_failure() -> Response {
    let mut response =
        (StatusCode::INTERNAL_SERVER_ERROR, "页面无法显示 This page cannot be shown").into_response();
    response
        .headers_mut()
        .insert(axum::http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    fn refusal(code: Code) -> tonic::Status {
        let mut details = ErrorDetails::new();
        details.set_localized_message("zh-CN", "三个人才能签发");
        tonic::Status::with_error_details(code, "three people are needed", details)
    }

    #[test]
    fn a_refusal_is_shown_in_the_language_of_the_page() {
        let status = refusal(Code::FailedPrecondition);
        assert_eq!(Problem::of(&status, Language::Chinese).said, "三个人才能签发");
        assert_eq!(Problem::of(&status, Language::English).said, "three people are needed");
        assert_eq!(Problem::of(&status, Language::English).status(), StatusCode::CONFLICT);
    }

    #[test]
    fn what_a_connection_says_is_never_shown() {
        let status = tonic::Status::unavailable("tcp connect error: 127.0.0.1:7101");
        for language in [Language::Chinese, Language::English] {
            let problem = Problem::of(&status, language);
            assert!(!problem.said.contains("tcp"));
            assert_eq!(problem.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    }

    #[test]
    fn a_page_that_loses_its_session_shows_what_was_typed_but_no_secret() {
        let visit = Visit::of_nobody();
        let typed =
            [("conclusion", "不实。"), ("standing_receipt", "收到"), ("code", "123456"), ("csrf", "0f")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let words = visit.words();
        let shown: Vec<_> = typed.iter().filter_map(|(name, _)| label(name, words)).collect();
        assert_eq!(shown, [words.box_conclusion, words.standing_receipt]);
        let response = kept(&visit, Problem::new(Kind::SignedOut, words), &typed);
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
}
