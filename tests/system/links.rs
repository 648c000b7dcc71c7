//! A department's link is a key that travels by chat: alone it opens nothing, it ends, and it says nothing afterwards.

use std::time::Duration;

use suite::demo::{Browser, DepartmentLink, Desk, Page};

use crate::office::Office;

const QUESTION: &str = "是否收到过涉及我县的地震预报？";
const FACTS: &str = "未收到、未发布涉及我县的地震预报。";

/// A notice with a question to a department, and what the officer is shown of its link.
async fn asked(office: &mut Office) -> (String, DepartmentLink) {
    let duty = office.desk.person("duty").await.unwrap();
    let queue = duty.open("/").await.unwrap().accepted().unwrap();
    let opened = duty.submit(&queue, "/notice", &[("sentence", "链接试验")]).await.unwrap();
    let opened = opened.accepted().unwrap();
    let case = opened.attribute("data-case-id").unwrap().to_owned();
    let fields = [("department", "县应急管理局"), ("question", QUESTION), ("due_minutes", "1")];
    let asked = duty.submit(&opened, &format!("/case/{case}/finding"), &fields).await.unwrap();
    (case, DepartmentLink::on(&asked.accepted().unwrap()).unwrap())
}

async fn opened(office: &Office, link: &DepartmentLink, code: &str) -> (Browser, Page) {
    let mut stranger = Browser::new(office.installation.console_url()).unwrap();
    let page = stranger.open(&link.path).await.unwrap();
    assert!(!page.says(QUESTION), "the question is shown to whoever has the link");
    let page = stranger.submit(&page, &format!("{}/open", link.path), &[("code", code)]).await.unwrap();
    (stranger, page)
}

fn answer(code: &str) -> Vec<(&'static str, String)> {
    vec![
        ("code", code.to_owned()),
        ("verdict", "false".to_owned()),
        ("facts", format!("\u{202e}{FACTS}\u{202c}")),
        ("evidence", "书面答复".to_owned()),
        ("answered_by", "值班科长王某".to_owned()),
    ]
}

async fn answers(browser: &mut Browser, page: &Page, link: &DepartmentLink) -> Page {
    let fields = answer(&link.code);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
    browser.submit(page, &link.path, &fields).await.unwrap()
}

#[tokio::test]
async fn a_departments_link_opens_with_its_code_ends_and_says_nothing_afterwards() {
    let mut office = Office::open().await;
    let (case, link) = asked(&mut office).await;
    let wrong = if link.code == "000000" { "000001" } else { "000000" };
    let (_, page) = opened(&office, &link, wrong).await;
    assert_eq!(page.status, 422, "{:?}", page.alert());
    assert!(!page.says(QUESTION) && page.says("还可以试4次"), "{}", page.html);

    // Long after its deadline nobody answers by it; typed words are shown to be kept.
    let (mut department, page) = opened(&office, &link, &link.code).await;
    assert!(page.says(QUESTION), "{}", page.html);
    office.time.advance(Duration::from_secs(2 * 3600));
    // The officers' sessions have ended meanwhile; links have none.
    let clock = Box::leak(Box::new(runtime::Clock::steered(office.time.file().into())));
    office.desk = Desk::new(office.installation, clock);
    let late = answers(&mut department, &page, &link).await;
    assert_eq!(late.status, 409, "{:?}", late.alert());
    assert!(late.says("失效") && late.says("未收到、未发布"), "{}", late.html);

    // Issued anew, the old one is dead and the new one is answered once.
    let address = format!("/case/{case}");
    let page = office.page("duty", &address).await.accepted().unwrap();
    let form = page.html.split("action=\"/finding/").nth(1).unwrap();
    let reissue = format!("/finding/{}", form.split('"').next().unwrap());
    let fields = [("case_id", case.as_str()), ("due_minutes", "30")];
    let duty = office.desk.person("duty").await.unwrap();
    let anew = duty.submit(&page, &reissue, &fields).await.unwrap().accepted().unwrap();
    let anew = DepartmentLink::on(&anew).unwrap();
    assert_ne!(anew.path, link.path);
    let mut stranger = Browser::new(office.installation.console_url()).unwrap();
    assert_eq!(stranger.open(&link.path).await.unwrap().status, 404);
    let (mut department, page) = opened(&office, &anew, &anew.code).await;
    let thanked = answers(&mut department, &page, &anew).await.accepted().unwrap();
    for page in [thanked, stranger.open(&anew.path).await.unwrap()] {
        assert!(page.says("谢谢") || page.html.contains("data-finding=\"answered\""), "{}", page.html);
        for secret in [FACTS, "王某", QUESTION, "书面答复"] {
            assert!(!page.html.contains(secret), "the link still shows {secret}");
        }
    }
    let page = office.page("duty", &address).await;
    assert!(page.html.contains(FACTS) && !page.html.contains('\u{202e}'), "the office reads what was meant");
    assert!(page.html.contains(&format!("<bdi>{FACTS}</bdi>")), "{}", page.html);

    // Of a case that is closed meanwhile nobody answers anything.
    let (case, link) = asked(&mut office).await;
    let (mut department, question) = opened(&office, &link, &link.code).await;
    let address = format!("/case/{case}");
    let page = office.page("duty", &address).await;
    let revision = page.attribute("data-state-revision").unwrap().to_owned();
    let fields = [("expected_revision", revision.as_str()), ("reason", "不用查了")];
    let duty = office.desk.person("duty").await.unwrap();
    duty.submit(&page, &format!("{address}/dismiss"), &fields).await.unwrap().accepted().unwrap();
    let refused = answers(&mut department, &question, &link).await;
    assert_eq!(refused.status, 409, "{:?}", refused.alert());
}
