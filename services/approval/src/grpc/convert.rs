//! What use cases give, to responses.

use contracts::approval::v1 as pb;
use grpc::{PageToken, timestamp};
use serde::Serialize;
use signoff::content::Content;
use signoff::statement::Statement;

use crate::answer_finding::Asked;
use crate::domain::alarm::AlarmKind;
use crate::domain::case::{CaseFile, CaseState};
use crate::domain::draft::{Draft, Kind, ResponseLevel, Verdict};
use crate::domain::finding::Finding;
use crate::domain::officer::{Officer, Role};
use crate::domain::rendition::Rendition;
use crate::domain::revision::{Named, RevisionState, Step};
use crate::read_cases::{SignedHead, SignedRevision, WholeCase};
use crate::store;
use crate::store::alarm::Alarm;
use crate::store::audit::ListedEntry;
use crate::store::case::CaseEvent;

/// A count or a revision, which is never negative.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn role(role: Role) -> pb::Role {
    match role {
        Role::DutyOfficer => pb::Role::DutyOfficer,
        Role::Checker => pb::Role::Checker,
        Role::Drafter => pb::Role::Drafter,
        Role::Reviewer => pb::Role::Reviewer,
        Role::Signer => pb::Role::Signer,
        Role::Administrator => pb::Role::Administrator,
        Role::Auditor => pb::Role::Auditor,
    }
}

pub fn person(officer: &Officer) -> pb::Person {
    pb::Person {
        person_id: officer.person.to_string(),
        display_name: officer.display_name.clone(),
        role: role(officer.role).into(),
    }
}

fn named(named: &Named) -> pb::Person {
    pb::Person {
        person_id: named.person.to_string(),
        display_name: named.display_name.clone(),
        role: role(named.role).into(),
    }
}

fn case_state(state: CaseState) -> pb::case::State {
    use pb::case::State;
    match state {
        CaseState::Open => State::Open,
        CaseState::Checking => State::Checking,
        CaseState::Found => State::Found,
        CaseState::Drafting => State::Drafting,
        CaseState::InReview => State::InReview,
        CaseState::Signed => State::Signed,
        CaseState::Published => State::Published,
        CaseState::NeedsPerson => State::NeedsPerson,
        CaseState::Dismissed => State::Dismissed,
        CaseState::Halted => State::Halted,
    }
}

pub fn case(case: CaseFile) -> pb::Case {
    pb::Case {
        case_id: case.case.to_string(),
        code: case.code,
        claim_id: case.claim.map(|claim| claim.to_string()).unwrap_or_default(),
        sentence: case.sentence,
        state: case_state(case.state).into(),
        state_revision: unsigned(case.state_revision),
        report_count: unsigned(case.report_count),
        urgency: u32::try_from(case.urgency).unwrap_or(0),
        urgent: case.urgent,
        due_time: case.due_time.map(timestamp),
        open_time: Some(timestamp(case.open_time)),
        departments: case.departments,
        note: case.note,
        merged_into_case_id: case.merged_into.map(|case| case.to_string()).unwrap_or_default(),
        suspended_clarification_id: case
            .suspended
            .map(|suspended| suspended.clarification.to_string())
            .unwrap_or_default(),
        named_until_time: case.named_until.map(timestamp),
        valid_until_time: case.valid_until.map(timestamp),
    }
}

fn verdict(verdict: Verdict) -> pb::Verdict {
    match verdict {
        Verdict::False => pb::Verdict::False,
        Verdict::PartlyFalse => pb::Verdict::PartlyFalse,
        Verdict::Misleading => pb::Verdict::Misleading,
        Verdict::Outdated => pb::Verdict::Outdated,
        Verdict::Unsubstantiated => pb::Verdict::Unsubstantiated,
        Verdict::True => pb::Verdict::True,
        Verdict::Pending => pb::Verdict::Pending,
    }
}

