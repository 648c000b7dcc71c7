//! Rules over gRPC: officers read and try them; administrators, and for urgency those who may set a case's
//! urgency, change them. Judging itself is `judgement`'s.

use contracts::classification::v1 as pb;
use contracts::classification::v1::rules_service_server::RulesService;
use grpc::{Caller, PageToken, Refusal, page_size, parse_id, rights};
use ids::AgencyId;
use judgement::intent::Held;
use judgement::normalise::normalise;
use judgement::profile::Profile;
use judgement::rulebook::{Kind, Rulebook};
use judgement::rules_file::{Row, Slot};
use judgement::urgency::urgency;
use messaging::Waker;
use runtime::Clock;
use sqlx::{PgPool, Postgres, Transaction};
use tonic::{Request, Response, Status};

use crate::decide::BEIJING;
use crate::events::{intent_message, reason_message};
use crate::grpc::reader;
use crate::rulebook::{Origin, Rulebooks};
use crate::set_rules::{self, SetRules, Wanted};
use crate::status::{failed, rules_unusable};
use crate::store::rules::{self, Version};

/// Characters of a message that is tried.
const TRIED_CHARS_MAX: usize = 100_000;
/// Rules shown beside the one that decided.
const OTHERS_MAX: usize = 20;
/// Places shown of one rule's words.
const RANGES_MAX: usize = 300;

/// The service over this service's own database.
pub struct Service {
    /// As the running role.
    pub pool: PgPool,
    /// The rules in force.
    pub rulebooks: Rulebooks,
    /// When a version was saved.
    pub clock: Clock,
    /// Sends what follows from it.
    pub waker: Waker,
}

impl Service {
    async fn begin(&self, agency: AgencyId) -> Result<Transaction<'static, Postgres>, Status> {
        database::agency_tx(&self.pool, agency).await.map_err(|error| failed(&error))
    }

    async fn set(
        &self,
        caller: Caller,
        request_id: &str,
        kind: Kind,
        expected_version: u64,
        wanted: Wanted,
    ) -> Result<pb::RulesVersion, Status> {
        caller.require(if kind == Kind::Urgency { rights::SET_URGENCY_RULES } else { rights::SET_RULES })?;
        // A change has an author; only people have these roles, and a token without a person is none of theirs.
        let Some(author) = caller.person else {
            caller.require(&[])?;
            return Err(Refusal::not_found("person").into());
        };
        let command = SetRules {
            request: parse_id("request_id", request_id)?,
            kind,
            expected_version: number(expected_version),
            wanted,
            author,
            caller,
        };
        let mut tx = self.begin(command.caller.agency).await?;
        let version = set_rules::set(&mut tx, command, self.clock.now()).await?;
        tx.commit().await.map_err(|error| failed(&error))?;
        self.waker.wake();
        Ok(version_message(kind, &version, true))
    }
}

#[tonic::async_trait]
impl RulesService for Service {
    async fn get_rulebook(
        &self,
        request: Request<pb::GetRulebookRequest>,
    ) -> Result<Response<pb::GetRulebookResponse>, Status> {
        let caller = reader(&request)?;
        let mut tx = self.begin(caller.agency).await?;
        let current = self.rulebooks.current(&mut tx, caller.agency).await;
        let current = current.map_err(|error| failed(&error))?;
        let mut all = Vec::with_capacity(Kind::ALL.len());
        for kind in Kind::ALL {
            let origin = current.origin(kind);
            let found = rules::get(&mut tx, caller.agency, kind, origin.version()).await;
            let found = found.map_err(|error| failed(&error))?;
            all.push(rules_message(
                kind,
                found,
                current.rulebook.rows(kind),
                matches!(origin, Origin::Unusable(_)),
                true,
            ));
        }
        Ok(Response::new(pb::GetRulebookResponse { rules: all }))
    }

    async fn set_rules(
        &self,
        request: Request<pb::SetRulesRequest>,
    ) -> Result<Response<pb::SetRulesResponse>, Status> {
        let caller = changer(&request)?;
        let request = request.into_inner();
        let kind = kind_of("kind", request.kind)?;
        let wanted = Wanted::Text(request.text);
        let version = self.set(caller, &request.request_id, kind, request.expected_version, wanted).await?;
        Ok(Response::new(pb::SetRulesResponse { version: Some(version) }))
    }

