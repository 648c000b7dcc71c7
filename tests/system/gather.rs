//! What people put right about claims, through every service: two claims become one on the office's page, and
//! everybody who reported either is told once.

use std::collections::BTreeMap;

use suite::demo::{Citizen, Page};

use crate::inside::superuser;
use crate::office::Office;

/// Two tellings that do not gather by themselves, of a market that the sample office has clarified nothing about.
const MELONS: &str = "城南市场的西瓜打了甜水针";
const ASKED: &str = "听说城南市场的西瓜打了甜水针，是真的吗";
const FRUIT: &str = "摊主往瓜果里灌糖精，连西瓜也不放过";
const ALSO_ASKED: &str = "网传摊主往瓜果里灌糖精，连西瓜也不放过，求证";

/// Something else, and how citizens ask about it.
const NURSING_HOME: &str = "养老院饭菜吃倒了四十位老人";
const NURSING_HOME_ASKED: &str = "听说养老院饭菜吃倒了四十位老人，是真的吗";

impl Office {
    /// So many citizens say this.
    async fn ask(&self, text: &str, count: usize) -> Vec<Citizen> {
        let mut citizens = Vec::new();
        for _ in 0..count {
            citizens.push(self.says(text).await.0);
        }
        citizens
    }

    /// Merges on the page of the case that closes, as its form stands there.
    async fn merges(&mut self, closing: &str, into: &str, answers_reporters: bool) -> Page {
        let code = self.page("duty", &format!("/case/{into}")).await;
        let code = code.attribute("data-case-code").unwrap().to_owned();
        let duty = self.desk.person("duty").await.unwrap();
        let page = duty.open(&format!("/case/{closing}")).await.unwrap();
        let revision = page.attribute("data-state-revision").unwrap().to_owned();
        let mut fields = vec![("expected_revision", revision.as_str()), ("into_code", code.as_str())];
        if answers_reporters {
            fields.push(("answers_reporters", "on"));
        }
        duty.submit(&page, &format!("/case/{closing}/merge"), &fields).await.unwrap()
    }

    async fn reports_of(&mut self, case: &str, count: &str) {
        self.until("the case has its reports", async |office| {
            let page = office.page("duty", &format!("/case/{case}")).await;
            (page.attribute("data-report-count") == Some(count)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn two_claims_merged_on_the_page_are_answered_as_one_and_each_reporter_once() {
    let mut office = Office::open().await;
    let mut citizens = office.ask(ASKED, 2).await;
    let melons = office.case_about(MELONS).await;
    citizens.extend(office.ask(ALSO_ASKED, 2).await);
    // One person reported both.
    office.outside.send(&citizens[0], ALSO_ASKED).await.unwrap();
    let fruit = office.case_about(FRUIT).await;
    assert_ne!(melons, fruit);
    office.reports_of(&fruit, "3").await;

    // The machine only suggests.
    office
        .until("the suggestion is on the page", async |office| {
            let page = office.page("duty", &format!("/case/{fruit}")).await;
            page.attribute("data-suggestion-id").map(|_| ())
        })
        .await;
    office.reports_of(&melons, "2").await;

    let merged = office.merges(&fruit, &melons, false).await.accepted().unwrap();
    assert!(merged.path.contains(&melons), "{}", merged.path);
    office.reports_of(&melons, "5").await;
    let closed = office.page("duty", &format!("/case/{fruit}")).await;
    assert_eq!(closed.attribute("data-case-state"), Some("dismissed"));
    assert!(closed.html.contains(&format!("href=\"/case/{melons}\"")), "it points at the case that goes on");

    office.signed(&melons, MELONS, "publish").await;
    office.answered(&melons, 4).await;
    let once: BTreeMap<String, usize> = citizens.iter().map(|citizen| (citizen.openid.clone(), 1)).collect();
    assert_eq!(office.outcome(MELONS).await.answers, once);

    // Everything that was said about it comes once more, the newest first; nobody hears a second word.
    for service in ["classification", "approval"] {
        let database = superuser(&office, service);
        sqlx::query(
            "INSERT INTO messaging.outbox (event_id, agency_id, subject, payload)
             SELECT gen_random_uuid(), agency_id, subject, payload FROM messaging.outbox
             WHERE subject IN ('classification.report.assigned.v1', 'approval.claim.corrected.v1',
                               'classification.claim.grew.v1')
             ORDER BY sequence DESC",
        )
        .execute(&database)
        .await
        .unwrap();
    }
    // Whoever asks now joins the one claim and is answered behind all of it.
    let late = office.ask(ALSO_ASKED, 1).await;
    office.reports_of(&melons, "6").await;
    office.answered(&melons, 5).await;
    let mut told = once;
    told.insert(late[0].openid.clone(), 1);
    assert_eq!(office.outcome(MELONS).await.answers, told);
}

#[tokio::test]
async fn a_merge_into_what_is_signed_asks_first_and_then_tells_the_other_reporters() {
    let mut office = Office::open().await;
    let asked = office.ask(NURSING_HOME_ASKED, 1).await;
    let home = office.case_about(NURSING_HOME).await;
    office.signed(&home, NURSING_HOME, "publish").await;
    office.answered(&home, 1).await;
    let road = "明天高速公路要封路三天";
    let others = office.ask(&format!("听说{road}"), 1).await;
    let other = office.case_about(road).await;

    let refused = office.merges(&other, &home, false).await;
    assert_eq!(refused.status.as_u16(), 409);
    assert!(refused.alert().unwrap().contains("留言人都会收到"), "{:?}", refused.alert());
    office.merges(&other, &home, true).await.accepted().unwrap();
    office.answered(&home, 2).await;
    let once: BTreeMap<String, usize> =
        asked.iter().chain(&others).map(|citizen| (citizen.openid.clone(), 1)).collect();
    assert_eq!(office.outcome(NURSING_HOME).await.answers, once);
}
