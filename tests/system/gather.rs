//! What people put right about claims, through every service: two claims become one on the office's page, and
//! everybody who reported either is told once.

use std::collections::BTreeMap;

use suite::demo::{Citizen, Page};

use crate::office::Office;

/// What is merged into, and how citizens ask about it.
const NURSING_HOME: &str = "养老院饭菜吃倒了四十位老人";
const ASKED: &str = "听说养老院饭菜吃倒了四十位老人，是真的吗";

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
}

#[tokio::test]
async fn a_merge_into_what_is_signed_asks_first_and_then_tells_the_other_reporters() {
    let mut office = Office::open().await;
    let asked = office.ask(ASKED, 1).await;
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
