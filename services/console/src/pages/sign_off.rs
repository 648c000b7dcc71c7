//! 终审签发: the last look. Exactly the words, the channels, what is left of each quota before and after, and
//! the content hash that the signature will cover. Its form is taken by the clarification's `sign`.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use contracts::approval::v1::{GetCaseResponse, Revision};
use contracts::publish::v1::{ListAccountsRequest, ListAccountsResponse};

use super::clarification::{GateView, SignForm, gates};
use super::{load_case, load_revision};
use crate::Console;
use crate::frame::{Frame, page};
use crate::problem::{Answer, Kind, Problem};
use crate::session::SignedIn;
use crate::views::{CaseView, RevisionView};
use crate::wording;

#[derive(Template)]
#[template(path = "sign_off.html")]
struct SignOffPage {
    frame: Frame,
    case: CaseView,
    revision: RevisionView,
    accounts: Vec<AccountView>,
    accounts_problem: Option<Problem>,
    all_halted: bool,
    gates: Vec<GateView>,
}

/// A channel account that this sign-off will use.
struct AccountView {
    name: String,
    account: String,
    channel: String,
    channel_code: String,
    quota: Option<QuotaView>,
    halted: bool,
}

/// What is left of a quota, before and after.
struct QuotaView {
    left: i64,
    after: i64,
    spent: bool,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Path((case_id, clarification_id)): Path<(String, String)>,
) -> Answer {
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    let newest = load_revision(&console, &who, &case_id, &clarification_id, 0);
    let newest = newest.await.map_err(|status| who.refuse(&status))?;
    sign_off_page(&console, &who, loaded, newest, None, None).await
}

/// The page again, with why it was refused.
pub(super) async fn page_again(
    console: &Console,
    who: &SignedIn,
    loaded: GetCaseResponse,
    newest: Revision,
    form: &SignForm,
    problem: Problem,
) -> Answer {
    sign_off_page(console, who, loaded, newest, Some(form), Some(problem)).await
}

async fn sign_off_page(
    console: &Console,
    who: &SignedIn,
    loaded: GetCaseResponse,
    newest: Revision,
    typed: Option<&SignForm>,
    problem: Option<Problem>,
) -> Answer {
    let language = who.visit.language;
    let clarification_id = newest.clarification_id.clone();
    let revision = RevisionView::of(newest, language);
    let case = CaseView::of(loaded.case.clone().unwrap_or_default(), console.clock.now(), language);
    let asked = console.clients.publish().list_accounts(who.call(ListAccountsRequest {})).await;
    let (listed, accounts_problem) = match asked {
        Ok(listed) => (listed.into_inner(), None),
        Err(status) => (ListAccountsResponse::default(), Some(who.problem(&status))),
    };
    // Words that changed since were not read: their gates must be passed anew.
    let changed = problem.as_ref().is_some_and(|problem| problem.kind == Kind::Changed);
    let mut frame = Frame::of(who)
        .here(format!("/case/{}/clarification/{clarification_id}/sign-off", case.id))
        .halting(&case.id, &clarification_id);
    frame.alert = problem;
    Ok(page(
        &frame.clone(),
        &SignOffPage {
            frame,
            accounts: accounts(&listed, &revision, who),
            accounts_problem,
            all_halted: listed.all_halted,
            gates: gates(typed.filter(|_| !changed), who),
            case,
            revision,
        },
    ))
}

/// The accounts whose channels the revision has renditions for.
fn accounts(listed: &ListAccountsResponse, revision: &RevisionView, who: &SignedIn) -> Vec<AccountView> {
    listed
        .accounts
        .iter()
        .filter(|account| revision.signed.renditions.iter().any(|form| form.channel_code == account.channel))
        .map(|account| AccountView {
            name: account.display_name.clone(),
            account: account.account.clone(),
            channel: wording::channel(&account.channel, who.words()),
            channel_code: account.channel.clone(),
            quota: (account.quota_left >= 0).then(|| QuotaView {
                left: account.quota_left,
                after: (account.quota_left - 1).max(0),
                spent: account.quota_left == 0,
            }),
            halted: account.halted,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use contracts::approval::v1::Case;
    use time::OffsetDateTime;

    use super::*;
    use crate::language::Language;
    use crate::session::Visit;
    use crate::views::signed_tests::assert_shows_what_is_signed;

    #[test]
    fn the_signer_sees_everything_that_is_signed() {
        let visit = Visit::of_nobody();
        assert_shows_what_is_signed(|revision| {
            let page = SignOffPage {
                frame: Frame::of_visitor(&visit, String::new()),
                case: CaseView::of(Case::default(), OffsetDateTime::UNIX_EPOCH, Language::Chinese),
                revision: RevisionView::of(revision, Language::Chinese),
                accounts: Vec::new(),
                accounts_problem: None,
                all_halted: false,
                gates: Vec::new(),
            };
            page.render().unwrap()
        });
    }
}
