//! 拟稿: the five boxes that make every rendition, with live previews and lengths. The words that fill a new
//! draft from the finding are content, not interface: they are Chinese in both languages of the page.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use contracts::approval::v1::{
    ClarificationKind, Draft, GetCaseResponse, PreviewDraftRequest, ResponseLevel, Revision,
    SaveDraftRequest, Verdict,
};
use prost_types::Timestamp;
use serde::Deserialize;
use time::OffsetDateTime;

use super::{load_case, load_revision, number, see};
use crate::Console;
use crate::form::{Posted, fresh_request_id};
use crate::frame::{Frame, page, page_with};
use crate::language::{Language, Words};
use crate::problem::{Answer, Kind, Problem};
use crate::session::SignedIn;
use crate::show;
use crate::views::{CaseView, FindingView, RenditionView, RevisionView, renditions, unfinished};
use crate::wording::{self, Choice};

#[derive(Template)]
#[template(path = "draft.html")]
struct DraftPage {
    frame: Frame,
    case: CaseView,
    findings: Vec<FindingView>,
    /// The revision that this one will follow, with why it was returned.
    before: Option<RevisionView>,
    form: DraftForm,
    kinds: Vec<Choice>,
    levels: Vec<Choice>,
    verdicts: Vec<Choice>,
    /// Key, label and text of each standing reply; empty for every other kind.
    standing: Vec<StandingView>,
    request_id: String,
    newest_saved: Option<DraftForm>,
    /// Until when the claim can matter; empty where it names no day.
    proposed_end: String,
}

