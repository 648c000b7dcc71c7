//! The console by itself, over HTTP: what it does for strangers, and while no service can be reached. What
//! it does with the services is told by the system tests.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be set up ends its test")]

use console::{App, Config, Limits};
use reqwest::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, LOCATION, SET_COOKIE, STRICT_TRANSPORT_SECURITY,
    X_FRAME_OPTIONS,
};
use reqwest::{Client, StatusCode};
use runtime::{Clock, Lifecycle};

/// A running console whose services cannot be reached.
struct Alone {
    address: String,
    client: Client,
    lifecycle: Lifecycle,
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.lifecycle.hard().cancel();
    }
}

fn config(public_base_url: &str) -> Config {
    // Port 1 needs a privilege that no test has, so nothing listens there.
    let nowhere = "http://127.0.0.1:1".to_owned();
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        public_base_url: public_base_url.parse().unwrap(),
        form_key: Some("01".repeat(32).into()),
        trusted_proxies: Vec::new(),
        demonstration: false,
        limits: Limits::default(),
        approval_url: nowhere.clone(),
        ingest_url: nowhere.clone(),
        classification_url: nowhere.clone(),
        publish_url: nowhere,
    }
}

async fn alone(public_base_url: &str) -> Alone {
    // A second test of this binary finds it installed, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let app = App::build(config(public_base_url), Clock::system()).await.unwrap();
    let address = format!("http://{}", app.address());
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("console", app.run(lifecycle.clone()));
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    Alone { address, client, lifecycle }
}

impl Alone {
    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("{}{path}", self.address))
    }

    fn post(&self, path: &str, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        self.client.post(format!("{}{path}", self.address)).form(fields)
    }

    /// The sign-in page's cookie and token.
    async fn arrive(&self) -> (String, String) {
        let page = self.get("/sign-in").send().await.unwrap();
        let cookie = page.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let html = page.text().await.unwrap();
        let token =
            html.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        (cookie, token)
    }
}

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in_and_back() {
    let console = alone("http://localhost").await;
    let answer = console.get("/case/1?done=saved").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[LOCATION], "/sign-in?next=%2Fcase%2F1%3Fdone%3Dsaved");
}

#[tokio::test]
async fn every_answer_is_protected_and_no_page_is_kept() {
    let console = alone("http://localhost").await;
    for path in ["/", "/sign-in", "/nowhere", "/healthz"] {
        let answer = console.get(path).send().await.unwrap();
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.headers()[X_FRAME_OPTIONS], "DENY", "{path}");
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store", "{path}");
    }
}

#[tokio::test]
async fn by_https_cookies_are_bound_to_this_host_and_browsers_come_no_other_way() {
    let console = alone("https://console.example").await;
    let page = console.get("/sign-in").send().await.unwrap();
    let cookie = page.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-visit=") && cookie.contains("; Path=/;"), "{cookie}");
    assert!(cookie.ends_with("; Secure") && !cookie.contains("Domain"), "{cookie}");
    assert!(page.headers()[STRICT_TRANSPORT_SECURITY].to_str().unwrap().starts_with("max-age="));
    // A neighbour can set the plain name, and gets nothing by it.
    let (cookie, token) = console.arrive().await;
    let planted = cookie.replace("__Host-", "");
    let fields = [("csrf", &*token), ("login", "duty"), ("password", "secret"), ("code", "123456")];
    let answer = console.post("/sign-in", &fields).header(COOKIE, planted).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);

    let by_http = alone("http://localhost").await.get("/sign-in").send().await.unwrap();
    assert!(by_http.headers()[SET_COOKIE].to_str().unwrap().starts_with("visit="));
    assert!(!by_http.headers().contains_key(STRICT_TRANSPORT_SECURITY));
}

