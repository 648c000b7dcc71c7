//! The values of the contracts, each with the code that addresses and forms use and the words that people read.
//! Every value is listed, so that a new one must be worded before the crate compiles.

use contracts::approval::v1::{ClarificationKind, ResponseLevel, Role, Verdict, case, revision};
use contracts::classification::v1::{Intent, RulesKind};
use contracts::ingest::v1::answer;
use contracts::publish::v1::publication;

use crate::language::Words;
use crate::session::SignedIn;

/// A value with its code and its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Worded {
    pub code: &'static str,
    pub text: &'static str,
}

const fn worded(code: &'static str, text: &'static str) -> Worded {
    Worded { code, text }
}

/// What is not known to this version.
const UNKNOWN: Worded = worded("", "—");

pub(crate) fn role(role: Role, words: &Words) -> &'static str {
    match role {
        Role::Unspecified => UNKNOWN.text,
        Role::DutyOfficer => words.role_duty_officer,
        Role::Checker => words.role_checker,
        Role::Drafter => words.role_drafter,
        Role::Reviewer => words.role_reviewer,
        Role::Signer => words.role_signer,
        Role::Administrator => words.role_administrator,
        Role::Auditor => words.role_auditor,
        Role::Client => words.role_client,
    }
}

pub(crate) const CASE_STATES: [case::State; 10] = {
    use case::State as S;
    [
        S::Open,
        S::Checking,
        S::Found,
        S::Drafting,
        S::InReview,
        S::Signed,
        S::Published,
        S::NeedsPerson,
        S::Dismissed,
        S::Halted,
    ]
};

pub(crate) fn case_state(state: case::State, words: &Words) -> Worded {
    use case::State as S;
    match state {
        S::Unspecified => UNKNOWN,
        S::Open => worded("open", words.case_open),
        S::Checking => worded("checking", words.case_checking),
        S::Found => worded("found", words.case_found),
        S::Drafting => worded("drafting", words.case_drafting),
        S::InReview => worded("in_review", words.case_in_review),
        S::Signed => worded("signed", words.case_signed),
        S::Published => worded("published", words.case_published),
        S::NeedsPerson => worded("needs_person", words.case_needs_person),
        S::Dismissed => worded("dismissed", words.case_dismissed),
        S::Halted => worded("halted", words.case_halted),
    }
}

pub(crate) fn revision_state(state: revision::State, words: &Words) -> Worded {
    use revision::State as S;
    match state {
        S::Unspecified => UNKNOWN,
        S::Draft => worded("draft", words.revision_draft),
        S::Drafted => worded("drafted", words.revision_drafted),
        S::FirstReviewed => worded("first_reviewed", words.revision_first_reviewed),
        S::SecondReviewed => worded("second_reviewed", words.revision_second_reviewed),
        S::Signed => worded("signed", words.revision_signed),
        S::Returned => worded("returned", words.revision_returned),
        S::Superseded => worded("superseded", words.revision_superseded),
        S::Revoked => worded("revoked", words.revision_revoked),
    }
}

/// The steps of the chain, in order.
pub(crate) const STEPS: [&str; 4] = ["drafted", "first_reviewed", "second_reviewed", "signed"];

pub(crate) fn step(purpose: &str, words: &Words) -> &'static str {
    match purpose {
        "drafted" => words.step_drafted,
        "first_reviewed" => words.step_first_reviewed,
        "second_reviewed" => words.step_second_reviewed,
        "signed" => words.step_signed,
        _ => UNKNOWN.text,
    }
}

/// The four gates, in the order in which they are read.
pub(crate) const GATES: [&str; 4] = ["political", "legal", "secrecy", "text"];

pub(crate) const VERDICTS: [Verdict; 7] = [
    Verdict::False,
    Verdict::PartlyFalse,
    Verdict::Misleading,
    Verdict::Outdated,
    Verdict::Unsubstantiated,
    Verdict::True,
    Verdict::Pending,
];

pub(crate) fn verdict(verdict: Verdict, words: &Words) -> Worded {
    match verdict {
        Verdict::Unspecified => UNKNOWN,
        Verdict::False => worded("false", words.verdict_false),
        Verdict::PartlyFalse => worded("partly_false", words.verdict_partly_false),
        Verdict::Misleading => worded("misleading", words.verdict_misleading),
        Verdict::Outdated => worded("outdated", words.verdict_outdated),
        Verdict::Unsubstantiated => worded("unsubstantiated", words.verdict_unsubstantiated),
        Verdict::True => worded("true", words.verdict_true),
        Verdict::Pending => worded("pending", words.verdict_pending),
    }
}

