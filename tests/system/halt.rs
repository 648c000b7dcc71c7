//! G11: whatever is halted before it went out never goes out, at every stage; what is out is said to be out.

use suite::demo::Page;
use uuid::Uuid;

use crate::office::{Office, title};

/// Halts as `login` on the page for it; answers with the page that says what each service did.
pub async fn halt(office: &mut Office, login: &'static str, what: &[(&str, &str)]) -> String {
    let person = office.desk.person(login).await.unwrap();
    let page = person.open("/halt").await.unwrap();
    let fields = [what, &[("reason", "测试停发")]].concat();
    person.submit(&page, "/halt", &fields).await.unwrap().accepted().unwrap().html
}

/// Asks as `login` that something goes on again, whether the page offers it or not.
pub async fn resume(office: &mut Office, login: &'static str, what: &[(&str, &str)]) -> Page {
    let person = office.desk.person(login).await.unwrap();
    let page = person.open("/halt").await.unwrap();
    // Where the page has no such form, the hidden fields are those of another form of the same session.
    let fields = [what, &[("reason", "已核实无误")]].concat();
    person.submit(&page, "/resume", &fields).await.unwrap()
}

/// Halts a clarification as the officer on duty.
async fn halt_clarification(office: &mut Office, clarification: &str) -> String {
    halt(office, "duty", &[("scope", "clarification"), ("clarification_id", clarification)]).await
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
    halt_clarification(&mut office, &seen.clarification).await;
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
    halt_clarification(&mut office, &seen.clarification).await;
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
    let said = halt_clarification(&mut office, &seen.clarification).await;
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
    let said = halt_clarification(&mut office, &seen.clarification).await;
    assert!(said.contains("data-outcome=\"already_out\""), "{said}");
}

#[tokio::test]
async fn what_the_signer_stopped_goes_on_by_the_signer_alone_and_the_trail_says_who_and_why() {
    let mut office = Office::open().await;
    let everything = [("scope", "everything")];
    let said = halt(&mut office, "signer", &everything).await;
    assert!(said.contains("data-service=\"approval\" data-outcome=\"recorded\""), "{said}");
    office
        .until("both services know who signed it", async |office| {
            let page = office.page("duty", "/halt").await.html;
            page.contains("data-signing=\"signed\"").then_some(())
        })
        .await;

    // The department's checker, who drafts, who reviews and who is on duty: none of them starts it again.
    for login in ["checker", "drafter", "reviewer", "duty"] {
        let page = office.page(login, "/halt").await.html;
        let offered = page.contains("action=\"/resume\"");
        assert_eq!(offered, login == "duty", "{login} is offered what is not theirs, or not what is");
        let refused = resume(&mut office, login, &everything).await;
        assert_eq!(refused.status, 403, "{login} started everything again: {}", refused.html);
    }
    let page = office.page("signer", "/halt").await.html;
    assert!(page.contains("data-answers-halted=\"true\"") && page.contains("data-halted=\"true\""), "{page}");

    let resumed = resume(&mut office, "signer", &everything).await.accepted().unwrap().html;
    for service in ["publish", "ingest"] {
        let done = format!("data-service=\"{service}\" data-outcome=\"resumed\"");
        assert!(resumed.contains(&done), "{resumed}");
    }
    let page = office.page("signer", "/halt").await.html;
    assert!(!page.contains("data-halted=\"true\"") && !page.contains("data-halt=\""), "{page}");
    let trail = office.page("auditor", "/audit").await.html;
    let lifted = trail.split("halt.lifted").nth(1).unwrap_or_default();
    assert!(lifted.contains("of everything: 已核实无误"), "the trail does not say why: {trail}");
    assert_eq!(trail.matches("halt.lifted").count(), 1);
    let who: String =
        sqlx::query_scalar("SELECT actor FROM approval.audit_entry WHERE action = 'halt.lifted'")
            .fetch_one(&crate::inside::superuser(&office, "approval"))
            .await
            .unwrap();
    assert!(who.contains("终审人"), "{who}");

    office.says("听说城北大桥下个月要拆除，以后过河要绕路，是真的吗").await;
    let case = office.case_about("城北大桥").await;
    office.signed(&case, "城北大桥下月拆除", "publish").await;
    office.all_publications(&case, 1, "confirmed").await;
}

#[tokio::test]
async fn a_halt_that_approval_never_heard_of_is_ended_too() {
    let mut office = Office::open().await;
    // As publish keeps it when approval was away and the event never came.
    let publish = crate::inside::superuser(&office, "publish");
    let agency = office.installation.agency();
    sqlx::query(
        "INSERT INTO publish.halt (agency_id, halt_id, scope, reason, order_time, stopped, already_out)
         VALUES ($1, $2, 'everything', '先停', now(), '{}', '{}')",
    )
    .bind(agency.as_uuid())
    .bind(Uuid::now_v7())
    .execute(&publish)
    .await
    .unwrap();
    let page = office.page("signer", "/halt").await.html;
    assert!(page.contains("data-signing=\"told\""), "{page}");
    resume(&mut office, "signer", &[("scope", "everything")]).await.accepted().unwrap();
    let page = office.page("signer", "/halt").await.html;
    assert!(!page.contains("data-halted=\"true\""), "{page}");
}
