//! The pages, one file each: a handler, a view struct and a template. This table is their contract: the demo
//! and the system tests drive these addresses and field names, so they change only together with this page.
//! Nothing here decides anything about cases; a page asks the services, as the signed-in person, and shows
//! their answer.
//!
//! Every `POST` is `application/x-www-form-urlencoded` unless it says so. Except where "no session" is said it needs the cookie
//! `session` and the hidden fields `csrf` and `request_id` of the page's own form (written
//! `<input type="hidden" name="csrf" value="…">`, in this attribute order). A post that worked answers
//! `303 See Other`; one that was refused answers the page again, with what was typed, an element
//! `role="alert"` and the status 401, 403, 404, 409, 422, 429, 500 or 503.
//!
//! | method, address | fields (all text; a check box is `on` or absent) | answer |
//! | --- | --- | --- |
//! | `GET /sign-in?next=` | | the form; sets cookie `visit` (no session) |
//! | `POST /sign-in` | `csrf` `login` `password` `code` `next` | 303 to `next` or `/`; sets cookies `session` and `device` (no session); the field `request_id` of the page's own form makes two presses of the button one |
//! | `POST /sign-out` | `csrf` | 303 `/sign-in` |
//! | `POST /language` | `language` (`zh`, `en`) `next` | 303 `next`; sets cookie `language` (no session, no csrf) |
//! | `GET /?state=&page=` | | queue; `state` is a case state below, empty for all that are open |
//! | `GET /queue/live?state=&page=` | | the queue's part that renews itself |
//! | `POST /alarm/acknowledge` | `report_id` | 303 `/` |
//! | `POST /notice` | `sentence` | 303 `/case/{case_id}` |
//! | `GET /find?number=` | | the message of a receipt and its case; 303 to the case of a case's code |
//! | `GET /import` | | the form for a file of reports, for duty officers and signers |
//! | `POST /import/preview` | multipart: `file` `source`, and where the columns were looked at `headings` `chosen_for` `channel` `column_{n}` | 200, what each column holds and what will be refused: the page, or with htmx its part |
//! | `POST /import/run` | multipart: as before, and `state` as the page gave it | 200, how far it came |
//! | `POST /import/refused` | multipart: as before | the refused rows, to be saved |
//! | `GET /messages?intent=&page=` | | messages that opened no claim; `intent` below |
//! | `GET /message/{report_id}/media` | | a message's picture, shown; its voice or any other file, to be saved |
//! | `POST /message/{report_id}/transcript` | `transcript` `intent` | 303 `/messages?intent=` |
//! | `POST /message/{report_id}/original` | `cause` `case_id` `at_alarm` | 200, the message as it was written |
//! | `POST /message/{report_id}/intent` | `set_intent` `expected_revision` `intent` `case_id` | 303 `/messages?intent=`, or the case where `case_id` says one |
//! | `GET /message/{report_id}/judgement` | | how it was judged beside how it would be now; changes nothing |
//! | `GET /case/{case_id}` | | the case |
//! | `GET /case/{case_id}/history?part=&page=` | | what the case's page has no room for: older `events`, `revisions` or `findings` |
//! | `GET /case/{case_id}/live` | | the case's part that renews itself |
//! | `POST /case/{case_id}/urgency` | `expected_revision` `urgent` `due_minutes` | 303 `/case/{case_id}` |
//! | `POST /case/{case_id}/finding` | `department` `question` `due_minutes` | 200, the department's link and its code: `<input id="department-link" value="{public_base_url}/d/{secret}">`, `<input id="department-code" … value="{six digits}">` |
//! | `POST /finding/{finding_id}/reissue` | `case_id` `due_minutes` | 200, another link and code, as above; the one before stops working |
//! | `POST /finding/{finding_id}/withdraw` | `case_id` | 303 `/case/{case_id}` |
//! | `POST /finding/{finding_id}` | `case_id` `verdict` `facts` `evidence` | 303 `/case/{case_id}`, for a checker of the department that was asked |
//! | `POST /case/{case_id}/dismiss` | `expected_revision` `reason` | 303 `/case/{case_id}` |
//! | `POST /case/{case_id}/merge` | `expected_revision` `into_case_id` or `into_code` `answers_reporters` | 303 to the case that goes on |
//! | `POST /case/{case_id}/split` | `expected_revision` `sentence` and `report_{report_id}` (`on`) for each | 303 to the new case |
//! | `POST /case/{case_id}/reroute` | `expected_revision` `departments` (separated by 、 or commas) | 303 `/case/{case_id}` |
//! | `POST /case/{case_id}/sentence` | `claim_id` `sentence` | 303 `/case/{case_id}` |
//! | `POST /case/{case_id}/decline` | `suggestion_id` | 303 `/case/{case_id}` |
//! | `POST /case/{case_id}/resume-answer` | `expected_revision` `reason` | 303 `/case/{case_id}` |
//! | `POST /case/{case_id}/close-expired` | `expected_revision` `reason` | 303 `/case/{case_id}` |
//! | `GET /d/{secret}` | | the department's page, which asks for the code (no session) |
//! | `POST /d/{secret}/open` | `code` | 200, the question (no session, no csrf: secret and code are the authority) |
//! | `POST /d/{secret}` | `code` `verdict` `facts` `evidence` `answered_by` | 303 `/d/{secret}` (no session, no csrf: the secret is the authority) |
//! | `GET /case/{case_id}/draft?kind=&clarification=` | | the boxes: those of `clarification`; without it the newest unfinished one of `kind`, else new ones filled from the finding |
//! | `POST /case/{case_id}/draft` | `clarification_id` `expected_revision` and the draft's fields | 303 to the clarification |
//! | `POST /preview` | `csrf` and the draft's fields | the live preview's part |
//! | `GET /case/{case_id}/clarification/{clarification_id}?revision=` | | review; the newest revision without `revision` |
//! | `GET /case/{case_id}/clarification/{clarification_id}/sign-off` | | the signer's page |
//! | `POST /case/{case_id}/clarification/{clarification_id}/sign` | `revision` `content_hash` `purpose` (`drafted` `first_reviewed` `second_reviewed` `signed`) `gate_political` `gate_legal` `gate_secrecy` `gate_text` `code` | 303 to the clarification |
//! | `POST /case/{case_id}/clarification/{clarification_id}/return` | `revision` `reason` | 303 to the clarification |
//! | `POST /case/{case_id}/clarification/{clarification_id}/revoke` | `revision` `reason` | 303 to the clarification |
//! | `GET /case/{case_id}/form?clarification=` | | 发布审批单, to print |
//! | `GET /case/{case_id}/answers?needs_person=&page=` | | who was answered; `needs_person` is `on` |
//! | `GET /publications?case=&page=` | | publications with attempts and the form for uncertain ones |
//! | `POST /publication/{publication_id}/resolve` | `case_id` `expected_state_revision` `is_public` (`yes`, `no`) `note` | 303 `/publications?case=` |
//! | `GET /halt?clarification=&case=` | | the halt form, what is halted now, and the resume form |
//! | `POST /halt` | `scope` (`clarification` `account` `automatic_answers` `everything`) `clarification_id` `account` `reason` | 200 when every service answered, else 503: `<li data-service="approval\|publish\|ingest" data-outcome="stopped\|already_out\|recorded\|unsigned\|failed">` |
//! | `POST /resume` | `scope` `clarification_id` `account` `reason` | the leads alone; 200 or 503, as `/halt`, with `data-outcome="resumed"` |
//! | `GET /rules?kind=&version=&page=` | | the rules of `kind` (`intent` `urgency` `routing`), those in force or an older `version`; `page` is the history's |
//! | `POST /rules/try` | `kind` `expected_version` `text` `message` | 200, what the rules in `text` make of the message |
//! | `POST /rules/save` | `kind` `expected_version` `text` `message` | 303 `/rules?kind=` |
//! | `POST /rules/restore` | `kind` `expected_version` `version` | 303 `/rules?kind=` |
//! | `GET /sessions` | | where the person is signed in |
//! | `POST /sessions/end` | `session_id` | 303 `/sessions` |
//! | `GET /people?page=` | | the people of the agency, for administrators |
//! | `POST /people/unlock` | `person_id` | 303 `/people` |
//! | `GET /audit?page=` | | the audit trail |
//! | `GET /healthz` | | 200 `ok` (no session) |
//!
//! The draft's fields: `kind` (`clarification` `response` `holding` `notice` `standing_replies`), `title`,
//! `summary`, `claim`, `check`, `conclusion`, `basis`, `advice`, `post`, `verdict` (`false` `partly_false`
//! `misleading` `outdated` `unsubstantiated` `true` `pending`), `response_level` (`answer_only` `publish`
//! `microblog` `mass_push` `everything`), `automatic_answer`, `valid_until` (`2026-12-01T08:00`, Beijing), and for standing replies `standing_receipt`,
//! `standing_question`, `standing_complaint`, `standing_help`, `standing_observation`, `standing_other`,
//! `standing_welcome`.
//!
//! What a driver may read off a page: `data-case-id` and `data-case-state` (`open` `checking` `found`
//! `drafting` `in_review` `signed` `published` `needs_person` `dismissed` `halted`) on a queue row and on the
//! case, with `data-case-code` and `data-report-count`, and on the case `data-state-revision`;
//! `data-past-validity` where words hold no longer, on the queue with `data-past-validity-case` for each case;
//! `data-suggestion-id` on what may belong together or apart;
//! `data-clarification-id`, `data-revision`, `data-revision-state` (`draft` `drafted` `first_reviewed`
//! `second_reviewed` `signed` `returned` `superseded` `revoked`) and `data-content-hash` on a revision;
//! `data-publication-id`, `data-channel` and `data-publication-state` (`planned` `sending` `uncertain`
//! `accepted` `confirmed` `failed` `halted` `refused` `withdrawn` `needs_person`) on a publication;
//! `data-version` on a version of the rules, `data-line` on a line of them that cannot be understood,
//! `data-tried-intent` and `data-rule` on what was tried; `data-intent` (`question` `complaint` `help` `observation` `other`) on another message;
//! `data-answered`, `data-pending`, `data-unknown`, `data-unreachable` and `data-without-channel` on the
//! answers' counts; `data-import-good` and `data-import-refused` on a preview, and `data-rows`, `data-done`,
//! `data-accepted`, `data-duplicate`, `data-refused` and at the end `data-finished` on an import; `data-quota-left` on an account of the signer's page; `data-session-id` on a session, with
//! `data-this` on the one that asks; `data-person-id` on a person of the agency.
//!
//! Where the console is reached by https, the cookies are called `__Host-session`, `__Host-visit` and
//! `__Host-device`.

