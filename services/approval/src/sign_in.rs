//! Signing in: password and one-time code, and the person's key moved under the session's secret.
//!
//! Somebody unknown, a wrong password, a wrong or used code, a person who is locked out: all hear the same,
//! after about the same time. Every attempt is counted before it is judged.

use secrecy::{ExposeSecret, SecretString};
use signoff::sealed;
use time::{Duration, OffsetDateTime};

use crate::audit;
use crate::desk::{Desk, commit, deed};
use crate::domain::audit::Entry;
use crate::domain::officer::Officer;
use crate::issue_token::{IDLE_MAX, SIGNED_IN_MAX};
use crate::one_time_code;
use crate::password;
use crate::secrets::CarriedSecret;
use crate::store::person::{NameKind, Person};
use crate::store::{self, StoreError};

/// Failed attempts until a person is locked out.
pub const ATTEMPTS_MAX: i32 = 5;
/// How long a person is locked out.
pub const LOCKED_OUT: Duration = Duration::minutes(10);

/// What a person shows.
pub struct SignIn {
    /// The sign-in name.
    pub login: String,
    /// The password.
    pub password: SecretString,
    /// The authenticator's digits.
    pub code: String,
}

/// A session that has begun.
pub struct SignedIn {
    /// The session's secret.
    pub session_secret: String,
    /// Who signed in.
    pub officer: Officer,
    /// When the session ends if unused.
    pub expire_time: OffsetDateTime,
}

/// Why a person is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Not told apart on purpose.
    #[error("unknown name, wrong password or code, or locked out")]
    Refused,
    /// The person's own key or authenticator secret does not open.
    #[error("what is sealed for this person does not open")]
    Sealed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The work of checking was cut off.
    #[error("the check was cut off")]
    CutOff(#[from] tokio::task::JoinError),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Signs a person in.
    ///
    /// # Errors
    /// `Refused` for every reason that lies with the caller.
    pub async fn sign_in(&self, command: SignIn) -> Result<SignedIn, SignInError> {
        let now = self.now();
        let agency = store::person::agency_of_name(&self.pool, NameKind::Person, &command.login).await?;
        let Some(agency) = agency else { return self.refuse_slowly(command.password).await };
        let mut tx = self.begin(agency).await?;
        let Some(person) = store::person::by_login(&mut tx, agency, &command.login).await? else {
            return self.refuse_slowly(command.password).await;
        };
        let id = person.officer.person;
        let attempts = store::person::count_attempt(&mut tx, id, now, ATTEMPTS_MAX, now + LOCKED_OUT).await?;
        let key = store::key::of_person(&mut tx, id).await?;
        commit(tx).await?;
        let Some(attempts) = attempts else { return self.refuse_slowly(command.password).await };

        let password = command.password.clone();
        let stored = person.password_hash.clone();
        let password_matches = self.slow_work.run(move || password::matches(&password, &stored)).await?;
        let step = self.step_of(&person, &command.code, now)?;
        let (true, Some(step), Some(key)) = (password_matches, step, key) else {
            return self.refuse(&person, attempts, now).await;
        };

        let secret = CarriedSecret::random(agency);
        let sealed_for_session = {
            let (pepper, password) = (self.pepper.clone(), command.password);
            let session_secret = secret.bytes.clone();
            let unseal_and_seal = move || {
                let context = key.key.as_uuid();
                let seed = sealed::unseal(
                    &key.seed_sealed,
                    password.expose_secret().as_bytes(),
                    pepper.bytes(),
                    context.as_bytes(),
                )?;
                sealed::seal_for_session(&seed, &session_secret, pepper.bytes(), context.as_bytes())
            };
            self.slow_work.run(unseal_and_seal).await?.map_err(|error| SignInError::Sealed(error.into()))?
        };

        let mut tx = self.begin(agency).await?;
        if !store::person::use_step(&mut tx, id, step).await? {
            drop(tx);
            return self.refuse(&person, attempts, now).await;
        }
        store::session::delete_ended(&mut tx, id, now - IDLE_MAX, now - SIGNED_IN_MAX).await?;
        store::session::insert(&mut tx, agency, id, &secret.sha256(), &sealed_for_session, now).await?;
        let entry = deed(&person.officer, now, "person.signed_in", format!("person {id}"));
        audit::record(&mut tx, agency, &[entry]).await?;
        commit(tx).await?;
        Ok(SignedIn { session_secret: secret.text(), officer: person.officer, expire_time: now + IDLE_MAX })
    }

    fn step_of(&self, person: &Person, code: &str, now: OffsetDateTime) -> Result<Option<i64>, SignInError> {
        let secret = self
            .pepper
            .open_totp_secret(person.officer.person, &person.totp_secret_sealed)
            .map_err(|error| SignInError::Sealed(error.into()))?;
        one_time_code::step_of(&secret, code, now).map_err(|error| SignInError::Sealed(error.into()))
    }

    async fn refuse_slowly(&self, password: SecretString) -> Result<SignedIn, SignInError> {
        self.slow_work.run(move || password::matches_nobody(&password)).await?;
        Err(SignInError::Refused)
    }

    async fn refuse(
        &self,
        person: &Person,
        attempts: i32,
        now: OffsetDateTime,
    ) -> Result<SignedIn, SignInError> {
        let mut tx = self.begin(person.officer.agency).await?;
        let entry = refused_attempt(&person.officer, attempts, now);
        audit::record(&mut tx, person.officer.agency, &[entry]).await?;
        commit(tx).await?;
        Err(SignInError::Refused)
    }
}

/// The audit trail's entry about a failed attempt. The machine tells it: who tried is not known.
pub fn refused_attempt(officer: &Officer, attempts: i32, now: OffsetDateTime) -> Entry {
    let action = if attempts >= ATTEMPTS_MAX { "person.locked_out" } else { "person.attempt_refused" };
    Entry {
        time: now,
        actor: audit::SYSTEM.to_owned(),
        action,
        subject: format!("person {} {}", officer.display_name, officer.person),
    }
}
