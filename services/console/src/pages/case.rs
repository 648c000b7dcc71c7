//! 工单: one claim or notice, everything known about it, and what can be done next. The parts come from four
//! services; one that cannot be reached leaves a note in its place and the rest of the page stays useful.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use contracts::approval::v1::{
    CaseEvent, DismissCaseRequest, Finding, GetCaseRequest, GetCaseResponse, ReissueFindingLinkRequest,
    RequestFindingRequest, Revision, SetUrgencyRequest, WithdrawFindingLinkRequest, revision,
};
use contracts::classification::v1::{
    Claim, GetClaimRequest, GetClaimResponse, ListClaimReportsRequest, ListSuggestionsRequest,
};
use contracts::ingest::v1::{ListAnswersRequest, ListAnswersResponse};
use contracts::publish::v1::ListPublicationsRequest;
use grpc::rights;
use secrecy::ExposeSecret;
use serde::Deserialize;
use time::Duration;

use super::{checker, load_case, media, minutes, notice, number, see, ticked};
use crate::Console;
use crate::form::{Posted, fresh_request_id};
use crate::frame::{Frame, page, page_with};
use crate::language::{Language, Words};
use crate::problem::{Answer, Problem};
use crate::session::SignedIn;
use crate::show;
use crate::views::{
    CaseView, FindingView, Kind, PublicationView, ReasonView, ReportView, RevisionView, SpreadView,
    SuggestionView, reasons,
};
use crate::wording::{self, Worded};

/// Suggestions on one page; each of them asks for the other case.
const SUGGESTIONS_MAX: i32 = 3;

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    frame: Frame,
    case: CaseView,
    live: CaseLive,
    claim: Option<ClaimView>,
    reports: Vec<ReportView>,
    claim_problem: Option<Problem>,
    findings: Vec<FindingView>,
    /// Where older ones of them are; empty when all are here.
    older_findings: String,
    events: Vec<EventView>,
    older_events: String,
    suggestions: Vec<SuggestionView>,
    /// The clarification whose words hold no longer.
    renews: Option<String>,
    /// Whether this person may ask departments and word what is being said.
    asks: bool,
    leads: bool,
    /// What this person may say that a report is instead.
    intents: Vec<Worded>,
    drafts: bool,
    /// Whether this person may read messages as they were written.
    reveals: bool,
    typed: Typed,
}

/// The part that renews itself: nothing can be typed in it.
#[derive(Template)]
#[template(path = "case_live.html")]
struct CaseLive {
    words: &'static Words,
    case: CaseView,
    revisions: Vec<RevisionView>,
    /// Where older ones are; empty when all are here.
    older_revisions: String,
    publications: Vec<PublicationView>,
    publications_problem: Option<Problem>,
    answers: Option<AnswerCounts>,
    answers_problem: Option<Problem>,
    as_of: String,
}

/// How many were answered.
pub(super) struct AnswerCounts {
    pub answered: u64,
    pub pending: u64,
    pub unknown: u64,
    pub unreachable: u64,
    pub without_channel: u64,
}

impl From<&ListAnswersResponse> for AnswerCounts {
    fn from(listed: &ListAnswersResponse) -> Self {
        Self {
            answered: listed.answered,
            pending: listed.pending,
            unknown: listed.unknown,
            unreachable: listed.unreachable,
            without_channel: listed.without_channel,
        }
    }
}

impl AnswerCounts {
    /// True when somebody has to look at some of them.
    pub(super) fn needs_person(&self) -> bool {
        self.unknown > 0 || self.unreachable > 0
    }
}

struct ClaimView {
    reports: u64,
    reporters: u64,
    places: u64,
    first: String,
    last: String,
    reasons: Vec<ReasonView>,
    variants: Vec<String>,
    spread: Option<SpreadView>,
}

pub(super) struct EventView {
    pub time: String,
    pub actor: String,
    pub what: String,
}

impl CasePage {
    /// Whether the box is ticked: as it was typed, else as it is.
    fn urgent(&self) -> bool {
        self.typed.urgent.unwrap_or(self.case.urgent)
    }
}

