//! Masking takes what points at a person and nothing else, and a link is read as the thing that it leads to: what
//! citizens send is seen on the office's own pages, and what an officer writes is refused with the words named.

use crate::office::{Office, boxes};

/// Words with what a recogniser of names and numbers likes to take by mistake, and how an officer must read them.
const STAYS: [(&str, &str); 7] = [
    ("/::@县城的桥又要封三天了是真的吗", "县城的桥又要封三天了"),
    ("/:,@P听说城南早市的豆腐吃坏了二十个人", "城南早市的豆腐吃坏了二十个人"),
    ("@全体家长青岚中学食堂查出过期鸡腿请大家注意", "青岚中学食堂查出过期鸡腿"),
    ("@All 今晚八点起西岭镇全镇停电请备好蜡烛", "今晚八点起西岭镇全镇停电"),
    ("网传城东煤气检修2026.12.08-2026.12.15是真的吗", "2026.12.08-2026.12.15"),
    ("听说水价要涨到 3.85 4.60 5.75 6.90 四档是真的吗", "3.85 4.60 5.75 6.90"),
    ("网传12路公交改点 06:30 21:15 换成 118 139 150 分钟一班", "118 139 150 分钟一班"),
];

const ARTICLE: &str = "https://mp.weixin.qq.com/s?__biz=MzU2NDk4NzY1Mg==&mid=2247490417&idx=1&sn=77c0de1f";
const OTHER: &str = "https://mp.weixin.qq.com/s?__biz=MzAwMTIzNDU2OA==&mid=2650998812&idx=3&sn=ab90c1d2";
/// What a telephone adds when an article is passed on; it names who shared it.
const SHARED: &str =
    "&chksm=bd4e&scene=1&sharer_sharetime=1795312345678&sharer_shareid=4c3b2a1908f7e6d5c4b3a29180706f5e";
const AGAIN: &str = "&scene=126&sessionid=1795309999&sharer_sharetime=1795313456789&sharer_shareid=0f1e2d3c4b5a69788796a5b4c3d2e1f0";

async fn cases(office: &mut Office) -> usize {
    office.page("duty", "/").await.html.matches("data-case-id=\"").count()
}

#[tokio::test]
async fn what_points_at_nobody_is_read_by_the_office_as_it_was_written() {
    let mut office = Office::open().await;
    for (said, _) in STAYS {
        office.says(said).await;
    }
    let mut cases = Vec::new();
    for (said, read) in STAYS {
        let case = office.case_about(read).await;
        let page = office.page("duty", &format!("/case/{case}")).await;
        assert_eq!(page.attribute("data-report-count"), Some("1"), "{said}");
        cases.push(case);
    }
    cases.sort();
    cases.dedup();
    assert_eq!(cases.len(), STAYS.len(), "each is a matter of its own");
}

#[tokio::test]
async fn what_points_at_a_person_is_read_by_the_office_without_the_person() {
    let mut office = Office::open().await;
    office
        .says("听说北桥要塌了，找老陈问 一三九-〇〇〇〇-一二三四，微信号 chen_laowu88 也行，是真的吗")
        .await;
    let case = office.case_about("北桥要塌了").await;
    let page = office.page("duty", &format!("/case/{case}")).await;
    for taken in ["一三九", "〇〇〇〇", "chen_laowu88"] {
        assert!(!page.html.contains(taken), "{taken}");
    }
}

#[tokio::test]
async fn an_article_is_one_whoever_passed_it_on_and_a_link_alone_is_asked_about() {
    let mut office = Office::open().await;
    let before = cases(&mut office).await;
    let citizens = office.outside.citizens(2).await.unwrap();
    let title = "青岚县饮用水检出重金属";
    office.outside.send_article(&citizens[0], title, &format!("{ARTICLE}{SHARED}")).await.unwrap();
    let case = office.case_about(title).await;
    office.outside.send_article(&citizens[1], "西岭镇小学要合并到县城", OTHER).await.unwrap();
    let other = office.case_about("西岭镇小学").await;
    assert_ne!(case, other);
    office.says(&format!("这篇说的是真的吗 {ARTICLE}{AGAIN}")).await;
    office.says(&format!("{ARTICLE}{AGAIN}")).await;
    office
        .until("three tellings of one article", async |office| {
            let page = office.page("duty", &format!("/case/{case}")).await;
            (page.attribute("data-report-count") == Some("3")).then_some(())
        })
        .await;

    let posts =
        ["https://www.douyin.com/video/7311111111111111111", "https://m.weibo.cn/status/4979999999999999"];
    for post in posts {
        office.says(post).await;
    }
    office
        .until("both links among the other messages", async |office| {
            let page = office.page("duty", "/messages").await;
            posts.iter().all(|post| page.html.contains(post)).then_some(())
        })
        .await;
    assert_eq!(cases(&mut office).await, before + 2, "no case is made of a link alone");
}

#[tokio::test]
async fn a_draft_that_points_at_a_person_is_refused_with_the_words_however_they_are_written() {
    let mut office = Office::open().await;
    office.says("听说明天起城西菜场关门三个月，是真的吗").await;
    let case = office.case_about("城西菜场").await;
    for (kind, written) in [
        ("手机号码", "139-0000-0000"),
        ("手机号码", "139 0000 0000"),
        ("手机号码", "１３９００００００００"),
        ("手机号码", "+8613900000000"),
        ("手机号码", "一三九〇〇〇〇〇〇〇〇"),
        ("身份证等证件号码", "110105 19491231 002X"),
        ("微信、QQ等账号", "wxid_zyxwvu987654"),
    ] {
        let check = format!("当事人的联系方式是 {written}。");
        let mut fields = boxes("城西菜场关门", "publish");
        let place = fields.iter_mut().find(|(name, _)| *name == "check").unwrap();
        place.1 = Box::leak(check.into_boxed_str());
        // It is kept, so that nothing typed is lost; nobody signs it, and it is told why.
        let seen = office.desk.save_draft(&case, None, &fields).await.unwrap();
        let told = format!("{kind}“{written}”，请删去。");
        let refused = office.desk.try_sign("drafter", &case, &seen.clarification, "drafted").await.unwrap();
        assert!(!refused.status.is_success(), "{told}");
        assert!(refused.alert().unwrap().contains(&told), "{:?}", refused.alert());
    }
}