pub fn finding(finding: Finding) -> pb::Finding {
    let link_end = finding.link_end();
    let mut message = pb::Finding {
        finding_id: finding.finding.to_string(),
        department: finding.department,
        question: finding.question,
        due_time: Some(timestamp(finding.due_time)),
        ask_time: Some(timestamp(finding.ask_time)),
        link_end_time: Some(timestamp(link_end)),
        link_withdrawn: finding.link.withdrawn,
        ..Default::default()
    };
    if let Some(answer) = finding.answer {
        message.verdict = verdict(answer.verdict).into();
        message.personal_data_removed = answer.is_masked();
        message.facts = answer.facts;
        message.evidence = answer.evidence;
        message.answered_by = answer.answered_by;
        message.answer_time = Some(timestamp(answer.answer_time));
    }
    message
}

/// What a link shows.
pub fn asked(asked: Asked) -> pb::GetFindingRequestResponse {
    use pb::get_finding_request_response::State;
    match asked {
        Asked::CodeNeeded => {
            pb::GetFindingRequestResponse { state: State::CodeNeeded.into(), ..Default::default() }
        }
        Asked::Answered => {
            pb::GetFindingRequestResponse { state: State::Answered.into(), ..Default::default() }
        }
        Asked::Question { finding: question, sentence, agency_name } => pb::GetFindingRequestResponse {
            finding: Some(finding(*question)),
            sentence,
            agency_name,
            state: State::Asked.into(),
        },
    }
}

pub fn rendition(rendition: Rendition) -> pb::Rendition {
    let (length, length_limit) = rendition.length();
    pb::Rendition {
        channel: rendition.channel,
        title: rendition.title,
        summary: rendition.summary,
        body: rendition.body,
        length: short(length),
        length_limit: short(length_limit),
        // A draft has none; what is signed names its own.
        pictures: Vec::new(),
    }
}

/// A second of the signed bytes, where 0 stands for none.
fn second(unix_second: i64) -> Option<prost_types::Timestamp> {
    (unix_second != 0).then_some(prost_types::Timestamp { seconds: unix_second, nanos: 0 })
}

/// All of a content. Taken apart field by field, so that a new one must be shown before this compiles.
fn signed_content(content: Content) -> pb::SignedContent {
    let Content {
        version,
        agency,
        case,
        clarification,
        revision,
        kind,
        verdict,
        response_level,
        automatic_answer,
        claim_sentence,
        claims,
        not_before,
        not_after,
        valid_until,
        renditions,
    } = content;
    pb::SignedContent {
        version: version.number(),
        agency_id: agency.to_string(),
        case_id: case.to_string(),
        clarification_id: clarification.to_string(),
        revision,
        kind,
        verdict,
        response_level,
        automatic_answer,
        claim_sentence,
        claim_ids: claims.iter().map(ToString::to_string).collect(),
        not_before_time: second(not_before),
        not_after_time: second(not_after),
        valid_until_time: second(valid_until),
        renditions: renditions.into_iter().map(signed_rendition).collect(),
    }
}

fn signed_rendition(stored: signoff::content::Rendition) -> pb::Rendition {
    let signoff::content::Rendition { channel, title, summary, body, pictures } = stored;
    let pictures = pictures.iter().map(hex::encode).collect();
    pb::Rendition { pictures, ..rendition(Rendition { channel, title, summary, body }) }
}

/// What a step's signed bytes say that its person confirmed.
fn gates(step: &Step) -> Vec<String> {
    let statement = Statement::decode(&step.statement);
    let gates = statement.map(|statement| statement.gates).unwrap_or_default();
    gates.into_iter().map(|gate| gate.as_str().to_owned()).collect()
}

fn kind(kind: Kind) -> pb::ClarificationKind {
    match kind {
        Kind::Clarification => pb::ClarificationKind::Clarification,
        Kind::Response => pb::ClarificationKind::Response,
        Kind::Holding => pb::ClarificationKind::Holding,
        Kind::Notice => pb::ClarificationKind::Notice,
        Kind::StandingReplies => pb::ClarificationKind::StandingReplies,
    }
}

fn response_level(level: Option<ResponseLevel>) -> pb::ResponseLevel {
    match level {
        None => pb::ResponseLevel::Unspecified,
        Some(ResponseLevel::AnswerOnly) => pb::ResponseLevel::AnswerOnly,
        Some(ResponseLevel::Publish) => pb::ResponseLevel::Publish,
        Some(ResponseLevel::Microblog) => pb::ResponseLevel::Microblog,
        Some(ResponseLevel::MassPush) => pb::ResponseLevel::MassPush,
        Some(ResponseLevel::Everything) => pb::ResponseLevel::Everything,
    }
}

