//! The service's RPCs: request, command, response. What people may ask is checked here; what follows is the use
//! cases' business.

use std::collections::HashMap;

use contracts::publish::v1 as pb;
use contracts::publish::v1::publish_service_server::PublishService;
use grpc::{Caller, PageToken, Refusal, Role, brief, page_size, parse_id, rights, timestamp};
use ids::{CaseId, HaltId, PublicationId};
use messaging::Waker;
use runtime::Clock;
use signoff::verify_order::OrderRefused;
use sqlx::{PgPool, Postgres, Transaction};
use time::Duration;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::agency::Agencies;
use crate::deed::{Action, Deed};
use crate::domain::calendar::beijing_day;
use crate::domain::halt::{Scope, Signing};
use crate::domain::publication::Publication;
use crate::orders::ResumeError;
use crate::resolve::{Resolve, resolve};
use crate::sender::Wakes;
use crate::status::{database, order_refused, request_reused};
use crate::store::attempt::Attempt;
use crate::store::halt::{InForce, Order};
use crate::store::order::Refused;
use crate::store::request::Claimed;
use crate::{orders, stop, store};

/// An officer's words are a sentence or two.
const WORDS_CHARACTERS_MAX: usize = 1000;

/// A slug is short.
const SLUG_CHARACTERS_MAX: usize = 100;

/// Halts in force that are listed.
const HALTS_SHOWN_MAX: usize = 200;

/// Orders that did not count are listed for so long.
const REFUSED_SHOWN_FOR: Duration = Duration::days(30);

/// And so many of them.
const REFUSED_SHOWN_MAX: i64 = 20;

/// Answers the RPCs.
pub struct Api {
    /// The service's database.
    pub pool: PgPool,
    /// The agencies of this installation.
    pub agencies: Agencies,
    /// The time.
    pub clock: Clock,
    /// Woken after a commit.
    pub wakes: Wakes,
    /// Woken after a commit.
    pub relay: Waker,
}

/// Whoever works in the office may read, and so may the suite itself.
const READERS: &[Role] = &[
    Role::DutyOfficer,
    Role::Drafter,
    Role::Reviewer,
    Role::Signer,
    Role::Administrator,
    Role::Auditor,
    Role::Service,
];

impl Api {
    async fn tx(&self, caller: &Caller) -> Result<Transaction<'static, Postgres>, Status> {
        ::database::agency_tx(&self.pool, caller.agency).await.map_err(|error| database(&error))
    }

    async fn commit(&self, tx: Transaction<'static, Postgres>, caller: &Caller) -> Result<(), Status> {
        tx.commit().await.map_err(|error| database(&error))?;
        self.wakes.wake(caller.agency);
        self.relay.wake();
        Ok(())
    }
}

