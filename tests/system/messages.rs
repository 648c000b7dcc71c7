//! What people say of messages, through every service and on the office's own pages.

use crate::office::Office;

const COMPLAINT: &str = "我要投诉，城北老桥下天天半夜施工，桥墩都裂开了没人管";

impl Office {
    /// The address of a form or link on the list of other messages that ends so.
    async fn of_message(&mut self, ending: &str) -> String {
        self.until("the message on the page", async |office| {
            let page = office.page("duty", "/messages").await;
            let (before, _) = page.html.split_once(ending)?;
            let (_, address) = before.rsplit_once('"')?;
            Some(format!("{address}{ending}"))
        })
        .await
    }
}

#[tokio::test]
async fn a_message_that_a_person_says_is_a_report_becomes_a_case_and_can_be_judged_again_and_taken_back() {
    let mut office = Office::open().await;
    office.says(COMPLAINT).await;
    let action = office.of_message("/intent").await;
    let duty = office.desk.person("duty").await.unwrap();
    let page = duty.open("/messages").await.unwrap();
    let fields = [("set_intent", "report"), ("expected_revision", "0")];
    let done = duty.submit(&page, &action, &fields).await.unwrap().accepted().unwrap();
    assert!(done.says("已判为线索"), "{:?}", done.alert());
    let stale =
        duty.submit(&page, &action, &[("set_intent", "other"), ("expected_revision", "0")]).await.unwrap();
    assert_eq!(stale.status, 409, "{:?}", stale.alert());

    let case = office.case_about("城北老桥").await;
    let shown = office.page("duty", &format!("/case/{case}")).await;
    assert!(shown.says("值班人员判为线索") && shown.says("依据"), "{}", shown.html);
    // How it was judged beside how the machine would judge it: the auditor may look.
    let judged = office.page("auditor", &action.replace("/intent", "/judgement")).await;
    assert_eq!(judged.status, 200, "{:?}", judged.alert());
    assert_eq!(judged.attributes_where("data-intent", "data-judgement", "stored"), ["report"]);
    assert_eq!(judged.attributes_where("data-intent", "data-judgement", "now"), ["complaint"]);

    // It was none after all: on the page of the case it is sent back to the other messages.
    let duty = office.desk.person("duty").await.unwrap();
    let fields = [("set_intent", "complaint"), ("expected_revision", "1"), ("case_id", case.as_str())];
    let done = duty.submit(&shown, &action, &fields).await.unwrap().accepted().unwrap();
    assert!(done.says("已改判"), "{:?}", done.alert());
    assert_eq!(office.of_message("/intent").await, action);
    let entries = office
        .until("both decisions in the audit trail", async |office| {
            let audit = office.page("auditor", "/audit").await;
            let entries = audit.html.matches("message.intent_set").count();
            (entries >= 2).then_some(entries)
        })
        .await;
    assert_eq!(entries, 2);
}