fn draft(draft: Draft) -> pb::Draft {
    let kind = kind(draft.kind);
    let response_level = response_level(draft.response_level);
    pb::Draft {
        title: draft.title,
        summary: draft.summary,
        claim: draft.claim,
        check: draft.check,
        conclusion: draft.conclusion,
        basis: draft.basis,
        advice: draft.advice,
        post: draft.post,
        kind: kind.into(),
        response_level: response_level.into(),
        verdict: draft.verdict.map_or(pb::Verdict::Unspecified, verdict).into(),
        automatic_answer: draft.automatic_answer,
        standing_replies: draft.standing_replies.into_iter().collect(),
        valid_until_time: draft.valid_until.and_then(second),
    }
}

/// The token of the next page; empty when there is none.
pub fn page_token<K: Serialize>(next: Option<&K>) -> String {
    next.map(PageToken::encode).unwrap_or_default()
}

/// A case with the newest of everything about it.
pub fn whole_case(whole: WholeCase) -> pb::GetCaseResponse {
    let (findings, heads, events) = (whole.findings, whole.heads, whole.events);
    let newest = whole.newest.map(revision);
    let older = heads.rows.into_iter().skip(usize::from(newest.is_some())).map(head);
    pb::GetCaseResponse {
        case: Some(case(whole.case)),
        findings_page_token: page_token(findings.next.as_ref()),
        findings: findings.rows.into_iter().rev().map(finding).collect(),
        revisions_page_token: page_token(heads.next.as_ref()),
        revisions: newest.into_iter().chain(older).collect(),
        events_page_token: page_token(events.next.as_ref()),
        events: events.rows.into_iter().rev().map(case_event).collect(),
    }
}

fn revision_state(state: RevisionState) -> pb::revision::State {
    use pb::revision::State;
    match state {
        RevisionState::Draft => State::Draft,
        RevisionState::Drafted => State::Drafted,
        RevisionState::FirstReviewed => State::FirstReviewed,
        RevisionState::SecondReviewed => State::SecondReviewed,
        RevisionState::Signed => State::Signed,
        RevisionState::Returned => State::Returned,
        RevisionState::Superseded => State::Superseded,
        RevisionState::Revoked => State::Revoked,
    }
}

fn step(step: &Step) -> pb::Step {
    pb::Step {
        purpose: step.purpose.as_str().to_owned(),
        person: Some(named(&step.signer)),
        sign_time: Some(timestamp(step.sign_time)),
        gates: gates(step),
    }
}

/// A revision as a list shows it.
pub fn head(signed: SignedHead) -> pb::Revision {
    let SignedHead { head, steps } = signed;
    pb::Revision {
        clarification_id: head.place.clarification.to_string(),
        revision: head.place.revision,
        content_hash: hex::encode(head.content_hash),
        state: revision_state(head.state).into(),
        steps: steps.iter().map(step).collect(),
        return_reason: head.return_reason,
        drafter: Some(named(&head.drafter)),
        save_time: Some(timestamp(head.save_time)),
        next_step: head.state.next_step().map(|step| step.as_str().to_owned()).unwrap_or_default(),
        draft: Some(pb::Draft {
            title: head.title,
            kind: kind(head.kind).into(),
            response_level: response_level(head.response_level).into(),
            verdict: head.verdict.map_or(pb::Verdict::Unspecified, verdict).into(),
            valid_until_time: head.valid_until.and_then(second),
            ..Default::default()
        }),
        head_only: true,
        ..Default::default()
    }
}

