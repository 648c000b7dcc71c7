//! The ten steps of the story.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use backing::Postgres;
use runtime::Clock;
use serde_json::json;

use super::desk::{DepartmentLink, Desk, Seen};
use super::outside::{Citizen, Outside};
use super::words;
use crate::fleet::Fleet;
use crate::import::{self, Destination};
use crate::installation::{Installation, WECHAT_ACCOUNT};

/// How long the story waits for something that the machine does by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// WeChat wants a minute before the same request is repeated; with that, an unknown outcome becomes known.
const RECONCILE_PATIENCE: Duration = Duration::from_secs(240);

/// The department that is asked.
const DEPARTMENT: &str = "应急管理局";

/// The story on its way.
struct Story<'a> {
    installation: &'a Installation,
    postgres: &'a Postgres,
    publish: &'a mut Fleet,
    outside: Outside,
    desk: Desk<'a>,
    began: Instant,
    /// The log's last entry before the story began.
    log_before: u64,
    /// Mass jobs of the platform before the story began.
    jobs_before: usize,
}

/// Plays the story. publish runs as a process of its own in `publish`, because step 9 kills it.
///
/// # Errors
/// At the first step that does not come true, saying which.
pub async fn play(
    installation: &Installation,
    postgres: &Postgres,
    publish: &mut Fleet,
    clock: &Clock,
) -> anyhow::Result<()> {
    let outside = Outside::new(installation.sandbox_url())?;
    outside.reset_quota().await?;
    let log_before = outside.log(0).await?.last().map_or(0, |entry| entry.seq);
    let jobs_before = jobs(&outside).await?;
    let desk = Desk::new(installation, clock);
    let began = Instant::now();
    let mut story = Story { installation, postgres, publish, outside, desk, began, log_before, jobs_before };
    story.known_answer().await.context("step 1, the known answer")?;
    story.receipt().await.context("step 2, the receipt")?;
    let case = story.gathering().await.context("step 3, gathering")?;
    let link = story.asking(&case).await.context("step 4, asking the department")?;
    story.finding(&case, &link).await.context("step 5, the finding")?;
    let draft = story.drafting(&case).await.context("step 6, drafting")?;
    let draft = story.reviewing(&case, draft).await.context("step 7, reviewing")?;
    story.signing(&case, &draft).await.context("step 8, signing off")?;
    story.publishing(&case).await.context("step 9, publishing")?;
    story.answering(&case, &draft).await.context("step 10, answering")
}