#[tokio::test]
async fn by_https_the_key_of_the_forms_must_be_configured() {
    let by_https = Config { form_key: None, ..config("https://console.example") };
    let refused = App::build(by_https, Clock::system()).await.err().unwrap();
    assert!(refused.to_string().contains("form_key"), "{refused}");
    let by_http = Config { form_key: None, ..config("http://localhost:7080") };
    App::build(by_http, Clock::system()).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_needs_the_token_of_its_own_page() {
    let console = alone("http://localhost").await;
    let (cookie, _) = console.arrive().await;
    let (_, of_another) = console.arrive().await;
    let fields = [("csrf", &*of_another), ("login", "duty"), ("password", "secret"), ("code", "123456")];
    let answer = console.post("/sign-in", &fields).header(COOKIE, cookie).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let answer = console.post("/sign-in", &fields).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn while_approval_is_away_the_page_says_so_and_keeps_the_name_but_not_the_password() {
    let console = alone("http://localhost").await;
    let (cookie, token) = console.arrive().await;
    let fields = [("csrf", &*token), ("login", "值班员甲"), ("password", "open sesame"), ("code", "123456")];
    let answer = console.post("/sign-in", &fields).header(COOKIE, cookie).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let html = answer.text().await.unwrap();
    assert!(html.contains("role=\"alert\"") && html.contains("值班员甲"));
    assert!(!html.contains("open sesame") && !html.contains("127.0.0.1"));
}

#[tokio::test]
async fn a_form_whose_session_has_ended_comes_back_with_what_was_typed() {
    let console = alone("http://localhost").await;
    let typed = "县市场监管局抽检十二批次，均未检出<甜蜜素>";
    let fields = [("csrf", "x"), ("check", typed), ("code", "123456789012")];
    let answer = console.post("/case/1/draft", &fields).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let html = answer.text().await.unwrap();
    assert!(html.contains("均未检出&#60;甜蜜素&#62;"), "{html}");
    assert!(!html.contains("123456789012"));
}

#[tokio::test]
async fn a_department_that_answers_while_approval_is_away_loses_no_word() {
    let console = alone("http://localhost").await;
    let fields = [
        ("verdict", "false"),
        ("facts", "未收到、未发布"),
        ("evidence", "第二十九条"),
        ("answered_by", "值班主任"),
    ];
    let answer = console.post("/d/some-secret", &fields).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let html = answer.text().await.unwrap();
    for (name, value) in fields {
        assert!(html.contains(value), "{name} is lost");
    }
}

#[tokio::test]
async fn the_language_is_chosen_by_a_cookie_and_leads_nowhere_else() {
    let console = alone("https://console.example").await;
    let fields = [("language", "en"), ("next", "//evil.example")];
    let answer = console.post("/language", &fields).send().await.unwrap();
    assert_eq!(answer.headers()[LOCATION], "/");
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("language=en;") && cookie.ends_with("; Secure"), "{cookie}");
    let english = console.get("/sign-in").header(COOKIE, "language=en").send().await.unwrap();
    assert!(english.text().await.unwrap().contains("lang=\"en\""));
    let chinese = console.get("/sign-in").send().await.unwrap();
    assert!(chinese.text().await.unwrap().contains("lang=\"zh-CN\""));
}

#[tokio::test]
async fn files_are_kept_for_a_year_under_the_hash_of_their_content() {
    let console = alone("http://localhost").await;
    let html = console.get("/sign-in").send().await.unwrap().text().await.unwrap();
    let addresses: Vec<_> = html.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert_eq!(addresses.len(), 3, "{addresses:?}");
    for address in addresses {
        let file = console.get(address).send().await.unwrap();
        assert!(file.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"), "{address}");
        let name = address.rsplit('/').next().unwrap();
        let other_version = console.get(&format!("/assets/0000000000000000/{name}")).send().await.unwrap();
        assert_eq!(other_version.headers()[CACHE_CONTROL], "no-cache", "{address}");
    }
    let missing = console.get("/assets/0000000000000000/other.js").send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}
