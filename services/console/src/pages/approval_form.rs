//! 发布审批单: the printable record of one clarification, from the claim to the last publication.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use contracts::approval::v1::{Finding, ListFindingsRequest, ListRevisionsRequest, Revision};
use contracts::publish::v1::{ListPublicationsRequest, Publication};
use serde::Deserialize;

use super::{load_case, load_revision};
use crate::Console;
use crate::frame::{Frame, page};
use crate::problem::{Answer, Problem};
use crate::session::SignedIn;
use crate::show;
use crate::views::{CaseView, FindingView, PublicationView, RevisionView};

#[derive(Template)]
#[template(path = "approval_form.html")]
struct ApprovalForm {
    frame: Frame,
    case: CaseView,
    revision: RevisionView,
    /// The other revisions of the same clarification, with why they were returned.
    others: Vec<RevisionView>,
    findings: Vec<FindingView>,
    publications: Vec<PublicationView>,
    publications_problem: Option<Problem>,
    printed: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choose {
    clarification: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Path(case_id): Path<String>,
    Query(choose): Query<Choose>,
) -> Answer {
    let language = who.visit.language;
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    let chosen = load_revision(&console, &who, &case_id, &choose.clarification, 0);
    let chosen = chosen.await.map_err(|status| who.refuse(&status))?;
    let others = other_revisions(&console, &who, &case_id, &chosen);
    let findings = all_findings(&console, &who, &case_id);
    let (others, findings) = tokio::try_join!(others, findings).map_err(|status| who.refuse(&status))?;
    let revision = RevisionView::of(chosen, language);
    let (publications, publications_problem) = match all_publications(&console, &who, case_id).await {
        Ok(listed) => (listed, None),
        Err(status) => (Vec::new(), Some(who.problem(&status))),
    };
    let now = console.clock.now();
    let frame = Frame::of(&who);
    Ok(page(
        &frame.clone(),
        &ApprovalForm {
            frame,
            case: CaseView::of(loaded.case.unwrap_or_default(), now, language),
            publications: publications
                .into_iter()
                .filter(|publication| publication.clarification_id == revision.clarification_id)
                .map(|publication| PublicationView::of(publication, language))
                .collect(),
            publications_problem,
            others: others.into_iter().map(|other| RevisionView::of(other, language)).collect(),
            findings: findings
                .into_iter()
                .map(|finding| FindingView::of(finding, now, language))
                .filter(|finding| finding.answer.is_some())
                .collect(),
            revision,
            printed: show::second_of(now),
        },
    ))
}

/// Every other revision of the same clarification, newest first: a record leaves none out.
async fn other_revisions(
    console: &Console,
    who: &SignedIn,
    case_id: &str,
    chosen: &Revision,
) -> Result<Vec<Revision>, tonic::Status> {
    let mut request = ListRevisionsRequest {
        case_id: case_id.to_owned(),
        clarification_id: chosen.clarification_id.clone(),
        page_size: 200,
        page_token: String::new(),
    };
    let mut all = Vec::new();
    loop {
        let listed = console.clients.approval().list_revisions(who.call(request.clone())).await?.into_inner();
        all.extend(listed.revisions.into_iter().filter(|other| other.revision != chosen.revision));
        if listed.next_page_token.is_empty() {
            return Ok(all);
        }
        request.page_token = listed.next_page_token;
    }
}

/// Every finding of the case, oldest first.
async fn all_findings(
    console: &Console,
    who: &SignedIn,
    case_id: &str,
) -> Result<Vec<Finding>, tonic::Status> {
    let mut request = ListFindingsRequest { case_id: case_id.to_owned(), ..Default::default() };
    let mut all = Vec::new();
    loop {
        let listed = console.clients.approval().list_findings(who.call(request.clone())).await?.into_inner();
        all.extend(listed.findings);
        if listed.next_page_token.is_empty() {
            all.reverse();
            return Ok(all);
        }
        request.page_token = listed.next_page_token;
    }
}

/// Every publication of the case.
async fn all_publications(
    console: &Console,
    who: &SignedIn,
    case_id: String,
) -> Result<Vec<Publication>, tonic::Status> {
    let mut request = ListPublicationsRequest { case_id, page_size: 200, page_token: String::new() };
    let mut all = Vec::new();
    loop {
        let listed =
            console.clients.publish().list_publications(who.call(request.clone())).await?.into_inner();
        all.extend(listed.publications);
        if listed.next_page_token.is_empty() {
            return Ok(all);
        }
        request.page_token = listed.next_page_token;
    }
}

#[cfg(test)]
mod tests {
    use contracts::approval::v1::Case;
    use time::OffsetDateTime;

    use super::*;
    use crate::language::Language;
    use crate::session::Visit;
    use crate::views::signed_tests::assert_shows_what_is_signed;

    fn rendered(revision: Revision) -> String {
        let visit = Visit::of_nobody();
        let form = ApprovalForm {
            frame: Frame::of_visitor(&visit, String::new()),
            case: CaseView::of(Case::default(), OffsetDateTime::UNIX_EPOCH, Language::Chinese),
            revision: RevisionView::of(revision, Language::Chinese),
            others: Vec::new(),
            findings: Vec::new(),
            publications: Vec::new(),
            publications_problem: None,
            printed: String::new(),
        };
        form.render().unwrap()
    }

    #[test]
    fn the_form_prints_everything_that_was_signed() {
        assert_shows_what_is_signed(rendered);
    }

    #[test]
    fn the_form_names_the_gates_that_the_signatures_name_and_no_others() {
        let words = Language::Chinese.words();
        let (revision, _) = crate::views::signed_tests::unmistakable();
        let gates = [words.gate_political, words.gate_legal, words.gate_secrecy, words.gate_text];
        let html = rendered(revision.clone());
        assert!(gates.iter().all(|gate| html.contains(gate)));
        let mut old = revision;
        old.steps.iter_mut().for_each(|step| step.gates.clear());
        let html = rendered(old);
        assert!(gates.iter().all(|gate| !html.contains(gate)));
        assert!(html.contains(words.opinion_gates_unsaid));
    }
}
