//! Who is calling: always from the verified token, never from a field of a request.

use ids::{AgencyId, PersonId};
use serde::{Deserialize, Serialize};
use tonic::{Code, Status};

use crate::Refusal;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 值班员.
    DutyOfficer,
    /// 核查员.
    Checker,
    /// 拟稿人.
    Drafter,
    /// 复审人.
    Reviewer,
    /// 终审人.
    Signer,
    /// 管理员.
    Administrator,
    /// 审计员.
    Auditor,
    /// A hotline desk or a partner's system.
    Client,
    /// One of the suite's own services.
    Service,
}

impl Role {
    /// Its word, as tokens and the audit trail have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DutyOfficer => "duty_officer",
            Self::Checker => "checker",
            Self::Drafter => "drafter",
            Self::Reviewer => "reviewer",
            Self::Signer => "signer",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
            Self::Client => "client",
            Self::Service => "service",
        }
    }

    /// The roles of an officer on duty in the press office: who may see the work and stop it.
    pub const OFFICERS: &'static [Self] = &[Self::DutyOfficer, Self::Drafter, Self::Reviewer, Self::Signer];

    /// The roles of the press office's own people: who may read. Not the checker, who is another department's.
    pub const STAFF: &'static [Self] =
        &[Self::DutyOfficer, Self::Drafter, Self::Reviewer, Self::Signer, Self::Administrator, Self::Auditor];

    /// Every role of a person.
    pub const PEOPLE: &'static [Self] = &[
        Self::DutyOfficer,
        Self::Checker,
        Self::Drafter,
        Self::Reviewer,
        Self::Signer,
        Self::Administrator,
        Self::Auditor,
    ];
}

/// A verified caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The agency that the call is about; there is no other way to name one.
    pub agency: AgencyId,
    /// The person; `None` for clients and services.
    pub person: Option<PersonId>,
    /// What it may do.
    pub role: Role,
    /// The name shown to people and written to the audit trail.
    pub display_name: String,
}

impl Caller {
    /// The caller that the server's token check found.
    ///
    /// # Errors
    /// UNAUTHENTICATED when the request carried no token.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Status> {
        request.extensions().get::<Self>().cloned().ok_or_else(|| unauthenticated().into())
    }

    /// Who acts: the person, or the name of what is none.
    #[must_use]
    pub fn actor(&self) -> String {
        self.person.map_or_else(|| self.display_name.clone(), |person| person.to_string())
    }

    /// Lets only `roles` go on.
    ///
    /// # Errors
    /// PERMISSION_DENIED for every other role.
    pub fn require(&self, roles: &[Role]) -> Result<(), Status> {
        if roles.contains(&self.role) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::PermissionDenied,
            "ROLE_NOT_ALLOWED",
            "您的角色不能做这一步，请由有此职责的同事办理。",
            "Your role may not do this; a colleague whose role allows it has to.",
        )
        .into())
    }
}

pub(crate) fn unauthenticated() -> Refusal {
    Refusal::new(
        Code::Unauthenticated,
        "SIGN_IN_NEEDED",
        "登录已过期或未登录，请重新登录。",
        "You are not signed in, or your session has ended; sign in again.",
    )
}
