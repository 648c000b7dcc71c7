//! Reports gather in claims.

use std::collections::HashSet;

use contracts::classification::v1::{ClaimGrew, ClaimOpened, ReportAssigned};
use ids::{AgencyId, ReporterId};
use testkit::eventually;

use crate::desk::{Desk, Said};

/// One rumor as forty people tell it; the first is the demo story's.
pub const EARTHQUAKE: [&str; 40] = [
    "群里都在转，说明天凌晨3点青岚县有7级地震，让大家别睡屋里，是真的吗？",
    "明天凌晨三点青岚县七级地震，是真的吗",
    "听说今晚要地震？",
    "今晚3点有大地震，大家别睡屋里",
    "我们县明早有七级地震？真的假的",
    "网传青岚县凌晨3点7级地震，求证",
    "业主群说明天半夜地震，让我们去广场睡",
    "明天地震的消息是不是真的",
    "青岚县要地震了吗",
    "凌晨三点地震 快跑",
    "姐妹们听说没，青岚明早3点大地震",
    "请问青岚县地震局发预报了吗，说明天3点地震",
    "朋友圈疯传明晨三点我县有7级大地震",
    "家长群都在发，今夜凌晨3点地震，不要在家里睡",
    "真的有地震吗？都说明天凌晨",
    "亲戚打电话来说青岚县今晚3点地震7级",
    "地震的事是真的吗，今晚不敢睡",
    "听邻居说明天凌晨3点咱县地震，让大家到空地上去",
    "转：紧急通知，明天凌晨3点青岚县将发生7级地震，请大家不要睡在屋里",
    "我妈群里转的，说凌晨三点七级地震，睡外面",
    "有人说明早青岚县有地震",
    "明早3点有地震？？？",
    "求辟谣：明天凌晨3点青岚县7级地震",
    "說明天淩晨三點青嵐縣有七級地震，真的嗎",
    "明.天.凌.晨.3.点.青.岚.县.地.震",
    "县里是不是要地震了，都让睡外面",
    "老家说今晚大地震，7级的",
    "今晚到明天凌晨青岚有七级左右地震，请睡在外面",
    "据说明天凌晨有强烈地震",
    "刚收到消息，青岚县明天凌晨3点左右地震，震级7级",
    "群里发了个截图说凌晨3点地震，是不是真的",
    "是真的要地震吗？我们小区的人都下楼了",
    "预报说明天凌晨3点地震",
    "地震预警说明天三点7级，真的吗",
    "7级地震，凌晨3点，青岚县",
    "明天会地震吗",
    "今晚地震吗",
    "听说晚上3点地震",
    "大地震真的要来了？说是明天凌晨",
    "说是凌晨3点钟有地震，7级，让大家别在屋里睡觉",
];

#[tokio::test(flavor = "multi_thread")]
async fn forty_tellings_of_one_rumor_gather_in_one_claim_and_everything_else_stays_out() {
    let desk = Desk::open(1).await;
    let mut messages: Vec<Said> =
        EARTHQUAKE.iter().enumerate().map(|(at, text)| Said::new(text).seen_at(&format!("群{at}"))).collect();
    let others =
        ["身份证怎么补办", "我要投诉楼下KTV半夜扰民没人管", "超市的盐都被抢光了", "日本昨天发生5级地震"];
    messages.extend(others.map(Said::new));

    let judged = desk.hears(&messages).await;

    let first = judged[0].claim.expect("a report opens a claim");
    for (text, judged) in EARTHQUAKE.iter().zip(&judged) {
        assert_eq!(judged.claim, Some(first), "{text}: {judged:?}");
    }
    assert_eq!((judged[40].intent.as_str(), judged[40].claim), ("question", None));
    assert_eq!((judged[41].intent.as_str(), judged[41].claim), ("complaint", None));
    for other in &judged[42..] {
        assert!(other.claim.is_some_and(|claim| claim != first), "{other:?}");
    }

    let claim = desk.claim(first).await;
    assert_eq!(claim.sentence, "明天凌晨3点青岚县有7级地震，让大家别睡屋里");
    assert_eq!((claim.report_count, claim.reporter_count, claim.place_count), (40, 40, 40));
    assert_eq!(claim.departments[0], "县应急管理局");
    assert!(claim.urgency > 50, "{claim:?}");
    assert!(!claim.reasons.is_empty());
    desk.close().await;
}

/// Tellings that are one whichever comes first: what is tested with them is the race.
const STORM: [usize; 6] = [0, 1, 5, 18, 22, 34];

