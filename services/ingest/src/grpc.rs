//! Requests in, responses out. Who is calling comes from the verified token, never from a field.

use contracts::ingest::v1 as pb;
use contracts::ingest::v1::import_reports_response::LineOutcome;
use contracts::ingest::v1::import_reports_response::line_outcome::Outcome;
use contracts::ingest::v1::ingest_service_server::IngestService;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use grpc::{Caller, PageToken, Refusal, Role, brief, page_size, parse_id, rights, timestamp};
use ids::{AgencyId, AnswerId, ClaimId, HaltId, ReportId};
use runtime::Clock;
use signoff::verify_order::OrderRefused;
use sqlx::PgPool;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use crate::accept::{Incoming, Intake};
use crate::agency::Agencies;
use crate::conflict::Conflict;
use crate::deed::{Action, Deed};
use crate::domain::answer::State;
use crate::domain::halt::{Scope, Signing};
use crate::domain::import_source::{Column, Source};
use crate::domain::receipt::{NotAReceipt, ReceiptNumber};
use crate::domain::report::{Channel, Checked, FieldError, Submission};
use crate::fetch::report_key;
use crate::halt::Halting;
use crate::import_source::{ImportSources, SOURCES_MAX};
use crate::orders::ResumeError;
use crate::prepare;
use crate::quota::{Bringing, Quotas};
use crate::reveal::Revealing;
use crate::status::{database_failed, not_brought};
use crate::store::halt::{InForce, Order};
use crate::store::order::Refused;
use crate::store::report::{self, Accepted, Standing, WriteError};
use crate::store::{answer, assignment, import_source, media};
use crate::transcribe::{Transcribe, Transcribing};
use crate::vault::{Purpose, Vault};

/// Reports of one import under way at once. Bounds its memory and fills two batches.
const IMPORT_IN_FLIGHT: usize = 1024;

/// Refusals of an import that are named.
const REFUSALS_MAX: usize = 100;

/// Lines of an import of which it is told that they were not accepted: some 2 MB at most.
const OUTCOMES_MAX: usize = 5_000;

/// Reports asked about at once.
const REPORTS_MAX: usize = 200;

/// The service.
pub struct Service {
    /// The database.
    pub pool: PgPool,
    /// The configured agencies.
    pub agencies: Agencies,
    /// Seals what people write.
    pub vault: Vault,
    /// Where reports go in.
    pub intake: Intake,
    /// What clients may bring.
    pub quotas: Quotas,
    /// Halts and resumes.
    pub halting: Halting,
    /// What is said of files that are imported.
    pub import_sources: ImportSources,
    /// Writes down what is said in messages without words.
    pub transcribing: Transcribing,
    /// Shows messages as they were written.
    pub revealing: Revealing,
    /// The time.
    pub clock: Clock,
}

