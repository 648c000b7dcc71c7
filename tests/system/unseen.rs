//! Nothing is signed unseen: what no page shows is in no signature, what was altered beside the signed bytes is shown as
//! altered, and what was signed once does not answer for ever.

use std::time::Duration;

use secrecy::ExposeSecret;
use signoff::evidence::Evidence;
use signoff::trail::TrailEntry;
use suite::demo::{Desk, Page};
use uuid::Uuid;

use crate::inside::superuser;
use crate::office::{Office, boxes, program, title};

/// What one person would have three others sign, and the machine answer by.
const UNSEEN: &str = "城北水厂的自来水被农药污染，三十多人喝了中毒住院";

/// The officer on duty words a claim, and approval has heard of it.
async fn worded(office: &mut Office, case: &str, sentence: &str) {
    let address = format!("/case/{case}");
    let page = office.page("duty", &address).await.accepted().unwrap();
    let form = page.html.split("name=\"claim_id\" value=\"").nth(1).unwrap();
    let claim = form.split('"').next().unwrap().to_owned();
    let duty = office.desk.person("duty").await.unwrap();
    let fields = [("claim_id", &*claim), ("sentence", sentence)];
    duty.submit(&page, &format!("{address}/sentence"), &fields).await.unwrap().accepted().unwrap();
    office
        .until("the case says so", async |office| {
            let duty = office.desk.person("duty").await.ok()?;
            let page = duty.open(&address).await.ok()?.accepted().ok()?;
            page.html.contains(&format!("<h1 class=\"sentence\">{sentence}")).then_some(())
        })
        .await;
}

/// The three pages on which somebody signs or looks at what was signed.
async fn pages(office: &mut Office, case: &str, clarification: &str) -> Vec<Page> {
    let review = format!("/case/{case}/clarification/{clarification}");
    let mut pages = Vec::new();
    for path in [
        review.clone(),
        format!("{review}/sign-off"),
        format!("/case/{case}/form?clarification={clarification}"),
    ] {
        pages.push(office.page("signer", &path).await.accepted().unwrap());
    }
    pages
}

#[tokio::test]
async fn a_sentence_that_the_case_does_not_say_is_shown_and_signed_by_nobody() {
    let mut office = Office::open().await;
    let (_, first) = office.says("城西隧道今天下午冒顶塌方，埋了好几辆车，是真的吗").await;
    assert!(first.reply.is_some());
    let case = office.case_about("城西隧道").await;
    let about = "城西隧道冒顶塌方，埋了好几辆车";
    worded(&mut office, &case, UNSEEN).await;
    let mut fields = boxes(about, "publish");
    fields.push(("automatic_answer", "on"));
    let seen = office.desk.save_draft(&case, None, &fields).await.unwrap();
    worded(&mut office, &case, about).await;

    for page in pages(&mut office, &case, &seen.clarification).await {
        assert!(page.says(UNSEEN), "{} does not show what would be signed", page.path);
    }
    let refused = office.desk.try_sign("drafter", &case, &seen.clarification, "drafted").await.unwrap();
    assert!(!refused.status.is_success());
    let alert = refused.alert().unwrap();
    assert!(alert.contains("网传内容在起草后改过"), "{alert}");

    // Saved again it says what the case says, is signed, and answers whoever asks that and nothing else.
    let again = office.desk.save_draft(&case, Some(&seen), &fields).await.unwrap();
    office.desk.sign_all(&case, &again.clarification).await.unwrap();
    office.all_publications(&case, 1, "confirmed").await;
    office
        .until("who asks about the tunnel is answered", async |office| {
            let reply = office.says(&format!("听说{about}，真的吗")).await.1.reply?;
            reply.contains(&title(about)).then_some(())
        })
        .await;
    let other = office.says(&format!("听说{UNSEEN}，真的吗")).await.1.reply.unwrap_or_default();
    assert!(other.starts_with("收到"), "{other}");
}

#[tokio::test]
async fn a_draft_altered_beside_the_signed_bytes_is_shown_as_altered_and_not_signed() {
    let mut office = Office::open().await;
    office.says("听说老车站地下挖出了古墓，连夜封锁现场，是真的吗").await;
    let case = office.case_about("老车站").await;
    let about = "老车站挖出古墓";
    let seen = office.draft(&case, about, "everything").await;
    for (login, purpose) in
        [("drafter", "drafted"), ("drafter", "first_reviewed"), ("reviewer", "second_reviewed")]
    {
        office.desk.sign(login, &case, &seen.clarification, purpose).await.unwrap();
    }
    let clarification: Uuid = seen.clarification.parse().unwrap();
    let alter = sqlx::query(
        "UPDATE approval.revision
         SET draft = draft || '{\"response_level\": \"answer_only\", \"automatic_answer\": false}'
         WHERE clarification_id = $1",
    );
    alter.bind(clarification).execute(&superuser(&office, "approval")).await.unwrap();
    for page in pages(&mut office, &case, &seen.clarification).await {
        assert!(
            page.says("疑被改动") || page.alert().is_some(),
            "{} does not say that it was altered",
            page.path
        );
        assert!(!page.says("仅答复"), "{} shows what is not signed", page.path);
    }
    let refused = office.desk.try_sign("signer", &case, &seen.clarification, "signed").await.unwrap();
    assert!(!refused.status.is_success(), "an altered draft was signed off");
    let outcome = office.outcome(&title(about)).await;
    assert_eq!((outcome.pushes, outcome.posts, outcome.answers.len()), (0, 0, 0));
}

