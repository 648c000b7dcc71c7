//! 停发: stopping at once. One order goes to approval, publish and ingest under one id; each is told even when another
//! cannot be reached, and the page says of each what it did. Sending the form again is the same order. The page shows
//! what is stopped, by whom, and whether they signed it; the leads find there how it goes on.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use contracts::approval::v1::{HaltScope, OrderHaltRequest, Role, halt_scope};
use contracts::ingest::v1::{GetAnswersHaltRequest, GetAnswersHaltResponse, HaltAnswersRequest};
use contracts::publish::v1::{Account, HaltRequest, ListAccountsRequest, halt_request};
use secrecy::ExposeSecret;
use serde::Deserialize;
use tonic::{Code, Response, Status};

use super::load_revision;
use super::resume::go_on;
use crate::Console;
use crate::form::Posted;
use crate::frame::{Frame, page, page_with};
use crate::language::{Words, fill};
use crate::problem::{Answer, Kind, Problem};
use crate::session::SignedIn;
use crate::views::{HaltView, PublicationView, RefusedOrderView};
use crate::wording;

#[derive(Template)]
#[template(path = "halt.html")]
struct HaltPage {
    frame: Frame,
    form: HaltForm,
    /// The clarification's title, where one is meant.
    title: String,
    accounts: Vec<AccountView>,
    all_halted: bool,
    accounts_problem: Option<Problem>,
    /// Whether automatic answers are stopped; absent where that could not be found out.
    answers: Option<GetAnswersHaltResponse>,
    answers_problem: Option<Problem>,
    /// The halts in force, by whom, and whether they signed them.
    halts: Vec<HaltView>,
    /// Orders that did not count.
    refused_orders: Vec<RefusedOrderView>,
    /// Whether this person decides what goes on.
    resumes: bool,
    /// And what was stopped altogether.
    resumes_everything: bool,
    request_id: String,
}

#[derive(Template)]
#[template(path = "halted.html")]
struct HaltedPage {
    frame: Frame,
    resumed: bool,
    what: String,
    outcomes: Vec<Outcome>,
    form: HaltForm,
    request_id: String,
}

struct AccountView {
    account: String,
    name: String,
    channel: String,
    halted: bool,
    chosen: bool,
}

