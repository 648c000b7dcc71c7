//! G1, G3, G4, G8: whatever dies, and whenever, the end is the same: one push, one post, one answer each.

use std::collections::BTreeMap;

use crate::office::{Office, title};

/// A rumor of its own for each round: words that share nothing with another's, so that each opens a claim.
struct Rumor {
    /// What citizens ask.
    asked: String,
    /// Words of it that the queue shows.
    about: String,
}

const RUMORS: [(&str, &str); 16] = [
    ("城北大桥", "下个月要整体拆除重建"),
    ("自来水厂", "昨晚发生了严重爆炸"),
    ("中心小学", "从明天起无限期关闭"),
    ("老车站", "被外地老板买下来了"),
    ("人民公园", "挖出了很多古代金币"),
    ("青溪水库", "有野猪咬伤好几个人"),
    ("长途客运站", "要改建成垃圾焚烧厂"),
    ("体育馆", "门票涨到五百块一张"),
    ("菜市场", "卖的猪肉全部打了药"),
    ("妇幼医院", "抱错了两个新生儿"),
    ("地铁三号线", "施工把古墓挖塌了"),
    ("烟花仓库", "失火烧掉整条街"),
    ("电影院", "放映途中天花板掉落"),
    ("养老院", "饭菜吃倒了四十位老人"),
    ("化工园区", "泄漏的毒气飘向市区"),
    ("公积金", "年底前一律不准提取"),
];

fn rumor(round: usize) -> Rumor {
    let (subject, event) = RUMORS[round];
    Rumor { asked: format!("听说{subject}{event}，是真的吗"), about: format!("{subject}{event}") }
}

/// Between the commitment to a customer message and its outcome nobody can know whether it was sent, and the
/// platform has no key under which to repeat it: those answers are listed for a person (G8). They go out several
/// at once, so that a death after the outcome of one leaves its neighbours there.
const UNKNOWABLE: [&str; 3] = [
    "ingest.deliver.after_attempt_committed",
    "ingest.deliver.after_call_before_outcome",
    "ingest.deliver.after_outcome",
];

/// The whole chain once, with everybody kept alive: three people ask, the office clarifies, everyone is told.
async fn chain(office: &mut Office, round: usize, point: &str) {
    let rumor = rumor(round);
    office.outside.reset_quota().await.unwrap();
    let mut citizens = Vec::new();
    for _ in 0..3 {
        citizens.push(office.says_through_deaths(&rumor.asked).await.openid);
    }
    let case = office.case_about(&rumor.about).await;
    office.signed_through_deaths(&case, &rumor.about).await;
    office.all_publications(&case, 3, "confirmed").await;
    let unknown = office.settled(&case, 3).await;

    let outcome = office.outcome(&title(&rumor.about)).await;
    assert_eq!((outcome.pushes, outcome.posts), (1, 1), "round {round}, {}", rumor.about);
    let once: BTreeMap<String, usize> = citizens.into_iter().map(|citizen| (citizen, 1)).collect();
    if UNKNOWABLE.contains(&point) {
        assert!(outcome.answers.iter().all(|(citizen, count)| once.get(citizen) == Some(count)));
        assert!(outcome.answers.len() as u64 + unknown >= 3, "somebody has no answer and is not listed");
    } else {
        assert_eq!(outcome.answers, once, "round {round}, {}", rumor.about);
        assert_eq!(unknown, 0, "round {round}, {}", rumor.about);
    }
}

/// The points of the messaging crate, which every service that owns a database passes.
const MESSAGING: [&str; 7] = [
    "outbox.after_commit",
    "relay.before_publish",
    "relay.after_publish_before_mark",
    "relay.after_mark",
    "consumer.before_commit",
    "consumer.after_commit_before_ack",
    "consumer.after_ack",
];

/// Points of each service that the chain passes.
const OWN: [(&str, &[&str]); 4] = [
    (
        "ingest",
        &[
            "ingest.notice.before_commit",
            "ingest.notice.after_commit",
            "ingest.accept.before_commit",
            "ingest.accept.after_commit",
            "ingest.callback.before_answer",
            "ingest.deliver.after_attempt_committed",
            "ingest.deliver.after_call_before_outcome",
            "ingest.deliver.after_outcome",
        ],
    ),
    ("classification", &["classification.decide.before_commit", "classification.decide.after_commit"]),
    (
        "approval",
        &[
            "approval.consumer.before_commit",
            "approval.consumer.after_commit",
            "approval.publication_consumer.before_commit",
            "approval.publication_consumer.after_commit",
            "approval.save_draft.before_commit",
            "approval.save_draft.after_commit",
            "approval.sign.before_commit",
            "approval.sign.after_commit",
        ],
    ),
    (
        "publish",
        &[
            "publish.signed.before_commit",
            "publish.draft.after_attempt_committed",
            "publish.draft.after_call_before_outcome",
            "publish.send.after_attempt_committed",
            "publish.send.after_call_before_outcome",
            "publish.send.after_outcome_committed",
            // The second write of the chain is the microblog's, whose platform knows no key.
            "publish.send.after_attempt_committed#2",
            "publish.send.after_call_before_outcome#2",
            "publish.send.after_outcome_committed#2",
        ],
    ),
];