    async fn list_rules_versions(
        &self,
        request: Request<pb::ListRulesVersionsRequest>,
    ) -> Result<Response<pb::ListRulesVersionsResponse>, Status> {
        let caller = reader(&request)?;
        let request = request.into_inner();
        let kind = kind_of("kind", request.kind)?;
        let size = page_size(request.page_size)?;
        let before: Option<i64> = PageToken::decode(&request.page_token)?;
        let mut tx = self.begin(caller.agency).await?;
        let current = self.rulebooks.current(&mut tx, caller.agency).await;
        let in_force = current.map_err(|error| failed(&error))?.origin(kind).version();
        let listed = rules::list(&mut tx, caller.agency, kind, before, size + 1).await;
        let mut listed = listed.map_err(|error| failed(&error))?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = listed.len() > size;
        listed.truncate(size);
        let last = listed.last().filter(|_| more);
        let next_page_token = last.map(|last| PageToken::encode(&last.version)).unwrap_or_default();
        let mut versions: Vec<pb::RulesVersion> = listed
            .iter()
            .map(|version| version_message(kind, version, version.version == in_force))
            .collect();
        if !more {
            versions.push(built_in_version(kind, in_force == 0));
        }
        Ok(Response::new(pb::ListRulesVersionsResponse { versions, next_page_token }))
    }

    async fn get_rules_version(
        &self,
        request: Request<pb::GetRulesVersionRequest>,
    ) -> Result<Response<pb::GetRulesVersionResponse>, Status> {
        let caller = reader(&request)?;
        let request = request.into_inner();
        let kind = kind_of("kind", request.kind)?;
        let mut tx = self.begin(caller.agency).await?;
        let current = self.rulebooks.current(&mut tx, caller.agency).await;
        let in_force = current.map_err(|error| failed(&error))?.origin(kind).version();
        let version = number(request.version);
        let found =
            rules::get(&mut tx, caller.agency, kind, version).await.map_err(|error| failed(&error))?;
        if version != 0 && found.is_none() {
            return Err(Refusal::not_found("version of the rules").into());
        }
        let mut rulebook = Rulebook::built_in();
        let unusable = found.as_ref().is_some_and(|(_, text)| rulebook.set(kind, text).is_err());
        let rules = rules_message(kind, found, rulebook.rows(kind), unusable, version == in_force);
        Ok(Response::new(pb::GetRulesVersionResponse { rules: Some(rules) }))
    }

    async fn restore_rules_version(
        &self,
        request: Request<pb::RestoreRulesVersionRequest>,
    ) -> Result<Response<pb::RestoreRulesVersionResponse>, Status> {
        let caller = changer(&request)?;
        let request = request.into_inner();
        let kind = kind_of("kind", request.kind)?;
        let wanted = Wanted::Restored(number(request.version));
        let version = self.set(caller, &request.request_id, kind, request.expected_version, wanted).await?;
        Ok(Response::new(pb::RestoreRulesVersionResponse { version: Some(version) }))
    }

    async fn try_message(
        &self,
        request: Request<pb::TryMessageRequest>,
    ) -> Result<Response<pb::TryMessageResponse>, Status> {
        let caller = reader(&request)?;
        let request = request.into_inner();
        if request.text.chars().count() > TRIED_CHARS_MAX {
            return Err(Refusal::invalid(
                "text",
                format!("这段话太长：最多试{TRIED_CHARS_MAX}个字。"),
                format!("This text is too long: {TRIED_CHARS_MAX} characters at most can be tried."),
            )
            .into());
        }
        let mut tx = self.begin(caller.agency).await?;
        let current = self.rulebooks.current(&mut tx, caller.agency).await;
        let mut rulebook = current.map_err(|error| failed(&error))?.rulebook.clone();
        if request.unsaved_kind != i32::from(pb::RulesKind::Unspecified) {
            let kind = kind_of("unsaved_kind", request.unsaved_kind)?;
            rulebook.set(kind, &request.unsaved_text).map_err(|error| rules_unusable(&error))?;
        }
        Ok(Response::new(tried(&rulebook, &request.text, self.clock.now().to_offset(BEIJING).date())))
    }
}

/// Who asks for a change, if any rules at all are this role's to change.
fn changer<T>(request: &Request<T>) -> Result<Caller, Status> {
    let caller = Caller::of(request)?;
    caller.require(rights::SET_URGENCY_RULES)?;
    Ok(caller)
}

