//! ApprovalService.

use contracts::approval::v1 as pb;
use contracts::approval::v1::approval_service_server::ApprovalService;
use grpc::{Caller, PageToken, Refusal, Role, fitting, page_size, parse_id, rights};
use tonic::{Request, Response, Status};

use super::{convert, parse};
use crate::answer_finding::AnswerFinding;
use crate::correct_claims::{MergeCases, RerouteCase, SplitCase};
use crate::desk::Desk;
use crate::dismiss_case::DismissCase;
use crate::domain::officer::Officer;
use crate::domain::problems::problems;
use crate::domain::rendition::renditions;
use crate::finding_links::ReissueLink;
use crate::lift_halt::LiftHalt;
use crate::open_notice::OpenNotice;
use crate::order_halt::OrderHalt;
use crate::read_cases::SignedRevision;
use crate::request_finding::RequestFinding;
use crate::resume_answer::ResumeAnswer;
use crate::return_draft::WithReason;
use crate::save_draft::SaveDraft;
use crate::set_urgency::SetUrgency;
use crate::validity::CloseExpired;

pub struct Approval {
    pub desk: Desk,
}

/// The calling officer, if the role is one of `roles`, with the request.
fn admit<T>(request: Request<T>, roles: &[Role]) -> Result<(Officer, T), Status> {
    let caller = Caller::of(&request)?;
    caller.require(roles)?;
    Ok((parse::officer(&caller)?, request.into_inner()))
}

#[tonic::async_trait]
impl ApprovalService for Approval {
    async fn list_cases(
        &self,
        request: Request<pb::ListCasesRequest>,
    ) -> Result<Response<pb::ListCasesResponse>, Status> {
        let (officer, request) = admit(request, rights::READ_CASES)?;
        let size = page_size(request.page_size)?;
        let sight = self.desk.sight(&officer).await?;
        if request.past_validity {
            // To be renewed or closed by the office itself.
            if sight.department().is_some() {
                return Ok(Response::new(pb::ListCasesResponse::default()));
            }
            let after = PageToken::decode(&request.page_token)?;
            let (cases, next) = self.desk.list_past_validity(officer.agency, after.as_ref(), size).await?;
            return Ok(Response::new(pb::ListCasesResponse {
                cases: cases.into_iter().map(convert::case).collect(),
                next_page_token: next.map(|key| PageToken::encode(&key)).unwrap_or_default(),
            }));
        }
        let after = PageToken::decode(&request.page_token)?;
        let states = parse::case_states(request.states())?;
        let (cases, next) =
            self.desk.list_cases(officer.agency, &sight, &states, after.as_ref(), size).await?;
        Ok(Response::new(pb::ListCasesResponse {
            cases: cases.into_iter().map(convert::case).collect(),
            next_page_token: next.map(|key| PageToken::encode(&key)).unwrap_or_default(),
        }))
    }

    async fn get_case(
        &self,
        request: Request<pb::GetCaseRequest>,
    ) -> Result<Response<pb::GetCaseResponse>, Status> {
        let (officer, request) = admit(request, rights::READ_CASES)?;
        let wanted = parse::wanted_case(&request)?;
        let sight = self.desk.sight(&officer).await?;
        let whole = self.desk.get_case(officer.agency, &sight, &wanted).await?;
        let whole = whole.ok_or_else(|| Refusal::not_found("case"))?;
        Ok(Response::new(convert::whole_case(whole)))
    }

    async fn get_revision(
        &self,
        request: Request<pb::GetRevisionRequest>,
    ) -> Result<Response<pb::GetRevisionResponse>, Status> {
        let (officer, request) = admit(request, rights::READ_WORK)?;
        let case = parse_id("case_id", &request.case_id)?;
        let clarification = parse::optional_id("clarification_id", &request.clarification_id)?;
        let found = self.desk.get_revision(officer.agency, case, clarification, request.revision).await?;
        let revision = found.ok_or_else(|| Refusal::not_found("revision"))?;
        Ok(Response::new(pb::GetRevisionResponse { revision: Some(convert::revision(revision)) }))
    }

