//! `chengqing bench sign`: from a committed sign-off to the first request that publish makes of the platform.
//!
//! Real people's keys, real statements, services as processes of their own, WeChat in the sandbox. A one-time
//! code works once in thirty seconds, so the clock of the whole installation is moved on by that much before
//! each sign-off, and the platform's quota is made whole again.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use contracts::approval::v1::access_service_client::AccessServiceClient;
use contracts::approval::v1::approval_service_client::ApprovalServiceClient;
use contracts::approval::v1::{
    ClarificationKind, Draft, IssueTokenRequest, OpenNoticeRequest, ResponseLevel, SaveDraftRequest,
    SignInRequest, SignStepRequest, Verdict,
};
use runtime::Clock;
use tonic::transport::Channel;

use super::Common;
use super::ground::Ground;
use super::stats::Latencies;
use crate::demo::Outside;
use crate::installation::Installation;
use crate::{code, up};

/// A used code is good for nobody; the next one comes this much later.
const CODE_STEP: i64 = 31_000;
/// One mass push a day would make this a bench of a thousand days.
const QUOTA: &str = "daily_push_quota = 1000000";

/// Measures and prints.
pub async fn run(common: &Common) -> anyhow::Result<()> {
    let sign_offs = common.amount.unwrap_or(1000);
    let mut ground = Ground::prepare(common).await?;
    let configuration = ground.installation.configuration_file();
    let text = std::fs::read_to_string(&configuration)?.replace("daily_push_quota = 1", QUOTA);
    std::fs::write(&configuration, text)?;
    ground.installation.provision_sample().await?;

    let mut time = MovedTime::new(ground.installation.folder().join("clock-offset"));
    time.pass()?;
    let offset_file = time.file.display().to_string();
    ground.fleet.set("CHENGQING_CLOCK_FILE", &offset_file);
    let program = std::env::current_exe()?.with_file_name("sandbox");
    let mut sandbox =
        up::spawn_sandbox(&program, &ground.installation, &[("CHENGQING_CLOCK_FILE", &offset_file)])?;
    for service in ["approval", "publish"] {
        ground.fleet.start(service).await?;
    }
    let outside = Outside::new(ground.installation.sandbox_url())?;

    let office = Office::sign_in(&ground.installation, &time).await?;
    for number in 0..sign_offs {
        time.pass()?;
        outside.reset_quota().await?;
        let clarification = office.sign_off(&ground.installation, &time, number).await?;
        pushed(&ground, &clarification).await?;
    }
    let latencies = committed_to_request(&ground).await?;
    println!(
        "sign-off committed to the platform's request: p50 / p99 {} over {} sign-offs",
        latencies.shown(),
        latencies.count()
    );
    sandbox.kill().await?;
    ground.clear().await
}

/// The clock of the installation, moved by this bench.
struct MovedTime {
    file: PathBuf,
    offset_ms: i64,
}

impl MovedTime {
    const fn new(file: PathBuf) -> Self {
        Self { file, offset_ms: 0 }
    }

    fn pass(&mut self) -> anyhow::Result<()> {
        self.offset_ms += CODE_STEP;
        // Written beside and moved into place: no reader sees half a number.
        let beside = self.file.with_extension("new");
        std::fs::write(&beside, self.offset_ms.to_string())?;
        Ok(std::fs::rename(&beside, &self.file)?)
    }

    fn code(&self, installation: &Installation, login: &str) -> anyhow::Result<String> {
        code::at(installation, login, Clock::steered(self.file.clone()).now())
    }
}

/// The people of the chain, signed in.
struct Office {
    access: AccessServiceClient<Channel>,
    approval: ApprovalServiceClient<Channel>,
    drafter: String,
    reviewer: String,
    signer: String,
}

impl Office {
    async fn sign_in(installation: &Installation, time: &MovedTime) -> anyhow::Result<Self> {
        let channel = grpc::channel(&format!("http://127.0.0.1:{}", installation.ports().approval))?;
        let mut access = AccessServiceClient::new(channel.clone());
        let mut sessions = Vec::new();
        for login in ["drafter", "reviewer", "signer"] {
            let request = SignInRequest {
                login: login.to_owned(),
                password: installation.secrets().people_password.clone(),
                totp_code: time.code(installation, login)?,
                ..SignInRequest::default()
            };
            sessions.push(access.sign_in(grpc::without_token(request)).await?.into_inner().session_secret);
        }
        let [drafter, reviewer, signer] =
            sessions.try_into().map_err(|_| anyhow::anyhow!("three people sign in"))?;
        Ok(Self { access, approval: ApprovalServiceClient::new(channel), drafter, reviewer, signer })
    }

