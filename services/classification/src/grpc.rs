//! Answers questions about claims and about messages that opened none, and takes what officers say about a claim
//! itself. What belongs together is approval's to decide. Officers and auditors may ask.

use contracts::classification::v1 as pb;
use contracts::classification::v1::classification_service_server::ClassificationService;
use grpc::{Caller, PageToken, Refusal, fitting, page_size, parse_id, rights};
use ids::{AgencyId, ClaimId, ReportId};
use masking::find_official;
use messaging::Waker;
use runtime::Clock;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use tonic::{Request, Response, Status};

use crate::decide::{Decide, Decided, Outcome};
use crate::deed::{Action, Deed};
use crate::events::{basis_message, claim_message, intent_message, reason_message};
use crate::rulebook::Rulebooks;
use crate::set_intent::SetIntent;
use crate::status::failed;
use crate::store::reports::Shown;
use crate::store::spread::{self, Hourly};
use crate::store::{changes, claims, intents, lock_agency, pictures, reports, suggestions};
use judgement::common::common;
use judgement::intent::Intent;
use judgement::matching::TEXTS_MAX;
use judgement::spread::trend;

/// The service over this service's own database.
pub struct Service {
    /// As the running role; every question is asked in one agency's transaction.
    pub pool: PgPool,
    /// Scores the spread of claims.
    pub rulebooks: Rulebooks,
    /// Places what a person says is a report.
    pub decide: Decide,
    /// Sends what follows from it.
    pub waker: Waker,
    /// How long ago reports were said, and when something was decided.
    pub clock: Clock,
}

/// Characters of a claim's sentence.
const SENTENCE_MAX: usize = 200;

impl Service {
    async fn begin(&self, agency: AgencyId) -> Result<Transaction<'static, Postgres>, Status> {
        database::agency_tx(&self.pool, agency).await.map_err(|error| failed(&error))
    }
}

/// Who asks, if people of this role may read.
pub fn reader<T>(request: &Request<T>) -> Result<Caller, Status> {
    let caller = Caller::of(request)?;
    caller.require(rights::READ_WORK)?;
    Ok(caller)
}

#[tonic::async_trait]
impl ClassificationService for Service {
    async fn get_claim(
        &self,
        request: Request<pb::GetClaimRequest>,
    ) -> Result<Response<pb::GetClaimResponse>, Status> {
        let caller = reader(&request)?;
        let claim: ClaimId = parse_id("claim_id", &request.into_inner().claim_id)?;
        let mut tx = self.begin(caller.agency).await?;
        let found = claims::get(&mut tx, caller.agency, claim).await.map_err(|error| failed(&error))?;
        let found = found.ok_or_else(|| Refusal::not_found("claim"))?;
        let current = self.rulebooks.current(&mut tx, caller.agency).await;
        let current = current.map_err(|error| failed(&error))?;
        let mut variants =
            changes::texts_of(&mut tx, caller.agency, claim).await.map_err(|error| failed(&error))?;
        variants.truncate(TEXTS_MAX);
        let hourly = spread::hourly(&mut tx, caller.agency, claim, self.clock.now()).await;
        let hourly = hourly.map_err(|error| failed(&error))?;
        Ok(Response::new(pb::GetClaimResponse {
            claim: Some(claim_message(&found, &current.rulebook.urgency)),
            variants,
            spread: Some(spread_message(hourly)),
        }))
    }

    async fn list_claim_reports(
        &self,
        request: Request<pb::ListClaimReportsRequest>,
    ) -> Result<Response<pb::ListClaimReportsResponse>, Status> {
        let caller = reader(&request)?;
        let request = request.into_inner();
        let claim: ClaimId = parse_id("claim_id", &request.claim_id)?;
        let size = page_size(request.page_size)?;
        let before: Option<i64> = PageToken::decode(&request.page_token)?;
        let mut tx = self.begin(caller.agency).await?;
        let found = claims::get(&mut tx, caller.agency, claim).await.map_err(|error| failed(&error))?;
        found.ok_or_else(|| Refusal::not_found("claim"))?;
        let rows = reports::of_claim(&mut tx, caller.agency, claim, before, size + 1).await;
        let rows = rows.map_err(|error| failed(&error))?;
        let (reports, next_page_token) = page(&mut tx, caller.agency, rows, size).await?;
        Ok(Response::new(pb::ListClaimReportsResponse { reports, next_page_token }))
    }

