//! Who gets in, who stays in, and what strangers can do about it, through the console's own pages.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{COOKIE, RETRY_AFTER, SET_COOKIE};
use suite::demo::Browser;

use crate::office::Office;

/// The sign-in form of a browser that is not known: its cookie, and the fields that are hidden in it.
struct Arrived {
    http: reqwest::Client,
    address: String,
    cookie: String,
    hidden: Vec<(String, String)>,
}

impl Arrived {
    async fn at(office: &Office) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let address = format!("{}/sign-in", office.installation.console_url());
        let page = http.get(&address).send().await.unwrap();
        let cookie = page.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let html = page.text().await.unwrap();
        let form = html.split("action=\"/sign-in\"").nth(1).unwrap();
        let hidden = |name: &str| {
            let value = form.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
            (name.to_owned(), value.split('"').next().unwrap().to_owned())
        };
        Self { http, address, cookie, hidden: vec![hidden("csrf"), hidden("request_id")] }
    }

    async fn sign_in(&self, login: &str, password: &str, code: &str) -> reqwest::Response {
        let mut form = self.hidden.clone();
        for (name, value) in [("login", login), ("password", password), ("code", code), ("next", "/")] {
            form.push((name.to_owned(), value.to_owned()));
        }
        let request = self.http.post(&self.address).header(COOKIE, &self.cookie).form(&form);
        request.send().await.unwrap()
    }
}