#[derive(Template)]
#[template(path = "department_link.html")]
struct DepartmentLinkPage {
    frame: Frame,
    case_id: String,
    finding: FindingView,
    /// Absent when the link was shown before and cannot be shown again.
    link: Option<String>,
    /// The six digits that it asks for.
    code: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Arrival {
    done: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct UrgencyForm {
    expected_revision: String,
    urgent: String,
    due_minutes: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct FindingForm {
    department: String,
    question: String,
    due_minutes: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct LinkForm {
    case_id: String,
    due_minutes: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct DismissForm {
    expected_revision: String,
    reason: String,
}

/// What was typed into the page's forms and must not be lost.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) into_code: Option<String>,
    pub(super) split_sentence: Option<String>,
    pub(super) split_reports: Vec<String>,
    pub(super) departments: Option<String>,
    pub(super) sentence: Option<String>,
    pub(super) resume_reason: Option<String>,
    pub(super) close_reason: Option<String>,
    pub(super) urgent: Option<bool>,
    pub(super) due_minutes: Option<String>,
    pub(super) department: Option<String>,
    pub(super) question: Option<String>,
    pub(super) finding_due_minutes: Option<String>,
    pub(super) finding_request_id: Option<String>,
    pub(super) reason: Option<String>,
}

impl Typed {
    fn finding_request_id(&self) -> String {
        self.finding_request_id.clone().unwrap_or_else(fresh_request_id)
    }
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Path(case_id): Path<String>,
    Query(arrival): Query<Arrival>,
) -> Answer {
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    let frame = Frame::of(&who).notice(notice(&arrival.done, who.words()));
    if !who.may(rights::READ_WORK) {
        return Ok(checker::page(&console, &who, loaded, frame, None));
    }
    Ok(case_page(&console, &who, loaded, frame, Typed::default()).await)
}

pub(crate) async fn live(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Path(case_id): Path<String>,
) -> Answer {
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    Ok(page_with(StatusCode::OK, &load_live(&console, &who, &loaded).await))
}

pub(crate) async fn set_urgency(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, form, .. }: Posted<UrgencyForm>,
) -> Answer {
    let urgent = ticked(&form.urgent);
    let done = format!("/case/{case_id}?done=urgency");
    let asked = async {
        let due_in = match form.due_minutes.trim() {
            "" => None,
            typed => Some(minutes(typed, who.words())?),
        };
        let request = SetUrgencyRequest {
            case_id: case_id.clone(),
            expected_revision: number(&form.expected_revision, who.words())?,
            urgent,
            due_in,
        };
        console
            .clients
            .approval()
            .set_urgency(who.call(request))
            .await
            .map_err(|status| who.problem(&status))?;
        Ok::<(), Problem>(())
    };
    let Err(problem) = asked.await else { return Ok(see(&done)) };
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    if urgency_is_as_asked(&loaded, &form, console.clock.now()) {
        return Ok(see(&done));
    }
    let typed = Typed { urgent: Some(urgent), due_minutes: Some(form.due_minutes), ..Typed::default() };
    Ok(refused_page(&console, &who, loaded, problem, typed).await)
}

/// True when the case already is what the form asked for: a double click, whose first click did it.
fn urgency_is_as_asked(loaded: &GetCaseResponse, form: &UrgencyForm, now: time::OffsetDateTime) -> bool {
    let Some(case) = &loaded.case else { return false };
    let Ok(expected) = form.expected_revision.parse::<u64>() else { return false };
    let due = show::instant(case.due_time.as_ref());
    let asked = form.due_minutes.trim().parse::<i64>().ok().map(|asked| now + Duration::minutes(asked));
    let same_due = match (asked, due) {
        (Some(asked), Some(due)) => (asked - due).abs() < Duration::minutes(1),
        (None, _) => form.due_minutes.trim().is_empty(),
        (Some(_), None) => false,
    };
    case.urgent == ticked(&form.urgent) && same_due && case.state_revision == expected + 1
}

pub(crate) async fn request_finding(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, request_id, form }: Posted<FindingForm>,
) -> Answer {
    let asked = async {
        let request = RequestFindingRequest {
            request_id: request_id.clone(),
            case_id: case_id.clone(),
            department: form.department.trim().to_owned(),
            question: form.question.trim().to_owned(),
            due_in: Some(minutes(&form.due_minutes, who.words())?),
        };
        let answer = console.clients.approval().request_finding(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))
    };
    match asked.await {
        Ok(answer) => {
            let answer = answer.into_inner();
            let (finding, secret) = (answer.finding.unwrap_or_default(), answer.link_secret);
            Ok(link_page(&console, &who, &case_id, finding, &secret, answer.link_code))
        }
        Err(problem) => {
            let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
            let typed = Typed {
                department: Some(form.department),
                question: Some(form.question),
                finding_due_minutes: Some(form.due_minutes),
                finding_request_id: problem.outcome_unknown().then_some(request_id),
                ..Typed::default()
            };
            Ok(refused_page(&console, &who, loaded, problem, typed).await)
        }
    }
}

/// The department's link and its code.
fn link_page(
    console: &Console,
    who: &SignedIn,
    case_id: &str,
    finding: Finding,
    secret: &str,
    code: String,
) -> Response {
    let frame = Frame::of(who).here(format!("/case/{case_id}"));
    let base = console.public_base_url.as_str().trim_end_matches('/');
    let link = (!secret.is_empty()).then(|| format!("{base}/d/{secret}"));
    let finding = FindingView::of(finding, console.clock.now(), who.visit.language);
    page(&frame.clone(), &DepartmentLinkPage { frame, case_id: case_id.to_owned(), finding, link, code })
}

pub(crate) async fn reissue_link(
    State(console): State<Arc<Console>>,
    Path(finding_id): Path<String>,
    Posted { who, request_id, form }: Posted<LinkForm>,
) -> Answer {
    let asked = async {
        let due_in = Some(minutes(&form.due_minutes, who.words())?);
        let request = ReissueFindingLinkRequest { request_id, finding_id, due_in };
        let answer = console.clients.approval().reissue_finding_link(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))
    };
    let problem = match asked.await {
        Ok(answer) => {
            let answer = answer.into_inner();
            let (finding, secret) = (answer.finding.unwrap_or_default(), answer.link_secret);
            return Ok(link_page(&console, &who, &form.case_id, finding, &secret, answer.link_code));
        }
        Err(problem) => problem,
    };
    let loaded = load_case(&console, &who, &form.case_id).await.map_err(|status| who.refuse(&status))?;
    Ok(refused_page(&console, &who, loaded, problem, Typed::default()).await)
}