#[tokio::test(flavor = "multi_thread")]
async fn racing_replicas_open_one_claim_for_a_storm_of_one_rumor() {
    let desk = Desk::open(2).await;
    let storm: Vec<Said> = (0..600).map(|at| Said::new(EARTHQUAKE[STORM[at % STORM.len()]])).collect();
    // Said at once by many, so that both replicas hold batches of it at the same time.
    let parts: Vec<&[Said]> = storm.chunks(50).collect();
    let judged: Vec<_> = futures::future::join_all(parts.into_iter().map(|part| desk.hears(part)))
        .await
        .into_iter()
        .flatten()
        .collect();

    let claims: HashSet<_> = judged.iter().map(|judged| judged.claim).collect();
    assert_eq!(claims.len(), 1, "{claims:?}");
    assert_eq!(desk.emitted::<ClaimOpened>().await.len(), 1);
    assert_eq!(desk.emitted::<ReportAssigned>().await.len(), 600);
    let claim = judged[0].claim.unwrap();
    assert_eq!(desk.claim(claim).await.report_count, 600);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn growth_is_told_with_absolute_counts_and_rising_revisions() {
    let desk = Desk::open(2).await;
    let opened = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    for round in 1..=3 {
        let more: Vec<Said> = EARTHQUAKE[round..round + 3].iter().map(|text| Said::new(text)).collect();
        desk.hears(&more).await;
    }
    let told = eventually("the final counts to be told", async || {
        let told = desk.emitted::<ClaimGrew>().await;
        let last = told.last()?.claim.as_ref()?.report_count;
        (last == 10).then_some(told)
    })
    .await;
    for (at, grew) in told.iter().enumerate() {
        assert_eq!(grew.state_revision, at as u64 + 1);
        assert_eq!(grew.claim.as_ref().unwrap().claim_id, opened.to_string());
    }
    let opening = desk.emitted::<ClaimOpened>().await;
    assert_eq!(opening[0].claim.as_ref().unwrap().report_count, 1);
    let between: Vec<f64> = sqlx::query_scalar(
        "SELECT extract(epoch FROM created_time - lag(created_time) OVER (ORDER BY sequence))::float8
         FROM messaging.outbox WHERE subject = 'classification.claim.grew.v1' ORDER BY sequence OFFSET 1",
    )
    .fetch_all(&desk.database.superuser())
    .await
    .unwrap();
    assert!(between.iter().all(|&seconds| seconds > 0.9), "{between:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reporter_in_one_group_counts_once() {
    let desk = Desk::open(1).await;
    let reporter = ReporterId::mint();
    let same = |text| Said::new(text).by(reporter).seen_at("东门业主群");
    let judged = desk.hears(&[same(EARTHQUAKE[0]), same(EARTHQUAKE[1])]).await;
    desk.hears(&[same(EARTHQUAKE[3])]).await;
    let claim = desk.claim(judged[0].claim.unwrap()).await;
    assert_eq!((claim.report_count, claim.reporter_count, claim.place_count), (3, 1, 1));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agencies_do_not_share_claims() {
    let desk = Desk::open(1).await;
    let ours = desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
    let theirs = desk.hears_for(AgencyId::mint(), &[Said::new(EARTHQUAKE[0])]).await;
    assert_ne!(ours[0].claim, theirs[0].claim);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_after_a_dismissal_opens_a_new_claim() {
    let desk = Desk::open(1).await;
    let first = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    desk.dismisses(first).await;
    let second = desk.hears(&[Said::new(EARTHQUAKE[1])]).await[0].claim.unwrap();
    assert_ne!(first, second);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolled_back_batch_leaves_nothing_in_the_index() {
    let desk = Desk::open(1).await;
    // The first attempts fail after the index was used: no event can be stored. A sequence counts them, because
    // it alone survives a rollback.
    let superuser = desk.database.superuser();
    let refuse = "CREATE SEQUENCE public.refused;
        CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            PERFORM nextval('public.refused');
            RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full';
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON messaging.outbox EXECUTE FUNCTION public.refuse()";
    sqlx::raw_sql(refuse).execute(&superuser).await.unwrap();
    let said = [Said::new(EARTHQUAKE[0]), Said::new(EARTHQUAKE[1])];
    let mend = async {
        eventually("two refused attempts", async || {
            let refused: i64 = sqlx::query_scalar("SELECT last_value FROM public.refused")
                .fetch_one(&superuser)
                .await
                .unwrap();
            (refused >= 2).then_some(())
        })
        .await;
        sqlx::query("DROP TRIGGER refuse ON messaging.outbox").execute(&superuser).await.unwrap();
    };
    let (judged, ()) = tokio::join!(desk.hears(&said), mend);
    assert_eq!(judged[0].claim, judged[1].claim);
    let claim = judged[0].claim.unwrap();
    assert_eq!(desk.claim(claim).await.report_count, 2);
    assert_eq!(desk.count("SELECT count(*) FROM classification.claim").await, 1);
    desk.close().await;
}