#[tonic::async_trait]
impl IngestService for Service {
    async fn submit_report(
        &self,
        request: Request<pb::SubmitReportRequest>,
    ) -> Result<Response<pb::SubmitReportResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::SUBMIT)?;
        let request = request.into_inner();
        let id: Uuid = parse_id("request_id", &request.request_id)?;
        let report = request.report.ok_or_else(|| missing("report"))?;
        let checked = self.check(caller.agency, report)?;
        let now = self.clock.now();
        if let Some(client) = client(&caller) {
            self.quotas.take(caller.agency, client, Bringing::Report, now).await?;
        }
        let report = prepare::submitted(&self.vault, caller.agency, Some(id), client(&caller), &checked, now);
        let brought_by = (caller.role != Role::Client).then(|| caller.clone());
        let incoming = Incoming { agency: caller.agency, report, announced: true, brought_by };
        let accepted = self.intake.accept(incoming).await?;
        if let Some(conflict) = Conflict::of(accepted.standing) {
            conflict.note("submit", accepted.report_id);
            return Err(conflict.refusal(accepted.report_id).into());
        }
        Ok(Response::new(pb::SubmitReportResponse {
            report_id: accepted.report_id.to_string(),
            duplicate: accepted.standing == Standing::Duplicate,
        }))
    }

    async fn import_reports(
        &self,
        request: Request<Streaming<pb::ImportReportsRequest>>,
    ) -> Result<Response<pb::ImportReportsResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::IMPORT)?;
        let mut lines = request.into_inner();
        self.begin_import(&caller).await.map_err(|error| database_failed(&error))?;
        let mut import = Import::default();
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() >= IMPORT_IN_FLIGHT {
                import.count(under_way.next().await);
            }
            // Takes a line when there is one; meanwhile whatever becomes durable is counted.
            let line = tokio::select! {
                line = lines.message() => line?,
                ended = under_way.next(), if !under_way.is_empty() => {
                    import.count(ended);
                    continue;
                }
            };
            let Some(line) = line else { break };
            let number = line.line;
            if let Some(client) = client(&caller)
                && let Err(exhausted) =
                    self.quotas.take(caller.agency, client, Bringing::Import, self.clock.now()).await
            {
                import.failure.get_or_insert_with(|| exhausted.into());
                break;
            }
            let checked = line
                .report
                .ok_or_else(|| FieldError {
                    field: "report",
                    zh: "这一行没有内容".to_owned(),
                    en: "the line holds no report".to_owned(),
                })
                .and_then(|report| self.check(caller.agency, report));
            match checked {
                Ok(checked) => {
                    let report = prepare::submitted(
                        &self.vault,
                        caller.agency,
                        None,
                        client(&caller),
                        &checked,
                        self.clock.now(),
                    );
                    let agency = caller.agency;
                    let incoming = Incoming { agency, report, announced: true, brought_by: None };
                    let intake = self.intake.clone();
                    under_way.push(async move { (number, intake.accept_patiently(incoming).await) }.boxed());
                }
                Err(error) => import.refuse(number, error),
            }
        }
        while let Some(ended) = under_way.next().await {
            import.count(Some(ended));
        }
        import.finish()
    }

    async fn list_import_sources(
        &self,
        request: Request<pb::ListImportSourcesRequest>,
    ) -> Result<Response<pb::ListImportSourcesResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::IMPORT)?;
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let after: Option<String> = PageToken::decode(&request.page_token)?;
        // One more than asked tells whether there is a next page.
        let listed = self.import_sources.list(caller.agency, after.as_deref(), size + 1).await;
        let mut listed = listed.map_err(|error| database_failed(&error))?;
        let more = i64::try_from(listed.len()).is_ok_and(|length| length > size);
        if more {
            listed.pop();
        }
        let next = listed.last().filter(|_| more).map(|last| PageToken::encode(&last.source.name));
        Ok(Response::new(pb::ListImportSourcesResponse {
            sources: listed.into_iter().map(pb::ImportSource::from).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn set_import_source(
        &self,
        request: Request<pb::SetImportSourceRequest>,
    ) -> Result<Response<pb::SetImportSourceResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::LEAD)?;
        let source = request.into_inner().source.ok_or_else(|| missing("source"))?;
        let channel = channel_of(source.channel());
        let columns =
            source.columns.into_iter().map(|column| Column { heading: column.heading, field: column.field });
        let source = Source::checked(&source.name, columns.collect(), channel)?;
        let kept = self.import_sources.set(&caller, &source).await;
        if !kept.map_err(|error| database_failed(&error))? {
            return Err(Refusal::precondition(
                "IMPORT_SOURCES_FULL",
                format!("来源已有 {SOURCES_MAX} 个；请用已有的来源名，或不填来源。"),
                format!("there are {SOURCES_MAX} sources; use the name of one of them, or none."),
            )
            .into());
        }
        Ok(Response::new(pb::SetImportSourceResponse {}))
    }

    async fn list_answers(
        &self,
        request: Request<pb::ListAnswersRequest>,
    ) -> Result<Response<pb::ListAnswersResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::READ_WORK)?;
        let request = request.into_inner();
        let claim: ClaimId = parse_id("claim_id", &request.claim_id)?;
        let size = page_size(request.page_size)?;
        let after: Option<AnswerId> = PageToken::decode(&request.page_token)?;
        self.list(caller.agency, claim, request.needs_person, after, size).await.map(Response::new)
    }

    async fn halt_answers(
        &self,
        request: Request<pb::HaltAnswersRequest>,
    ) -> Result<Response<pb::HaltAnswersResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::HALT)?;
        let request = request.into_inner();
        let halt: HaltId = parse_id("request_id", &request.request_id)?;
        // Stopping is faster than speaking: whatever the words are, it stops.
        let order = Order {
            halt,
            scope: scope(&request)?,
            reason: brief(&request.reason),
            ordered_by: caller.display_name.clone(),
            order_time: self.clock.now(),
            signing: Signing::Told,
        };
        let halted = self.halting.halt(&caller, &order).await?;
        self.transcribing.relay.wake();
        if !halted.known {
            return Err(Refusal::not_found("clarification").into());
        }
        Ok(Response::new(pb::HaltAnswersResponse {
            stopped: halted.counts.stopped,
            already_out: halted.counts.already_out,
        }))
    }

    async fn find_receipt(
        &self,
        request: Request<pb::FindReceiptRequest>,
    ) -> Result<Response<pb::FindReceiptResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::FIND_RECEIPTS)?;
        let receipt: ReceiptNumber = request.into_inner().receipt.parse().map_err(not_a_receipt)?;
        let found = async {
            let mut tx = database::agency_tx(&self.pool, caller.agency).await?;
            report::by_receipt(&mut tx, caller.agency, receipt).await
        };
        let found = found.await.map_err(|error| database_failed(&error))?;
        let found = found.ok_or_else(|| Refusal::not_found("receipt"))?;
        Ok(Response::new(pb::FindReceiptResponse {
            receipt: receipt.to_string(),
            report_id: found.report.to_string(),
            masked_text: found.masked_text,
            receive_time: Some(timestamp(found.received_time)),
            claim_id: found.claim.map(|claim| claim.to_string()).unwrap_or_default(),
        }))
    }

    async fn list_media(
        &self,
        request: Request<pb::ListMediaRequest>,
    ) -> Result<Response<pb::ListMediaResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::READ_WORK)?;
        let asked = request.into_inner().report_ids;
        if asked.len() > REPORTS_MAX {
            return Err(Refusal::invalid(
                "report_ids",
                format!("一次最多查 {REPORTS_MAX} 条留言。"),
                format!("at most {REPORTS_MAX} reports at a time."),
            )
            .into());
        }
        let reports: Vec<ReportId> =
            asked.iter().map(|id| parse_id("report_ids", id)).collect::<Result<_, _>>()?;
        let listed = async {
            let mut tx = database::agency_tx(&self.pool, caller.agency).await?;
            media::list(&mut tx, caller.agency, &reports).await
        };
        let listed = listed.await.map_err(|error| database_failed(&error))?;
        Ok(Response::new(pb::ListMediaResponse { media: listed.into_iter().map(pb::Media::from).collect() }))
    }

    async fn get_media(
        &self,
        request: Request<pb::GetMediaRequest>,
    ) -> Result<Response<pb::GetMediaResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::SEE_ORIGINALS)?;
        let report: ReportId = parse_id("report_id", &request.into_inner().report_id)?;
        let found = async {
            let mut tx = database::agency_tx(&self.pool, caller.agency).await?;
            let file = media::file(&mut tx, caller.agency, report).await?;
            if file.is_some() {
                let subjects = [("report", report.to_string())];
                let (action, time) = (Action::MediaSeen, self.clock.now());
                let deed = Deed { caller: &caller, action, subjects: &subjects, reason: "", time };
                deed.record(&mut tx).await?;
                tx.commit().await?;
                self.transcribing.relay.wake();
            }
            Ok::<_, sqlx::Error>(file)
        };
        let file = found.await.map_err(|error| database_failed(&error))?;
        let file = file.ok_or_else(|| Refusal::not_found("media"))?;
        // Forgetting a person makes their files unreadable; then there is nothing any more.
        let content = report_key(&self.vault, &file.message)
            .and_then(|key| key.open(Purpose::Media, report.as_uuid(), &file.sealed))
            .map_err(|_| Refusal::not_found("media"))?;
        Ok(Response::new(pb::GetMediaResponse { content_type: file.content_type, content: content.to_vec() }))
    }

    async fn reveal_original(
        &self,
        request: Request<pb::RevealOriginalRequest>,
    ) -> Result<Response<pb::RevealOriginalResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::SEE_ORIGINALS)?;
        let request = request.into_inner();
        let report: ReportId = parse_id("report_id", &request.report_id)?;
        let original = self.revealing.reveal(&caller, report, &request.cause).await?;
        Ok(Response::new(pb::RevealOriginalResponse { text: original.text, seen_at: original.seen_at }))
    }

    async fn transcribe_message(
        &self,
        request: Request<pb::TranscribeMessageRequest>,
    ) -> Result<Response<pb::TranscribeMessageResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::TRANSCRIBE)?;
        let request = request.into_inner();
        let asked = Transcribe {
            request: parse_id("request_id", &request.request_id)?,
            report: parse_id("report_id", &request.report_id)?,
            text: request.text,
            caller,
        };
        let revision = self.transcribing.transcribe(asked).await?;
        Ok(Response::new(pb::TranscribeMessageResponse { revision }))
    }

    async fn resume_answers(
        &self,
        request: Request<pb::ResumeAnswersRequest>,
    ) -> Result<Response<pb::ResumeAnswersResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::RESUME)?;
        let Some(agency) = self.agencies.get(caller.agency) else {
            return Err(ResumeError::Refused(OrderRefused::Foreign).into());
        };
        self.halting.resume(&agency.trust, &request.into_inner().signed_order).await?;
        Ok(Response::new(pb::ResumeAnswersResponse {}))
    }

    async fn get_answers_halt(
        &self,
        request: Request<pb::GetAnswersHaltRequest>,
    ) -> Result<Response<pb::GetAnswersHaltResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(rights::READ_WORK)?;
        let standing = self.halting.standing(caller.agency).await.map_err(|error| database_failed(&error))?;
        Ok(Response::new(pb::GetAnswersHaltResponse {
            halted: standing.everything.is_some(),
            reason: standing.everything.unwrap_or_default(),
            halts: standing.halts.into_iter().map(pb::AnswersHalt::from).collect(),
            refused_orders: standing.refused.into_iter().map(pb::RefusedOrder::from).collect(),
        }))
    }
}