    async fn list_other_messages(
        &self,
        request: Request<pb::ListOtherMessagesRequest>,
    ) -> Result<Response<pb::ListOtherMessagesResponse>, Status> {
        let caller = reader(&request)?;
        let request = request.into_inner();
        let intent = asked_intent(request.intent)?;
        let size = page_size(request.page_size)?;
        let before: Option<i64> = PageToken::decode(&request.page_token)?;
        let mut tx = self.begin(caller.agency).await?;
        let rows = reports::without_claim(&mut tx, caller.agency, intent, before, size + 1).await;
        let rows = rows.map_err(|error| failed(&error))?;
        let (messages, next_page_token) = page(&mut tx, caller.agency, rows, size).await?;
        Ok(Response::new(pb::ListOtherMessagesResponse { messages, next_page_token }))
    }

    async fn list_suggestions(
        &self,
        request: Request<pb::ListSuggestionsRequest>,
    ) -> Result<Response<pb::ListSuggestionsResponse>, Status> {
        let caller = reader(&request)?;
        let request = request.into_inner();
        let about = match request.claim_id.as_str() {
            "" => None,
            claim => Some(parse_id::<ClaimId>("claim_id", claim)?),
        };
        let size = page_size(request.page_size)?;
        let before: Option<i64> = PageToken::decode(&request.page_token)?;
        let mut tx = self.begin(caller.agency).await?;
        let rows = suggestions::list(&mut tx, caller.agency, about, before, size + 1).await;
        let mut rows = rows.map_err(|error| failed(&error))?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| more);
        let next_page_token = last.map(|last| PageToken::encode(&last.position)).unwrap_or_default();
        let suggestions = rows.into_iter().map(suggestion_message).collect();
        Ok(Response::new(pb::ListSuggestionsResponse { suggestions, next_page_token }))
    }

    async fn decline_suggestion(
        &self,
        request: Request<pb::DeclineSuggestionRequest>,
    ) -> Result<Response<pb::DeclineSuggestionResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::LEAD)?;
        let suggestion: uuid::Uuid = parse_id("suggestion_id", &request.into_inner().suggestion_id)?;
        let mut tx = self.begin(caller.agency).await?;
        let now = self.clock.now();
        let declined = suggestions::decline(&mut tx, caller.agency, suggestion, caller.person, now).await;
        let declined = declined.map_err(|error| failed(&error))?;
        if declined.ok_or_else(|| Refusal::not_found("suggestion"))? {
            let subjects = [("suggestion", suggestion.to_string())];
            let action = Action::SuggestionDeclined;
            let deed = Deed { caller: &caller, action, subjects: &subjects, reason: "", time: now };
            deed.record(&mut tx).await.map_err(|error| failed(&error))?;
        }
        tx.commit().await.map_err(|error| failed(&error))?;
        self.waker.wake();
        Ok(Response::new(pb::DeclineSuggestionResponse {}))
    }

    async fn set_claim_sentence(
        &self,
        request: Request<pb::SetClaimSentenceRequest>,
    ) -> Result<Response<pb::SetClaimSentenceResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::ASK)?;
        let request = request.into_inner();
        let claim: ClaimId = parse_id("claim_id", &request.claim_id)?;
        let sentence = lookalike::cleaned(&request.sentence);
        let sentence = sentence.trim();
        if sentence.is_empty() || sentence.chars().count() > SENTENCE_MAX || sentence.contains('\0') {
            return Err(Refusal::invalid(
                "sentence",
                format!("请写出网传内容，最多{SENTENCE_MAX}字。"),
                format!("sentence must hold 1 to {SENTENCE_MAX} characters, without NUL."),
            )
            .into());
        }
        // Departments are shown it, and it is signed.
        if let Some(found) = find_official(sentence).into_iter().next() {
            let written = &sentence[found.range];
            return Err(Refusal::invalid(
                "sentence",
                format!("网传内容里有{}“{written}”，请删去或换个说法。", found.kind.zh()),
                format!(
                    "The sentence holds {} (“{written}”); take it out or say it otherwise.",
                    found.kind.en()
                ),
            )
            .into());
        }
        let mut tx = self.begin(caller.agency).await?;
        lock_agency(&mut tx, caller.agency).await.map_err(|error| failed(&error))?;
        let set = claims::set_sentence(&mut tx, caller.agency, claim, sentence).await;
        if !set.map_err(|error| failed(&error))? {
            return Err(Refusal::not_found("claim").into());
        }
        let found = claims::get(&mut tx, caller.agency, claim).await.map_err(|error| failed(&error))?;
        let current = self.rulebooks.current(&mut tx, caller.agency).await;
        let current = current.map_err(|error| failed(&error))?;
        let (action, subjects) = (Action::ClaimSentenceSet, [("claim", claim.to_string())]);
        let time = self.clock.now();
        let deed = Deed { caller: &caller, action, subjects: &subjects, reason: "", time };
        deed.record(&mut tx).await.map_err(|error| failed(&error))?;
        tx.commit().await.map_err(|error| failed(&error))?;
        self.waker.wake();
        let claim = found.map(|found| claim_message(&found, &current.rulebook.urgency));
        Ok(Response::new(pb::SetClaimSentenceResponse { claim }))
    }

    async fn set_message_intent(
        &self,
        request: Request<pb::SetMessageIntentRequest>,
    ) -> Result<Response<pb::SetMessageIntentResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::LEAD)?;
        // A decision has somebody who made it; only people have these roles.
        let Some(person) = caller.person else { return Err(Refusal::not_found("person").into()) };
        let request = request.into_inner();
        let intent = asked_intent(request.intent)?.ok_or_else(|| {
            Refusal::invalid("intent", "请选择这条留言是什么。", "intent must say what the message is.")
        })?;
        let command = SetIntent {
            request: parse_id("request_id", &request.request_id)?,
            report: parse_id("report_id", &request.report_id)?,
            intent,
            expected_revision: i64::try_from(request.expected_revision).unwrap_or(i64::MAX),
            person,
        };
        let mut tx = self.begin(caller.agency).await?;
        let claim = self.decide.set_intent(&mut tx, caller.agency, &command, self.clock.now()).await?;
        tx.commit().await.map_err(|error| failed(&error))?;
        self.waker.wake();
        let claim_id = claim.map(|claim| claim.to_string()).unwrap_or_default();
        Ok(Response::new(pb::SetMessageIntentResponse { claim_id }))
    }

    async fn judge_again(
        &self,
        request: Request<pb::JudgeAgainRequest>,
    ) -> Result<Response<pb::JudgeAgainResponse>, Status> {
        let caller = reader(&request)?;
        let report: ReportId = parse_id("report_id", &request.into_inner().report_id)?;
        let mut tx = self.begin(caller.agency).await?;
        let shown = reports::shown(&mut tx, caller.agency, report).await.map_err(|error| failed(&error))?;
        let standing = intents::standing(&mut tx, caller.agency, report).await;
        let standing = standing.map_err(|error| failed(&error))?;
        let now = self.decide.judge_again(&mut tx, caller.agency, report, self.clock.now()).await;
        let now = now.map_err(|error| failed(&error))?;
        let (Some(shown), Some(standing), Some(now)) = (shown, standing, now) else {
            return Err(Refusal::not_found("message").into());
        };
        let stored = pb::Judgement {
            intent: intent_message(shown.intent).into(),
            claim_id: standing.claim.map(|claim| claim.to_string()).unwrap_or_default(),
            clarification_id: standing.clarification.map(|answer| answer.to_string()).unwrap_or_default(),
            similarity: f64::from(shown.similarity),
            reasons: shown.reasons.iter().map(reason_message).collect(),
            basis: shown.basis.as_ref().map(basis_message),
        };
        Ok(Response::new(pb::JudgeAgainResponse {
            masked_text: shown.masked_text,
            stored: Some(stored),
            now: Some(judgement_message(&now)),
        }))
    }
}

