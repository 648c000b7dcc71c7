//! The events that approval emits, and what it reads out of the events that it consumes.

use contracts::approval::v1 as pb;
use contracts::{classification, publish};
use ids::{AgencyId, ClaimId, ClarificationId};
use signoff::bundle::{Bundle, Signature, Signed};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::correct_claims::SplitCase;
use crate::domain::alarm::AlarmKind;
use crate::domain::case::CaseFile;
use crate::domain::content::Place;
use crate::domain::halt::HaltScope;
use crate::domain::officer::Officer;
use crate::domain::publication::PublicationState;
use crate::domain::revision::Step;
use crate::follow_messages::CorrectedMessage;
use crate::order_halt::OrderHalt;
use crate::resume_answer::Suspension;
use crate::store::alarm::Alarm;
use crate::store::case::ClaimCounts;
use crate::store::publication::Reported;

/// Where a claim without a hint stands among those of equal urgency: in the middle.
const NO_HINT: i32 = 50;

/// A kept step as part of a bundle.
pub fn signed_statement(step: &Step) -> Signed {
    Signed {
        document: step.statement.clone(),
        signatures: vec![Signature { key: Some(step.key), bytes: step.signature }],
    }
}

/// Everything that lets anyone verify a signed clarification.
pub fn clarification_signed(place: Place, claim: Option<ClaimId>, bundle: Bundle) -> pb::ClarificationSigned {
    pb::ClarificationSigned {
        agency_id: place.agency.to_string(),
        case_id: place.case.to_string(),
        claim_id: claim.map(|claim| claim.to_string()).unwrap_or_default(),
        clarification_id: place.clarification.to_string(),
        revision: place.revision,
        content: bundle.content,
        statements: bundle.statements.into_iter().map(signed).collect(),
        enrolments: bundle.enrolments.into_iter().map(signed).collect(),
        policy: Some(signed(bundle.policy)),
    }
}

fn signed(signed: Signed) -> pb::clarification_signed::Signed {
    let signatures = signed.signatures.into_iter().map(|signature| pb::clarification_signed::Signature {
        key_id: signature.key.map(|key| key.to_string()).unwrap_or_default(),
        signature: signature.bytes.to_vec(),
    });
    pb::clarification_signed::Signed { document: signed.document, signatures: signatures.collect() }
}

/// A signed clarification must not go out any more.
pub fn clarification_revoked(place: Place, reason: &str, signed_order: Vec<u8>) -> pb::ClarificationRevoked {
    pb::ClarificationRevoked {
        agency_id: place.agency.to_string(),
        case_id: place.case.to_string(),
        clarification_id: place.clarification.to_string(),
        revision: place.revision,
        reason: reason.to_owned(),
        signed_order,
    }
}

/// A case was closed without a clarification.
pub fn case_dismissed(agency: AgencyId, case: &CaseFile) -> pb::CaseDismissed {
    pb::CaseDismissed {
        agency_id: agency.to_string(),
        case_id: case.case.to_string(),
        claim_id: case.claim.map(|claim| claim.to_string()).unwrap_or_default(),
    }
}

fn corrected(
    agency: AgencyId,
    correction: u64,
    now: OffsetDateTime,
    decision: pb::claim_corrected::Decision,
) -> pb::ClaimCorrected {
    pb::ClaimCorrected {
        agency_id: agency.to_string(),
        correction,
        decide_time: Some(grpc::timestamp(now)),
        decision: Some(decision),
    }
}

/// A claim's reports belong to another.
pub fn claims_merged(
    agency: AgencyId,
    correction: u64,
    now: OffsetDateTime,
    claim: ClaimId,
    into: ClaimId,
) -> pb::ClaimCorrected {
    let merge = pb::claim_corrected::Merge { claim_id: claim.to_string(), into_claim_id: into.to_string() };
    corrected(agency, correction, now, pb::claim_corrected::Decision::Merge(merge))
}

