//! 恢复: going on again, which is a decision of the leads. Approval signs the order with the person's own key; publish and
//! ingest are handed that order and verify it themselves. Approval tells them by event too, so what is not reached here
//! follows.

use std::collections::BTreeSet;

use contracts::approval::v1::LiftHaltRequest;
use contracts::ingest::v1::{AnswersHalt, GetAnswersHaltRequest, ResumeAnswersRequest, answers_halt};
use contracts::publish::v1::{HaltInForce, ListAccountsRequest, ResumeRequest, halt_in_force};
use secrecy::ExposeSecret;

use super::halt::{Outcome, Scope};
use crate::Console;
use crate::problem::Problem;
use crate::session::SignedIn;

/// Lets go on what `scope` names.
///
/// # Errors
/// What approval refused; then nobody was told anything.
pub(super) async fn go_on(
    console: &Console,
    who: &SignedIn,
    scope: &Scope,
    request_id: &str,
    reason: &str,
) -> Result<Vec<Outcome>, Problem> {
    let words = who.words();
    let halt_ids = halts_in_force(console, who, scope).await;
    let request = LiftHaltRequest {
        request_id: request_id.to_owned(),
        scope: Some(scope.for_approval()),
        reason: reason.to_owned(),
        halt_ids,
        session_secret: who.secret.expose_secret().to_owned(),
    };
    let lifted = console.clients.approval().lift_halt(who.call(request)).await;
    let signed_order = lifted.map_err(|status| who.problem(&status))?.into_inner().signed_order;
    let resumed = || ("resumed", words.halt_resumed.to_owned(), Vec::new());
    let publish = async {
        scope.for_publish()?;
        let request = ResumeRequest { signed_order: signed_order.clone(), ..ResumeRequest::default() };
        let answer = console.clients.publish().resume(who.call(request)).await;
        let failed = words.resume_failed;
        Some(Outcome::of("publish", words.service_publish, failed, who, answer, |_| resumed()))
    };
    let ingest = async {
        scope.for_ingest()?;
        let request =
            ResumeAnswersRequest { signed_order: signed_order.clone(), ..ResumeAnswersRequest::default() };
        let answer = console.clients.ingest().resume_answers(who.call(request)).await;
        let failed = words.resume_failed;
        Some(Outcome::of("ingest", words.service_ingest, failed, who, answer, |_| resumed()))
    };
    let (publish, ingest) = tokio::join!(publish, ingest);
    let approval = Outcome::done("approval", words.service_approval, "recorded", words.resume_recorded);
    Ok([publish, ingest, Some(approval)].into_iter().flatten().collect())
}

/// The halts of this scope that publish and ingest have in force: approval may have been away when one was ordered.
/// A service that cannot be asked is left out; approval names those that it knows.
async fn halts_in_force(console: &Console, who: &SignedIn, scope: &Scope) -> Vec<String> {
    let (mut publish, mut ingest) = (console.clients.publish(), console.clients.ingest());
    let (listed, answers) = tokio::join!(
        publish.list_accounts(who.call(ListAccountsRequest {})),
        ingest.get_answers_halt(who.call(GetAnswersHaltRequest {})),
    );
    let published = listed.map(|listed| listed.into_inner().halts).unwrap_or_default();
    let answered = answers.map(|answers| answers.into_inner().halts).unwrap_or_default();
    let halts = published
        .into_iter()
        .filter(|halt| is_published(scope, halt))
        .map(|halt| halt.halt_id)
        .chain(answered.into_iter().filter(|halt| is_answered(scope, halt)).map(|halt| halt.halt_id));
    let halts: BTreeSet<String> = halts.collect();
    halts.into_iter().take(HALTS_NAMED_MAX).collect()
}

/// Halts that one request may name.
const HALTS_NAMED_MAX: usize = 200;

fn is_published(scope: &Scope, halt: &HaltInForce) -> bool {
    use halt_in_force::Scope as Stopped;
    match (scope, &halt.scope) {
        (Scope::Clarification(wanted), Some(Stopped::ClarificationId(stopped)))
        | (Scope::Account(wanted), Some(Stopped::Account(stopped))) => wanted == stopped,
        (Scope::Everything, Some(Stopped::Everything(_))) => true,
        _ => false,
    }
}

fn is_answered(scope: &Scope, halt: &AnswersHalt) -> bool {
    use answers_halt::Scope as Stopped;
    match (scope, &halt.scope) {
        (Scope::Clarification(wanted), Some(Stopped::ClarificationId(stopped))) => wanted == stopped,
        (Scope::AutomaticAnswers, Some(Stopped::AutomaticAnswers(_)) | None)
        | (Scope::Everything, Some(Stopped::Everything(_)) | None) => true,
        _ => false,
    }
}