#[tonic::async_trait]
impl PublishService for Api {
    async fn list_publications(
        &self,
        request: Request<pb::ListPublicationsRequest>,
    ) -> Result<Response<pb::ListPublicationsResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(READERS)?;
        let request = request.into_inner();
        let case: Option<CaseId> = match request.case_id.as_str() {
            "" => None,
            case => {
                tracing::Span::current().record(telemetry::attribute::CASE_ID, case);
                Some(parse_id("case_id", case)?)
            }
        };
        let size = page_size(request.page_size)?;
        let before: Option<i64> = PageToken::decode(&request.page_token)?;
        let mut tx = self.tx(&caller).await?;
        let mut page = store::publication::list(&mut tx, case, before, size + 1)
            .await
            .map_err(|error| database(&error))?;
        let more = page.len() > usize::try_from(size).unwrap_or(usize::MAX);
        if more {
            page.pop();
        }
        let next_page_token =
            page.last().filter(|_| more).map(|(sequence, _)| PageToken::encode(sequence)).unwrap_or_default();
        let ids: Vec<Uuid> = page.iter().map(|(_, publication)| publication.id.as_uuid()).collect();
        let attempts =
            store::attempt::list(&mut tx, caller.agency, &ids).await.map_err(|error| database(&error))?;
        let mut by_publication: HashMap<PublicationId, Vec<pb::publication::Attempt>> = HashMap::new();
        for attempt in attempts {
            by_publication.entry(attempt.publication).or_default().push(attempt.into());
        }
        let publications = page.into_iter().map(|(_, publication)| pb::Publication {
            attempts: by_publication.remove(&publication.id).unwrap_or_default(),
            ..(&publication).into()
        });
        Ok(Response::new(pb::ListPublicationsResponse {
            publications: publications.collect(),
            next_page_token,
        }))
    }

    async fn list_accounts(
        &self,
        request: Request<pb::ListAccountsRequest>,
    ) -> Result<Response<pb::ListAccountsResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(READERS)?;
        let Some(agency) = self.agencies.get(caller.agency) else {
            return Err(Refusal::not_found("agency").into());
        };
        let mut tx = self.tx(&caller).await?;
        let halts = store::halt::in_force(&mut tx).await.map_err(|error| database(&error))?;
        let today = beijing_day(self.clock.now());
        let mut accounts = Vec::with_capacity(agency.accounts.len());
        for facts in &agency.accounts {
            let slug = &facts.account.slug;
            let (quota_left, quota_total) = match facts.daily_quota {
                Some(total) => {
                    let total = i64::from(total);
                    let used =
                        store::push::used(&mut tx, slug, today).await.map_err(|error| database(&error))?;
                    ((total - used).max(0), total)
                }
                None => (-1, -1),
            };
            accounts.push(pb::Account {
                account: slug.clone(),
                channel: facts.account.channel.as_str().to_owned(),
                display_name: facts.display_name.clone(),
                quota_left,
                quota_total,
                halted: halts.iter().any(|halt| {
                    halt.scope == Scope::Everything || halt.scope == Scope::Account(slug.clone())
                }),
            });
        }
        let all_halted = halts.iter().any(|halt| halt.scope == Scope::Everything);
        let since = self.clock.now() - REFUSED_SHOWN_FOR;
        let refused = store::order::refused(&mut tx, since, REFUSED_SHOWN_MAX).await;
        let refused = refused.map_err(|error| database(&error))?;
        Ok(Response::new(pb::ListAccountsResponse {
            accounts,
            all_halted,
            halts: halts.into_iter().take(HALTS_SHOWN_MAX).map(pb::HaltInForce::from).collect(),
            refused_orders: refused.into_iter().map(pb::RefusedOrder::from).collect(),
        }))
    }

    async fn halt(&self, request: Request<pb::HaltRequest>) -> Result<Response<pb::HaltResponse>, Status> {
        use pb::halt_request::Scope as Asked;
        let caller = Caller::of(&request)?;
        caller.require(rights::HALT)?;
        let request = request.into_inner();
        let scope = match request.scope {
            Some(Asked::ClarificationId(clarification)) => {
                Scope::Clarification(parse_id("clarification_id", &clarification)?)
            }
            Some(Asked::Account(account)) => account_scope(account)?,
            Some(Asked::Everything(true)) => Scope::Everything,
            Some(Asked::Everything(false)) | None => return Err(scope_missing()),
        };
        let id: HaltId = parse_id("request_id", &request.request_id)?;
        // Stopping is faster than speaking: whatever the words are, it stops.
        let order = Order {
            id,
            scope,
            reason: brief(&request.reason),
            ordered_by: caller.display_name.clone(),
            signing: Signing::Told,
        };
        let mut tx = self.tx(&caller).await?;
        store::gate::close(&mut tx, caller.agency).await.map_err(|error| database(&error))?;
        take_id(&mut tx, &caller, &order).await?;
        let now = self.clock.now();
        // The first time only: a halt that came as approval's event is in the trail already.
        let known = store::halt::known(&mut tx, order.id).await.map_err(|error| database(&error))?.is_some();
        let effect = stop::halt(&mut tx, caller.agency, &order, now).await?;
        if !known {
            let subjects = [("halt", order.id.to_string()), scope_named(&order.scope)];
            let action = Action::PublicationsHalted;
            let deed =
                Deed { caller: &caller, action, subjects: &subjects, reason: &order.reason, time: now };
            deed.record(&mut tx).await.map_err(|error| database(&error))?;
        }
        let stopped = read_many(&mut tx, &effect.stopped).await?;
        let already_out = read_many(&mut tx, &effect.already_out).await?;
        self.commit(tx, &caller).await?;
        runtime::crash_point!("publish.halt.after_commit");
        Ok(Response::new(pb::HaltResponse { stopped, already_out }))
    }

    async fn resume(
        &self,
        request: Request<pb::ResumeRequest>,
    ) -> Result<Response<pb::ResumeResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::RESUME)?;
        let Some(agency) = self.agencies.get(caller.agency) else {
            return Err(order_refused(&OrderRefused::Foreign));
        };
        let mut tx = self.tx(&caller).await?;
        store::gate::close(&mut tx, caller.agency).await.map_err(|error| database(&error))?;
        let now = self.clock.now();
        let resumed = orders::resume(&mut tx, agency, &request.into_inner().signed_order, now).await;
        if let Err(ResumeError::Database(error)) = &resumed {
            return Err(database(error));
        }
        // Also where it does not count: people are to see that one came. The deed itself, who let go on and why, is in
        // the trail since the order was given.
        self.commit(tx, &caller).await?;
        match resumed {
            Err(ResumeError::Refused(refused)) => Err(order_refused(&refused)),
            _ => Ok(Response::new(pb::ResumeResponse {})),
        }
    }

    async fn resolve_uncertain(
        &self,
        request: Request<pb::ResolveUncertainRequest>,
    ) -> Result<Response<pb::ResolveUncertainResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::RESOLVE)?;
        let command = Resolve::try_from(request.into_inner())?;
        let mut tx = self.tx(&caller).await?;
        store::gate::close(&mut tx, caller.agency).await.map_err(|error| database(&error))?;
        let publication = resolve(&mut tx, &command, &caller, self.clock.now()).await?;
        self.commit(tx, &caller).await?;
        tracing::Span::current().record(telemetry::attribute::CASE_ID, publication.case.to_string());
        Ok(Response::new(pb::ResolveUncertainResponse { publication: Some((&publication).into()) }))
    }
}