/// Some of a claim's reports are about something else.
pub fn claim_split(
    agency: AgencyId,
    correction: u64,
    now: OffsetDateTime,
    claim: ClaimId,
    new: ClaimId,
    split: &SplitCase,
) -> pb::ClaimCorrected {
    let split = pb::claim_corrected::Split {
        claim_id: claim.to_string(),
        new_claim_id: new.to_string(),
        report_ids: split.reports.iter().map(ToString::to_string).collect(),
        sentence: split.sentence.clone(),
    };
    corrected(agency, correction, now, pb::claim_corrected::Decision::Split(split))
}

/// A claim is for other departments.
pub fn claim_rerouted(
    officer: &Officer,
    correction: u64,
    now: OffsetDateTime,
    claim: ClaimId,
    departments: &[String],
) -> pb::ClaimCorrected {
    let reroute = pb::claim_corrected::Reroute {
        claim_id: claim.to_string(),
        departments: departments.to_vec(),
        person_id: officer.person.to_string(),
    };
    corrected(officer.agency, correction, now, pb::claim_corrected::Decision::Reroute(reroute))
}

/// An automatic answer is on again.
pub fn answer_resumed(
    agency: AgencyId,
    clarification: ClarificationId,
    suspension_revision: i64,
) -> pb::AnswerResumed {
    pb::AnswerResumed {
        agency_id: agency.to_string(),
        clarification_id: clarification.to_string(),
        suspension_revision: suspension_revision.unsigned_abs(),
    }
}

/// An officer stopped something.
pub fn halt_ordered(
    officer: &Officer,
    halt: &OrderHalt,
    signed_order: Option<&[u8]>,
    now: OffsetDateTime,
) -> pb::HaltOrdered {
    use pb::halt_scope::Scope;

    let scope = match &halt.scope {
        HaltScope::Clarification(clarification) => Scope::ClarificationId(clarification.to_string()),
        HaltScope::Account(account) => Scope::Account(account.clone()),
        HaltScope::AutomaticAnswers => Scope::AutomaticAnswers(true),
        HaltScope::Everything => Scope::Everything(true),
    };
    pb::HaltOrdered {
        agency_id: officer.agency.to_string(),
        halt_id: halt.halt.to_string(),
        scope: Some(pb::HaltScope { scope: Some(scope) }),
        reason: halt.reason.clone(),
        person_id: officer.person.to_string(),
        order_time: Some(grpc::timestamp(now)),
        signed_order: signed_order.unwrap_or_default().to_vec(),
    }
}

/// A lead ended halts.
pub fn halt_lifted(agency: AgencyId, lift: Uuid, signed_order: &[u8]) -> pb::HaltLifted {
    pb::HaltLifted {
        agency_id: agency.to_string(),
        lift_id: lift.to_string(),
        signed_order: signed_order.to_vec(),
    }
}

/// What is wrong with an event that cannot be understood.
pub type Unreadable = String;

/// Words from outside, without the one character that the database does not take: it must not stop a queue.
fn words(text: &str) -> String {
    text.replace('\0', "")
}

/// A claim, as an event describes it. An opened claim is older than any growth of it.
pub fn claim_counts(
    claim: Option<classification::v1::Claim>,
    claim_state_revision: u64,
) -> Result<ClaimCounts, Unreadable> {
    let claim = claim.ok_or("the event has no claim")?;
    Ok(ClaimCounts {
        claim: claim.claim_id.parse().map_err(|_| "claim_id is no UUID")?,
        claim_state_revision: i64::try_from(claim_state_revision)
            .map_err(|_| "state_revision is out of range")?,
        sentence: words(&claim.sentence),
        report_count: i64::try_from(claim.report_count).map_err(|_| "report_count is out of range")?,
        urgency: i32::try_from(claim.urgency.min(100)).map_err(|_| "urgency is out of range")?,
        order_hint: claim.order_hint.map_or(NO_HINT, |hint| hint.min(100).cast_signed()),
        departments: claim.departments.iter().map(|department| words(department)).collect(),
        named_until: claim.named_until_time.and_then(grpc::instant),
    })
}