async fn actions(office: &mut Office) -> Vec<String> {
    let page = office.page("auditor", "/audit").await;
    let entries = page.html.split("<li data-sequence=").skip(1);
    entries
        .map(|entry| entry.split("<strong>").nth(1).unwrap().split('<').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn strangers_at_the_sign_in_neither_stop_a_sign_off_nor_keep_the_office_out() {
    let mut office = Office::open().await;
    office.says("听说城北大桥下个月要拆除，以后过河要绕路，是真的吗").await;
    let case = office.case_about("城北大桥").await;
    let seen = office.draft(&case, "城北大桥下月拆除", "everything").await;
    for (login, purpose) in
        [("drafter", "drafted"), ("drafter", "first_reviewed"), ("reviewer", "second_reviewed")]
    {
        office.desk.sign(login, &case, &seen.clarification, purpose).await.unwrap();
    }
    office.page("signer", "/").await;

    // Somebody who knows the name, and nothing else, from the very address that everybody here has.
    let stranger = Arrived::at(&office).await;
    for _ in 0..5 {
        let refused = stranger.sign_in("signer", "wrong", "000000").await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    }
    office.desk.sign("signer", &case, &seen.clarification, "signed").await.unwrap();
    office.time.advance(Duration::from_secs(60));
    let code = office.desk.fresh_code("signer").await.unwrap();
    let password = office.installation.secrets().people_password.clone();
    let mut elsewhere = Browser::new(office.installation.console_url()).unwrap();
    elsewhere.sign_in("signer", &password, &code).await.unwrap();

    // A flood: strangers wait, and are told for how long; who signed in with a browser before does not.
    let flooded = loop {
        let refused = stranger.sign_in("signer", "wrong", "000000").await;
        if refused.status() != StatusCode::UNAUTHORIZED {
            break refused;
        }
    };
    assert_eq!(flooded.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(flooded.headers().contains_key(RETRY_AFTER));
    assert!(flooded.text().await.unwrap().contains("秒后再试"));
    office.time.advance(Duration::from_secs(60));
    let code = office.desk.fresh_code("signer").await.unwrap();
    let page = elsewhere.open("/").await.unwrap();
    elsewhere.submit(&page, "/sign-out", &[]).await.unwrap();
    elsewhere.sign_in("signer", &password, &code).await.unwrap();
    assert!(!actions(&mut office).await.contains(&"person.locked_out".to_owned()));
}

#[tokio::test]
async fn a_page_that_is_left_open_keeps_nobody_signed_in() {
    let mut office = Office::open().await;
    office.says("听说自来水厂停水三天，是真的吗").await;
    let case = office.case_about("停水").await;
    let browser = office.desk.person("duty").await.unwrap();
    browser.open("/").await.unwrap().accepted().unwrap();
    for minute in 0..40 {
        office.time.advance(Duration::from_secs(60));
        let polled = if minute % 2 == 0 { "/queue/live".to_owned() } else { format!("/case/{case}/live") };
        office.desk.person("duty").await.unwrap().open(&polled).await.unwrap();
    }
    let landed = office.desk.person("duty").await.unwrap().open("/").await.unwrap();
    assert!(landed.path.starts_with("/sign-in"), "still signed in: {}", landed.path);

    // Somebody who works stays in, also where the page asked by itself just before each click.
    let reviewer = office.desk.person("reviewer").await.unwrap();
    reviewer.open("/").await.unwrap().accepted().unwrap();
    for _ in 0..3 {
        office.time.advance(Duration::from_secs(20 * 60));
        let reviewer = office.desk.person("reviewer").await.unwrap();
        reviewer.open("/queue/live").await.unwrap().accepted().unwrap();
        let page = reviewer.open("/messages").await.unwrap();
        assert_eq!(page.path, "/messages");
    }
}

#[tokio::test]
async fn a_button_that_is_pressed_twice_signs_in_and_digits_are_read_as_they_are_typed() {
    let mut office = Office::open().await;
    let password = office.installation.secrets().people_password.clone();
    let form = Arrived::at(&office).await;
    let code = office.desk.fresh_code("duty").await.unwrap();
    let (first, second) =
        tokio::join!(form.sign_in("duty", &password, &code), form.sign_in("duty", &password, &code));
    for answer in [first, second] {
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookies: Vec<_> =
            answer.headers().get_all(SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect();
        assert!(cookies[0].starts_with("session=") && cookies[1].starts_with("device="), "{cookies:?}");
    }
    let code = office.desk.fresh_code("drafter").await.unwrap();
    let full_width: String =
        code.chars().map(|digit| char::from_u32(u32::from(digit) + 0xfee0).unwrap()).collect();
    let typed = format!("{}　{}", &full_width[..9], &full_width[9..]);
    let answer = Arrived::at(&office).await.sign_in("drafter", &password, &typed).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(!actions(&mut office).await.contains(&"person.attempt_refused".to_owned()));
}

#[tokio::test]
async fn a_person_sees_and_ends_their_sessions_and_an_administrator_unlocks() {
    let mut office = Office::open().await;
    let password = office.installation.secrets().people_password.clone();
    office.page("duty", "/").await;
    office.time.advance(Duration::from_secs(60));
    let code = office.desk.fresh_code("duty").await.unwrap();
    let mut elsewhere = Browser::new(office.installation.console_url()).unwrap();
    elsewhere.sign_in("duty", &password, &code).await.unwrap();

    // What is known of a session here is a minute old at most.
    office.time.advance(Duration::from_secs(60));
    let page = office.page("duty", "/sessions").await;
    assert!(page.says("另有1处登录"), "{}", page.html);
    let others: Vec<&str> = page
        .html
        .split("data-session-id=\"")
        .skip(1)
        .filter(|part| !part.split('>').next().unwrap().contains("data-this"))
        .map(|part| part.split('"').next().unwrap())
        .collect();
    assert_eq!(others.len(), 1);
    let duty = office.desk.person("duty").await.unwrap();
    let ended = duty.submit(&page, "/sessions/end", &[("session_id", others[0])]).await.unwrap();
    assert!(ended.accepted().unwrap().says("已结束那处登录"));
    office.time.advance(Duration::from_secs(61));
    assert!(elsewhere.open("/").await.unwrap().path.starts_with("/sign-in"));

    let guesser = Arrived::at(&office).await;
    for _ in 0..5 {
        guesser.sign_in("duty", &password, "000000").await;
    }
    let people = office.page("admin", "/people").await;
    assert!(people.says("动态码锁定至"), "{}", people.html);
    let person =
        people.html.split("动态码锁定至").next().unwrap().rsplit("data-person-id=\"").next().unwrap();
    let person = person.split('"').next().unwrap().to_owned();
    let admin = office.desk.person("admin").await.unwrap();
    let unlocked = admin.submit(&people, "/people/unlock", &[("person_id", &person)]).await.unwrap();
    assert!(!unlocked.accepted().unwrap().says("动态码锁定至"));
    let warned = office.page("reviewer", "/").await;
    assert!(warned.says("动态码连续输错"), "{}", warned.html);
    let actions = actions(&mut office).await;
    for action in ["person.locked_out", "person.unlocked", "person.session_ended"] {
        assert!(actions.contains(&action.to_owned()), "{action}: {actions:?}");
    }
}
