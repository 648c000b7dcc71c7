//! A case that somebody filled on purpose: every page of it still opens.

use crate::office::Office;

const ABOUT: &str = "城西隧道今天下午冒顶塌方";

#[tokio::test]
async fn a_case_with_many_full_drafts_opens_on_every_page() {
    let mut office = Office::open().await;
    office.says(&format!("听说{ABOUT}，是真的吗")).await;
    let case = office.case_about(ABOUT).await;
    let full: &'static str = Box::leak("稿".repeat(4_000).into_boxed_str());
    let (title, summary): (&'static str, &'static str) =
        (Box::leak("题".repeat(300).into_boxed_str()), Box::leak("摘".repeat(1_300).into_boxed_str()));
    let mut fields = vec![
        ("kind", "clarification"),
        ("title", title),
        ("summary", summary),
        ("verdict", "false"),
        ("response_level", "everything"),
    ];
    fields.extend(["claim", "check", "conclusion", "basis", "advice", "post"].map(|name| (name, full)));
    let mut saved = office.desk.save_draft(&case, None, &fields).await.unwrap();
    for _ in 0..24 {
        saved = office.desk.save_draft(&case, Some(&saved), &fields).await.unwrap();
    }
    let address = format!("/case/{case}");
    let review = format!("{address}/clarification/{}", saved.clarification);
    for path in [
        address.clone(),
        format!("{address}/live"),
        format!("{address}/history?part=revisions"),
        format!("{address}/history?part=events"),
        format!("{address}/draft"),
        format!("{address}/form"),
        format!("{review}/sign-off"),
        format!("{review}?revision=1"),
        review,
    ] {
        let page = office.page("drafter", &path).await;
        assert_eq!(page.status, 200, "{path}: {:?}", page.alert());
    }
    // The page of the case leads to what it has no room for.
    let page = office.page("drafter", &address).await;
    assert!(page.html.contains("part=revisions"), "older drafts cannot be found");
}