/// A revision with what its stored bytes say, and nothing that is looked up elsewhere: what people see is what they
/// sign. Of a row that was altered nothing is shown.
pub fn revision(signed: SignedRevision) -> pb::Revision {
    let SignedRevision { revision, steps, next_roles } = signed;
    let steps_agree = steps.iter().all(|step| step.agrees(&revision.content_hash));
    let content = revision.intact_content().filter(|_| steps_agree);
    pb::Revision {
        clarification_id: revision.place.clarification.to_string(),
        revision: revision.place.revision,
        content_hash: hex::encode(revision.content_hash),
        state: revision_state(revision.state).into(),
        steps: steps.iter().map(step).collect(),
        return_reason: revision.return_reason,
        drafter: Some(named(&revision.drafter)),
        save_time: Some(timestamp(revision.save_time)),
        next_step: revision.state.next_step().map(|step| step.as_str().to_owned()).unwrap_or_default(),
        draft: Some(draft(revision.draft)),
        altered: content.is_none(),
        content: content.map(signed_content),
        head_only: false,
        next_roles: next_roles.into_iter().map(|one| role(one).into()).collect(),
    }
}

pub fn case_event(event: CaseEvent) -> pb::CaseEvent {
    pb::CaseEvent { event_time: Some(timestamp(event.time)), actor: event.actor, what: event.what }
}

pub fn alarm(alarm: Alarm) -> pb::Alarm {
    pb::Alarm {
        report_id: alarm.report.to_string(),
        masked_text: alarm.masked_text,
        raise_time: Some(timestamp(alarm.raise_time)),
        kind: match alarm.kind {
            AlarmKind::Help => pb::alarm::Kind::Help,
            AlarmKind::LockedOut => pb::alarm::Kind::LockedOut,
            AlarmKind::AnswerSuspended => pb::alarm::Kind::AnswerSuspended,
        }
        .into(),
    }
}

pub fn session(session: store::session::Listed) -> pb::Session {
    pb::Session {
        session_id: session.session.to_string(),
        sign_in_time: Some(timestamp(session.sign_in_time)),
        last_used_time: Some(timestamp(session.last_used_time)),
        client_address: session.client_address,
        browser: session.browser,
        is_this: session.is_this,
    }
}

pub fn agency_person(listed: store::person::Listed) -> pb::AgencyPerson {
    pb::AgencyPerson {
        person: Some(person(&listed.officer)),
        login: listed.login,
        locked_until_time: listed.locked_until.map(timestamp),
        sessions: u32::try_from(listed.sessions).unwrap_or(u32::MAX),
    }
}

pub fn audit_entry(entry: ListedEntry) -> pb::AuditEntry {
    pb::AuditEntry {
        sequence: unsigned(entry.sequence),
        entry_time: Some(timestamp(entry.entry_time)),
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        entry_hash: hex::encode(entry.entry_hash),
    }
}

#[cfg(test)]
mod tests {
    use ids::{AgencyId, CaseId, ClaimId, ClarificationId};
    use signoff::version::Version;

    use super::*;

    #[test]
    fn every_field_of_what_is_signed_is_told() {
        let claim = ClaimId::mint();
        let content = Content {
            version: Version::Two,
            agency: AgencyId::mint(),
            case: CaseId::mint(),
            clarification: ClarificationId::mint(),
            revision: 8_701,
            kind: "甲种".into(),
            verdict: "乙结论".into(),
            response_level: "丙级".into(),
            automatic_answer: true,
            claim_sentence: "丁句".into(),
            claims: [claim].into(),
            not_before: 8_702,
            not_after: 8_703,
            valid_until: 8_704,
            renditions: vec![signoff::content::Rendition {
                channel: "戊道".into(),
                title: "己题".into(),
                summary: "庚摘".into(),
                body: "辛文".into(),
                pictures: vec![[0xAB; 32]],
            }],
        };
        let told = format!("{:?}", signed_content(content.clone()));
        for token in
            ["甲种", "乙结论", "丙级", "丁句", "8701", "8702", "8703", "8704", "automatic_answer: true"]
        {
            assert!(told.contains(token), "{token} is not in {told}");
        }
        for token in ["戊道", "己题", "庚摘", "辛文", &"ab".repeat(32), &claim.to_string()] {
            assert!(told.contains(token), "{token} is not in {told}");
        }
        for id in [content.agency.as_uuid(), content.case.as_uuid(), content.clarification.as_uuid()] {
            assert!(told.contains(&id.to_string()), "{id} is not in {told}");
        }
    }
}
