//! 队列: what there is to do, what burns on top, and the alarms above it all.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use contracts::approval::v1::{
    AcknowledgeAlarmRequest, Alarm, ListAlarmsRequest, ListAlarmsResponse, ListCasesRequest,
    OpenNoticeRequest, alarm, case,
};
use grpc::rights;
use serde::Deserialize;

use super::{notice, see};
use crate::Console;
use crate::form::{Posted, fresh_request_id};
use crate::frame::{Frame, page, page_with};
use crate::language::{Words, fill};
use crate::problem::{Answer, Problem};
use crate::session::SignedIn;
use crate::show;
use crate::views::CaseView;
use crate::wording::{self, Choice};

/// Ended matters on the queue's page; those that ended first come first, and closing one makes room.
const PAST_VALIDITY_MAX: i32 = 20;

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    frame: Frame,
    live: QueueLive,
    filters: Vec<Choice>,
    all_chosen: bool,
    opens_notices: bool,
    notice: NoticeForm,
    notice_request_id: String,
}

#[derive(Template)]
#[template(path = "queue_live.html")]
struct QueueLive {
    words: &'static Words,
    csrf: String,
    /// Whether this person may say that an alarm is being seen to.
    acknowledges: bool,
    /// Whether this person may read what masking took from a call for help.
    reveals: bool,
    /// The query that renews it.
    query: String,
    alarms: Vec<AlarmView>,
    /// Tells that there are more alarms than are shown.
    alarms_more: Option<String>,
    /// Whose words hold no longer: to be renewed or closed.
    past_validity: Vec<CaseView>,
    /// What else cannot wait.
    warnings: Vec<AlarmView>,
    cases: Vec<CaseView>,
    next_page: String,
    first_page: bool,
    as_of: String,
    summary: String,
    problem: Option<Problem>,
}

