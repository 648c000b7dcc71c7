//! A person with the key in hand: what a live session opens, and the papers that let anyone verify what it signs.

use ids::{AgencyId, KeyId};
use signoff::bundle::Signed;
use signoff::enrolment::Enrolment;
use signoff::key::SigningKey;
use signoff::sealed::{self, SealError};
use signoff::verify::ENROLMENTS_MAX;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::desk::Desk;
use crate::domain::officer::Officer;
use crate::issue_token::live_session;
use crate::secrets::CarriedSecret;
use crate::store::{self, StoreError};

/// A person with the key in hand.
pub struct Signatory {
    /// The person.
    pub officer: Officer,
    /// The key's name.
    pub key: KeyId,
    /// The key.
    pub signing_key: SigningKey,
}

/// Why there is no key in hand.
#[derive(Debug, thiserror::Error)]
pub enum NoKey {
    /// The session has ended or is another person's.
    #[error("there is no such session of this person")]
    NoSession,
    /// The person's key does not open.
    #[error("what is sealed for this person does not open")]
    Sealed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// The person's key, out of the session that its secret opens.
    ///
    /// # Errors
    /// When there is no such session of `officer`, or the key does not open.
    pub async fn signatory(
        &self,
        tx: &mut PgConnection,
        officer: &Officer,
        session_secret: &str,
        now: OffsetDateTime,
    ) -> Result<Signatory, NoKey> {
        let secret = CarriedSecret::read(session_secret)
            .filter(|secret| secret.agency == officer.agency)
            .ok_or(NoKey::NoSession)?;
        let session = live_session(tx, &secret, now)
            .await?
            .filter(|session| session.officer.person == officer.person)
            .ok_or(NoKey::NoSession)?;
        let key = store::key::of_person(tx, officer.person).await?.ok_or(NoKey::NoSession)?;
        let seed = sealed::unseal_for_session(
            &session.seed_sealed,
            &secret.bytes,
            self.pepper.bytes(),
            key.key.as_uuid().as_bytes(),
        )
        .map_err(|error: SealError| NoKey::Sealed(error.into()))?;
        // The row is newer than the token: a role that was taken away in between signs nothing.
        Ok(Signatory { officer: session.officer, key: key.key, signing_key: SigningKey::from_seed(&seed) })
    }
}

/// The enrolments behind what these keys and the policy's administrators signed, and those of the other
/// administrators: whoever verifies must be able to see that no third one took a step under another key.
pub async fn enrolments_behind(
    tx: &mut PgConnection,
    agency: AgencyId,
    signers: impl Iterator<Item = KeyId>,
    policy: &Signed,
    now_ms: i64,
) -> Result<Vec<Signed>, StoreError> {
    let administrators = policy.signatures.iter().filter_map(|signature| signature.key);
    let mut keys: Vec<KeyId> = signers.chain(administrators).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut enrolments = store::key::enrolments(tx, &keys).await?;
    let others = store::key::enrolments_of_administrators(tx, agency, &keys).await?;
    let room = ENROLMENTS_MAX.saturating_sub(enrolments.len());
    enrolments.extend(others.into_iter().filter(|enrolment| counts_at(enrolment, now_ms)).take(room));
    Ok(enrolments)
}

/// An enrolment that has ended would keep everything from verifying, and says nothing any more.
fn counts_at(enrolment: &Signed, instant_ms: i64) -> bool {
    Enrolment::decode(&enrolment.document)
        .is_ok_and(|enrolment| (enrolment.not_before_ms..=enrolment.not_after_ms).contains(&instant_ms))
}