pub(crate) const KINDS: [ClarificationKind; 5] = [
    ClarificationKind::Clarification,
    ClarificationKind::Response,
    ClarificationKind::Holding,
    ClarificationKind::Notice,
    ClarificationKind::StandingReplies,
];

pub(crate) fn kind(kind: ClarificationKind, words: &Words) -> Worded {
    match kind {
        ClarificationKind::Unspecified => UNKNOWN,
        ClarificationKind::Clarification => worded("clarification", words.kind_clarification),
        ClarificationKind::Response => worded("response", words.kind_response),
        ClarificationKind::Holding => worded("holding", words.kind_holding),
        ClarificationKind::Notice => worded("notice", words.kind_notice),
        ClarificationKind::StandingReplies => worded("standing_replies", words.kind_standing_replies),
    }
}

pub(crate) const LEVELS: [ResponseLevel; 5] = [
    ResponseLevel::AnswerOnly,
    ResponseLevel::Publish,
    ResponseLevel::Microblog,
    ResponseLevel::MassPush,
    ResponseLevel::Everything,
];

pub(crate) fn level(level: ResponseLevel, words: &Words) -> Worded {
    match level {
        ResponseLevel::Unspecified => UNKNOWN,
        ResponseLevel::AnswerOnly => worded("answer_only", words.level_answer_only),
        ResponseLevel::Publish => worded("publish", words.level_publish),
        ResponseLevel::Microblog => worded("microblog", words.level_microblog),
        ResponseLevel::MassPush => worded("mass_push", words.level_mass_push),
        ResponseLevel::Everything => worded("everything", words.level_everything),
    }
}

/// The intents of messages that open no claim.
pub(crate) const OTHER_INTENTS: [Intent; 5] =
    [Intent::Help, Intent::Question, Intent::Complaint, Intent::Observation, Intent::Other];

/// What a person may say that a message is.
pub(crate) const INTENTS: [Intent; 6] =
    [Intent::Report, Intent::Question, Intent::Complaint, Intent::Help, Intent::Observation, Intent::Other];

/// What this person may say that a message is; nothing for those who may not.
pub(crate) fn sayable(who: &SignedIn) -> Vec<Worded> {
    if !who.may(grpc::rights::LEAD) {
        return Vec::new();
    }
    INTENTS.into_iter().map(|said| intent(said, who.words())).collect()
}

pub(crate) fn intent(intent: Intent, words: &Words) -> Worded {
    match intent {
        Intent::Unspecified => UNKNOWN,
        Intent::Report => worded("report", words.intent_report),
        Intent::Question => worded("question", words.intent_question),
        Intent::Complaint => worded("complaint", words.intent_complaint),
        Intent::Help => worded("help", words.intent_help),
        Intent::Observation => worded("observation", words.intent_observation),
        Intent::Other => worded("other", words.intent_other),
    }
}

/// The kinds of rules, in the order in which a message meets them.
pub(crate) const RULES_KINDS: [RulesKind; 3] = [RulesKind::Intent, RulesKind::Urgency, RulesKind::Routing];

pub(crate) fn rules_kind(kind: RulesKind, words: &Words) -> Worded {
    match kind {
        RulesKind::Unspecified => UNKNOWN,
        RulesKind::Intent => worded("intent", words.rules_intent),
        RulesKind::Urgency => worded("urgency", words.rules_urgency),
        RulesKind::Routing => worded("routing", words.rules_routing),
    }
}

pub(crate) fn publication_state(state: publication::State, words: &Words) -> Worded {
    use publication::State as S;
    match state {
        S::Unspecified => UNKNOWN,
        S::Planned => worded("planned", words.publication_planned),
        S::Sending => worded("sending", words.publication_sending),
        S::Uncertain => worded("uncertain", words.publication_uncertain),
        S::Accepted => worded("accepted", words.publication_accepted),
        S::Confirmed => worded("confirmed", words.publication_confirmed),
        S::Failed => worded("failed", words.publication_failed),
        S::Halted => worded("halted", words.publication_halted),
        S::Refused => worded("refused", words.publication_refused),
        S::Withdrawn => worded("withdrawn", words.publication_withdrawn),
        S::NeedsPerson => worded("needs_person", words.publication_needs_person),
    }
}