impl Service {
    fn check(&self, agency: AgencyId, report: pb::Report) -> Result<Checked, FieldError> {
        let submission = submission(report)?;
        submission.check(self.clock.now(), |account| self.agencies.account_of(agency, account).is_some())
    }

    /// An import is in the trail before its first line is read, however it ends.
    async fn begin_import(&self, caller: &Caller) -> sqlx::Result<()> {
        let mut tx = database::agency_tx(&self.pool, caller.agency).await?;
        let (action, time) = (Action::ReportsImported, self.clock.now());
        Deed { caller, action, subjects: &[], reason: "", time }.record(&mut tx).await?;
        tx.commit().await
    }

    async fn list(
        &self,
        agency: AgencyId,
        claim: ClaimId,
        needs_person: bool,
        after: Option<AnswerId>,
        size: i64,
    ) -> Result<pb::ListAnswersResponse, Status> {
        let read = async {
            let mut tx = database::agency_tx(&self.pool, agency).await?;
            if !assignment::knows_claim(&mut tx, agency, claim).await? {
                return Ok(None);
            }
            // One more than asked tells whether there is a next page.
            let answers = answer::list(&mut tx, agency, claim, needs_person, after, size + 1).await?;
            let counts = answer::count(&mut tx, agency, claim).await?;
            tx.commit().await?;
            Ok(Some((answers, counts)))
        };
        let read = read.await.map_err(|error: sqlx::Error| database_failed(&error))?;
        let (mut answers, counts) = read.ok_or_else(|| Refusal::not_found("claim"))?;
        let more = i64::try_from(answers.len()).is_ok_and(|length| length > size);
        if more {
            answers.pop();
        }
        let next = answers.last().filter(|_| more).map(|last| PageToken::encode(&last.answer));
        Ok(pb::ListAnswersResponse {
            answers: answers.into_iter().map(pb::Answer::from).collect(),
            next_page_token: next.unwrap_or_default(),
            answered: counts.answered,
            pending: counts.pending,
            unknown: counts.unknown,
            unreachable: counts.unreachable,
            without_channel: counts.without_channel,
        })
    }
}