    async fn list_revisions(
        &self,
        request: Request<pb::ListRevisionsRequest>,
    ) -> Result<Response<pb::ListRevisionsResponse>, Status> {
        let (officer, request) = admit(request, rights::READ_WORK)?;
        let case = parse_id("case_id", &request.case_id)?;
        let clarification = parse::optional_id("clarification_id", &request.clarification_id)?;
        let size = page_size(request.page_size)?;
        let after = PageToken::decode(&request.page_token)?;
        let listed =
            self.desk.list_revisions(officer.agency, case, clarification, after.as_ref(), size).await?;
        let page = listed.ok_or_else(|| Refusal::not_found("case"))?;
        Ok(Response::new(pb::ListRevisionsResponse {
            revisions: page.rows.into_iter().map(convert::head).collect(),
            next_page_token: convert::page_token(page.next.as_ref()),
        }))
    }

    async fn list_findings(
        &self,
        request: Request<pb::ListFindingsRequest>,
    ) -> Result<Response<pb::ListFindingsResponse>, Status> {
        let (officer, request) = admit(request, rights::READ_CASES)?;
        let case = parse_id("case_id", &request.case_id)?;
        let size = page_size(request.page_size)?;
        let after = PageToken::decode(&request.page_token)?;
        let sight = self.desk.sight(&officer).await?;
        let listed = self.desk.list_findings(officer.agency, &sight, case, after.as_ref(), size).await?;
        let page = listed.ok_or_else(|| Refusal::not_found("case"))?;
        Ok(Response::new(pb::ListFindingsResponse {
            findings: page.rows.into_iter().map(convert::finding).collect(),
            next_page_token: convert::page_token(page.next.as_ref()),
        }))
    }

    async fn list_case_events(
        &self,
        request: Request<pb::ListCaseEventsRequest>,
    ) -> Result<Response<pb::ListCaseEventsResponse>, Status> {
        let (officer, request) = admit(request, rights::READ_WORK)?;
        let case = parse_id("case_id", &request.case_id)?;
        let size = page_size(request.page_size)?;
        let before = PageToken::decode(&request.page_token)?;
        let listed = self.desk.list_case_events(officer.agency, case, before, size).await?;
        let page = listed.ok_or_else(|| Refusal::not_found("case"))?;
        Ok(Response::new(pb::ListCaseEventsResponse {
            events: page.rows.into_iter().map(convert::case_event).collect(),
            next_page_token: convert::page_token(page.next.as_ref()),
        }))
    }

    async fn open_notice(
        &self,
        request: Request<pb::OpenNoticeRequest>,
    ) -> Result<Response<pb::OpenNoticeResponse>, Status> {
        let (officer, request) = admit(request, rights::ASK)?;
        let case = self.desk.open_notice(&officer, &OpenNotice::try_from(request)?).await?;
        Ok(Response::new(pb::OpenNoticeResponse { case: Some(convert::case(case)) }))
    }

    async fn set_urgency(
        &self,
        request: Request<pb::SetUrgencyRequest>,
    ) -> Result<Response<pb::SetUrgencyResponse>, Status> {
        let (officer, request) = admit(request, rights::LEAD)?;
        let case = self.desk.set_urgency(&officer, &SetUrgency::try_from(request)?).await?;
        Ok(Response::new(pb::SetUrgencyResponse { case: Some(convert::case(case)) }))
    }

    async fn request_finding(
        &self,
        request: Request<pb::RequestFindingRequest>,
    ) -> Result<Response<pb::RequestFindingResponse>, Status> {
        let (officer, request) = admit(request, rights::ASK)?;
        let command = RequestFinding::try_from(request)?;
        let issued = self.desk.request_finding(&officer, &command).await?;
        Ok(Response::new(pb::RequestFindingResponse {
            finding: Some(convert::finding(issued.finding)),
            link_secret: issued.secret,
            link_code: issued.code,
        }))
    }

    async fn reissue_finding_link(
        &self,
        request: Request<pb::ReissueFindingLinkRequest>,
    ) -> Result<Response<pb::ReissueFindingLinkResponse>, Status> {
        let (officer, request) = admit(request, rights::ASK)?;
        let issued = self.desk.reissue_link(&officer, &ReissueLink::try_from(request)?).await?;
        Ok(Response::new(pb::ReissueFindingLinkResponse {
            finding: Some(convert::finding(issued.finding)),
            link_secret: issued.secret,
            link_code: issued.code,
        }))
    }

