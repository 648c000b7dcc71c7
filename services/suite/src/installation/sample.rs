//! The sample office of 青岚县, which does not exist: roles with names, keys, a policy, and a few signed words,
//! all plainly marked 演示.

use std::collections::BTreeMap;

use approval::domain::draft::{Draft, Kind, ResponseLevel, Verdict};
use approval::domain::officer::Role;
use approval::provision::{ClientPlan, ContentPlan, PersonPlan, Provision};
use secrecy::SecretString;

use super::Installation;
use crate::demo::words;
use crate::import::CLIENT_ID;

/// The agency's name.
pub const AGENCY_NAME: &str = "青岚县辟谣平台（演示）";
/// What case and receipt numbers begin with.
pub const CODE_PREFIX: &str = "QL";
/// The WeChat account's slug.
pub const WECHAT_ACCOUNT: &str = "qinglan-wechat";
/// Its name.
pub const WECHAT_NAME: &str = "青岚发布（演示）";
/// The microblog account's slug.
pub const WEIBO_ACCOUNT: &str = "qinglan-weibo";
/// Its name.
pub const WEIBO_NAME: &str = "青岚发布-演示";

/// A person of the sample office.
#[derive(Debug, Clone, Copy)]
pub struct Colleague {
    /// The sign-in name.
    pub login: &'static str,
    /// The name on every page.
    pub display_name: &'static str,
    /// The role.
    pub role: Role,
    /// The department that a checker checks for; empty for everybody else.
    pub department: &'static str,
}

const fn person(
    login: &'static str,
    display_name: &'static str,
    role: Role,
    department: &'static str,
) -> Colleague {
    Colleague { login, display_name, role, department }
}

const COLLEAGUES: &[Colleague] = &[
    person("duty", "演示·值班员", Role::DutyOfficer, ""),
    person("checker", "演示·核查员（应急管理局）", Role::Checker, "县应急管理局"),
    person("drafter", "演示·拟稿人", Role::Drafter, ""),
    person("reviewer", "演示·复审人", Role::Reviewer, ""),
    person("signer", "演示·终审人（带班领导）", Role::Signer, ""),
    person("admin", "演示·管理员", Role::Administrator, ""),
    person("admin2", "演示·管理员（二）", Role::Administrator, ""),
    person("auditor", "演示·审计员", Role::Auditor, ""),
];

/// Everybody in the sample office.
#[must_use]
pub const fn colleagues() -> &'static [Colleague] {
    COLLEAGUES
}

/// What the operator's ceremony makes of it.
pub(super) fn plan(installation: &Installation) -> Provision {
    let secrets = installation.secrets();
    let person = |colleague: &Colleague| PersonPlan {
        login: colleague.login.to_owned(),
        display_name: colleague.display_name.to_owned(),
        role: colleague.role,
        department: colleague.department.to_owned(),
        password: secrets.people_password.clone().into(),
        totp_secret: secrets.totp.get(colleague.login).cloned(),
    };
    Provision {
        agency: secrets.agency_id,
        slug: "qinglan".to_owned(),
        name: AGENCY_NAME.to_owned(),
        code_prefix: CODE_PREFIX.to_owned(),
        root_seed: SecretString::from(secrets.root_seed.clone()),
        pepper: SecretString::from(secrets.pepper.clone()),
        people: colleagues().iter().map(person).collect(),
        clients: vec![ClientPlan {
            client_id: CLIENT_ID.to_owned(),
            secret: SecretString::from(secrets.client_secret.clone()),
        }],
        content: vec![
            ContentPlan { sentence: "常用答复".to_owned(), draft: standing_replies() },
            ContentPlan { sentence: words::B_SENTENCE.to_owned(), draft: known_clarification() },
        ],
    }
}

fn standing_replies() -> Draft {
    let replies = words::STANDING_REPLIES.map(|(key, text)| (key.to_owned(), text.to_owned()));
    Draft {
        title: "常用答复".to_owned(),
        standing_replies: BTreeMap::from(replies),
        ..empty(Kind::StandingReplies, ResponseLevel::AnswerOnly)
    }
}

/// On the page and for askers only: a push would use up the day's quota before the newcomer's first try.
fn known_clarification() -> Draft {
    Draft {
        title: words::B_TITLE.to_owned(),
        summary: words::B_SUMMARY.to_owned(),
        claim: words::B_CLAIM.to_owned(),
        check: words::B_CHECK.to_owned(),
        conclusion: words::B_CONCLUSION.to_owned(),
        basis: words::B_BASIS.to_owned(),
        advice: words::B_ADVICE.to_owned(),
        post: words::B_POST.to_owned(),
        verdict: Some(Verdict::False),
        automatic_answer: true,
        ..empty(Kind::Clarification, ResponseLevel::Publish)
    }
}

const fn empty(kind: Kind, response_level: ResponseLevel) -> Draft {
    Draft {
        title: String::new(),
        summary: String::new(),
        claim: String::new(),
        check: String::new(),
        conclusion: String::new(),
        basis: String::new(),
        advice: String::new(),
        post: String::new(),
        kind,
        response_level: Some(response_level),
        verdict: None,
        automatic_answer: false,
        standing_replies: BTreeMap::new(),
        valid_until: None,
    }
}
