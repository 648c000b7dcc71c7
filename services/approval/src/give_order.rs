//! An officer's order, signed with the officer's own key: what makes a halt, a resumption or a revocation theirs, and
//! not the word of whoever can write to the bus. The session opens the key; no code is asked for, so that stopping is
//! as fast as it was.

use signoff::bundle::Signed;
use signoff::key::RootKey;
use signoff::malformed::Malformed;
use signoff::order::{Command, Order, SignedOrder};
use signoff::policy::{Policy, policy_hash};
use signoff::verify::Trust;
use signoff::verify_order::{OrderRefused, verify_order};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::desk::Desk;
use crate::domain::officer::Officer;
use crate::sign_step::POLICY_VERSION_MIN;
use crate::signatory::{NoKey, enrolments_behind};
use crate::store::{self, StoreError};

/// Why an order was not signed.
#[derive(Debug, thiserror::Error)]
pub enum NotGiven {
    /// The person's key is not at hand.
    #[error("the person's key is not at hand")]
    NoKey(#[source] NoKey),
    /// The policy in force or the agency's root key is missing or cannot be read.
    #[error("the policy in force or the agency's root key is missing or cannot be read")]
    NoPapers,
    /// The order cannot be written in canonical form.
    #[error("the order cannot be written in canonical form")]
    Unwritable(#[from] Malformed),
    /// Nobody would obey it.
    #[error("the order does not verify")]
    Refused(#[from] OrderRefused),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NoKey> for NotGiven {
    fn from(no_key: NoKey) -> Self {
        match no_key {
            NoKey::Store(error) => Self::Store(error),
            no_key @ (NoKey::NoSession | NoKey::Sealed(_)) => Self::NoKey(no_key),
        }
    }
}

/// An order to be signed.
pub struct ToGive<'a> {
    /// Its id.
    pub id: Uuid,
    /// What it says; a resumption's end is set here.
    pub command: Command,
    /// Why.
    pub reason: &'a str,
}

impl Desk {
    /// Signs an order and verifies it as whoever obeys it will. Gives it as it travels.
    ///
    /// # Errors
    /// Whatever keeps it from being signed; nothing is changed then.
    pub async fn give_order(
        &self,
        tx: &mut PgConnection,
        officer: &Officer,
        session_secret: &str,
        order: ToGive<'_>,
        now: OffsetDateTime,
    ) -> Result<Vec<u8>, NotGiven> {
        let agency = officer.agency;
        let signatory = self.signatory(tx, officer, session_secret, now).await?;
        let policy = store::key::policy(tx, agency).await?.ok_or(NotGiven::NoPapers)?;
        let terms = Policy::decode(&policy.document).map_err(|_| NotGiven::NoPapers)?;
        let root = store::agency::get(tx, agency)
            .await?
            .and_then(|agency| RootKey::from_bytes(&agency.root_public_key).ok())
            .ok_or(NotGiven::NoPapers)?;
        let now_ms = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
        let command = match order.command {
            Command::Lift { scope, halts, .. } => {
                Command::Lift { scope, halts, expires_at_ms: now_ms.saturating_add(terms.lifetime_ms()) }
            }
            stops @ (Command::Halt(_) | Command::Revoke { .. }) => stops,
        };
        let document = Order {
            agency,
            id: order.id,
            command,
            reason: order.reason.to_owned(),
            person: signatory.officer.person,
            key: signatory.key,
            role: signatory.officer.role.as_str().to_owned(),
            policy_hash: policy_hash(&policy.document),
            given_at_ms: now_ms,
        }
        .encode()?;
        let signature = signatory.signing_key.sign(&document, Some(signatory.key));
        let signed = SignedOrder {
            enrolments: enrolments_behind(tx, agency, [signatory.key].into_iter(), &policy, now_ms).await?,
            order: Signed { document, signatures: vec![signature] },
            policy,
        };
        verify_order(&signed, &Trust { agency, root, policy_version_min: POLICY_VERSION_MIN }, now)?;
        Ok(signed.encode()?)
    }

    /// The same, for what must not wait for a signature: `None` where it cannot be signed.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn give_order_if_possible(
        &self,
        tx: &mut PgConnection,
        officer: &Officer,
        session_secret: &str,
        order: ToGive<'_>,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (id, command) = (order.id, order.command.as_str());
        match self.give_order(tx, officer, session_secret, order, now).await {
            Ok(signed) => Ok(Some(signed)),
            Err(NotGiven::Store(away @ StoreError::Database(_))) => Err(away),
            Err(not_given) => {
                let error = &not_given as &dyn std::error::Error;
                tracing::error!(error, "the {command} {id} could not be signed, and is given unsigned");
                Ok(None)
            }
        }
    }
}
