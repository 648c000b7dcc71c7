//! 审核: one clarification's newest revision, exactly as it would go out; who signed what; the next step, and
//! the way back. The sign-off has a page of its own; its form is taken here.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use contracts::approval::v1::{
    GetCaseResponse, ReturnDraftRequest, Revision, RevokeClarificationRequest, SignStepRequest,
};
use grpc::rights;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{load_case, load_revision, notice, number, see, sign_off, ticked};
use crate::Console;
use crate::form::Posted;
use crate::frame::Frame;
use crate::problem::{Answer, Problem};
use crate::session::SignedIn;
use crate::views::{CaseView, FindingView, RevisionView};
use crate::wording;

#[derive(Template)]
#[template(path = "clarification.html")]
struct ClarificationPage {
    frame: Frame,
    case: CaseView,
    revision: RevisionView,
    /// Earlier and later revisions of the same clarification.
    others: Vec<u64>,
    /// False for an earlier revision, on which nothing can be done any more.
    is_newest: bool,
    findings: Vec<FindingView>,
    gates: Vec<GateView>,
    signs: bool,
    drafts: bool,
    signs_off: bool,
    returns: bool,
    revokes: bool,
    typed_reason: String,
}

/// One of the four gates.
pub(super) struct GateView {
    pub name: &'static str,
    pub text: &'static str,
    pub passed: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choose {
    revision: String,
    done: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignForm {
    revision: String,
    content_hash: String,
    purpose: String,
    gate_political: String,
    gate_legal: String,
    gate_secrecy: String,
    gate_text: String,
    code: String,
}

impl SignForm {
    fn gates(&self) -> [(&'static str, bool); 4] {
        let ticks = [&self.gate_political, &self.gate_legal, &self.gate_secrecy, &self.gate_text];
        let mut gates = wording::GATES.map(|name| (name, false));
        for (gate, tick) in gates.iter_mut().zip(ticks) {
            gate.1 = ticked(tick);
        }
        gates
    }

    fn passed(&self) -> Vec<String> {
        self.gates().into_iter().filter(|(_, passed)| *passed).map(|(name, _)| name.to_owned()).collect()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReasonForm {
    revision: String,
    reason: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Path((case_id, clarification_id)): Path<(String, String)>,
    Query(choose): Query<Choose>,
) -> Answer {
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    let frame = Frame::of(&who).notice(notice(&choose.done, who.words()));
    let newest = load_revision(&console, &who, &case_id, &clarification_id, 0);
    let newest = newest.await.map_err(|status| who.refuse(&status))?;
    let shown = match choose.revision.parse() {
        Ok(wanted) if wanted != newest.revision && wanted != 0 => {
            let wanted = load_revision(&console, &who, &case_id, &clarification_id, wanted);
            Some(wanted.await.map_err(|status| who.refuse(&status))?)
        }
        _ => None,
    };
    let page = ClarificationPage::of(&console, &who, loaded, newest, shown, frame);
    Ok(crate::frame::page(&page.frame.clone(), &page))
}

pub(crate) async fn sign(
    State(console): State<Arc<Console>>,
    Path((case_id, clarification_id)): Path<(String, String)>,
    Posted { who, form, .. }: Posted<SignForm>,
) -> Answer {
    let signs_off = form.purpose == "signed";
    let done = if signs_off { "signed_off" } else { "signed" };
    let done = format!("/case/{case_id}/clarification/{clarification_id}?done={done}");
    let asked = async {
        let request = SignStepRequest {
            clarification_id: clarification_id.clone(),
            revision: number(&form.revision, who.words())?,
            content_hash: form.content_hash.clone(),
            purpose: form.purpose.clone(),
            session_secret: who.secret.expose_secret().to_owned(),
            totp_code: form.code.clone(),
            gates: form.passed(),
        };
        let answer = console.clients.approval().sign_step(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))
    };
    let Err(problem) = asked.await else { return Ok(see(&done)) };
    let newest = load_revision(&console, &who, &case_id, &clarification_id, 0);
    let newest = newest.await.map_err(|status| who.refuse(&status))?;
    if signed_already(&newest, &form, &who) {
        return Ok(see(&done));
    }
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    if signs_off {
        return sign_off::page_again(&console, &who, loaded, newest, &form, problem).await;
    }
    let frame = alert(&who, &case_id, &clarification_id, problem);
    let mut page = ClarificationPage::of(&console, &who, loaded, newest, None, frame);
    page.gates = gates(Some(&form), &who);
    Ok(crate::frame::page(&page.frame.clone(), &page))
}

/// True when this person's signature over exactly this content is there: a double click, whose first click
/// made it. Its one-time code is used up, so the second could only be refused.
fn signed_already(newest: &Revision, form: &SignForm, who: &SignedIn) -> bool {
    newest.revision.to_string() == form.revision
        && newest.content_hash == form.content_hash
        && RevisionView::of(newest.clone(), who.visit.language).signed_by(&form.purpose, who.person_id())
}

pub(crate) async fn return_draft(
    State(console): State<Arc<Console>>,
    Path((case_id, clarification_id)): Path<(String, String)>,
    Posted { who, form, .. }: Posted<ReasonForm>,
) -> Answer {
    let done = format!("/case/{case_id}/clarification/{clarification_id}?done=returned");
    let asked = async {
        let request = ReturnDraftRequest {
            clarification_id: clarification_id.clone(),
            revision: number(&form.revision, who.words())?,
            reason: form.reason.trim().to_owned(),
        };
        let answer = console.clients.approval().return_draft(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))
    };
    let Err(problem) = asked.await else { return Ok(see(&done)) };
    let newest = load_revision(&console, &who, &case_id, &clarification_id, 0);
    let newest = newest.await.map_err(|status| who.refuse(&status))?;
    if !form.reason.is_empty() && newest.return_reason == form.reason.trim() {
        return Ok(see(&done));
    }
    refused(&console, &who, &case_id, newest, problem, form.reason).await
}

pub(crate) async fn revoke(
    State(console): State<Arc<Console>>,
    Path((case_id, clarification_id)): Path<(String, String)>,
    Posted { who, form, .. }: Posted<ReasonForm>,
) -> Answer {
    let done = format!("/case/{case_id}/clarification/{clarification_id}?done=revoked");
    let asked = async {
        let request = RevokeClarificationRequest {
            clarification_id: clarification_id.clone(),
            revision: number(&form.revision, who.words())?,
            reason: form.reason.trim().to_owned(),
            session_secret: who.secret.expose_secret().to_owned(),
        };
        let answer = console.clients.approval().revoke_clarification(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))
    };
    let Err(problem) = asked.await else { return Ok(see(&done)) };
    let newest = load_revision(&console, &who, &case_id, &clarification_id, 0);
    let newest = newest.await.map_err(|status| who.refuse(&status))?;
    if newest.state() == contracts::approval::v1::revision::State::Revoked {
        return Ok(see(&done));
    }
    refused(&console, &who, &case_id, newest, problem, form.reason).await
}

/// The page again, with why it was refused and the reason that was typed.
async fn refused(
    console: &Console,
    who: &SignedIn,
    case_id: &str,
    newest: Revision,
    problem: Problem,
    typed_reason: String,
) -> Answer {
    let loaded = load_case(console, who, case_id).await.map_err(|status| who.refuse(&status))?;
    let frame = alert(who, case_id, &newest.clarification_id, problem);
    let mut page = ClarificationPage::of(console, who, loaded, newest, None, frame);
    page.typed_reason = typed_reason;
    Ok(crate::frame::page(&page.frame.clone(), &page))
}

fn alert(who: &SignedIn, case_id: &str, clarification_id: &str, problem: Problem) -> Frame {
    Frame::of(who).here(format!("/case/{case_id}/clarification/{clarification_id}")).alert(problem)
}

/// The gates, ticked as they were typed.
pub(super) fn gates(form: Option<&SignForm>, who: &SignedIn) -> Vec<GateView> {
    let words = who.words();
    let texts = [words.gate_political, words.gate_legal, words.gate_secrecy, words.gate_text];
    form.cloned()
        .unwrap_or_default()
        .gates()
        .into_iter()
        .zip(texts)
        .map(|((name, passed), text)| GateView { name, text, passed })
        .collect()
}

impl ClarificationPage {
    /// The newest revision, or an earlier one on which nothing can be done any more.
    fn of(
        console: &Console,
        who: &SignedIn,
        loaded: GetCaseResponse,
        newest: Revision,
        earlier: Option<Revision>,
        frame: Frame,
    ) -> Self {
        let language = who.visit.language;
        let now = console.clock.now();
        let is_newest = earlier.is_none();
        let newest_number = newest.revision;
        let clarification_id = newest.clarification_id.clone();
        let revision = RevisionView::of(earlier.unwrap_or(newest), language);
        let known = loaded.revisions.iter().filter(|one| one.clarification_id == clarification_id);
        let mut others: Vec<u64> = known.map(|one| one.revision).chain([newest_number]).collect();
        others.sort_unstable_by(|one, other| other.cmp(one));
        others.dedup();
        others.retain(|other| *other != revision.revision);
        let case = CaseView::of(loaded.case.clone().unwrap_or_default(), now, language);
        // What approval would refuse anyway is not offered. Who signs what is the policy's to say.
        let takes_next = is_newest && revision.next_roles.contains(&who.role());
        Self {
            frame: frame.halting(&case.id, &clarification_id),
            signs: takes_next && revision.next_step != "signed" && !revision.altered,
            drafts: who.may(rights::DRAFT) && is_newest,
            signs_off: takes_next && revision.waits_for_sign_off(),
            returns: who.may(rights::RETURN)
                && revision.waiting()
                && revision.next_step != "drafted"
                && is_newest,
            revokes: who.may(rights::LEAD) && revision.signed_off() && is_newest,
            gates: gates(None, who),
            others,
            findings: loaded
                .findings
                .into_iter()
                .map(|finding| FindingView::of(finding, now, language))
                .filter(|finding| finding.answer.is_some())
                .collect(),
            case,
            revision,
            is_newest,
            typed_reason: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::approval::v1::{Case, Revision};
    use time::OffsetDateTime;

    use super::*;
    use crate::language::Language;
    use crate::session::Visit;
    use crate::views::signed_tests::assert_shows_what_is_signed;

    fn rendered(revision: Revision) -> String {
        let visit = Visit::of_nobody();
        let page = ClarificationPage {
            frame: Frame::of_visitor(&visit, String::new()),
            case: CaseView::of(Case::default(), OffsetDateTime::UNIX_EPOCH, Language::Chinese),
            revision: RevisionView::of(revision, Language::Chinese),
            others: Vec::new(),
            is_newest: true,
            findings: Vec::new(),
            gates: Vec::new(),
            signs: true,
            drafts: false,
            signs_off: false,
            returns: false,
            revokes: false,
            typed_reason: String::new(),
        };
        page.render().unwrap()
    }

    #[test]
    fn whoever_reviews_sees_everything_that_is_signed() {
        assert_shows_what_is_signed(rendered);
    }

    #[test]
    fn the_second_review_asks_for_a_code_and_the_first_does_not() {
        let at = |next_step: &str| rendered(Revision { next_step: next_step.into(), ..Revision::default() });
        assert!(at("second_reviewed").contains("name=\"code\""));
        assert!(!at("first_reviewed").contains("name=\"code\""));
    }
}