/// What the rules make of a message.
fn tried(rulebook: &Rulebook, message: &str, today: time::Date) -> pb::TryMessageResponse {
    let text = normalise(message);
    let profile = Profile::of(&text);
    let explained = rulebook.intent.explain(message, &text, profile.informative);
    let of_words = rulebook.urgency.of_words(&text, &profile.facts, today);
    let route = rulebook.routing.route(&text, None);
    pb::TryMessageResponse {
        intent: intent_message(explained.judged.intent).into(),
        reason: Some(reason_message(&explained.judged.reason)),
        decided_by: explained.decided_by.map(|held| held_message(&held, &text)),
        others: explained.others.iter().take(OTHERS_MAX).map(|held| held_message(held, &text)).collect(),
        urgency: urgency(&of_words),
        urgency_reasons: of_words.iter().map(reason_message).collect(),
        departments: route.departments,
        routing_reasons: route.reasons.iter().map(reason_message).collect(),
        danger: explained.judged.danger.as_ref().map(reason_message),
        normalised_text: text,
    }
}

fn held_message(held: &Held<'_>, text: &str) -> pb::HeldRule {
    let mut words: Vec<String> = held.hits.iter().map(|hit| hit.word.to_owned()).collect();
    words.sort_unstable();
    words.dedup();
    // A text has 2 000 characters at most, so counting them anew for each place is nothing.
    let place = |byte: usize| u32::try_from(text[..byte].chars().count()).unwrap_or(u32::MAX);
    let ranges = held.hits.iter().take(RANGES_MAX);
    pb::HeldRule {
        name: held.name.to_owned(),
        intent: intent_message(held.intent).into(),
        says: held.says.to_owned(),
        words,
        ranges: ranges.map(|hit| pb::TextRange { start: place(hit.start), end: place(hit.end) }).collect(),
    }
}

fn kind_of(field: &'static str, value: i32) -> Result<Kind, Status> {
    match pb::RulesKind::try_from(value) {
        Ok(pb::RulesKind::Intent) => Ok(Kind::Intent),
        Ok(pb::RulesKind::Urgency) => Ok(Kind::Urgency),
        Ok(pb::RulesKind::Routing) => Ok(Kind::Routing),
        Ok(pb::RulesKind::Unspecified) | Err(_) => Err(Refusal::invalid(
            field,
            format!("{field} 要写明是哪一种规则：意图、热度或去向。"),
            format!("{field} must say which rules: intent, urgency or routing."),
        )
        .into()),
    }
}

const fn kind_message(kind: Kind) -> pb::RulesKind {
    match kind {
        Kind::Intent => pb::RulesKind::Intent,
        Kind::Urgency => pb::RulesKind::Urgency,
        Kind::Routing => pb::RulesKind::Routing,
    }
}

/// A version's number as it is kept. One that is out of range is nobody's version.
fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn version_message(kind: Kind, version: &Version, active: bool) -> pb::RulesVersion {
    pb::RulesVersion {
        kind: kind_message(kind).into(),
        version: version.version.unsigned_abs(),
        author_name: version.author_name.clone(),
        save_time: Some(grpc::timestamp(version.saved_time)),
        restored_version: version.restored_version.map(i64::unsigned_abs),
        active,
    }
}

fn built_in_version(kind: Kind, active: bool) -> pb::RulesVersion {
    pb::RulesVersion { kind: kind_message(kind).into(), active, ..pb::RulesVersion::default() }
}

/// A version with its text; without one, what the program was built with.
fn rules_message(
    kind: Kind,
    found: Option<(Version, String)>,
    rows: &[Row],
    unusable: bool,
    active: bool,
) -> pb::Rules {
    let (version, text) = match found {
        Some((version, text)) => (version_message(kind, &version, active), text),
        None => (built_in_version(kind, active), kind.built_in().to_owned()),
    };
    pb::Rules { version: Some(version), text, rows: rows.iter().map(row_message).collect(), unusable }
}

fn row_message(row: &Row) -> pb::RulesRow {
    use pb::rules_row::WordList;
    use pb::rules_row::word_list::Slot as S;
    let slot = |slot: Slot| match slot {
        Slot::Any => S::Any,
        Slot::With => S::With,
        Slot::Unless => S::Unless,
        Slot::Whole => S::Whole,
        Slot::Subject => S::Subject,
        Slot::Also => S::Also,
        Slot::Hint => S::Hint,
        Slot::List => S::List,
    };
    pb::RulesRow {
        name: row.name.clone(),
        line: u32::try_from(row.line).unwrap_or(u32::MAX),
        intent: row.intent.map_or(pb::Intent::Unspecified, intent_message).into(),
        says: row.says.clone(),
        points: row.points,
        departments: row.departments.clone(),
        until: row.until.map(|until| until.to_string()).unwrap_or_default(),
        lists: row
            .lists
            .iter()
            .map(|(part, words)| WordList { slot: slot(*part).into(), words: words.clone() })
            .collect(),
    }
}