/// A judgement that nobody wrote down: a claim that it would open has no id.
fn judgement_message(decided: &Decided) -> pb::Judgement {
    let claim_id = match decided.outcome {
        Outcome::Opened(_) => "new".to_owned(),
        Outcome::Joined(claim) => claim.to_string(),
        Outcome::Answered(_) | Outcome::Elsewhere => String::new(),
    };
    pb::Judgement {
        intent: intent_message(decided.intent).into(),
        claim_id,
        clarification_id: decided.clarification().map(|answer| answer.to_string()).unwrap_or_default(),
        similarity: f64::from(decided.similarity),
        reasons: decided.reasons.iter().map(reason_message).collect(),
        basis: Some(basis_message(&decided.basis)),
    }
}

fn spread_message(hourly: Hourly) -> pb::Spread {
    let trend = trend(&hourly.hours);
    pb::Spread {
        hours: hourly.hours,
        channel_count: hourly.channels,
        last_count: trend.last,
        before_count: trend.before,
        forecast_count: trend.forecast,
    }
}

fn suggestion_message(shown: suggestions::Shown) -> pb::Suggestion {
    use pb::suggestion::Kind;

    let other_sentence = if shown.merges { shown.other_sentence } else { shown.apart_text };
    pb::Suggestion {
        suggestion_id: shown.suggestion.to_string(),
        kind: if shown.merges { Kind::Merge } else { Kind::Split }.into(),
        claim_id: shown.claim.to_string(),
        report_count: shown.report_count.unsigned_abs(),
        other_claim_id: if shown.merges { shown.other.to_string() } else { String::new() },
        other_report_count: if shown.merges {
            shown.other_report_count.unsigned_abs()
        } else {
            shown.report_ids.len() as u64
        },
        similarity: f64::from(shown.similarity),
        reasons: shown.reasons.0.iter().map(reason_message).collect(),
        matched_words: common(&shown.sentence, &other_sentence),
        report_ids: shown.report_ids.iter().map(uuid::Uuid::to_string).collect(),
        suggest_time: Some(grpc::timestamp(shown.suggest_time)),
        sentence: shown.sentence,
        other_sentence,
    }
}