struct StandingView {
    key: &'static str,
    label: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPart {
    words: &'static Words,
    renditions: Vec<RenditionView>,
    problems: Vec<String>,
    refusal: Option<Problem>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choose {
    kind: String,
    clarification: String,
}

/// The draft as its form holds it.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DraftForm {
    clarification_id: String,
    expected_revision: String,
    kind: String,
    title: String,
    summary: String,
    claim: String,
    check: String,
    conclusion: String,
    basis: String,
    advice: String,
    post: String,
    verdict: String,
    response_level: String,
    automatic_answer: String,
    /// Beijing's time of day, as the browser's field writes it; empty: without an end.
    valid_until: String,
    standing_receipt: String,
    standing_question: String,
    standing_complaint: String,
    standing_help: String,
    standing_observation: String,
    standing_other: String,
    standing_welcome: String,
}

impl DraftForm {
    fn standing(&self) -> [(&'static str, &str); 7] {
        [
            ("receipt", &self.standing_receipt),
            ("question", &self.standing_question),
            ("complaint", &self.standing_complaint),
            ("help", &self.standing_help),
            ("observation", &self.standing_observation),
            ("other", &self.standing_other),
            ("welcome", &self.standing_welcome),
        ]
    }

    fn draft(&self, words: &Words) -> Draft {
        // A title is one line, however the box breaks it.
        let line = |text: &str| text.split(['\r', '\n']).map(str::trim).collect::<String>();
        // Browsers send line ends as CR LF; what is signed has LF alone.
        let text = |text: &str| text.trim().replace("\r\n", "\n");
        let kind = wording::parse(&self.kind, &wording::KINDS, |kind| wording::kind(kind, words));
        let level =
            wording::parse(&self.response_level, &wording::LEVELS, |level| wording::level(level, words));
        let verdict =
            wording::parse(&self.verdict, &wording::VERDICTS, |verdict| wording::verdict(verdict, words));
        let standing_replies = match kind {
            ClarificationKind::StandingReplies => self
                .standing()
                .into_iter()
                .filter(|(_, reply)| !reply.trim().is_empty())
                .map(|(key, reply)| (key.to_owned(), text(reply)))
                .collect(),
            _ => HashMap::new(),
        };
        Draft {
            title: line(&self.title),
            summary: text(&self.summary),
            claim: text(&self.claim),
            check: text(&self.check),
            conclusion: text(&self.conclusion),
            basis: text(&self.basis),
            advice: text(&self.advice),
            post: text(&self.post),
            kind: kind.into(),
            response_level: level.into(),
            verdict: verdict.into(),
            automatic_answer: self.automatic_answer == "on",
            standing_replies,
            // What is no instant goes as one that approval refuses, so that it is told and not dropped.
            valid_until_time: match self.valid_until.trim() {
                "" => None,
                typed => Some(show::typed_minute(typed).unwrap_or(Timestamp { seconds: -1, nanos: 0 })),
            },
        }
    }

    fn of(revision: &Revision, words: &Words) -> Self {
        let draft = revision.draft.clone().unwrap_or_default();
        let standing = |key: &str| draft.standing_replies.get(key).cloned().unwrap_or_default();
        Self {
            clarification_id: revision.clarification_id.clone(),
            expected_revision: revision.revision.to_string(),
            kind: wording::kind(draft.kind(), words).code.to_owned(),
            verdict: wording::verdict(draft.verdict(), words).code.to_owned(),
            response_level: wording::level(draft.response_level(), words).code.to_owned(),
            automatic_answer: if draft.automatic_answer { "on".to_owned() } else { String::new() },
            valid_until: show::minute_to_type(draft.valid_until_time.as_ref()),
            standing_receipt: standing("receipt"),
            standing_question: standing("question"),
            standing_complaint: standing("complaint"),
            standing_help: standing("help"),
            standing_observation: standing("observation"),
            standing_other: standing("other"),
            standing_welcome: standing("welcome"),
            title: draft.title,
            summary: draft.summary,
            claim: draft.claim,
            check: draft.check,
            conclusion: draft.conclusion,
            basis: draft.basis,
            advice: draft.advice,
            post: draft.post,
        }
    }

    /// New boxes, filled with what is known.
    fn fresh(kind: ClarificationKind, case: &GetCaseResponse, now: OffsetDateTime, words: &Words) -> Self {
        let sentence = case.case.as_ref().map(|case| case.sentence.clone()).unwrap_or_default();
        let kind_code = wording::kind(kind, words).code.to_owned();
        let mut form = Self { kind: kind_code, expected_revision: "0".to_owned(), ..Self::default() };
        if kind != ClarificationKind::StandingReplies {
            form.valid_until = show::minute_to_type(proposed(case, now));
        }
        let level = match kind {
            ClarificationKind::Holding | ClarificationKind::StandingReplies => ResponseLevel::AnswerOnly,
            _ => ResponseLevel::Publish,
        };
        form.response_level = wording::level(level, words).code.to_owned();
        let mut verdict = Verdict::Unspecified;
        match kind {
            ClarificationKind::StandingReplies => return form,
            ClarificationKind::Notice => {}
            ClarificationKind::Holding => {
                verdict = Verdict::Pending;
                form.claim = sentence;
                form.conclusion = "正在核查，结果将尽快公布。".to_owned();
                form.advice = "核实前请勿转发，以官方发布为准。".to_owned();
                form.automatic_answer = "on".to_owned();
            }
            ClarificationKind::Unspecified
            | ClarificationKind::Clarification
            | ClarificationKind::Response => {
                form.claim = sentence;
                form.advice = "请勿转发，以官方发布为准。".to_owned();
                form.automatic_answer = "on".to_owned();
                let answered = case.findings.iter().rev().find(|finding| finding.answer_time.is_some());
                if let Some(finding) = answered {
                    verdict = finding.verdict();
                    let time = show::minute(finding.answer_time.as_ref(), Language::Chinese);
                    form.check = format!("{}{time}书面答复：{}", finding.department, finding.facts);
                    let concluded = wording::verdict(verdict, Language::Chinese.words()).text;
                    form.conclusion = format!("{concluded}。");
                    form.basis = finding.evidence.clone();
                }
            }
        }
        if verdict != Verdict::Unspecified {
            form.verdict = wording::verdict(verdict, words).code.to_owned();
        }
        form
    }
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Path(case_id): Path<String>,
    Query(choose): Query<Choose>,
) -> Answer {
    let words = who.words();
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    let asked_kind = wording::parse(&choose.kind, &wording::KINDS, |kind| wording::kind(kind, words));
    let unfinished_one = choose.clarification.is_empty().then(|| {
        let found = loaded.revisions.iter().find(|revision| {
            let kind = revision.draft.as_ref().map(Draft::kind).unwrap_or_default();
            let wanted = match asked_kind {
                // What a case is for, unless something else was asked for by name.
                ClarificationKind::Unspecified => {
                    !matches!(kind, ClarificationKind::Holding | ClarificationKind::StandingReplies)
                }
                asked => kind == asked,
            };
            wanted && unfinished(revision)
        });
        found.map(|revision| revision.clarification_id.clone())
    });
    let clarification_id = unfinished_one.unwrap_or_else(|| Some(choose.clarification.clone()));
    let before = match clarification_id {
        Some(clarification_id) => {
            let newest = load_revision(&console, &who, &case_id, &clarification_id, 0);
            Some(newest.await.map_err(|status| who.refuse(&status))?)
        }
        None => None,
    };
    let form = match &before {
        Some(revision) => DraftForm::of(revision, words),
        None => DraftForm::fresh(default_kind(asked_kind, &loaded), &loaded, console.clock.now(), words),
    };
    Ok(draft_page(&console, &who, loaded, before, form, fresh_request_id(), None))
}

/// Until when the claim can matter, where it names a day that has not passed.
fn proposed(case: &GetCaseResponse, now: OffsetDateTime) -> Option<&Timestamp> {
    let named = case.case.as_ref()?.named_until_time.as_ref()?;
    show::instant(Some(named)).filter(|end| *end > now).map(|_| named)
}

/// A notice where there is no claim to answer, unless something else was asked for.
fn default_kind(asked: ClarificationKind, case: &GetCaseResponse) -> ClarificationKind {
    let answers_claim = case.case.as_ref().is_some_and(|case| !case.claim_id.is_empty());
    match (asked, answers_claim) {
        (ClarificationKind::Unspecified, true) => ClarificationKind::Clarification,
        (ClarificationKind::Unspecified, false) => ClarificationKind::Notice,
        (asked, _) => asked,
    }
}

pub(crate) async fn save(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, request_id, form }: Posted<DraftForm>,
) -> Answer {
    let words = who.words();
    let asked = async {
        let request = SaveDraftRequest {
            request_id,
            case_id: case_id.clone(),
            clarification_id: form.clarification_id.clone(),
            expected_revision: number(&form.expected_revision, words)?,
            draft: Some(form.draft(words)),
        };
        let answer = console.clients.approval().save_draft(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))
    };
    let problem = match asked.await {
        Ok(saved) => {
            let revision = saved.into_inner().revision.unwrap_or_default();
            let clarification_id = revision.clarification_id;
            return Ok(see(&format!("/case/{case_id}/clarification/{clarification_id}?done=saved")));
        }
        Err(problem) => problem,
    };
    // The boxes come back even when the case cannot be loaded: what was typed matters more.
    let loaded = match load_case(&console, &who, &case_id).await {
        Ok(loaded) => loaded,
        Err(_) if problem.kind == Kind::Unavailable => GetCaseResponse {
            case: Some(contracts::approval::v1::Case { case_id, ..Default::default() }),
            ..Default::default()
        },
        Err(status) => return Err(who.refuse(&status)),
    };
    // A new id: what is sent next may hold other words, and must not be taken for what was sent before. Should
    // the first try have arrived after all, the expected revision tells.
    let before = if form.clarification_id.is_empty() {
        None
    } else {
        let case_id = loaded.case.as_ref().map(|case| case.case_id.as_str()).unwrap_or_default();
        load_revision(&console, &who, case_id, &form.clarification_id, 0).await.ok()
    };
    Ok(draft_page(&console, &who, loaded, before, form, fresh_request_id(), Some(problem)))
}