/// What an import has come to so far.
#[derive(Default)]
struct Import {
    response: pb::ImportReportsResponse,
    failure: Option<Status>,
}

impl Import {
    fn count(&mut self, ended: Option<(u64, Result<Accepted, crate::accept::AcceptError>)>) {
        use crate::accept::AcceptError;
        match ended {
            None => {}
            Some((line, Ok(accepted))) => self.count_taken(line, &accepted),
            Some((line, Err(AcceptError::Refused(cause)))) if matches!(*cause, WriteError::NotBrought(_)) => {
                self.refuse(line, not_brought());
            }
            Some((line, Err(AcceptError::Refused(_)))) => self.refuse(
                line,
                FieldError {
                    field: "report",
                    zh: "数据库不接受这一行".to_owned(),
                    en: "the database does not take this line".to_owned(),
                },
            ),
            // The first failure names the cause; what follows are its consequences.
            Some((_, Err(error))) => {
                let first = self.failure.take().unwrap_or_else(|| error.into());
                self.failure = Some(first);
            }
        }
    }

    fn count_taken(&mut self, line: u64, accepted: &Accepted) {
        if accepted.standing == Standing::New {
            self.response.accepted += 1;
            return;
        }
        let (outcome, zh, en) = match Conflict::of(accepted.standing) {
            None => {
                self.response.duplicate += 1;
                (Outcome::Duplicate, "以前已经收下", "the same was accepted before")
            }
            Some(conflict) => {
                self.response.conflicting += 1;
                conflict.note("import", accepted.report_id);
                (Outcome::Conflict, conflict.zh(), conflict.en())
            }
        };
        self.tell(LineOutcome {
            line,
            outcome: outcome.into(),
            field: "external_id".to_owned(),
            description_zh: zh.to_owned(),
            description_en: en.to_owned(),
            report_id: accepted.report_id.to_string(),
        });
    }