/// An alarm, as an event describes it.
pub fn alarm(event: classification::v1::AlarmRaised) -> Result<Alarm, Unreadable> {
    let raise_time = event.raised_time.and_then(grpc::instant).ok_or("raised_time is missing")?;
    Ok(Alarm {
        report: event.report_id.parse().map_err(|_| "report_id is no UUID")?,
        masked_text: words(&event.masked_text),
        raise_time,
        kind: AlarmKind::Help,
    })
}

/// An automatic answer, as an event describes it.
pub fn suspension(event: &classification::v1::SuspensionChanged) -> Result<Suspension, Unreadable> {
    Ok(Suspension {
        clarification: event.clarification_id.parse().map_err(|_| "clarification_id is no UUID")?,
        suspension_revision: i64::try_from(event.state_revision)
            .map_err(|_| "state_revision is out of range")?,
        suspended: event.suspended,
        wrong: event.wrong_count,
        answered: event.answered_count,
        doubted: event.doubted,
    })
}

/// What an officer said of a message, as an event describes it.
pub fn corrected_message(
    event: &classification::v1::MessageCorrected,
) -> Result<CorrectedMessage, Unreadable> {
    Ok(CorrectedMessage {
        report: event.report_id.parse().map_err(|_| "report_id is no UUID")?,
        previous: intent(event.previous_intent())?,
        intent: intent(event.intent())?,
        person: event.person_id.parse().map_err(|_| "person_id is no UUID")?,
        time: event.decide_time.and_then(grpc::instant).ok_or("decide_time is missing")?,
    })
}

fn intent(intent: classification::v1::Intent) -> Result<&'static str, Unreadable> {
    use classification::v1::Intent;
    Ok(match intent {
        Intent::Unspecified => return Err("the intent is none that we know".to_owned()),
        Intent::Report => "report",
        Intent::Question => "question",
        Intent::Complaint => "complaint",
        Intent::Help => "help",
        Intent::Observation => "observation",
        Intent::Other => "other",
    })
}

/// A publication, as an event describes it.
pub fn reported(event: publish::v1::PublicationChanged) -> Result<Reported, Unreadable> {
    let publication = event.publication.ok_or("the event has no publication")?;
    let state = state(publication.state())?;
    Ok(Reported {
        publication: publication.publication_id.parse().map_err(|_| "publication_id is no UUID")?,
        case: publication.case_id.parse().map_err(|_| "case_id is no UUID")?,
        clarification: publication.clarification_id.parse().map_err(|_| "clarification_id is no UUID")?,
        revision: i64::try_from(publication.revision).map_err(|_| "revision is out of range")?,
        channel: words(&publication.channel),
        account: words(&publication.account),
        state,
        reason: words(&publication.reason),
        state_revision: i64::try_from(publication.state_revision)
            .map_err(|_| "state_revision is out of range")?,
    })
}

fn state(state: publish::v1::publication::State) -> Result<PublicationState, Unreadable> {
    use PublicationState as Ours;
    use publish::v1::publication::State as Theirs;
    Ok(match state {
        Theirs::Unspecified => return Err("the publication's state is none that we know".to_owned()),
        Theirs::Planned => Ours::Planned,
        Theirs::Sending => Ours::Sending,
        Theirs::Uncertain => Ours::Uncertain,
        Theirs::Accepted => Ours::Accepted,
        Theirs::Confirmed => Ours::Confirmed,
        Theirs::Failed => Ours::Failed,
        Theirs::Halted => Ours::Halted,
        Theirs::Refused => Ours::Refused,
        Theirs::Withdrawn => Ours::Withdrawn,
        Theirs::NeedsPerson => Ours::NeedsPerson,
    })
}