/// Takes a halt's id. An id of something else is refused, and so is that of a halt that is over: whoever sends a form
/// of yesterday again must not believe that it stops anything.
async fn take_id(
    tx: &mut Transaction<'static, Postgres>,
    caller: &Caller,
    order: &Order,
) -> Result<(), Status> {
    let asked = order.scope.to_string();
    let request = store::request::Request { id: order.id.as_uuid(), operation: "halt", asked };
    let taken = async {
        let claimed = store::request::claim(tx, caller.agency, &request).await?;
        let known = store::halt::known(tx, order.id).await?;
        let is_other = known.is_some_and(|known| known.is_over || known.scope != order.scope);
        let is_over = store::order::lift_of(tx, order.id, &order.scope).await?.is_some();
        Ok(claimed == Claimed::Mismatch || is_other || is_over)
    };
    match taken.await.map_err(|error: sqlx::Error| database(&error))? {
        true => Err(request_reused()),
        false => Ok(()),
    }
}

async fn read_many(
    tx: &mut Transaction<'static, Postgres>,
    publications: &[Uuid],
) -> Result<Vec<pb::Publication>, Status> {
    let read = store::publication::read_many(tx, publications).await.map_err(|error| database(&error))?;
    Ok(read.iter().map(|publication: &Publication| publication.into()).collect())
}

/// What a halt is about, as the trail names it.
fn scope_named(scope: &Scope) -> (&'static str, String) {
    let id = match scope {
        Scope::Clarification(clarification) => clarification.to_string(),
        Scope::Account(account) => account.clone(),
        Scope::Everything => String::new(),
    };
    (scope.as_str(), id)
}

fn account_scope(account: String) -> Result<Scope, Status> {
    if account.is_empty() || account.chars().count() > SLUG_CHARACTERS_MAX {
        return Err(
            Refusal::invalid("account", "account 不是有效的账号。", "account must name an account.").into()
        );
    }
    Ok(Scope::Account(account))
}

fn scope_missing() -> Status {
    Refusal::invalid("scope", "请说明停发或恢复的范围。", "Say what stops or goes on.").into()
}

fn words(field: &'static str, text: &str) -> Result<String, Status> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > WORDS_CHARACTERS_MAX {
        return Err(Refusal::invalid(
            field,
            format!("请填写说明（1至{WORDS_CHARACTERS_MAX}字）。"),
            format!("{field} must have 1 to {WORDS_CHARACTERS_MAX} characters."),
        )
        .into());
    }
    Ok(text.to_owned())
}

impl TryFrom<pb::ResolveUncertainRequest> for Resolve {
    type Error = Status;

    fn try_from(request: pb::ResolveUncertainRequest) -> Result<Self, Status> {
        Ok(Self {
            request: parse_id("request_id", &request.request_id)?,
            publication: parse_id("publication_id", &request.publication_id)?,
            expected_state_revision: request.expected_state_revision,
            is_public: request.is_public,
            note: words("note", &request.note)?,
        })
    }
}

impl From<InForce> for pb::HaltInForce {
    fn from(halt: InForce) -> Self {
        use pb::halt_in_force::{Scope as Shown, Signing as Known};
        let signing = match halt.signing.as_str() {
            "signed" => Known::Signed,
            "unsigned" => Known::Unsigned,
            _ => Known::Told,
        };
        Self {
            halt_id: halt.id.to_string(),
            scope: Some(match halt.scope {
                Scope::Clarification(clarification) => Shown::ClarificationId(clarification.to_string()),
                Scope::Account(account) => Shown::Account(account),
                Scope::Everything => Shown::Everything(true),
            }),
            reason: halt.reason,
            ordered_by: halt.ordered_by,
            order_time: Some(timestamp(halt.order_time)),
            signing: signing.into(),
            unsigned_reason: halt.unsigned_reason,
        }
    }
}

impl From<Refused> for pb::RefusedOrder {
    fn from(refused: Refused) -> Self {
        Self {
            command: refused.command,
            reason: refused.reason,
            detail: refused.detail,
            refuse_time: Some(timestamp(refused.refuse_time)),
        }
    }
}

impl From<Attempt> for pb::publication::Attempt {
    fn from(attempt: Attempt) -> Self {
        Self {
            operation: attempt.operation,
            begun_time: Some(timestamp(attempt.begun_time)),
            outcome: attempt.outcome,
            detail: attempt.detail,
        }
    }
}