    fn refuse(&mut self, line: u64, error: FieldError) {
        self.response.refused += 1;
        if self.response.refusals.len() < REFUSALS_MAX {
            self.response.refusals.push(pb::import_reports_response::Refusal {
                line,
                field: error.field.to_owned(),
                description: format!("{} / {}", error.zh, error.en),
            });
        }
        self.tell(LineOutcome {
            line,
            outcome: Outcome::Refused.into(),
            field: error.field.to_owned(),
            description_zh: error.zh,
            description_en: error.en,
            report_id: String::new(),
        });
    }

    /// Lines end in nearly the file's order: those that are left out come behind those that are told.
    fn tell(&mut self, outcome: LineOutcome) {
        if self.response.outcomes.len() < OUTCOMES_MAX {
            self.response.outcomes.push(outcome);
        }
    }

    /// An import that could not write every good line fails as a whole: run again, it counts the lines that
    /// are durable as duplicates where they carry an `external_id`.
    fn finish(mut self) -> Result<Response<pb::ImportReportsResponse>, Status> {
        // Lines end in any order; people read them in the file's.
        self.response.refusals.sort_by_key(|refusal| refusal.line);
        self.response.outcomes.sort_by_key(|outcome| outcome.line);
        self.failure.map_or_else(|| Ok(Response::new(self.response)), Err)
    }
}

const fn channel_of(wire: pb::report::Channel) -> Option<Channel> {
    match wire {
        pb::report::Channel::Unspecified => None,
        pb::report::Channel::Wechat => Some(Channel::Wechat),
        pb::report::Channel::Microblog => Some(Channel::Microblog),
        pb::report::Channel::Hotline => Some(Channel::Hotline),
        pb::report::Channel::Partner => Some(Channel::Partner),
    }
}

fn submission(report: pb::Report) -> Result<Submission, FieldError> {
    let channel = channel_of(report.channel());
    let said_time = match report.said_time {
        None => None,
        Some(said) => Some(grpc::instant(said).ok_or_else(|| FieldError {
            field: "said_time",
            zh: "留言时间无效；请核对，或留空。".to_owned(),
            en: "said_time is not an instant; correct it, or leave it out.".to_owned(),
        })?),
    };
    Ok(Submission {
        text: report.text,
        channel,
        external_id: report.external_id,
        reporter: report.reporter,
        said_time,
        seen_at: report.seen_at,
        answer_account: report.answer_account,
    })
}

fn scope(request: &pb::HaltAnswersRequest) -> Result<Scope, Status> {
    match (request.clarification_id.as_str(), request.everything) {
        ("", true) => Ok(Scope::Everything),
        ("", false) => Ok(Scope::AutomaticAnswers),
        (clarification, false) => Ok(Scope::Clarification(parse_id("clarification_id", clarification)?)),
        (_, true) => Err(Refusal::invalid(
            "everything",
            "请只选一个停发范围：一条辟谣，或者全部。",
            "Name one clarification or everything, not both.",
        )
        .into()),
    }
}

