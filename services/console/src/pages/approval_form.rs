//! 发布审批单: the printable record of one clarification, from the claim to the last publication.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use contracts::approval::v1::Revision;
use contracts::publish::v1::ListPublicationsRequest;
use serde::Deserialize;

use super::load_case;
use crate::Console;
use crate::frame::{Frame, page};
use crate::problem::{Answer, Kind, Problem, page_for};
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
    let Some(clarification_id) = chosen(&loaded.revisions, &choose.clarification) else {
        return Err(page_for(&who, Problem::new(Kind::NotFound, who.words())).into());
    };
    let mut revisions: Vec<RevisionView> = loaded
        .revisions
        .into_iter()
        .filter(|revision| revision.clarification_id == clarification_id)
        .map(|revision| RevisionView::of(revision, language))
        .collect();
    revisions.sort_by_key(|revision| std::cmp::Reverse(revision.revision));
    let mut revisions = revisions.into_iter();
    let Some(revision) = revisions.next() else {
        return Err(page_for(&who, Problem::new(Kind::NotFound, who.words())).into());
    };
    let request = ListPublicationsRequest { case_id, page_size: 200, page_token: String::new() };
    let listed = console.clients.publish().list_publications(who.call(request)).await;
    let (publications, publications_problem) = match listed {
        Ok(listed) => (listed.into_inner().publications, None),
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
            others: revisions.collect(),
            findings: loaded
                .findings
                .into_iter()
                .map(|finding| FindingView::of(finding, now, language))
                .filter(|finding| finding.answer.is_some())
                .collect(),
            revision,
            printed: show::second_of(now),
        },
    ))
}

/// The one that was asked for, else the one that went furthest: a signed one before any other.
fn chosen(revisions: &[Revision], asked: &str) -> Option<String> {
    if !asked.is_empty() {
        return Some(asked.to_owned());
    }
    let signed = revisions.iter().find(|revision| revision.steps.iter().any(|step| step.purpose == "signed"));
    signed.or(revisions.first()).map(|revision| revision.clarification_id.clone())
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
        let visit = Visit { language: Language::Chinese, here: "/".into(), partial: false, polls: false };
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
