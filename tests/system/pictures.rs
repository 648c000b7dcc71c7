//! What a citizen shows or says without words, from the phone to the queue and the officer's box.

use crate::office::Office;

const SCREENSHOT: &[u8] = include_bytes!("../../services/ingest/tests/fixtures/earthquake.png");
const ASKED: &str = "群里都在转，说明天凌晨3点青岚县有7级地震，让大家别睡屋里，是真的吗？";

/// How many reports the case of a page has.
async fn reports(office: &mut Office, case: &str) -> Option<u64> {
    let duty = office.desk.person("duty").await.ok()?;
    let page = duty.open(&format!("/case/{case}")).await.ok()?.accepted().ok()?;
    page.attribute("data-report-count")?.parse().ok()
}

/// Every case that the queue shows.
async fn cases(office: &mut Office) -> Vec<String> {
    let queue = office.page("duty", "/").await;
    let rows = queue.html.split("data-case-id=\"").skip(1).filter_map(|row| row.split('"').next());
    let mut cases: Vec<String> = rows.map(str::to_owned).collect();
    cases.sort();
    cases
}

#[tokio::test]
async fn a_picture_joins_once_whoever_dies_while_it_is_looked_at() {
    let mut office = Office::open().await;
    office.says_through_deaths(ASKED).await;
    let case = office.case_about("地震").await;
    let before = cases(&mut office).await;
    let mut expected = 1;
    for (service, point) in [
        ("ingest", "ingest.media.before_commit"),
        ("ingest", "ingest.media.after_commit"),
        ("classification", "classification.again.before_commit"),
        ("classification", "classification.again.after_commit"),
    ] {
        office.fleet.kill(service).await.unwrap();
        let deaths = office.fleet.deaths(service);
        office.fleet.start_armed(service, point).await.unwrap();
        let citizen = office.outside.citizens(1).await.unwrap().pop().unwrap();
        office.outside.send_file(&citizen, "image", SCREENSHOT).await.unwrap();
        expected += 1;
        office
            .until(&format!("{expected} reports after {point}"), async |office| {
                (reports(office, &case).await? == expected).then_some(())
            })
            .await;
        assert!(office.fleet.deaths(service) > deaths, "{service} never reached {point}");
    }
    // One more, with nobody dying: whatever was to be counted twice is by now.
    let citizen = office.outside.citizens(1).await.unwrap().pop().unwrap();
    office.outside.send_file(&citizen, "image", SCREENSHOT).await.unwrap();
    office
        .until("the last picture", async |office| {
            reports(office, &case).await.filter(|counted| *counted > expected)
        })
        .await;
    assert_eq!(reports(&mut office, &case).await, Some(expected + 1));
    assert_eq!(cases(&mut office).await, before, "no other case was opened");
}

#[tokio::test]
async fn an_officer_writes_down_a_voice_message_and_it_finds_its_case() {
    let mut office = Office::open().await;
    office.says_through_deaths(ASKED).await;
    let case = office.case_about("地震").await;
    let citizen = office.outside.citizens(1).await.unwrap().pop().unwrap();
    office.outside.send_file(&citizen, "voice", b"#!AMR\n\x3c\x00\x00").await.unwrap();

    let action = office
        .until("the voice message and its box", async |office| {
            let page = office.page("duty", "/messages").await;
            let mut actions = page.html.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
            let written = actions.find(|action| action.ends_with("/transcript"))?;
            page.html.contains("下载语音").then(|| written.to_owned())
        })
        .await;
    let duty = office.desk.person("duty").await.unwrap();
    let page = duty.open("/messages").await.unwrap();
    // Nothing written: the page comes back and says so.
    let refused = duty.submit(&page, &action, &[("transcript", " ")]).await.unwrap();
    assert_eq!(refused.status, 422, "{:?}", refused.alert());
    let heard = "说是明天凌晨3点青岚县7级地震，让大家别在屋里睡";
    let done = duty.submit(&page, &action, &[("transcript", heard)]).await.unwrap().accepted().unwrap();
    assert!(done.says("听写已保存"), "{:?}", done.alert());
    office
        .until("the case with both", async |office| (reports(office, &case).await? == 2).then_some(()))
        .await;
    let page = office.page("duty", &format!("/case/{case}")).await;
    assert!(page.html.contains("data-transcript") && page.says(heard));

    let file = action.replace("/transcript", "/media");
    let stranger = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = format!("{}{file}", office.installation.console_url());
    let answer = stranger.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 303, "a file is for those who are signed in");
    let auditor = office.page("auditor", &file).await;
    assert_eq!(auditor.status, 403);
}