#[tokio::test]
async fn words_that_hold_no_longer_answer_nobody_and_the_desk_asks_to_renew_or_close() {
    let mut office = Office::open().await;
    office.says("听说今晚城南要停水，停到明天早上，是真的吗").await;
    let case = office.case_about("停水").await;
    let about = "今晚城南停水，停到明天早上";
    worded(&mut office, &case, about).await;
    let mut fields = boxes(about, "publish");
    let clock = runtime::Clock::steered(office.time.file().into());
    let end = (clock.now() + time::Duration::hours(6)).to_offset(time::macros::offset!(+8));
    let typed = format!("{}T{:02}:{:02}", end.date(), end.hour(), end.minute());
    fields.extend([("automatic_answer", "on"), ("valid_until", &*typed.leak())]);
    let seen = office.desk.save_draft(&case, None, &fields).await.unwrap();
    office.desk.sign_all(&case, &seen.clarification).await.unwrap();
    office.all_publications(&case, 1, "confirmed").await;
    let asked = format!("听说{about}，真的吗");
    office
        .until("who asks tonight is answered", async |office| {
            let reply = office.says(&asked).await.1.reply?;
            reply.contains(&title(about)).then_some(())
        })
        .await;
    let queue = office.page("duty", "/").await.accepted().unwrap();
    assert!(!queue.says("已过适用期"));

    office.time.advance(Duration::from_secs(7 * 3600));
    // Everybody's session has ended meanwhile.
    let clock = Box::leak(Box::new(runtime::Clock::steered(office.time.file().into())));
    office.desk = Desk::new(office.installation, clock);
    let late = office.says(&asked).await.1.reply.unwrap_or_default();
    assert!(late.starts_with("收到"), "{late}");
    let queue = office.page("duty", "/").await.accepted().unwrap();
    assert!(queue.says("已过适用期：续期或结束"));
    assert_eq!(queue.attribute("data-past-validity-case"), Some(&*case));

    // Closed: the desk asks no more, and whoever asks again is a case of their own.
    let address = format!("/case/{case}");
    let page = office.page("duty", &address).await.accepted().unwrap();
    let revision = page.attribute("data-state-revision").unwrap().to_owned();
    let duty = office.desk.person("duty").await.unwrap();
    let close = [("expected_revision", &*revision), ("reason", "那一晚已经过去")];
    duty.submit(&page, &format!("{address}/close-expired"), &close).await.unwrap().accepted().unwrap();
    let queue = office.page("duty", "/").await.accepted().unwrap();
    assert!(!queue.says("已过适用期"));
    office
        .until("a new case about it", async |office| {
            office.says(&asked).await;
            let duty = office.desk.person("duty").await.ok()?;
            let queue = duty.open("/").await.ok()?.accepted().ok()?;
            let open = queue.attributes_where("data-case-id", "data-case-state", "open");
            (!open.is_empty() && !open.contains(&&*case)).then_some(())
        })
        .await;
}

/// What the program says, and whether it ended well.
async fn chengqing(arguments: &[&str]) -> (bool, String) {
    let output = tokio::process::Command::new(program("chengqing")).args(arguments).output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn evidence_is_judged_by_the_audit_trails_time_and_not_by_the_signers_own() {
    let mut office = Office::open().await;
    office.says("听说体育馆门票涨到五百块一张，是真的吗").await;
    let case = office.case_about("体育馆").await;
    let seen = office.signed(&case, "体育馆门票涨到五百块", "publish").await;
    office.all_publications(&case, 1, "confirmed").await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evidence").to_str().unwrap().to_owned();
    let agency = office.installation.agency().to_string();
    let url = |service: &str| office.installation.service_url(service).expose_secret().to_owned();
    let (publish_url, approval_url) = (url("publish"), url("approval"));
    let root_key = grpc::public_key(&office.installation.secrets().root_seed.clone().into()).unwrap();
    let databases = ["--database-url", &*publish_url, "--approval-database-url", &*approval_url];
    let what = ["evidence", &*seen.clarification, "1", &*file, "--agency", &*agency];
    let take = [&what[..], &databases[..]].concat();
    let (taken, said) = chengqing(&take).await;
    assert!(taken, "{said}");
    let verify = ["verify", &*file, "--root-key", &*root_key];
    let (proven, said) = chengqing(&verify).await;
    assert!(proven && said.contains("成立") && said.contains("clarification.signed"), "{said}");
    let newer = [&verify[..], &["--policy-version-min", "2"][..]].concat();
    let (proven, said) = chengqing(&newer).await;
    assert!(!proven && said.contains("审批规则是第1版"), "{said}");

    // The trail says that the sign-off was made a day later: the signer's own word is not taken.
    let mut evidence = Evidence::decode(&std::fs::read(&file).unwrap()).unwrap();
    let entry = evidence.entries.last_mut().unwrap();
    let time = TrailEntry::decode(entry).unwrap().time_ms;
    let at = entry.windows(8).position(|window| window == time.to_be_bytes()).unwrap();
    entry[at..at + 8].copy_from_slice(&(time + 86_400_000).to_be_bytes());
    std::fs::write(&file, evidence.encode().unwrap()).unwrap();
    let (proven, said) = chengqing(&verify).await;
    assert!(!proven && said.contains("疑为倒签"), "{said}");

    // A file that says nothing of the trail proves nothing until somebody says what the trail says.
    std::fs::write(&file, evidence.bundle.encode().unwrap()).unwrap();
    let (proven, said) = chengqing(&verify).await;
    assert!(!proven && said.contains("--signed-time"), "{said}");
    let told = time::OffsetDateTime::from_unix_timestamp(time / 1000).unwrap();
    let told = told.format(&time::format_description::well_known::Rfc3339).unwrap();
    let (proven, said) = chengqing(&[&verify[..], &["--signed-time", &*told][..]].concat()).await;
    assert!(proven, "{said}");
}
