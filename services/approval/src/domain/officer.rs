//! The people of an office, as its rules see them.

use ids::{AgencyId, PersonId};

use super::words::words;

words! {
    /// What a person may do. One person holds one role.
    pub enum Role {
        /// 值班员: the queue, urgency, findings, halt.
        DutyOfficer = "duty_officer",
        /// 核查员: a subject department's checker.
        Checker = "checker",
        /// 拟稿人: drafts, and first review where policy allows it.
        Drafter = "drafter",
        /// 复审人: second review.
        Reviewer = "reviewer",
        /// 终审人: sign-off.
        Signer = "signer",
        /// 管理员: people and policy; no step of the chain.
        Administrator = "administrator",
        /// 审计员: reads everything, changes nothing.
        Auditor = "auditor",
    }
}

impl Role {
    /// True for the roles that no policy can give a step of the chain (G6).
    #[must_use]
    pub const fn never_signs(self) -> bool {
        matches!(self, Self::Administrator | Self::Auditor)
    }
}

/// A person of the agency, known from a verified token or from the session's own row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Officer {
    /// The agency.
    pub agency: AgencyId,
    /// The person.
    pub person: PersonId,
    /// The one role.
    pub role: Role,
    /// The name on every page and in the audit trail.
    pub display_name: String,
}
