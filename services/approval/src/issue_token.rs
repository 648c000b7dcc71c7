//! Short-lived tokens for who has a session or a client's secret, and the end of a session.

use grpc::{Audience, Caller};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};

use crate::audit;
use crate::desk::{Desk, commit};
use crate::domain::audit::Entry;
use crate::domain::officer::{Officer, Role};
use crate::secrets::CarriedSecret;
use crate::store::person::NameKind;
use crate::store::session::{Live, Session};
use crate::store::{self, StoreError};

/// A session that nobody used for this long has ended.
pub const IDLE_MAX: Duration = Duration::minutes(30);
/// A session ends this long after the sign-in, used or not.
pub const SIGNED_IN_MAX: Duration = Duration::hours(12);
/// How long a token speaks for its caller: revoking takes this long at most.
const TOKEN_LIFETIME: std::time::Duration = std::time::Duration::from_secs(60);

/// Tokens for a person.
pub struct PersonTokens {
    /// For the metadata, one for each service that was asked for.
    pub tokens: Vec<String>,
    /// When they end.
    pub expire_time: OffsetDateTime,
    /// Who it speaks for.
    pub officer: Officer,
    /// The agency's name.
    pub agency_name: String,
    /// How many other sessions of the person have not ended.
    pub other_sessions: i64,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum IssueTokenError {
    /// The session has ended, or never was.
    #[error("there is no such session any more")]
    NoSession,
    /// The client or its secret is wrong.
    #[error("unknown client or wrong secret")]
    UnknownClient,
    /// The token could not be signed.
    #[error("no token could be signed")]
    Unsigned(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Role> for grpc::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::DutyOfficer => Self::DutyOfficer,
            Role::Checker => Self::Checker,
            Role::Drafter => Self::Drafter,
            Role::Reviewer => Self::Reviewer,
            Role::Signer => Self::Signer,
            Role::Administrator => Self::Administrator,
            Role::Auditor => Self::Auditor,
        }
    }
}

impl Desk {
    /// Turns a session into a token for each of these services, of which none can use another's. Where a page asks by
    /// itself (`unattended`), the session's idle time goes on.
    ///
    /// # Errors
    /// `NoSession` when it has ended.
    pub async fn issue_token(
        &self,
        session_secret: &str,
        audiences: &[Audience],
        unattended: bool,
    ) -> Result<PersonTokens, IssueTokenError> {
        let secret = CarriedSecret::read(session_secret).ok_or(IssueTokenError::NoSession)?;
        let mut tx = self.begin(secret.agency).await?;
        let live = live(self.now());
        let session =
            store::session::use_live(&mut tx, secret.agency, &secret.sha256(), &live, unattended).await?;
        let session = session.ok_or(IssueTokenError::NoSession)?;
        commit(tx).await?;
        let caller = Caller {
            agency: session.officer.agency,
            person: Some(session.officer.person),
            role: session.officer.role.into(),
            display_name: session.officer.display_name.clone(),
        };
        let mut expire_time = self.now() + TOKEN_LIFETIME;
        let mut tokens = Vec::with_capacity(audiences.len());
        for audience in audiences {
            let (token, ends) = self.issue(&caller, *audience)?;
            tokens.push(token);
            expire_time = expire_time.min(ends);
        }
        Ok(PersonTokens {
            tokens,
            expire_time,
            officer: session.officer,
            agency_name: session.agency_name,
            other_sessions: session.other_sessions,
        })
    }

    /// Turns a client's secret into a token for ingest.
    ///
    /// # Errors
    /// `UnknownClient`, whatever is wrong.
    pub async fn issue_client_token(
        &self,
        client: &str,
        secret: &SecretString,
    ) -> Result<(String, OffsetDateTime), IssueTokenError> {
        let agency = store::person::agency_of_name(&self.pool, NameKind::Client, client).await?;
        let agency = agency.ok_or(IssueTokenError::UnknownClient)?;
        let mut tx = self.begin(agency).await?;
        let stored = store::person::client_secret_sha256(&mut tx, client).await?;
        commit(tx).await?;
        // A client's secret is random and long, so a plain hash does.
        let shown: [u8; 32] = Sha256::digest(secret.expose_secret()).into();
        if !stored.is_some_and(|stored| bool::from(stored.ct_eq(&shown))) {
            return Err(IssueTokenError::UnknownClient);
        }
        let caller =
            Caller { agency, person: None, role: grpc::Role::Client, display_name: client.to_owned() };
        // What a client may do is all ingest's.
        self.issue(&caller, Audience::Ingest)
    }

    fn issue(
        &self,
        caller: &Caller,
        audience: Audience,
    ) -> Result<(String, OffsetDateTime), IssueTokenError> {
        self.issuer
            .issue(caller, &[audience], TOKEN_LIFETIME)
            .map_err(|error| IssueTokenError::Unsigned(error.into()))
    }

    /// Ends a session. One that has ended already is as good.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sign_out(&self, session_secret: &str) -> Result<(), IssueTokenError> {
        let Some(secret) = CarriedSecret::read(session_secret) else { return Ok(()) };
        let mut tx = self.begin(secret.agency).await?;
        if let Some(name) = store::session::delete(&mut tx, &secret.sha256()).await? {
            let entry = Entry {
                time: self.now(),
                actor: name,
                action: "person.signed_out",
                subject: "session".to_owned(),
            };
            audit::record(&mut tx, secret.agency, &[entry]).await?;
        }
        Ok(commit(tx).await?)
    }
}

/// The session of a secret, used now.
pub async fn live_session(
    tx: &mut sqlx::PgConnection,
    secret: &CarriedSecret,
    now: OffsetDateTime,
) -> Result<Option<Session>, StoreError> {
    store::session::use_live(tx, secret.agency, &secret.sha256(), &live(now), false).await
}

/// Which sessions have not ended now.
pub fn live(now: OffsetDateTime) -> Live {
    Live { idle_since: now - IDLE_MAX, signed_in_since: now - SIGNED_IN_MAX, now }
}
