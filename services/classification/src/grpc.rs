//! Answers questions about claims and about messages that opened none. Officers and auditors may ask.

use contracts::classification::v1 as pb;
use contracts::classification::v1::classification_service_server::ClassificationService;
use grpc::{Caller, PageToken, Refusal, Role, page_size, parse_id};
use ids::{AgencyId, ClaimId, ReportId};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use tonic::{Request, Response, Status};

use crate::events::{claim_message, intent_message, reason_message};
use crate::status::failed;
use crate::store::reports::Shown;
use crate::store::{claims, pictures, reports};
use judgement::intent::Intent;

/// The service over this service's own database.
pub struct Service {
    /// As the running role; every question is asked in one agency's transaction.
    pub pool: PgPool,
}

impl Service {
    async fn begin(&self, agency: AgencyId) -> Result<Transaction<'static, Postgres>, Status> {
        database::agency_tx(&self.pool, agency).await.map_err(|error| failed(&error))
    }
}

fn reader<T>(request: &Request<T>) -> Result<Caller, Status> {
    let caller = Caller::of(request)?;
    caller.require(Role::PEOPLE)?;
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
        Ok(Response::new(pb::GetClaimResponse { claim: Some(claim_message(&found)) }))
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
        let (mut reports, next_page_token) = page(rows.map_err(|error| failed(&error))?, size);
        add_pictures(&mut tx, caller.agency, &mut reports).await?;
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
        let (mut messages, next_page_token) = page(rows.map_err(|error| failed(&error))?, size);
        add_pictures(&mut tx, caller.agency, &mut messages).await?;
        Ok(Response::new(pb::ListOtherMessagesResponse { messages, next_page_token }))
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

/// Turns up to `size + 1` rows into a page of `size` and the token of the next one.
fn page(mut rows: Vec<Shown>, size: i64) -> (Vec<pb::ClassifiedReport>, String) {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let token =
        rows.last().filter(|_| more).map(|last| PageToken::encode(&last.position)).unwrap_or_default();
    (rows.into_iter().map(report_message).collect(), token)
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
        ..pb::ClassifiedReport::default()
    }
}