fn asked_intent(value: i32) -> Result<Option<Intent>, Status> {
    let asked = pb::Intent::try_from(value).map_err(|_| {
        Status::from(Refusal::invalid("intent", "intent 不是已知的意图。", "intent is not a known intent."))
    })?;
    Ok(match asked {
        pb::Intent::Unspecified => None,
        pb::Intent::Report => Some(Intent::Report),
        pb::Intent::Question => Some(Intent::Question),
        pb::Intent::Complaint => Some(Intent::Complaint),
        pb::Intent::Help => Some(Intent::Help),
        pb::Intent::Observation => Some(Intent::Observation),
        pb::Intent::Other => Some(Intent::Other),
    })
}

/// Turns up to `size + 1` rows into a page of `size`, or of as many as fit, and the token of the next one.
async fn page(
    tx: &mut PgConnection,
    agency: AgencyId,
    rows: Vec<Shown>,
    size: i64,
) -> Result<(Vec<pb::ClassifiedReport>, String), Status> {
    let found = rows.len();
    let positions: Vec<i64> = rows.iter().map(|row| row.position).collect();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let mut reports: Vec<_> = rows.into_iter().take(size).map(report_message).collect();
    add_pictures(tx, agency, &mut reports).await?;
    reports.truncate(fitting(&reports));
    let last = reports.len().checked_sub(1).filter(|_| reports.len() < found);
    let token = last.map(|last| PageToken::encode(&positions[last])).unwrap_or_default();
    Ok((reports, token))
}

/// Adds what a machine read in the pictures of these reports.
async fn add_pictures(
    tx: &mut PgConnection,
    agency: AgencyId,
    reports: &mut [pb::ClassifiedReport],
) -> Result<(), Status> {
    let ids: Vec<ReportId> = reports.iter().filter_map(|report| report.report_id.parse().ok()).collect();
    let seen = pictures::of_reports(tx, agency, &ids).await.map_err(|error| failed(&error))?;
    for picture in seen {
        let id = picture.report.to_string();
        if let Some(report) = reports.iter_mut().find(|report| report.report_id == id) {
            report.picture_text = picture.masked_text;
            report.picture_confidence = picture.confidence;
            report.picture_unread_reason = picture.unread_reason;
        }
    }
    Ok(())
}

fn report_message(shown: Shown) -> pb::ClassifiedReport {
    pb::ClassifiedReport {
        report_id: shown.report.to_string(),
        masked_text: shown.masked_text,
        intent: intent_message(shown.intent).into(),
        said_time: Some(grpc::timestamp(shown.said_time)),
        seen_at: shown.seen_at,
        reasons: shown.reasons.iter().map(reason_message).collect(),
        similarity: f64::from(shown.similarity),
        assignment_revision: shown.assignment_revision.unsigned_abs(),
        answered: shown.answered,
        basis: shown.basis.as_ref().map(basis_message),
        ..pb::ClassifiedReport::default()
    }
}