pub(crate) async fn withdraw_link(
    State(console): State<Arc<Console>>,
    Path(finding_id): Path<String>,
    Posted { who, form, .. }: Posted<LinkForm>,
) -> Answer {
    let request = WithdrawFindingLinkRequest { finding_id };
    let problem = match console.clients.approval().withdraw_finding_link(who.call(request)).await {
        Ok(_) => return Ok(see(&format!("/case/{}?done=link_withdrawn", form.case_id))),
        Err(status) => who.problem(&status),
    };
    let loaded = load_case(&console, &who, &form.case_id).await.map_err(|status| who.refuse(&status))?;
    Ok(refused_page(&console, &who, loaded, problem, Typed::default()).await)
}

pub(crate) async fn dismiss(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, form, .. }: Posted<DismissForm>,
) -> Answer {
    let done = format!("/case/{case_id}?done=dismissed");
    let asked = async {
        let request = DismissCaseRequest {
            case_id: case_id.clone(),
            expected_revision: number(&form.expected_revision, who.words())?,
            reason: form.reason.trim().to_owned(),
            session_secret: who.secret.expose_secret().to_owned(),
        };
        let answer = console.clients.approval().dismiss_case(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))
    };
    let Err(problem) = asked.await else { return Ok(see(&done)) };
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    if loaded
        .case
        .as_ref()
        .is_some_and(|case| case.state() == contracts::approval::v1::case::State::Dismissed)
    {
        return Ok(see(&format!("/case/{case_id}")));
    }
    let typed = Typed { reason: Some(form.reason), ..Typed::default() };
    Ok(refused_page(&console, &who, loaded, problem, typed).await)
}

