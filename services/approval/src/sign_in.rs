//! Signing in: password and one-time code, and the person's key moved under the session's secret.
//!
//! A password is checked by opening the person's key with it; there is nothing else in the database to guess
//! against. Somebody unknown, a wrong password, a wrong or used code, a person whose codes must wait: all hear the
//! same. A name that nobody has goes the same way as one that somebody has, statement by statement: it is looked
//! for, its password is tried on a decoy, and the audit trail is told.
//!
//! Every attempt is counted before it is judged, and where it comes from: strangers' failures slow strangers down,
//! and neither a browser that signed in before nor anybody who is signed in. Only wrong codes after the right
//! password count for a person.

use ids::{AgencyId, KeyId};
use runtime::NotDone;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use signoff::sealed;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::alarms;
use crate::audit;
use crate::desk::{Desk, commit, deed};
use crate::domain::attempts::{CODES, CODES_FREE, SIGN_IN, TOLD, is_told};
use crate::domain::audit::Entry;
use crate::domain::officer::Officer;
use crate::issue_token::IDLE_MAX;
use crate::one_time_code;
use crate::secrets::{CarriedSecret, Device};
use crate::store::attempt::{self, Counted, Counter};
use crate::store::person::{CodeUse, Credentials};
use crate::store::session::NewSession;
use crate::store::{self, StoreError};

/// The same attempt sent again within this time is the same sign-in: a button that was pressed twice.
const SAME_ATTEMPT_WITHIN: Duration = Duration::seconds(10);

/// What a person shows.
pub struct SignIn {
    /// The sign-in name.
    pub login: String,
    /// The password.
    pub password: SecretString,
    /// The authenticator's digits.
    pub code: String,
    /// Where it comes from.
    pub from: Origin,
}

/// Where a sign-in comes from.
pub struct Origin {
    /// The network that it is counted by.
    pub network: String,
    /// The address, for the person's own list of sessions.
    pub client_address: String,
    /// What the browser was given when somebody signed in with it before.
    pub device_token: String,
    /// What one press of a button has in common; empty where nothing says so.
    pub attempt: String,
    /// What the browser is, in a few words.
    pub browser: String,
}

/// A session that has begun.
pub struct SignedIn {
    /// The session's secret.
    pub session_secret: String,
    /// Who signed in.
    pub officer: Officer,
    /// When the session ends if unused.
    pub expire_time: OffsetDateTime,
    /// By which the browser is known next time.
    pub device_token: String,
}