mod answers;
mod approval_form;
mod audit;
mod case;
mod checker;
mod clarification;
mod department;
mod draft;
mod find;
mod gather;
mod halt;
mod history;
mod import;
pub(crate) mod import_state;
mod intent;
mod judgement;
mod media;
mod messages;
mod original;
mod people;
mod publications;
mod queue;
mod resume;
mod rules;
mod sessions;
mod sign_in;
mod sign_off;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use contracts::approval::v1::{GetCaseRequest, GetCaseResponse, GetRevisionRequest, Revision};
use listener::Patience;

use crate::language::Words;
use crate::problem::{Kind, Problem, no_such_page};
use crate::session::SignedIn;
use crate::upload::UPLOAD_BYTES_MAX;
use crate::{Console, assets};

/// Where a request takes longer than elsewhere: a file is uploaded and every row of it is looked at.
pub(crate) const PATIENT: &[(&str, Patience)] =
    &[("/import", Patience { body: Duration::from_secs(120), answer: Duration::from_secs(300) })];

/// Every address.
pub(crate) fn router() -> Router<Arc<Console>> {
    const CLARIFICATION: &str = "/case/{case_id}/clarification/{clarification_id}";
    let step = |step: &str| format!("{CLARIFICATION}/{step}");
    Router::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/language", post(sign_in::choose_language))
        .route("/", get(queue::show))
        .route("/queue/live", get(queue::live))
        .route("/alarm/acknowledge", post(queue::acknowledge))
        .route("/notice", post(queue::open_notice))
        .route("/find", get(find::show))
        .route("/import", get(import::show))
        .route("/import/preview", post(import::preview).layer(upload_limit()))
        .route("/import/run", post(import::run).layer(upload_limit()))
        .route("/import/refused", post(import::refused).layer(upload_limit()))
        .route("/messages", get(messages::show))
        .route("/message/{report_id}/media", get(media::show))
        .route("/message/{report_id}/transcript", post(media::transcribe))
        .route("/message/{report_id}/original", post(original::reveal))
        .route("/message/{report_id}/intent", post(intent::set))
        .route("/message/{report_id}/judgement", get(judgement::show))
        .route("/case/{case_id}", get(case::show))
        .route("/case/{case_id}/live", get(case::live))
        .route("/case/{case_id}/history", get(history::show))
        .route("/case/{case_id}/urgency", post(case::set_urgency))
        .route("/case/{case_id}/finding", post(case::request_finding))
        .route("/finding/{finding_id}", post(checker::answer))
        .route("/finding/{finding_id}/reissue", post(case::reissue_link))
        .route("/finding/{finding_id}/withdraw", post(case::withdraw_link))
        .route("/case/{case_id}/dismiss", post(case::dismiss))
        .route("/case/{case_id}/merge", post(gather::merge))
        .route("/case/{case_id}/split", post(gather::split))
        .route("/case/{case_id}/reroute", post(gather::reroute))
        .route("/case/{case_id}/sentence", post(gather::set_sentence))
        .route("/case/{case_id}/decline", post(gather::decline))
        .route("/case/{case_id}/resume-answer", post(gather::resume_answer))
        .route("/case/{case_id}/close-expired", post(gather::close_expired))
        .route("/case/{case_id}/draft", get(draft::show).post(draft::save))
        .route("/case/{case_id}/form", get(approval_form::show))
        .route("/case/{case_id}/answers", get(answers::show))
        .route(CLARIFICATION, get(clarification::show))
        .route(&step("sign-off"), get(sign_off::show))
        .route(&step("sign"), post(clarification::sign))
        .route(&step("return"), post(clarification::return_draft))
        .route(&step("revoke"), post(clarification::revoke))
        .route("/preview", post(draft::preview))
        .route("/d/{secret}", get(department::show).post(department::answer))
        .route("/d/{secret}/open", post(department::open))
        .route("/publications", get(publications::show))
        .route("/publication/{publication_id}/resolve", post(publications::resolve))
        .route("/halt", get(halt::show).post(halt::order))
        .route("/resume", post(halt::resume))
        .route("/rules", get(rules::show))
        .route("/rules/try", post(rules::try_message))
        .route("/rules/save", post(rules::save))
        .route("/rules/restore", post(rules::restore))
        .route("/sessions", get(sessions::show))
        .route("/sessions/end", post(sessions::end))
        .route("/people", get(people::show))
        .route("/people/unlock", post(people::unlock))
        .route("/audit", get(audit::show))
        .route("/assets/{hash}/{name}", get(assets::serve))
        .route("/healthz", get(async || "ok"))
        .fallback(no_such_page)
}