impl Story<'_> {
    /// 1. A question that was answered before gets its answer at once.
    async fn known_answer(&mut self) -> anyhow::Result<()> {
        let asked = eventually(PATIENCE, "the known clarification answers", async || {
            let citizen = self.one_citizen().await?;
            let delivered = self.outside.send(&citizen, words::B_MESSAGE).await?;
            let known = delivered.reply.as_ref().is_some_and(|reply| reply.contains(words::B_TITLE));
            Ok(known.then_some(delivered))
        })
        .await?;
        tell(
            self.began,
            1,
            &format!("市民问西瓜，{:.0} 毫秒内得到已有的答复", asked.elapsed_ms),
            "A citizen asks about the watermelons; the known answer comes at once",
            &format!("{}/phone", self.installation.sandbox_url()),
        );
        Ok(())
    }

    /// 2. A new one gets a receipt.
    async fn receipt(&mut self) -> anyhow::Result<()> {
        let citizen = self.one_citizen().await?;
        let delivered = self.outside.send(&citizen, words::A_MESSAGE).await?;
        let reply = delivered.reply.context("no reply came")?;
        ensure!(reply.starts_with("收到，回执号"), "the reply is no receipt: {reply}");
        tell(
            self.began,
            2,
            &format!("市民问地震，{:.0} 毫秒内得到回执", delivered.elapsed_ms),
            "A citizen asks about the earthquake; the receipt comes at once",
            &format!("{}/phone", self.installation.sandbox_url()),
        );
        Ok(())
    }

    /// 3. Forty variants gather in one case; what is no report goes elsewhere.
    async fn gathering(&mut self) -> anyhow::Result<String> {
        let citizens = self.outside.citizens(words::variants().len()).await?;
        let file = self.installation.folder().join("demo-reports.jsonl");
        // The story can be played again on the same installation: each time its lines are new ones.
        let played = uuid::Uuid::now_v7();
        let mut lines: Vec<String> = words::variants()
            .iter()
            .zip(&citizens)
            .enumerate()
            .map(|(number, (text, citizen))| {
                json!({
                    "id": format!("{played}-{number}"), "text": text, "channel": "wechat",
                    "reporter": citizen.openid, "answer_account": WECHAT_ACCOUNT,
                    "seen_at": format!("微信群{}", number % 7 + 1),
                })
                .to_string()
            })
            .collect();
        lines.extend(words::NOT_REPORTS.iter().enumerate().map(|(number, text)| {
            json!({ "id": format!("{played}-other-{number}"), "text": text, "channel": "hotline" })
                .to_string()
        }));
        std::fs::write(&file, lines.join("\n"))?;
        let destination = Destination::of(self.installation);
        let counted = import::import(&file, &import::Options::default(), &destination).await?;
        let accepted = counted.tally().accepted;
        ensure!(accepted == lines.len() as u64, "{} of {} lines came in", accepted, lines.len());

        let duty = self.desk.person("duty").await?;
        let case = eventually(PATIENCE, "one case gathers them all", async || {
            let queue = duty.open("/").await?.accepted()?;
            let open = queue.attributes_where("data-case-id", "data-case-state", "open");
            for case in open {
                let case = case.to_owned();
                let page = duty.open(&format!("/case/{case}")).await?.accepted()?;
                let gathered = page.attribute("data-report-count").and_then(|count| count.parse().ok());
                if page.says("青岚县") && gathered.is_some_and(|count: u64| count >= 41) {
                    return Ok(Some(case));
                }
            }
            Ok(None)
        })
        .await?;
        let others = duty.open("/messages").await?.accepted()?;
        for text in words::NOT_REPORTS {
            ensure!(others.says(text), "“{text}” is not among the other messages");
        }
        tell(
            self.began,
            3,
            "四十条说法归入同一工单；补办身份证和投诉不算线索，各归其位",
            "Forty variants gather in one case; a question and a complaint go where they belong",
            &format!("{}/case/{case}", self.installation.console_url()),
        );
        Ok(case)
    }

    /// 4. Urgent; the department is asked; a signed word for those who ask meanwhile.
    async fn asking(&mut self, case: &str) -> anyhow::Result<DepartmentLink> {
        let address = format!("/case/{case}");
        let duty = self.desk.person("duty").await?;
        let page = duty.open(&address).await?.accepted()?;
        let revision =
            page.attribute("data-state-revision").context("the case shows no revision")?.to_owned();
        let urgent = [("expected_revision", &*revision), ("urgent", "on"), ("due_minutes", "60")];
        let page = duty.submit(&page, &format!("{address}/urgency"), &urgent).await?.accepted()?;
        let question = [("department", DEPARTMENT), ("question", words::QUESTION), ("due_minutes", "30")];
        let asked = duty.submit(&page, &format!("{address}/finding"), &question).await?.accepted()?;
        let link = DepartmentLink::on(&asked)?;

        let holding = [
            ("kind", "holding"),
            ("title", words::HOLDING_TITLE),
            ("summary", words::HOLDING_TEXT),
            ("claim", words::A_CLAIM),
            ("check", words::HOLDING_TEXT),
            ("conclusion", "核查中。"),
            ("basis", "县应急管理局正在核查。"),
            ("advice", "请勿转发，以官方发布为准。"),
            ("post", ""),
            ("verdict", "pending"),
            ("response_level", "answer_only"),
        ];
        let seen = self.desk.save_draft(case, None, &holding).await?;
        self.desk.sign_all(case, &seen.clarification).await?;
        eventually(PATIENCE, "those who ask meanwhile are told", async || {
            let citizen = self.one_citizen().await?;
            let delivered = self.outside.send(&citizen, words::A_MESSAGE).await?;
            Ok(delivered.reply.is_some_and(|reply| reply.contains("正在核查")).then_some(()))
        })
        .await?;
        tell(
            self.began,
            4,
            "值班员设为紧急，请应急管理局30分钟内核查；其间询问者收到签发过的“核查中”答复",
            "Urgent; the department has 30 minutes; who asks meanwhile gets a signed holding reply",
            &format!("{}{}", self.installation.console_url(), link.path),
        );
        Ok(link)
    }

    /// 5. The department answers on its own link.
    async fn finding(&mut self, case: &str, link: &DepartmentLink) -> anyhow::Result<()> {
        let mut department = super::Browser::new(self.installation.console_url())?;
        let page = department.open(&link.path).await?.accepted()?;
        ensure!(!page.says(words::QUESTION), "the question is shown before the code");
        let open = format!("{}/open", link.path);
        let page = department.submit(&page, &open, &[("code", &*link.code)]).await?.accepted()?;
        ensure!(page.says(words::QUESTION), "the department does not see what it is asked");
        let answer = [
            ("code", &*link.code),
            ("verdict", "false"),
            ("facts", words::FACTS),
            ("evidence", words::EVIDENCE),
            ("answered_by", "演示·核查员（应急管理局）"),
        ];
        let thanked = department.submit(&page, &link.path, &answer).await?.accepted()?;
        ensure!(!thanked.says(words::FACTS), "the link shows the answer to whoever has it");
        let duty = self.desk.person("duty").await?;
        let page = duty.open(&format!("/case/{case}")).await?.accepted()?;
        ensure!(page.says(words::EVIDENCE), "the case does not show the evidence");
        tell(
            self.began,
            5,
            "应急管理局凭链接和电话告知的验证码答复：不实，附事实与依据",
            "The department answers on its own link, with the code it was told by phone: false, with facts and evidence",
            &format!("{}/case/{case}", self.installation.console_url()),
        );
        Ok(())
    }

    /// 6. Five boxes make the article, the post and the page.
    async fn drafting(&mut self, case: &str) -> anyhow::Result<Seen> {
        let seen = self.desk.save_draft(case, None, &draft(words::A_ADVICE)).await?;
        tell(
            self.began,
            6,
            "拟稿人填五个框，生成文章、微博和网页，字数随写随算",
            "Five boxes make the article, the post and the page",
            &format!("{}/case/{case}/clarification/{}", self.installation.console_url(), seen.clarification),
        );
        Ok(seen)
    }

    /// 7. Returned once; the edit voids the first review; then it passes.
    async fn reviewing(&mut self, case: &str, first: Seen) -> anyhow::Result<Seen> {
        self.desk.sign("drafter", case, &first.clarification, "drafted").await?;
        self.desk.sign("drafter", case, &first.clarification, "first_reviewed").await?;
        let address = format!("/case/{case}/clarification/{}", first.clarification);
        let reviewer = self.desk.person("reviewer").await?;
        let page = reviewer.open(&address).await?.accepted()?;
        let reason = [("revision", &*first.revision), ("reason", "提醒一栏请补充避险要点。")];
        reviewer.submit(&page, &format!("{address}/return"), &reason).await?.accepted()?;

        let advice = format!("{}不信谣、不传谣。", words::A_ADVICE);
        let second = self.desk.save_draft(case, Some(&first), &draft(&advice)).await?;
        let early = self.desk.try_sign("reviewer", case, &second.clarification, "second_reviewed").await?;
        ensure!(!early.status.is_success(), "the edit did not void the first review");
        for (login, purpose) in
            [("drafter", "drafted"), ("drafter", "first_reviewed"), ("reviewer", "second_reviewed")]
        {
            self.desk.sign(login, case, &second.clarification, purpose).await?;
        }
        tell(
            self.began,
            7,
            "复审人退回一次；改动使初审作废；第二次通过",
            "Returned once; the edit voids the first review; the second time it passes",
            &format!("{}{address}", self.installation.console_url()),
        );
        Ok(second)
    }

    /// 8. One byte altered in the database is refused; restored, it is signed.
    async fn signing(&mut self, case: &str, draft: &Seen) -> anyhow::Result<()> {
        let signer = self.desk.person("signer").await?;
        let address = format!("/case/{case}/clarification/{}/sign-off", draft.clarification);
        let page = signer.open(&address).await?.accepted()?;
        ensure!(page.attribute("data-quota-left") == Some("1"), "the signer does not see the quota");
        ensure!(page.says(words::A_TITLE), "the signer does not see the words");

        let place =
            format!("WHERE clarification_id = '{}' AND revision = {}", draft.clarification, draft.revision);
        let alter = format!(
            "UPDATE approval.revision SET content = set_byte(content, length(content) - 1, \
             get_byte(content, length(content) - 1) # 1) {place}"
        );
        self.postgres.run_sql("chengqing_approval", &alter).await?;
        let refused = self.desk.try_sign("signer", case, &draft.clarification, "signed").await;
        self.postgres.run_sql("chengqing_approval", &alter).await?;
        ensure!(!refused.as_ref().is_ok_and(|page| page.status.is_success()), "an altered byte was signed");
        let duty = self.desk.person("duty").await?;
        let shown = duty.open(&format!("/case/{case}")).await?.accepted()?;
        ensure!(shown.says("校验"), "the case does not say why it was refused");
        // WeChat will take the job and be slow to say so, for step 9.
        let slow = json!({ "operation": "sendall", "fault": "delay", "delay_ms": 8000, "count": 1 });
        self.outside.fault(&slow).await?;
        self.desk.sign("signer", case, &draft.clarification, "signed").await?;
        tell(
            self.began,
            8,
            "库里改一个字节：拒签，工单写明原因；复原后终审人凭口令签发",
            "One byte altered in the database: refused, and the case says so; restored, it is signed",
            &format!("{}{address}", self.installation.console_url()),
        );
        Ok(())
    }

    /// 9. publish dies right after WeChat took the job; one article and one post all the same.
    async fn publishing(&mut self, case: &str) -> anyhow::Result<()> {
        // The platform is slow with its answer (step 8); meanwhile publish is killed.
        eventually(PATIENCE, "WeChat takes the job", async || {
            Ok((jobs(&self.outside).await? > self.jobs_before).then_some(()))
        })
        .await?;
        self.publish.kill("publish").await?;
        self.publish.start("publish").await?;
        let duty = self.desk.person("duty").await?;
        let publications = format!("/publications?case={case}");
        eventually(PATIENCE, "the publication reads 待核对", async || {
            let page = duty.open(&publications).await?.accepted()?;
            let channels = page.attributes_where("data-channel", "data-publication-state", "uncertain");
            Ok(channels.contains(&"wechat").then_some(()))
        })
        .await?;
        tell(
            self.began,
            9,
            "微信刚接受群发，发布服务就被杀掉；重启后显示待核对，约一分钟后自行核实",
            "publish is killed right after WeChat took the job; it reads 待核对 and finds out by itself",
            &format!("{}{publications}", self.installation.console_url()),
        );
        eventually(RECONCILE_PATIENCE, "every channel is confirmed", async || {
            let page = duty.open(&publications).await?.accepted()?;
            let confirmed = page.attributes_where("data-channel", "data-publication-state", "confirmed");
            let all = ["page", "wechat", "weibo"].iter().all(|channel| confirmed.contains(channel));
            Ok(all.then_some(()))
        })
        .await?;
        let log = self.outside.log(self.log_before).await?;
        for (kind, what) in [("mass_push", "article"), ("weibo_post", "post")] {
            let count = log.iter().filter(|entry| entry.kind == kind).count();
            if count != 1 {
                bail!("{count} {what}s are public instead of one");
            }
        }
        tell(
            self.began,
            9,
            "公众看到一篇文章、一条微博，不多不少",
            "The public sees one article and one post, no more and no less",
            &format!("{}/timeline", self.installation.sandbox_url()),
        );
        Ok(())
    }

    /// 10. Everyone who asked is answered; the form prints; the halt works.
    async fn answering(&mut self, case: &str, draft: &Seen) -> anyhow::Result<()> {
        let duty = self.desk.person("duty").await?;
        let answers = format!("/case/{case}/answers");
        let answered = eventually(PATIENCE, "everyone who asked is answered", async || {
            let page = duty.open(&answers).await?.accepted()?;
            let read = |name| page.attribute(name).and_then(|count| count.parse::<u64>().ok());
            let (answered, pending) = (read("data-answered").unwrap_or(0), read("data-pending").unwrap_or(1));
            Ok((answered >= 41 && pending == 0).then_some(answered))
        })
        .await?;
        let log = self.outside.log(self.log_before).await?;
        let mut told: Vec<_> = log
            .iter()
            .filter(|entry| entry.kind == "customer_message" && entry.text.contains(words::A_TITLE))
            .filter_map(|entry| entry.openid.clone())
            .collect();
        told.sort();
        let messages = told.len();
        told.dedup();
        ensure!(told.len() == messages, "somebody was told twice");
        let form = duty.open(&format!("/case/{case}/form?clarification={}", draft.clarification)).await?;
        ensure!(form.accepted()?.says("发布审批单"), "the approval form does not print");
        tell(
            self.began,
            10,
            &format!("问过的 {answered} 人都收到了结果，每人一次；发布审批单可以打印"),
            "Everyone who asked was told, once each; the approval form prints",
            &format!("{}{answers}", self.installation.console_url()),
        );
        let duty = self.desk.person("duty").await?;
        let page = duty.open(&format!("/halt?case={case}&clarification={}", draft.clarification)).await?;
        let halt = [
            ("scope", "clarification"),
            ("clarification_id", &*draft.clarification),
            ("account", ""),
            ("reason", "演示停发"),
        ];
        let halted = duty.submit(&page, "/halt", &halt).await?.accepted()?;
        ensure!(halted.html.contains("data-service=\"publish\""), "the halt does not say what publish did");
        tell(
            self.began,
            10,
            "停发一键可用：页面逐一写明“已停止”或“已发出”",
            "The halt works with one tap and says what was stopped and what was out",
            &format!("{}/halt", self.installation.console_url()),
        );
        Ok(())
    }

    async fn one_citizen(&self) -> anyhow::Result<Citizen> {
        self.outside.citizens(1).await?.pop().context("the sandbox made no citizen")
    }
}

fn tell(began: Instant, step: u8, zh: &str, en: &str, look: &str) {
    println!("[{:6.1} s] {step:>2}. {zh}", began.elapsed().as_secs_f64());
    println!("               {en}");
    println!("               → {look}");
}

/// How many mass jobs the platform has taken.
async fn jobs(outside: &Outside) -> anyhow::Result<usize> {
    let state = outside.state().await?;
    Ok(state.pointer("/wechat/jobs").and_then(serde_json::Value::as_array).map_or(0, Vec::len))
}

/// A's boxes.
fn draft(advice: &str) -> [(&str, &str); 12] {
    [
        ("kind", "clarification"),
        ("title", words::A_TITLE),
        ("summary", words::A_SUMMARY),
        ("claim", words::A_CLAIM),
        ("check", words::A_CHECK),
        ("conclusion", words::A_CONCLUSION),
        ("basis", words::A_BASIS),
        ("advice", advice),
        ("post", words::A_POST),
        ("verdict", "false"),
        ("response_level", "everything"),
        ("automatic_answer", "on"),
    ]
}

/// Looks again and again until something has come true.
async fn eventually<T>(
    patience: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > end {
            bail!("waited {} s for: {what}", patience.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