struct AlarmView {
    report_id: String,
    text: String,
    age: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    state: String,
    page: String,
    done: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct AcknowledgeForm {
    report_id: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NoticeForm {
    sentence: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(filter): Query<Filter>,
) -> Answer {
    let done = notice(&filter.done, who.words());
    Ok(queue_page(&console, &who, &filter, |frame| frame.notice(done), NoticeForm::default(), None).await)
}

pub(crate) async fn live(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(filter): Query<Filter>,
) -> Answer {
    let live = load(&console, &who, &filter).await;
    // A part that shows a problem still renews itself, so it is a part like any other.
    Ok(page_with(axum::http::StatusCode::OK, &live))
}

pub(crate) async fn acknowledge(
    State(console): State<Arc<Console>>,
    Posted { who, form, .. }: Posted<AcknowledgeForm>,
) -> Answer {
    let request = AcknowledgeAlarmRequest { report_id: form.report_id };
    match console.clients.approval().acknowledge_alarm(who.call(request)).await {
        Ok(_) => Ok(see("/?done=acknowledged")),
        Err(status) => {
            let problem = who.problem(&status);
            Ok(queue_page(
                &console,
                &who,
                &Filter::default(),
                |frame| frame.alert(problem),
                NoticeForm::default(),
                None,
            )
            .await)
        }
    }
}

pub(crate) async fn open_notice(
    State(console): State<Arc<Console>>,
    Posted { who, request_id, form }: Posted<NoticeForm>,
) -> Answer {
    let request =
        OpenNoticeRequest { request_id: request_id.clone(), sentence: form.sentence.trim().to_owned() };
    let status = match console.clients.approval().open_notice(who.call(request)).await {
        Ok(opened) => {
            let case = opened.into_inner().case.unwrap_or_default();
            return Ok(see(&format!("/case/{}?done=notice_opened", case.case_id)));
        }
        Err(status) => status,
    };
    let problem = who.problem(&status);
    let request_id = problem.outcome_unknown().then_some(request_id);
    let filter = Filter::default();
    Ok(queue_page(&console, &who, &filter, |frame| frame.alert(problem), form, request_id).await)
}

async fn queue_page(
    console: &Console,
    who: &SignedIn,
    filter: &Filter,
    say: impl FnOnce(Frame) -> Frame,
    notice: NoticeForm,
    notice_request_id: Option<String>,
) -> Response {
    let words = who.words();
    let live = load(console, who, filter).await;
    let frame = say(Frame::of(who));
    let filters =
        wording::choices(&wording::CASE_STATES, &filter.state, |state| wording::case_state(state, words));
    page(
        &frame.clone(),
        &QueuePage {
            frame,
            live,
            filters,
            all_chosen: filter.state.is_empty(),
            opens_notices: who.may(rights::ASK),
            notice,
            notice_request_id: notice_request_id.unwrap_or_else(fresh_request_id),
        },
    )
}

async fn load(console: &Console, who: &SignedIn, filter: &Filter) -> QueueLive {
    let words = who.words();
    let state =
        wording::parse(&filter.state, &wording::CASE_STATES, |state| wording::case_state(state, words));
    let states = if state == case::State::Unspecified { Vec::new() } else { vec![state.into()] };
    let mut approval = console.clients.approval();
    let mut alarming = console.clients.approval();
    let mut expiring = console.clients.approval();
    let (cases, alarms, past_validity) = tokio::join!(
        approval.list_cases(who.call(ListCasesRequest {
            states,
            page_size: 50,
            page_token: filter.page.clone(),
            past_validity: false,
        })),
        async {
            // A checker sees the own department's cases and no citizen's words.
            if !who.may(rights::READ_WORK) {
                return Ok(ListAlarmsResponse::default());
            }
            Ok::<_, tonic::Status>(alarming.list_alarms(who.call(ListAlarmsRequest {})).await?.into_inner())
        },
        expiring.list_cases(who.call(ListCasesRequest {
            page_size: PAST_VALIDITY_MAX,
            past_validity: true,
            ..ListCasesRequest::default()
        })),
    );
    let now = console.clock.now();
    let mut problem = None;
    let (cases, next_page_token) = match cases {
        Ok(cases) => {
            let cases = cases.into_inner();
            (cases.cases, cases.next_page_token)
        }
        Err(status) => {
            problem = Some(who.problem(&status));
            (Vec::new(), String::new())
        }
    };
    let (alarms, waiting) = match alarms {
        Ok(alarms) => (alarms.alarms, alarms.waiting_count),
        Err(status) => {
            problem = problem.or_else(|| Some(who.problem(&status)));
            (Vec::new(), 0)
        }
    };
    let more = waiting.saturating_sub(alarms.len() as u64);
    let past_validity = match past_validity {
        Ok(cases) => cases.into_inner().cases,
        Err(status) => {
            problem = problem.or_else(|| Some(who.problem(&status)));
            Vec::new()
        }
    };
    let past_validity =
        past_validity.into_iter().map(|case| CaseView::of(case, now, who.visit.language)).collect();
    let cases: Vec<CaseView> =
        cases.into_iter().map(|case| CaseView::of(case, now, who.visit.language)).collect();
    let (help, warnings): (Vec<Alarm>, Vec<Alarm>) = alarms
        .into_iter()
        .partition(|alarm| matches!(alarm.kind(), alarm::Kind::Help | alarm::Kind::Unspecified));
    let urgent = cases.iter().filter(|case| case.urgent).count();
    let over = cases.iter().filter(|case| case.due.as_ref().is_some_and(|due| due.over)).count();
    QueueLive {
        words,
        csrf: who.csrf(),
        acknowledges: who.may(rights::ACKNOWLEDGE),
        reveals: who.may(rights::SEE_ORIGINALS),
        query: query(&filter.state, &filter.page),
        alarms: help.into_iter().map(|alarm| alarm_view(alarm, now, words)).collect(),
        alarms_more: (more > 0).then(|| fill(words.alarms_more, more)),
        warnings: warnings.into_iter().map(|alarm| alarm_view(alarm, now, words)).collect(),
        summary: fill(&fill(&fill(words.queue_summary, cases.len()), urgent), over),
        past_validity,
        cases,
        next_page: if next_page_token.is_empty() {
            String::new()
        } else {
            query(&filter.state, &next_page_token)
        },
        first_page: filter.page.is_empty(),
        as_of: show::time_of_day(now),
        problem,
    }
}

fn alarm_view(alarm: Alarm, now: time::OffsetDateTime, words: &Words) -> AlarmView {
    AlarmView {
        age: show::ago(alarm.raise_time.as_ref(), now, words),
        report_id: alarm.report_id,
        text: alarm.masked_text,
    }
}

fn query(state: &str, page: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("state", state)
        .append_pair("page", page)
        .finish()
}