    async fn withdraw_finding_link(
        &self,
        request: Request<pb::WithdrawFindingLinkRequest>,
    ) -> Result<Response<pb::WithdrawFindingLinkResponse>, Status> {
        let (officer, request) = admit(request, rights::ASK)?;
        let finding = parse_id("finding_id", &request.finding_id)?;
        let finding = self.desk.withdraw_link(&officer, finding).await?;
        Ok(Response::new(pb::WithdrawFindingLinkResponse { finding: Some(convert::finding(finding)) }))
    }

    async fn get_finding_request(
        &self,
        request: Request<pb::GetFindingRequestRequest>,
    ) -> Result<Response<pb::GetFindingRequestResponse>, Status> {
        let request = request.into_inner();
        let asked = self.desk.get_finding_request(&request.link_secret, &request.code).await?;
        Ok(Response::new(convert::asked(asked)))
    }

    async fn answer_finding(
        &self,
        request: Request<pb::AnswerFindingRequest>,
    ) -> Result<Response<pb::AnswerFindingResponse>, Status> {
        let request = request.into_inner();
        let (link_secret, code) = (request.link_secret.clone(), request.code.clone());
        let command = AnswerFinding::try_from(request)?;
        let finding = self.desk.answer_finding(&link_secret, &code, command).await?;
        Ok(Response::new(pb::AnswerFindingResponse { finding: Some(convert::finding(finding)) }))
    }

    async fn give_finding(
        &self,
        request: Request<pb::GiveFindingRequest>,
    ) -> Result<Response<pb::GiveFindingResponse>, Status> {
        let (officer, request) = admit(request, rights::ANSWER_FINDINGS)?;
        let finding = parse_id("finding_id", &request.finding_id)?;
        let answer = parse::given_finding(request, &officer)?;
        let finding = self.desk.give_finding(&officer, finding, answer).await?;
        Ok(Response::new(pb::GiveFindingResponse { finding: Some(convert::finding(finding)) }))
    }

    async fn preview_draft(
        &self,
        request: Request<pb::PreviewDraftRequest>,
    ) -> Result<Response<pb::PreviewDraftResponse>, Status> {
        let (_, request) = admit(request, Role::OFFICERS)?;
        let draft = parse::draft(request.draft)?;
        let mut problems = problems(&draft);
        if draft.valid_until.is_some_and(|end| end < self.desk.now().unix_timestamp()) {
            problems.push("“适用至”的时间已经过去。".to_owned());
        }
        Ok(Response::new(pb::PreviewDraftResponse {
            renditions: renditions(&draft).into_iter().map(convert::rendition).collect(),
            problems,
        }))
    }

    async fn save_draft(
        &self,
        request: Request<pb::SaveDraftRequest>,
    ) -> Result<Response<pb::SaveDraftResponse>, Status> {
        let (officer, request) = admit(request, rights::DRAFT)?;
        let revision = self.desk.save_draft(&officer, &SaveDraft::try_from(request)?).await?;
        let revision =
            Some(convert::revision(SignedRevision { revision, steps: Vec::new(), next_roles: Vec::new() }));
        Ok(Response::new(pb::SaveDraftResponse { revision }))
    }

    async fn sign_step(
        &self,
        request: Request<pb::SignStepRequest>,
    ) -> Result<Response<pb::SignStepResponse>, Status> {
        // Which role signs which step is the policy's to say.
        let (officer, request) = admit(request, rights::READ_WORK)?;
        let (command, presence) = parse::sign_step(request)?;
        let revision = self.desk.sign_step(&officer, &command, &presence).await?;
        Ok(Response::new(pb::SignStepResponse { revision: Some(convert::revision(revision)) }))
    }