pub(crate) async fn preview(
    State(console): State<Arc<Console>>,
    Posted { who, form, .. }: Posted<DraftForm>,
) -> Answer {
    let words = who.words();
    let request = PreviewDraftRequest { draft: Some(form.draft(words)) };
    let part = match console.clients.approval().preview_draft(who.call(request)).await {
        Ok(preview) => {
            let preview = preview.into_inner();
            PreviewPart {
                words,
                renditions: renditions(preview.renditions, words),
                problems: preview.problems,
                refusal: None,
            }
        }
        Err(status) => PreviewPart {
            words,
            renditions: Vec::new(),
            problems: Vec::new(),
            refusal: Some(who.problem(&status)),
        },
    };
    let status = part.refusal.as_ref().map_or(axum::http::StatusCode::OK, Problem::status);
    Ok(page_with(status, &part))
}

fn draft_page(
    console: &Console,
    who: &SignedIn,
    loaded: GetCaseResponse,
    before: Option<Revision>,
    mut form: DraftForm,
    request_id: String,
    problem: Option<Problem>,
) -> Response {
    let words = who.words();
    let language = who.visit.language;
    let now = console.clock.now();
    let mut newest_saved = None;
    if let (Some(problem), Some(before)) = (&problem, &before) {
        // Somebody saved in between: their words are shown below, and saving again replaces them knowingly.
        if problem.kind == Kind::Changed && form.expected_revision != before.revision.to_string() {
            form.expected_revision = before.revision.to_string();
            newest_saved = Some(DraftForm::of(before, words));
        }
    }
    let case = CaseView::of(loaded.case.clone().unwrap_or_default(), now, language);
    let mut frame = Frame::of(who).here(format!("/case/{}/draft", case.id));
    frame.alert = problem;
    let standing = if form.kind == wording::kind(ClarificationKind::StandingReplies, words).code {
        form.standing()
            .into_iter()
            .filter_map(|(key, text)| {
                let label = wording::standing_reply(key, words)?;
                Some(StandingView { key, label, text: text.to_owned() })
            })
            .collect()
    } else {
        Vec::new()
    };
    page(
        &frame.clone(),
        &DraftPage {
            frame,
            case,
            findings: loaded
                .findings
                .iter()
                .cloned()
                .map(|finding| FindingView::of(finding, now, language))
                .filter(|finding| finding.answer.is_some())
                .collect(),
            before: before.map(|revision| RevisionView::of(revision, language)),
            kinds: wording::choices(&wording::KINDS, &form.kind, |kind| wording::kind(kind, words))
                .into_iter()
                .filter(|choice| choice.code != "standing_replies")
                .collect(),
            levels: wording::choices(&wording::LEVELS, &form.response_level, |level| {
                wording::level(level, words)
            }),
            verdicts: wording::choices(&wording::VERDICTS, &form.verdict, |verdict| {
                wording::verdict(verdict, words)
            }),
            standing,
            form,
            request_id,
            newest_saved,
            proposed_end: proposed(&loaded, now)
                .map(|end| show::minute(Some(end), language))
                .unwrap_or_default(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_comes_back_into_the_same_boxes() {
        let words = Language::Chinese.words();
        let typed = DraftForm {
            kind: "clarification".into(),
            title: " 青岚县没有地震预报 ".into(),
            claim: "第一行\r\n第二行".into(),
            verdict: "false".into(),
            response_level: "everything".into(),
            automatic_answer: "on".into(),
            standing_receipt: "不属于这一种".into(),
            ..DraftForm::default()
        };
        let draft = typed.draft(words);
        assert_eq!(draft.claim, "第一行\n第二行");
        assert!(draft.standing_replies.is_empty(), "only standing replies hold standing replies");
        let revision = Revision { draft: Some(draft), revision: 3, ..Revision::default() };
        let again = DraftForm::of(&revision, words);
        assert_eq!(again.title, "青岚县没有地震预报");
        assert_eq!((again.verdict.as_str(), again.response_level.as_str()), ("false", "everything"));
        assert_eq!((again.automatic_answer.as_str(), again.expected_revision.as_str()), ("on", "3"));
    }

    #[test]
    fn every_standing_reply_has_its_box() {
        let keys: Vec<_> = DraftForm::default().standing().into_iter().map(|(key, _)| key).collect();
        assert!(keys.iter().all(|key| wording::standing_reply(key, Language::Chinese.words()).is_some()));
        assert_eq!(
            wording::channel("standing.receipt", Language::English.words()),
            Language::English.words().standing_receipt
        );
    }
}
