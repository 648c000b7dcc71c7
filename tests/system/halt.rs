//! G11: whatever is halted before it went out never goes out, at every stage; what is out is said to be out.

use crate::office::{Office, title};

/// Halts a clarification as the officer on duty; answers with the page that says what each service did.
async fn halt(office: &mut Office, case: &str, clarification: &str) -> String {
    let address = format!("/halt?case={case}&clarification={clarification}");
    let duty = office.desk.person("duty").await.unwrap();
    let page = duty.open(&address).await.unwrap();
    let fields = [
        ("scope", "clarification"),
        ("clarification_id", clarification),
        ("account", ""),
        ("reason", "测试停发"),
    ];
    duty.submit(&page, "/halt", &fields).await.unwrap().accepted().unwrap().html
}

async fn nothing_is_out(office: &Office, about: &str) {
    let outcome = office.outcome(&title(about)).await;
    assert_eq!((outcome.pushes, outcome.posts), (0, 0), "{about} went out although it was halted");
    assert!(outcome.answers.is_empty(), "{about} was answered although it was halted");
}

#[tokio::test]
async fn a_halt_stops_a_clarification_at_every_stage() {
    let mut office = Office::open().await;

    // While it is being reviewed: a later sign-off changes nothing.
    office.says("听说城北大桥下个月要拆除，以后过河要绕路，是真的吗").await;
    let about = "城北大桥下月拆除";
    let case = office.case_about("城北大桥").await;
    let seen = office.draft(&case, about, "everything").await;
    office.desk.sign("drafter", &case, &seen.clarification, "drafted").await.unwrap();
    halt(&mut office, &case, &seen.clarification).await;
    for (login, purpose) in
        [("drafter", "first_reviewed"), ("reviewer", "second_reviewed"), ("signer", "signed")]
    {
        // Whether approval still takes the step is its own affair; what counts is what goes out.
        let _refused_or_not = office.desk.try_sign(login, &case, &seen.clarification, purpose).await;
    }
    nothing_is_out(&office, about).await;

    // Signed, but publish has not heard of it yet.
    office.says("听说自来水厂昨天投放了过量药物，水里有味道，是真的吗").await;
    let about = "自来水厂投放过量药物";
    let case = office.case_about("自来水厂").await;
    office.nats.kill().await.unwrap();
    let seen = office.signed(&case, about, "everything").await;
    halt(&mut office, &case, &seen.clarification).await;
    office.nats.resume().await.unwrap();
    office.all_publications(&case, 3, "halted").await;
    nothing_is_out(&office, about).await;

    // Planned, and waiting for the platform.
    office.says("听说中心小学从明天起全体停课两周，是真的吗").await;
    let about = "中心小学全体停课";
    let case = office.case_about("中心小学").await;
    for operation in ["draft_add", "share"] {
        let fault = serde_json::json!({ "operation": operation, "fault": "http_500_before", "count": 1000 });
        office.outside.fault(&fault).await.unwrap();
    }
    let seen = office.signed(&case, about, "mass_push").await;
    office
        .until("publish has planned the push", async |office| {
            let publications = office.publications(&case).await?;
            publications.iter().any(|(channel, _)| channel == "wechat").then_some(())
        })
        .await;
    let said = halt(&mut office, &case, &seen.clarification).await;
    assert!(said.contains("data-service=\"publish\""), "{said}");
    let outcome = office.outcome(&title(about)).await;
    assert_eq!(outcome.pushes, 0);
}

#[tokio::test]
async fn a_halt_that_comes_too_late_says_so() {
    let mut office = Office::open().await;
    office.says("听说老车站地下挖出了古墓，连夜封锁现场，是真的吗").await;
    let case = office.case_about("老车站").await;
    let seen = office.signed(&case, "老车站挖出古墓", "everything").await;
    office.all_publications(&case, 3, "confirmed").await;
    let said = halt(&mut office, &case, &seen.clarification).await;
    assert!(said.contains("data-outcome=\"already_out\""), "{said}");
}