    /// A notice from empty boxes to the committed sign-off; answers with its clarification.
    async fn sign_off(
        &self,
        installation: &Installation,
        time: &MovedTime,
        number: u64,
    ) -> anyhow::Result<String> {
        let mut approval = self.approval.clone();
        let drafter = self.token(&self.drafter).await?;
        let opened = OpenNoticeRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            sentence: format!("第{number}号通报"),
        };
        let opened = approval.open_notice(grpc::with_token(opened, &drafter)).await?.into_inner();
        let saved = SaveDraftRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            case_id: opened.case.context("a notice opens a case")?.case_id,
            draft: Some(draft(number)),
            ..SaveDraftRequest::default()
        };
        let saved = approval.save_draft(grpc::with_token(saved, &drafter)).await?.into_inner();
        let revision = saved.revision.context("a saved draft is a revision")?;
        for (purpose, session) in [
            ("drafted", &self.drafter),
            ("first_reviewed", &self.drafter),
            ("second_reviewed", &self.reviewer),
            ("signed", &self.signer),
        ] {
            let coded = match purpose {
                "second_reviewed" => Some("reviewer"),
                "signed" => Some("signer"),
                _ => None,
            };
            let request = SignStepRequest {
                clarification_id: revision.clarification_id.clone(),
                revision: revision.revision,
                content_hash: revision.content_hash.clone(),
                purpose: purpose.to_owned(),
                session_secret: session.clone(),
                totp_code: coded.map_or(Ok(String::new()), |login| time.code(installation, login))?,
                gates: ["political", "legal", "secrecy", "text"].map(str::to_owned).to_vec(),
            };
            let token = self.token(session).await?;
            approval.sign_step(grpc::with_token(request, &token)).await?;
        }
        Ok(revision.clarification_id)
    }

    async fn token(&self, session: &str) -> anyhow::Result<String> {
        let request =
            IssueTokenRequest { session_secret: session.to_owned(), ..IssueTokenRequest::default() };
        Ok(self.access.clone().issue_token(grpc::without_token(request)).await?.into_inner().token)
    }
}

fn draft(number: u64) -> Draft {
    Draft {
        title: format!("关于第{number}号传言的通报"),
        summary: "经核实，有关说法不实。请勿转发，以官方发布为准。".to_owned(),
        claim: format!("网传第{number}号说法。"),
        check: "主管部门书面答复：没有此事。".to_owned(),
        conclusion: "不实。".to_owned(),
        basis: "主管部门书面答复（测量用）。".to_owned(),
        advice: "请勿转发。".to_owned(),
        post: String::new(),
        kind: ClarificationKind::Notice.into(),
        response_level: ResponseLevel::MassPush.into(),
        verdict: Verdict::False.into(),
        ..Draft::default()
    }
}

/// Waits until the platform has taken the push: the next one must not wait behind it.
async fn pushed(ground: &Ground, clarification: &str) -> anyhow::Result<()> {
    let taken = format!(
        "SELECT count(*) FROM publish.publication WHERE channel = 'wechat' \
         AND state IN ('accepted', 'confirmed') AND clarification_id = '{clarification}'"
    );
    loop {
        if ground.postgres.run_sql("chengqing_publish", &taken).await?.trim() == "1" {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// From the row of the signed event to the first attempt, which publish commits right before its request. Both
/// times are PostgreSQL's or the machine's own, moved alike.
async fn committed_to_request(ground: &Ground) -> anyhow::Result<Latencies> {
    let signed = ground
        .rows(
            "chengqing_approval",
            "SELECT clarification_id, (extract(epoch FROM sign_time) * 1e6)::bigint FROM approval.step
         WHERE purpose = 'signed'",
        )
        .await?;
    let requested: std::collections::HashMap<String, i64> = ground
        .rows(
            "chengqing_publish",
            "SELECT p.clarification_id, (extract(epoch FROM min(a.begun_time)) * 1e6)::bigint
         FROM publish.attempt a JOIN publish.publication p USING (publication_id)
         WHERE p.channel = 'wechat' GROUP BY p.clarification_id",
        )
        .await?
        .into_iter()
        .collect();
    let mut latencies = Latencies::new()?;
    for (clarification, signed) in signed {
        if let Some(requested) = requested.get(&clarification) {
            latencies.add(Duration::from_micros(u64::try_from(requested - signed).unwrap_or(0)));
        }
    }
    Ok(latencies)
}