/// A form with a file is larger than others.
fn upload_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(UPLOAD_BYTES_MAX)
}

/// What a page says after a post that worked, by the key in its address.
fn notice(done: &str, words: &'static Words) -> Option<&'static str> {
    Some(match done {
        "notice_opened" => words.done_notice_opened,
        "acknowledged" => words.done_acknowledged,
        "urgency" => words.done_urgency,
        "dismissed" => words.done_dismissed,
        "finding_given" => words.done_finding_given,
        "link_withdrawn" => words.done_link_withdrawn,
        "merged" => words.done_merged,
        "split" => words.done_split,
        "rerouted" => words.done_rerouted,
        "sentence" => words.done_sentence,
        "declined" => words.done_declined,
        "answer_resumed" => words.done_answer_resumed,
        "expired_closed" => words.done_expired_closed,
        "saved" => words.done_saved,
        "signed" => words.done_signed,
        "signed_off" => words.done_signed_off,
        "returned" => words.done_returned,
        "revoked" => words.done_revoked,
        "resolved" => words.done_resolved,
        "transcribed" => words.done_transcribed,
        "intent_set" => words.done_intent_set,
        "intent_placed" => words.done_intent_placed,
        "session_ended" => words.done_session_ended,
        "unlocked" => words.done_unlocked,
        "rules_saved" => words.done_rules_saved,
        "rules_restored" => words.done_rules_restored,
        _ => return None,
    })
}

fn see(address: &str) -> Response {
    Redirect::to(address).into_response()
}

/// The case with the newest of everything about it.
async fn load_case(
    console: &Console,
    who: &SignedIn,
    case_id: &str,
) -> Result<GetCaseResponse, tonic::Status> {
    let request = GetCaseRequest { case_id: case_id.to_owned(), ..Default::default() };
    Ok(console.clients.approval().get_case(who.call(request)).await?.into_inner())
}

/// One revision of a case, whole: without a clarification the one that went furthest, without a number the newest.
async fn load_revision(
    console: &Console,
    who: &SignedIn,
    case_id: &str,
    clarification_id: &str,
    revision: u64,
) -> Result<Revision, tonic::Status> {
    let request = GetRevisionRequest {
        case_id: case_id.to_owned(),
        clarification_id: clarification_id.to_owned(),
        revision,
    };
    let found = console.clients.approval().get_revision(who.call(request)).await?.into_inner();
    Ok(found.revision.unwrap_or_default())
}

/// A number that somebody typed.
fn number<T: std::str::FromStr>(typed: &str, words: &'static Words) -> Result<T, Problem> {
    typed.trim().parse().map_err(|_| {
        let mut problem = Problem::new(Kind::Invalid, words);
        problem.said = words.problem_number.to_owned();
        problem
    })
}

/// A length of time typed in minutes.
fn minutes(typed: &str, words: &'static Words) -> Result<prost_types::Duration, Problem> {
    let minutes: u32 = number(typed, words)?;
    Ok(prost_types::Duration { seconds: i64::from(minutes) * 60, nanos: 0 })
}

/// True for a box that was ticked.
fn ticked(typed: &str) -> bool {
    typed == "on"
}