    async fn return_draft(
        &self,
        request: Request<pb::ReturnDraftRequest>,
    ) -> Result<Response<pb::ReturnDraftResponse>, Status> {
        let (officer, request) = admit(request, rights::RETURN)?;
        let revision = self.desk.return_draft(&officer, &WithReason::try_from(request)?).await?;
        Ok(Response::new(pb::ReturnDraftResponse { revision: Some(convert::revision(revision)) }))
    }

    async fn dismiss_case(
        &self,
        request: Request<pb::DismissCaseRequest>,
    ) -> Result<Response<pb::DismissCaseResponse>, Status> {
        let (officer, request) = admit(request, rights::LEAD)?;
        let case = self.desk.dismiss_case(&officer, &DismissCase::try_from(request)?).await?;
        Ok(Response::new(pb::DismissCaseResponse { case: Some(convert::case(case)) }))
    }

    async fn merge_cases(
        &self,
        request: Request<pb::MergeCasesRequest>,
    ) -> Result<Response<pb::MergeCasesResponse>, Status> {
        let (officer, request) = admit(request, rights::LEAD)?;
        let (case, into) = self.desk.merge_cases(&officer, &MergeCases::try_from(request)?).await?;
        let (case, into) = (Some(convert::case(case)), Some(convert::case(into)));
        Ok(Response::new(pb::MergeCasesResponse { case, into }))
    }

    async fn split_case(
        &self,
        request: Request<pb::SplitCaseRequest>,
    ) -> Result<Response<pb::SplitCaseResponse>, Status> {
        let (officer, request) = admit(request, rights::LEAD)?;
        let (case, split) = self.desk.split_case(&officer, &SplitCase::try_from(request)?).await?;
        let (case, split) = (Some(convert::case(case)), Some(convert::case(split)));
        Ok(Response::new(pb::SplitCaseResponse { case, split }))
    }

    async fn reroute_case(
        &self,
        request: Request<pb::RerouteCaseRequest>,
    ) -> Result<Response<pb::RerouteCaseResponse>, Status> {
        let (officer, request) = admit(request, rights::LEAD)?;
        let case = self.desk.reroute_case(&officer, &RerouteCase::try_from(request)?).await?;
        Ok(Response::new(pb::RerouteCaseResponse { case: Some(convert::case(case)) }))
    }

    async fn close_expired(
        &self,
        request: Request<pb::CloseExpiredRequest>,
    ) -> Result<Response<pb::CloseExpiredResponse>, Status> {
        let (officer, request) = admit(request, rights::LEAD)?;
        let case = self.desk.close_expired(&officer, &CloseExpired::try_from(request)?).await?;
        Ok(Response::new(pb::CloseExpiredResponse { case: Some(convert::case(case)) }))
    }

    async fn resume_automatic_answer(
        &self,
        request: Request<pb::ResumeAutomaticAnswerRequest>,
    ) -> Result<Response<pb::ResumeAutomaticAnswerResponse>, Status> {
        let (officer, request) = admit(request, rights::LEAD)?;
        let case = self.desk.resume_answer(&officer, &ResumeAnswer::try_from(request)?).await?;
        Ok(Response::new(pb::ResumeAutomaticAnswerResponse { case: Some(convert::case(case)) }))
    }

    async fn revoke_clarification(
        &self,
        request: Request<pb::RevokeClarificationRequest>,
    ) -> Result<Response<pb::RevokeClarificationResponse>, Status> {
        let (officer, request) = admit(request, rights::LEAD)?;
        let session_secret = request.session_secret.clone();
        let command = WithReason::try_from(request)?;
        let revision = self.desk.revoke_clarification(&officer, &command, &session_secret).await?;
        Ok(Response::new(pb::RevokeClarificationResponse { revision: Some(convert::revision(revision)) }))
    }

    async fn order_halt(
        &self,
        request: Request<pb::OrderHaltRequest>,
    ) -> Result<Response<pb::OrderHaltResponse>, Status> {
        let (officer, request) = admit(request, rights::HALT)?;
        let session_secret = request.session_secret.clone();
        let command = OrderHalt::try_from(request)?;
        let signed_order = self.desk.order_halt(&officer, &command, &session_secret).await?;
        Ok(Response::new(pb::OrderHaltResponse {
            halt_id: command.halt.to_string(),
            signed_order: signed_order.unwrap_or_default(),
        }))
    }