pub(super) async fn refused_page(
    console: &Console,
    who: &SignedIn,
    loaded: GetCaseResponse,
    problem: Problem,
    typed: Typed,
) -> Response {
    let case_id = loaded.case.as_ref().map(|case| case.case_id.clone()).unwrap_or_default();
    let frame = Frame::of(who).here(format!("/case/{case_id}")).alert(problem);
    case_page(console, who, loaded, frame, typed).await
}

async fn case_page(
    console: &Console,
    who: &SignedIn,
    loaded: GetCaseResponse,
    frame: Frame,
    typed: Typed,
) -> Response {
    let language = who.visit.language;
    let now = console.clock.now();
    let case = CaseView::of(loaded.case.clone().unwrap_or_default(), now, language);
    let (live, claim) =
        tokio::join!(load_live(console, who, &loaded), load_claim(console, who, &case.claim_id));
    let suggestions = load_suggestions(console, who, &loaded).await;
    let (claim, reports, claim_problem) = match claim {
        Ok((claim, reports)) => (claim, reports, None),
        Err(status) => (None, Vec::new(), Some(who.problem(&status))),
    };
    let frame = match live.revisions.iter().find(|revision| revision.waiting() || revision.signed_off()) {
        Some(revision) => frame.halting(&case.id, &revision.clarification_id),
        None => frame,
    };
    page(
        &frame.clone(),
        &CasePage {
            frame,
            renews: loaded
                .revisions
                .iter()
                .filter(|revision| revision.state() == revision::State::Signed)
                .find(|revision| ended(revision, now))
                .map(|revision| revision.clarification_id.clone()),
            asks: who.may(rights::ASK) && case.open(),
            leads: who.may(rights::LEAD) && case.open(),
            intents: wording::sayable(who),
            suggestions,
            drafts: who.may(rights::DRAFT) && case.open(),
            reveals: who.may(rights::SEE_ORIGINALS),
            case,
            live,
            claim,
            reports,
            claim_problem,
            findings: loaded
                .findings
                .into_iter()
                .map(|finding| FindingView::of(finding, now, language))
                .collect(),
            older_findings: loaded.findings_page_token,
            older_events: loaded.events_page_token,
            events: loaded.events.into_iter().rev().map(|event| event_view(event, language)).collect(),
            typed,
        },
    )
}

fn ended(revision: &Revision, now: time::OffsetDateTime) -> bool {
    let signed = revision.content.as_ref().and_then(|content| content.valid_until_time.as_ref());
    let typed = revision.draft.as_ref().filter(|_| revision.head_only);
    let end = signed.or(typed.and_then(|draft| draft.valid_until_time.as_ref()));
    show::instant(end).is_some_and(|end| end < now)
}

async fn load_live(console: &Console, who: &SignedIn, loaded: &GetCaseResponse) -> CaseLive {
    let language = who.visit.language;
    let now = console.clock.now();
    let case = loaded.case.clone().unwrap_or_default();
    let mut publish = console.clients.publish();
    let publications = publish.list_publications(who.call(ListPublicationsRequest {
        case_id: case.case_id.clone(),
        page_size: 50,
        page_token: String::new(),
    }));
    let claim_id = case.claim_id.clone();
    let answers = async {
        // A notice answers no claim, so nobody waits for an answer.
        if claim_id.is_empty() {
            return Ok(None);
        }
        let request =
            ListAnswersRequest { claim_id, needs_person: false, page_size: 1, page_token: String::new() };
        let listed = console.clients.ingest().list_answers(who.call(request)).await?.into_inner();
        Ok::<_, tonic::Status>(Some(AnswerCounts::from(&listed)))
    };
    let (publications, answers) = tokio::join!(publications, answers);
    let (publications, publications_problem) = match publications {
        Ok(listed) => (listed.into_inner().publications, None),
        Err(status) => (Vec::new(), Some(who.problem(&status))),
    };
    let (answers, answers_problem) = match answers {
        Ok(answers) => (answers, None),
        Err(status) => (None, Some(who.problem(&status))),
    };
    CaseLive {
        words: who.words(),
        case: CaseView::of(case, now, language),
        revisions: loaded
            .revisions
            .iter()
            .cloned()
            .map(|revision| RevisionView::of(revision, language))
            .collect(),
        older_revisions: loaded.revisions_page_token.clone(),
        publications: publications
            .into_iter()
            .map(|publication| PublicationView::of(publication, language))
            .collect(),
        publications_problem,
        answers,
        answers_problem,
        as_of: show::time_of_day(now),
    }
}

