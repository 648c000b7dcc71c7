//! Ids that cross a service boundary: one newtype per thing, so that a case can never be taken for a claim.
//!
//! They name things and nothing else. Ids order nothing (design G5): a UUIDv7's time only keeps database
//! pages warm.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Mints a new id (UUIDv7).
            #[must_use]
            pub fn mint() -> Self {
                Self(Uuid::now_v7())
            }

            /// Names the thing that already has this UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID, for SQL and encodings.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    )+};
}

ids! {
    /// One agency (单位): the tenant that every row and event belongs to.
    AgencyId,
    /// One answer to one reporter.
    AnswerId,
    /// One call to a platform.
    AttemptId,
    /// One case (工单).
    CaseId,
    /// One claim (网传内容).
    ClaimId,
    /// One clarification (辟谣稿), in all its revisions.
    ClarificationId,
    /// One event on the bus.
    EventId,
    /// One finding (核查反馈).
    FindingId,
    /// One halt (停发).
    HaltId,
    /// One signing key.
    KeyId,
    /// One message (留言).
    MessageId,
    /// One person of the office.
    PersonId,
    /// One revision on one channel account.
    PublicationId,
    /// One reporter (留言人), by pseudonym.
    ReporterId,
    /// One report (线索).
    ReportId,
    /// One sign-in.
    SessionId,
}