    async fn lift_halt(
        &self,
        request: Request<pb::LiftHaltRequest>,
    ) -> Result<Response<pb::LiftHaltResponse>, Status> {
        let (officer, request) = admit(request, rights::RESUME)?;
        let session_secret = request.session_secret.clone();
        let lifted = self.desk.lift_halt(&officer, &LiftHalt::try_from(request)?, &session_secret).await?;
        Ok(Response::new(pb::LiftHaltResponse {
            signed_order: lifted.signed_order,
            halt_ids: lifted.halts.iter().map(ToString::to_string).collect(),
        }))
    }

    async fn list_alarms(
        &self,
        request: Request<pb::ListAlarmsRequest>,
    ) -> Result<Response<pb::ListAlarmsResponse>, Status> {
        let (officer, _) = admit(request, rights::READ_WORK)?;
        let (alarms, waiting_count) = self.desk.list_alarms(officer.agency).await?;
        let mut alarms: Vec<pb::Alarm> = alarms.into_iter().map(convert::alarm).collect();
        alarms.truncate(fitting(&alarms));
        Ok(Response::new(pb::ListAlarmsResponse { alarms, waiting_count }))
    }

    async fn acknowledge_alarm(
        &self,
        request: Request<pb::AcknowledgeAlarmRequest>,
    ) -> Result<Response<pb::AcknowledgeAlarmResponse>, Status> {
        let (officer, request) = admit(request, rights::ACKNOWLEDGE)?;
        let report = parse_id("report_id", &request.report_id)?;
        self.desk.acknowledge_alarm(&officer, report).await?;
        Ok(Response::new(pb::AcknowledgeAlarmResponse {}))
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let (officer, request) = admit(request, rights::OWN_SESSIONS)?;
        let sessions = self.desk.list_sessions(&officer, &request.session_secret).await?;
        let sessions = sessions.into_iter().map(convert::session).collect();
        Ok(Response::new(pb::ListSessionsResponse { sessions }))
    }

    async fn end_session(
        &self,
        request: Request<pb::EndSessionRequest>,
    ) -> Result<Response<pb::EndSessionResponse>, Status> {
        let (officer, request) = admit(request, rights::OWN_SESSIONS)?;
        let session = parse_id("session_id", &request.session_id)?;
        self.desk.end_session(&officer, session).await?;
        Ok(Response::new(pb::EndSessionResponse {}))
    }

    async fn list_people(
        &self,
        request: Request<pb::ListPeopleRequest>,
    ) -> Result<Response<pb::ListPeopleResponse>, Status> {
        let (officer, request) = admit(request, rights::ADMINISTER)?;
        let size = page_size(request.page_size)?;
        let after = PageToken::decode(&request.page_token)?;
        let (people, next) = self.desk.list_people(officer.agency, after, size).await?;
        Ok(Response::new(pb::ListPeopleResponse {
            people: people.into_iter().map(convert::agency_person).collect(),
            next_page_token: next.map(|login| PageToken::encode(&login)).unwrap_or_default(),
        }))
    }

    async fn unlock_person(
        &self,
        request: Request<pb::UnlockPersonRequest>,
    ) -> Result<Response<pb::UnlockPersonResponse>, Status> {
        let (officer, request) = admit(request, rights::ADMINISTER)?;
        let person = parse_id("person_id", &request.person_id)?;
        self.desk.unlock_person(&officer, person).await?;
        Ok(Response::new(pb::UnlockPersonResponse {}))
    }

    async fn list_audit(
        &self,
        request: Request<pb::ListAuditRequest>,
    ) -> Result<Response<pb::ListAuditResponse>, Status> {
        let (officer, request) = admit(request, rights::AUDIT)?;
        let size = page_size(request.page_size)?;
        let before = PageToken::decode(&request.page_token)?;
        let (entries, next) = self.desk.list_audit(officer.agency, before, size).await?;
        Ok(Response::new(pb::ListAuditResponse {
            entries: entries.into_iter().map(convert::audit_entry).collect(),
            next_page_token: next.map(|sequence| PageToken::encode(&sequence)).unwrap_or_default(),
        }))
    }
}