async fn load_claim(
    console: &Console,
    who: &SignedIn,
    claim_id: &str,
) -> Result<(Option<ClaimView>, Vec<ReportView>), tonic::Status> {
    if claim_id.is_empty() {
        return Ok((None, Vec::new()));
    }
    let claim_id = claim_id.to_owned();
    let mut claims = console.clients.classification();
    let mut reports = console.clients.classification();
    let (claim, reports) = tokio::try_join!(
        claims.get_claim(who.call(GetClaimRequest { claim_id: claim_id.clone() })),
        reports.list_claim_reports(who.call(ListClaimReportsRequest {
            claim_id,
            page_size: 10,
            page_token: String::new()
        })),
    )?;
    let language = who.visit.language;
    let mut reports: Vec<ReportView> =
        reports.into_inner().reports.into_iter().map(|report| ReportView::of(report, language)).collect();
    // The words are shown even where ingest cannot say what else there is.
    let _without = media::add(console, who, &mut reports).await;
    let GetClaimResponse { claim, variants, spread } = claim.into_inner();
    let spread = spread.map(|spread| SpreadView::of(&spread, language.words()));
    Ok((claim.map(|claim| claim_view(claim, variants, spread, language)), reports))
}

/// What may belong together with this case, or apart. Without an answer the page stays useful: nothing is decided
/// by a suggestion.
async fn load_suggestions(
    console: &Console,
    who: &SignedIn,
    loaded: &GetCaseResponse,
) -> Vec<SuggestionView> {
    let Some(case) = loaded.case.as_ref().filter(|case| !case.claim_id.is_empty()) else { return Vec::new() };
    if case.state() == contracts::approval::v1::case::State::Dismissed {
        return Vec::new();
    }
    let request = ListSuggestionsRequest {
        claim_id: case.claim_id.clone(),
        page_size: SUGGESTIONS_MAX,
        page_token: String::new(),
    };
    let Ok(listed) = console.clients.classification().list_suggestions(who.call(request)).await else {
        return Vec::new();
    };
    let now = console.clock.now();
    let mut suggestions = Vec::new();
    for suggested in listed.into_inner().suggestions {
        let other = [&suggested.claim_id, &suggested.other_claim_id]
            .into_iter()
            .find(|claim| **claim != case.claim_id && !claim.is_empty());
        let other = match other {
            Some(claim) => {
                let request = GetCaseRequest { claim_id: claim.clone(), ..GetCaseRequest::default() };
                let found = console.clients.approval().get_case(who.call(request)).await;
                found.ok().and_then(|found| found.into_inner().case)
            }
            None => None,
        };
        suggestions.extend(SuggestionView::of(suggested, case, other, now, who));
    }
    suggestions
}

fn claim_view(
    claim: Claim,
    variants: Vec<String>,
    spread: Option<SpreadView>,
    language: Language,
) -> ClaimView {
    ClaimView {
        variants,
        spread,
        reports: claim.report_count,
        reporters: claim.reporter_count,
        places: claim.place_count,
        first: show::minute(claim.first_time.as_ref(), language),
        last: show::minute(claim.last_time.as_ref(), language),
        reasons: reasons(claim.reasons),
    }
}

pub(super) fn event_view(event: CaseEvent, language: Language) -> EventView {
    EventView {
        time: show::minute(event.event_time.as_ref(), language),
        actor: if event.actor.is_empty() { language.words().the_machine.to_owned() } else { event.actor },
        what: event.what,
    }
}