/// What one service did.
pub(super) struct Outcome {
    service: &'static str,
    name: &'static str,
    code: &'static str,
    text: String,
    publications: Vec<PublicationView>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choose {
    clarification: String,
    case: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HaltForm {
    scope: String,
    clarification_id: String,
    case_id: String,
    account: String,
    reason: String,
}

/// What stops, or goes on.
pub(super) enum Scope {
    Clarification(String),
    Account(String),
    AutomaticAnswers,
    Everything,
}

impl HaltForm {
    fn scope(&self, words: &'static Words) -> Result<Scope, Problem> {
        let lacks = |what: &str| what.trim().is_empty();
        match self.scope.as_str() {
            "clarification" if !lacks(&self.clarification_id) => {
                Ok(Scope::Clarification(self.clarification_id.clone()))
            }
            "account" if !lacks(&self.account) => Ok(Scope::Account(self.account.clone())),
            "automatic_answers" => Ok(Scope::AutomaticAnswers),
            "everything" => Ok(Scope::Everything),
            _ => {
                let mut problem = Problem::new(Kind::Invalid, words);
                problem.said = words.problem_choose.to_owned();
                Err(problem)
            }
        }
    }
}

impl Scope {
    fn text(&self, words: &'static Words) -> String {
        match self {
            Self::Clarification(_) => words.scope_clarification.to_owned(),
            Self::Account(account) => format!("{} {account}", words.scope_account),
            Self::AutomaticAnswers => words.scope_automatic_answers.to_owned(),
            Self::Everything => words.scope_everything.to_owned(),
        }
    }

    pub(super) fn for_approval(&self) -> HaltScope {
        use halt_scope::Scope as S;
        HaltScope {
            scope: Some(match self {
                Self::Clarification(id) => S::ClarificationId(id.clone()),
                Self::Account(account) => S::Account(account.clone()),
                Self::AutomaticAnswers => S::AutomaticAnswers(true),
                Self::Everything => S::Everything(true),
            }),
        }
    }

    /// `None` where publish has nothing to stop: automatic answers are ingest's.
    pub(super) fn for_publish(&self) -> Option<halt_request::Scope> {
        use halt_request::Scope as S;
        match self {
            Self::Clarification(id) => Some(S::ClarificationId(id.clone())),
            Self::Account(account) => Some(S::Account(account.clone())),
            Self::Everything => Some(S::Everything(true)),
            Self::AutomaticAnswers => None,
        }
    }

    /// The clarification whose answers are meant, empty for all; `None` where no answers are.
    pub(super) fn for_ingest(&self) -> Option<String> {
        match self {
            Self::Clarification(id) => Some(id.clone()),
            Self::AutomaticAnswers | Self::Everything => Some(String::new()),
            Self::Account(_) => None,
        }
    }
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(choose): Query<Choose>,
) -> Answer {
    let scope = if choose.clarification.is_empty() { "everything" } else { "clarification" };
    let form = HaltForm {
        scope: scope.to_owned(),
        clarification_id: choose.clarification,
        case_id: choose.case,
        reason: who.words().halt_reason_default.to_owned(),
        ..HaltForm::default()
    };
    let frame = Frame::of(&who);
    let request_id = frame.request_id();
    halt_page(&console, &who, frame, form, request_id).await
}

pub(crate) async fn order(
    State(console): State<Arc<Console>>,
    Posted { who, request_id, form }: Posted<HaltForm>,
) -> Answer {
    let words = who.words();
    let scope = match form.scope(words) {
        Ok(scope) => scope,
        Err(problem) => {
            let frame = Frame::of(&who).here("/halt").alert(problem);
            return halt_page(&console, &who, frame, form, request_id).await;
        }
    };
    let outcomes = stop(&console, &who, &scope, &request_id, form.reason.trim()).await;
    Ok(outcome_page(&who, &scope, outcomes, form, request_id, false))
}

pub(crate) async fn resume(
    State(console): State<Arc<Console>>,
    Posted { who, request_id, form }: Posted<HaltForm>,
) -> Answer {
    let words = who.words();
    let scope = match form.scope(words) {
        Ok(scope) => scope,
        Err(problem) => {
            let frame = Frame::of(&who).here("/halt").alert(problem);
            return halt_page(&console, &who, frame, form, request_id).await;
        }
    };
    match go_on(&console, &who, &scope, &request_id, form.reason.trim()).await {
        Ok(outcomes) => Ok(outcome_page(&who, &scope, outcomes, form, request_id, true)),
        // Nobody was told anything: the page comes back with why.
        Err(problem) => {
            let frame = Frame::of(&who).here("/halt").alert(problem);
            halt_page(&console, &who, frame, form, request_id).await
        }
    }
}

/// Tells every service at the same time: whoever can stop does not wait for one that cannot.
async fn stop(
    console: &Console,
    who: &SignedIn,
    scope: &Scope,
    request_id: &str,
    reason: &str,
) -> Vec<Outcome> {
    let words = who.words();
    let approval = async {
        let request = OrderHaltRequest {
            request_id: request_id.to_owned(),
            scope: Some(scope.for_approval()),
            reason: reason.to_owned(),
            session_secret: who.secret.expose_secret().to_owned(),
        };
        let answer = console.clients.approval().order_halt(who.call(request)).await;
        Outcome::of("approval", words.service_approval, words.halt_failed, who, answer, |answer| {
            if answer.signed_order.is_empty() {
                ("unsigned", words.halt_recorded_unsigned.to_owned(), Vec::new())
            } else {
                ("recorded", words.halt_recorded.to_owned(), Vec::new())
            }
        })
    };
    let publish = async {
        let scope = scope.for_publish()?;
        let request =
            HaltRequest { request_id: request_id.to_owned(), scope: Some(scope), reason: reason.to_owned() };
        let answer = console.clients.publish().halt(who.call(request)).await;
        Some(Outcome::of("publish", words.service_publish, words.halt_failed, who, answer, |answer| {
            let text = counts(words, answer.stopped.len() as u64, answer.already_out.len() as u64);
            let code = if answer.already_out.is_empty() { "stopped" } else { "already_out" };
            let publications = answer
                .stopped
                .into_iter()
                .chain(answer.already_out)
                .map(|publication| PublicationView::of(publication, who.visit.language))
                .collect();
            (code, text, publications)
        }))
    };
    let ingest = async {
        let clarification_id = scope.for_ingest()?;
        let request = HaltAnswersRequest {
            request_id: request_id.to_owned(),
            clarification_id,
            reason: reason.to_owned(),
            everything: matches!(scope, Scope::Everything),
        };
        let answer = known_or_nothing_yet(console.clients.ingest().halt_answers(who.call(request)).await);
        Some(Outcome::of("ingest", words.service_ingest, words.halt_failed, who, answer, |answer| {
            let code = if answer.already_out == 0 { "stopped" } else { "already_out" };
            (code, counts(words, answer.stopped, answer.already_out), Vec::new())
        }))
    };
    let (approval, publish, ingest) = tokio::join!(approval, publish, ingest);
    [publish, ingest, Some(approval)].into_iter().flatten().collect()
}

/// ingest has not heard of a clarification that is not signed yet. It keeps the order all the same, for when
/// the clarification comes; so far nothing was waiting and nothing is out.
fn known_or_nothing_yet<T: Default>(answer: Result<Response<T>, Status>) -> Result<Response<T>, Status> {
    match answer {
        Err(unknown) if unknown.code() == Code::NotFound => Ok(Response::new(T::default())),
        known => known,
    }
}

impl Outcome {
    pub(super) fn done(
        service: &'static str,
        name: &'static str,
        code: &'static str,
        text: &'static str,
    ) -> Self {
        Self { service, name, code, text: text.to_owned(), publications: Vec::new() }
    }

    /// What a service answered; `failed` is what to say where it did not.
    pub(super) fn of<T>(
        service: &'static str,
        name: &'static str,
        failed: &'static str,
        who: &SignedIn,
        answer: Result<tonic::Response<T>, tonic::Status>,
        tell: impl FnOnce(T) -> (&'static str, String, Vec<PublicationView>),
    ) -> Self {
        let (code, text, publications) = match answer {
            Ok(answer) => tell(answer.into_inner()),
            Err(status) => {
                tracing::warn!(error = &status as &dyn std::error::Error, "{service} did not take a halt");
                let problem = who.problem(&status);
                ("failed", format!("{failed}: {}", problem.said), Vec::new())
            }
        };
        Self { service, name, code, text, publications }
    }
}

fn counts(words: &Words, stopped: u64, already_out: u64) -> String {
    fill(&fill(words.halt_counts, stopped), already_out)
}

fn outcome_page(
    who: &SignedIn,
    scope: &Scope,
    outcomes: Vec<Outcome>,
    form: HaltForm,
    request_id: String,
    resumed: bool,
) -> axum::response::Response {
    let failed = outcomes.iter().any(|outcome| outcome.code == "failed");
    let status = if failed { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let frame = Frame::of(who).here("/halt");
    let what = scope.text(who.words());
    page_with(status, &HaltedPage { frame, resumed, what, outcomes, form, request_id })
}

impl HaltedPage {
    fn failed(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.code == "failed")
    }
}

async fn halt_page(
    console: &Console,
    who: &SignedIn,
    frame: Frame,
    form: HaltForm,
    request_id: String,
) -> Answer {
    // The page must work when nothing else does: a title or a list that cannot be had is left out.
    let title = async {
        if form.case_id.is_empty() || form.clarification_id.is_empty() {
            return String::new();
        }
        let newest = load_revision(console, who, &form.case_id, &form.clarification_id, 0).await;
        newest.ok().and_then(|newest| newest.draft).map(|draft| draft.title).unwrap_or_default()
    };
    let (mut publish, mut ingest) = (console.clients.publish(), console.clients.ingest());
    let (title, listed, answers) = tokio::join!(
        title,
        publish.list_accounts(who.call(ListAccountsRequest {})),
        ingest.get_answers_halt(who.call(GetAnswersHaltRequest {})),
    );
    let (answers, answers_problem) = match answers {
        Ok(answers) => (Some(answers.into_inner()), None),
        Err(status) => (None, Some(who.problem(&status))),
    };
    let (listed, accounts_problem) = match listed {
        Ok(listed) => (listed.into_inner(), None),
        Err(status) => (Default::default(), Some(who.problem(&status))),
    };
    let stopped = answers.clone().unwrap_or_default();
    let language = who.visit.language;
    let halts = HaltView::all(listed.halts, stopped.halts, language);
    let refused_orders = RefusedOrderView::all(listed.refused_orders, stopped.refused_orders, language);
    let accounts =
        listed.accounts.into_iter().map(|account| account_view(account, &form, who.words())).collect();
    Ok(page(
        &frame.clone(),
        &HaltPage {
            frame,
            form,
            title,
            accounts,
            all_halted: listed.all_halted,
            accounts_problem,
            answers,
            answers_problem,
            halts,
            refused_orders,
            resumes: matches!(who.role(), Role::DutyOfficer | Role::Signer),
            resumes_everything: who.role() == Role::Signer,
            request_id,
        },
    ))
}

fn account_view(account: Account, form: &HaltForm, words: &Words) -> AccountView {
    AccountView {
        channel: wording::channel(&account.channel, words),
        chosen: account.account == form.account,
        account: account.account,
        name: account.display_name,
        halted: account.halted,
    }
}