/// Points that a picture passes: `pictures::a_picture_joins_once_whoever_dies_while_it_is_looked_at`.
const PICTURES: [&str; 4] = [
    "classification.again.after_commit",
    "classification.again.before_commit",
    "ingest.media.after_commit",
    "ingest.media.before_commit",
];

/// Points off the chain: what they interrupt has tests of its own in its service.
const ELSEWHERE: [&str; 20] = [
    "approval.answer_finding.before_commit",
    "approval.correct.after_commit",
    "approval.correct.before_commit",
    "approval.dismiss.after_commit",
    "approval.dismiss.before_commit",
    "approval.halt.after_commit",
    "approval.halt.before_commit",
    "approval.lift.after_commit",
    "approval.lift.before_commit",
    "approval.open_notice.before_commit",
    "approval.request_finding.before_commit",
    "approval.resume_answer.after_commit",
    "approval.resume_answer.before_commit",
    "approval.revoke.after_commit",
    "approval.revoke.before_commit",
    "ingest.halt.after_commit",
    "ingest.halt.before_commit",
    "ingest.transcribe.after_commit",
    "ingest.transcribe.before_commit",
    "publish.halt.after_commit",
];

async fn killed_at_each(service: &'static str, points: &[&str]) {
    let mut office = Office::open().await;
    for (round, point) in points.iter().enumerate() {
        // Shown only when the test fails: where it was.
        println!("killing {service} at {point}");
        office.fleet.kill(service).await.unwrap();
        let deaths = office.fleet.deaths(service);
        office.fleet.start_armed(service, point).await.unwrap();
        chain(&mut office, round, point).await;
        assert!(office.fleet.deaths(service) > deaths, "{service} never reached {point}");
    }
}

fn points_of(service: &str) -> Vec<&'static str> {
    let own = OWN.iter().find(|(name, _)| *name == service).map_or(&[][..], |(_, points)| points);
    MESSAGING.iter().chain(own).copied().collect()
}

#[tokio::test]
async fn killing_ingest_at_each_of_its_crash_points_changes_nothing() {
    killed_at_each("ingest", &points_of("ingest")).await;
}

#[tokio::test]
async fn killing_classification_at_each_of_its_crash_points_changes_nothing() {
    killed_at_each("classification", &points_of("classification")).await;
}

#[tokio::test]
async fn killing_approval_at_each_of_its_crash_points_changes_nothing() {
    killed_at_each("approval", &points_of("approval")).await;
}

#[tokio::test]
async fn killing_publish_at_each_of_its_crash_points_changes_nothing() {
    killed_at_each("publish", &points_of("publish")).await;
}

#[tokio::test]
async fn losing_the_whole_bus_in_mid_flight_changes_nothing() {
    let mut office = Office::open().await;
    let rumor = rumor(0);
    // Accepted, and nobody has heard of it: classification is down when the bus loses everything.
    office.fleet.kill("classification").await.unwrap();
    let citizen = office.says(&rumor.asked).await.0.openid;
    lose_the_bus(&mut office).await;
    office.fleet.start("classification").await.unwrap();
    let case = office.case_about(&rumor.about).await;
    // Signed, and publish has not heard of it.
    office.fleet.kill("publish").await.unwrap();
    office.signed_through_deaths(&case, &rumor.about).await;
    lose_the_bus(&mut office).await;
    office.fleet.start("publish").await.unwrap();
    office.all_publications(&case, 3, "confirmed").await;
    office.answered(&case, 1).await;
    // Once more when everything is done: what is sent again must do nothing again.
    lose_the_bus(&mut office).await;
    let after = rumor_after(&mut office).await;
    let outcome = office.outcome(&title(&rumor.about)).await;
    assert_eq!((outcome.pushes, outcome.posts), (1, 1));
    assert_eq!(outcome.answers, BTreeMap::from([(citizen, 1)]));
    assert!(!after.is_empty());
}

async fn lose_the_bus(office: &mut Office) {
    office.nats.kill().await.unwrap();
    office.nats.remove_store().unwrap();
    office.nats.resume().await.unwrap();
}

/// A later report reaches the queue: by then everything that was sent again has been seen.
async fn rumor_after(office: &mut Office) -> String {
    let later = rumor(1);
    office.says(&later.asked).await;
    office.case_about(&later.about).await
}

/// A point that no test knows would never be tried.
#[test]
fn every_crash_point_in_the_code_is_tried() {
    let services = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("services");
    let mut found = std::collections::BTreeSet::new();
    collect(&services, &mut found);
    let known: std::collections::BTreeSet<String> = MESSAGING
        .iter()
        .chain(OWN.iter().flat_map(|(_, points)| points.iter()))
        .chain(&PICTURES)
        .chain(&ELSEWHERE)
        .map(|point| point.split('#').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(found, known);
}

fn collect(folder: &std::path::Path, found: &mut std::collections::BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            // In code, not in comments.
            for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
                let points = line.split("crash_point!(\"").skip(1);
                found.extend(points.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
            }
        }
    }
}