/// Why a person is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Not told apart on purpose.
    #[error("unknown name, wrong password or code, or too many wrong codes")]
    Refused,
    /// Too many failures from where this comes from. Says nothing about the name.
    #[error("too many sign-ins failed from there; wait {0}")]
    Wait(Duration),
    /// More sign-ins wait than may.
    #[error("too many sign-ins are waiting")]
    Busy,
    /// The person's authenticator secret does not open.
    #[error("what is sealed for this person does not open")]
    Sealed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The work of checking was cut off.
    #[error("the check was cut off")]
    CutOff(#[source] tokio::task::JoinError),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Signs a person in.
    ///
    /// # Errors
    /// `Refused` for every reason that lies with what was shown.
    pub async fn sign_in(&self, command: SignIn) -> Result<SignedIn, SignInError> {
        let now = self.now();
        let agency = store::person::agency_of_login(&self.pool, &command.login).await?;
        let agency = agency.ok_or(SignInError::Refused)?;
        let device = self.pepper.read_device_token(&command.from.device_token, now);
        let source = self.source(&command.from, device.as_ref());

        let mut tx = self.begin(agency).await?;
        let counted = attempt::count(&mut tx, &source, &SIGN_IN, now).await?;
        let person = store::person::credentials(&mut tx, agency, &command.login).await?;
        commit(tx).await?;
        if let Counted::Wait(until) = counted {
            return Err(SignInError::Wait(until - now));
        }

        let secret = CarriedSecret::random(agency);
        let (sealed, key) = match &person {
            Some(person) => (person.seed_sealed.clone(), person.key),
            None => (self.decoy.to_vec(), KeyId::from_uuid(Uuid::nil())),
        };
        let for_session = {
            let (pepper, password, session) = (self.pepper.clone(), command.password, secret.bytes.clone());
            let context = key.as_uuid();
            let move_key = move |memory: &mut sealed::Memory| {
                let password = password.expose_secret().as_bytes();
                let seed = sealed::unseal(&sealed, password, pepper.bytes(), context.as_bytes(), memory)?;
                sealed::seal_for_session(&seed, &session, pepper.bytes(), context.as_bytes())
            };
            self.stretching.run(device.is_some(), move_key).await
        };
        let for_session = match for_session {
            Ok(moved) => moved.ok(),
            Err(NotDone::Busy) => {
                let mut tx = self.begin(agency).await?;
                attempt::take_back(&mut tx, &source, now).await?;
                commit(tx).await?;
                return Err(SignInError::Busy);
            }
            Err(NotDone::CutOff(error)) => return Err(SignInError::CutOff(error)),
        };

        let mut tx = self.begin(agency).await?;
        let judged = match (&person, for_session) {
            (Some(person), Some(for_session)) => {
                let from = &command.from;
                self.judge_code(&mut tx, person, device.as_ref(), &command.code, from, now)
                    .await?
                    .map_or(Judged::Welcome(for_session), Judged::Refused)
            }
            _ => Judged::Refused(0),
        };
        match judged {
            Judged::Refused(wrong_codes) => {
                self.tell_refused(&mut tx, agency, person.as_ref(), wrong_codes, now).await?;
                commit(tx).await?;
                Err(SignInError::Refused)
            }
            Judged::Welcome(for_session) => {
                // `judge_code` was asked about a person.
                let officer = person.ok_or(SignInError::Refused)?.officer;
                attempt::take_back(&mut tx, &source, now).await?;
                let session = NewSession {
                    secret_sha256: secret.sha256(),
                    seed_sealed: &for_session,
                    client_address: &command.from.client_address,
                    browser: &command.from.browser,
                };
                store::session::insert(&mut tx, agency, officer.person, &session, now).await?;
                let subject = format!("person {}", officer.person);
                audit::record(&mut tx, agency, &[deed(&officer, now, "person.signed_in", subject)]).await?;
                commit(tx).await?;
                let device = device
                    .filter(|device| device.person == officer.person)
                    .unwrap_or_else(|| Device::new(officer.person));
                Ok(SignedIn {
                    session_secret: secret.text(),
                    officer,
                    expire_time: now + IDLE_MAX,
                    device_token: self.pepper.device_token(&device, now),
                })
            }
        }
    }

    /// What the attempt is counted by before anything is proved: the browser if it is a known one, else the
    /// network that it comes from.
    fn source(&self, from: &Origin, device: Option<&Device>) -> Counter {
        let key = match device {
            Some(device) => self.pepper.attempt_key("device", device.id.as_bytes()),
            None => self.pepper.attempt_key("network", from.network.as_bytes()),
        };
        Counter { key, agency: None, person: None }
    }

    /// Uses up the code of somebody whose password was right; otherwise says how many codes were wrong. Who
    /// guesses codes elsewhere does not keep the person from signing in with a browser of their own.
    async fn judge_code(
        &self,
        tx: &mut PgConnection,
        person: &Credentials,
        device: Option<&Device>,
        code: &str,
        from: &Origin,
        now: OffsetDateTime,
    ) -> Result<Option<i32>, SignInError> {
        let officer = &person.officer;
        let key = match device.filter(|device| device.person == officer.person) {
            Some(device) => self.pepper.attempt_key("code.device", &device.bytes()),
            None => self.pepper.attempt_key("code.person", officer.person.as_uuid().as_bytes()),
        };
        let codes = Counter { key, agency: Some(officer.agency), person: Some(officer.person) };
        let Counted::Attempt(wrong) = attempt::count(tx, &codes, &CODES, now).await? else {
            return Ok(Some(0));
        };
        let secret = self
            .pepper
            .open_totp_secret(officer.person, &person.totp_secret_sealed)
            .map_err(|error| SignInError::Sealed(error.into()))?;
        let step =
            one_time_code::step_of(&secret, code, now).map_err(|error| SignInError::Sealed(error.into()))?;
        let attempt: Option<[u8; 32]> =
            (!from.attempt.is_empty()).then(|| Sha256::digest(&from.attempt).into());
        let using = CodeUse { attempt: attempt.as_ref(), now, same_since: now - SAME_ATTEMPT_WITHIN };
        if let Some(step) = step
            && store::person::use_step(tx, officer.person, step, &using).await?
        {
            attempt::forget(tx, &codes).await?;
            return Ok(None);
        }
        Ok(Some(wrong))
    }

    /// Tells the audit trail of a refused attempt, with the same statements whether somebody has the name or not.
    async fn tell_refused(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        person: Option<&Credentials>,
        wrong_codes: i32,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let key = self.pepper.attempt_key("told", agency.as_uuid().as_bytes());
        let told = Counter { key, agency: Some(agency), person: None };
        let count = match attempt::count(tx, &told, &TOLD, now).await? {
            Counted::Attempt(count) => count,
            Counted::Wait(_) => 1,
        };
        if let Some(person) = person
            && wrong_codes > CODES_FREE
        {
            return tell_locked_out(tx, &person.officer, now).await;
        }
        if !is_told(count) {
            return Ok(());
        }
        let subject = match person {
            Some(person) => named(&person.officer),
            // The name is not kept: people type passwords into the wrong box.
            None => "unknown name".to_owned(),
        };
        audit::record(tx, agency, &[refused_attempt(subject, count, now)]).await
    }
}

/// What became of an attempt.
enum Judged {
    /// All is right; the person's key under the session's secret.
    Welcome(Vec<u8>),
    /// So many codes were wrong after the right password; none where it was something else.
    Refused(i32),
}

fn named(officer: &Officer) -> String {
    format!("person {} {}", officer.display_name, officer.person)
}

/// The audit trail's entry about a failed attempt. The machine tells it: who tried is not known.
fn refused_attempt(subject: String, count: i32, now: OffsetDateTime) -> Entry {
    let subject = if count > 1 { format!("{subject}; {count} without a quiet minute") } else { subject };
    Entry { time: now, actor: audit::SYSTEM.to_owned(), action: "person.attempt_refused", subject }
}

/// Tells of a wrong code at the sign-off: after too many, of the wait too.
pub async fn tell_wrong_code(
    tx: &mut PgConnection,
    officer: &Officer,
    wrong_codes: i32,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    if wrong_codes > CODES_FREE {
        return tell_locked_out(tx, officer, now).await;
    }
    audit::record(tx, officer.agency, &[refused_attempt(named(officer), 1, now)]).await
}

/// Tells everybody who may act that somebody guesses this person's codes: the trail, the office's alarms, the log.
async fn tell_locked_out(
    tx: &mut PgConnection,
    officer: &Officer,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    tracing::warn!(
        agency = %officer.agency,
        person = %officer.person,
        "wrong codes after the right password: the next ones must wait"
    );
    alarms::raise_locked_out(tx, officer, now).await?;
    let entry = Entry {
        time: now,
        actor: audit::SYSTEM.to_owned(),
        action: "person.locked_out",
        subject: named(officer),
    };
    audit::record(tx, officer.agency, &[entry]).await
}