impl From<InForce> for pb::AnswersHalt {
    fn from(halt: InForce) -> Self {
        use pb::answers_halt::{Scope as Shown, Signing as Known};
        let scope = match (halt.scope.as_deref(), halt.clarification) {
            (_, Some(clarification)) => Some(Shown::ClarificationId(clarification.to_string())),
            (Some("automatic_answers"), None) => Some(Shown::AutomaticAnswers(true)),
            (Some("everything"), None) => Some(Shown::Everything(true)),
            (_, None) => None,
        };
        let signing = match halt.signing.as_str() {
            "signed" => Known::Signed,
            "unsigned" => Known::Unsigned,
            _ => Known::Told,
        };
        Self {
            halt_id: halt.halt.to_string(),
            scope,
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

/// The client that calls; `None` for an officer.
fn client(caller: &Caller) -> Option<&str> {
    (caller.role == Role::Client).then_some(caller.display_name.as_str())
}

/// Why what somebody typed finds no receipt, and what to look at.
fn not_a_receipt(error: NotAReceipt) -> Refusal {
    let (zh, en) = match error {
        NotAReceipt::Form => (
            "这不是回执号。回执号是数字加一个字母，例如 000417Y。",
            "This is no receipt's number, which is digits and one letter, such as 000417Y.",
        ),
        NotAReceipt::Check => (
            "回执号的数字和字母对不上，请核对后重输。",
            "The digits and the letter of this receipt do not fit together; check them and try again.",
        ),
    };
    Refusal::invalid("receipt", zh, en)
}

fn missing(field: &'static str) -> Status {
    Refusal::invalid(field, format!("缺少 {field}。"), format!("{field} is missing.")).into()
}

impl From<import_source::Kept> for pb::ImportSource {
    fn from(kept: import_source::Kept) -> Self {
        let channel = match kept.source.channel {
            Channel::Wechat => pb::report::Channel::Wechat,
            Channel::Microblog => pb::report::Channel::Microblog,
            Channel::Hotline => pb::report::Channel::Hotline,
            Channel::Partner => pb::report::Channel::Partner,
        };
        let columns = kept
            .source
            .columns
            .into_iter()
            .map(|column| pb::import_source::Column { heading: column.heading, field: column.field });
        Self {
            name: kept.source.name,
            columns: columns.collect(),
            channel: channel.into(),
            set_by: kept.set_by,
            set_time: Some(timestamp(kept.set_time)),
        }
    }
}

impl From<media::Listed> for pb::Media {
    fn from(listed: media::Listed) -> Self {
        use crate::domain::media::{Kind, State};
        let kind = match listed.kind {
            Kind::Picture => pb::media::Kind::Picture,
            Kind::Voice => pb::media::Kind::Voice,
        };
        let state = match listed.state {
            State::Waiting => pb::media::State::Waiting,
            State::Kept => pb::media::State::Kept,
            State::Unreadable => pb::media::State::Unreadable,
            State::Lost => pb::media::State::Lost,
        };
        let (transcript, transcribed_by, transcribe_time) = match listed.transcript {
            Some((text, by, time)) => (text, by, Some(timestamp(time))),
            None => (String::new(), String::new(), None),
        };
        Self {
            report_id: listed.report.to_string(),
            kind: kind.into(),
            state: state.into(),
            reason: listed.reason,
            transcript,
            transcribed_by,
            transcribe_time,
        }
    }
}

impl From<answer::Listed> for pb::Answer {
    fn from(listed: answer::Listed) -> Self {
        use pb::answer::State as Wire;
        let state = match listed.state {
            // An attempt under way is still to be sent, as far as anybody knows.
            State::Pending | State::Sending => Wire::Pending,
            State::Sent => Wire::Sent,
            State::Replied => Wire::Replied,
            State::Unknown => Wire::Unknown,
            State::Unreachable => Wire::Unreachable,
            State::Halted => Wire::Halted,
        };
        Self {
            answer_id: listed.answer.to_string(),
            reporter_id: listed.reporter.to_string(),
            clarification_id: listed.revision.clarification.to_string(),
            revision: listed.revision.revision,
            state: state.into(),
            reason: listed.reason,
            changed_time: Some(timestamp(listed.changed_time)),
        }
    }
}