pub(crate) fn attempt_outcome(outcome: &str, words: &Words) -> &'static str {
    match outcome {
        "accepted" => words.attempt_accepted,
        "refused" => words.attempt_refused,
        "unknown" => words.attempt_unknown,
        "begun" => words.attempt_begun,
        _ => UNKNOWN.text,
    }
}

pub(crate) fn answer_state(state: answer::State, words: &Words) -> Worded {
    use answer::State as S;
    match state {
        S::Unspecified => UNKNOWN,
        S::Pending => worded("pending", words.answer_pending),
        S::Sent => worded("sent", words.answer_sent),
        S::Replied => worded("replied", words.answer_replied),
        S::Unknown => worded("unknown", words.answer_unknown),
        S::Unreachable => worded("unreachable", words.answer_unreachable),
        S::Halted => worded("halted", words.answer_halted),
    }
}

/// The name of a rendition's channel; a standing reply's is its key's.
pub(crate) fn channel(channel: &str, words: &Words) -> String {
    match channel {
        "wechat" => words.channel_wechat.to_owned(),
        "weibo" => words.channel_weibo.to_owned(),
        "page" => words.channel_page.to_owned(),
        "answer" => words.channel_answer.to_owned(),
        "answer.auto" => words.channel_answer_automatic.to_owned(),
        other => match other.strip_prefix("standing.") {
            Some(key) => standing_reply(key, words).unwrap_or(other).to_owned(),
            None => other.to_owned(),
        },
    }
}

/// The name of a standing reply, by its key.
pub(crate) fn standing_reply(key: &str, words: &Words) -> Option<&'static str> {
    Some(match key {
        "receipt" => words.standing_receipt,
        "question" => words.standing_question,
        "complaint" => words.standing_complaint,
        "help" => words.standing_help,
        "observation" => words.standing_observation,
        "other" => words.standing_other,
        "welcome" => words.standing_welcome,
        _ => return None,
    })
}

/// The value that `code` stands for in a form, or the contract's unspecified one.
pub(crate) fn parse<T: Copy + Default>(code: &str, all: &[T], worded: impl Fn(T) -> Worded) -> T {
    all.iter().copied().find(|value| worded(*value).code == code).unwrap_or_default()
}

/// A choice of a form.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub code: &'static str,
    pub text: &'static str,
    pub chosen: bool,
}

/// The choices of a form, one of them perhaps chosen.
pub(crate) fn choices<T: Copy>(all: &[T], chosen: &str, worded: impl Fn(T) -> Worded) -> Vec<Choice> {
    all.iter()
        .map(|value| worded(*value))
        .map(|Worded { code, text }| Choice { code, text, chosen: code == chosen })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::language::Language;

    #[test]
    fn a_code_of_a_form_comes_back_as_its_value() {
        let words = Language::Chinese.words();
        for value in VERDICTS {
            assert_eq!(parse(verdict(value, words).code, &VERDICTS, |v| verdict(v, words)), value);
        }
        for value in LEVELS {
            assert_eq!(parse(level(value, words).code, &LEVELS, |v| level(v, words)), value);
        }
        for value in KINDS {
            assert_eq!(parse(kind(value, words).code, &KINDS, |v| kind(v, words)), value);
        }
        assert_eq!(parse("nonsense", &VERDICTS, |v| verdict(v, words)), Verdict::Unspecified);
    }

    #[test]
    fn every_channel_that_is_signed_for_has_a_name_of_its_own() {
        for words in [Language::Chinese, Language::English].map(Language::words) {
            let codes = ["wechat", "weibo", "page", "answer", "answer.auto", "standing.receipt"];
            let names: BTreeSet<_> = codes.iter().map(|code| channel(code, words)).collect();
            assert!(
                names.len() == codes.len() && codes.iter().all(|code| !names.contains(*code)),
                "{names:?}"
            );
        }
    }

    #[test]
    fn no_two_states_share_a_code() {
        let words = Language::English.words();
        let codes: BTreeSet<_> = CASE_STATES.iter().map(|state| case_state(*state, words).code).collect();
        assert_eq!(codes.len(), CASE_STATES.len());
    }
}
