//! Traces: from a citizen's message to the open case is one trace, from the signer's click to the platform's
//! confirmation another, linked to it; both are found by the case. No text, platform id or secret is in any.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use suite::demo::{Citizen, DepartmentLink, words};
use suite::installation::SERVICES;
use suite::serve;
use testkit::{CapturedSpan, SpanSink};

use crate::office::{Office, boxes, title};

const CASE: &str = "chengqing.case.id";
/// The signer's click.
const SIGN: &str = "POST /case/{case_id}/clarification/{clarification_id}/sign";
const ABOUT: &str = "城北大桥下个月要整体拆除重建";

/// What must hang below what, from the callback to the case.
const TO_THE_CASE: [(&str, &str); 8] = [
    ("POST /wechat/{account}", "send ingest.report.received.v1"),
    ("send ingest.report.received.v1", "process ingest.report.received.v1"),
    ("process ingest.report.received.v1", "apply classification-on-report-received"),
    ("process ingest.report.received.v1", "send classification.report.assigned.v1"),
    ("send classification.report.assigned.v1", "process classification.report.assigned.v1"),
    ("process ingest.report.received.v1", "send classification.claim.opened.v1"),
    ("send classification.claim.opened.v1", "process classification.claim.opened.v1"),
    ("process classification.claim.opened.v1", "open case"),
];

/// And from the signer's click to the platforms.
const TO_THE_PUBLIC: [(&str, &str); 10] = [
    (SIGN, "chengqing.approval.v1.ApprovalService/SignStep"),
    ("chengqing.approval.v1.ApprovalService/SignStep", "send approval.clarification.signed.v1"),
    ("send approval.clarification.signed.v1", "process approval.clarification.signed.v1"),
    ("process approval.clarification.signed.v1", "send wechat"),
    ("process approval.clarification.signed.v1", "send weibo"),
    ("send wechat", "POST /cgi-bin/draft/add"),
    ("send wechat", "POST /cgi-bin/message/mass/sendall"),
    ("send weibo", "POST /2/statuses/share.json"),
    ("send publish.publication.changed.v1", "process publish.publication.changed.v1"),
    ("process publish.publication.changed.v1", "follow publication"),
];

/// Spans that belong together.
struct Trace<'a>(Vec<&'a CapturedSpan>);

impl Trace<'_> {
    fn has(&self, (parent, child): (&str, &str)) -> bool {
        self.0.iter().filter(|span| span.name == child).any(|span| {
            self.0.iter().any(|other| other.span_id == span.parent_span_id && other.name == parent)
        })
    }

    fn missing(&self, edges: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        edges.iter().copied().filter(|edge| !self.has(*edge)).collect()
    }
}

/// The trace that has a span of this name about the case.
fn trace_with<'a>(spans: &'a [CapturedSpan], name: &str, case: &str) -> Option<Trace<'a>> {
    let of_case = |span: &&CapturedSpan| span.attributes.get(CASE).is_some_and(|value| value == case);
    let found = spans.iter().filter(of_case).find(|span| span.name == name)?;
    Some(Trace(spans.iter().filter(|span| span.trace_id == found.trace_id).collect()))
}

#[tokio::test]
async fn one_trace_leads_to_the_case_and_one_to_the_public_and_neither_tells_a_secret() {
    let sink = SpanSink::start().await;
    let mut office = Office::open_with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &sink.endpoint()),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
    ])
    .await;
    let asked = format!("听说{ABOUT}，是真的吗，我的电话是13812345678");
    let citizen = office.says(&asked).await.0;
    let case = office.case_about(ABOUT).await;
    let (link_secret, session) = ask_a_department(&mut office, &case).await;
    office.signed(&case, ABOUT, "everything").await;
    office.all_publications(&case, 3, "confirmed").await;
    office.answered(&case, 1).await;

    let end = Instant::now() + Duration::from_secs(20);
    while let Some(missing) = missing(&sink.spans(), &case) {
        assert!(Instant::now() < end, "{missing}\n{}", picture(&sink.spans()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let spans = sink.spans();
    let to_the_case = trace_with(&spans, "open case", &case).unwrap();
    let to_the_public = signing(&spans, &case).unwrap();
    // The platform's word that the push is out comes by a call of its own, which leads back to the sign-off.
    assert!(
        spans.iter().any(|span| is_confirmation_of(span, &to_the_public, &case)),
        "the platform's confirmation is not linked to the sign-off\n{}",
        picture(&spans),
    );
    // A person thought between the two; a link leads from one to the other.
    assert!(
        are_linked(&to_the_case, &to_the_public),
        "no link leads from the sign-off to the trace that opened the case\n{}",
        picture(&spans),
    );

    let secrets = secrets(&office, &citizen, link_secret, session).await;
    for span in &spans {
        let shown = std::iter::once(&span.name).chain(span.attributes.values());
        for (text, secret) in shown.flat_map(|text| secrets.iter().map(move |secret| (text, secret))) {
            assert!(!text.contains(&**secret), "a span tells “{secret}”: {span:?}");
        }
    }
    // Logs leave by the same way as spans do.
    for service in serve::NAMES {
        let log =
            std::fs::read_to_string(office.installation.folder().join(format!("{service}.log"))).unwrap();
        for secret in &secrets {
            assert!(!log.contains(&**secret), "the log of {service} tells “{secret}”");
        }
    }
}

/// What has not arrived yet of the spans that must.
fn missing(spans: &[CapturedSpan], case: &str) -> Option<String> {
    let Some(to_the_case) = trace_with(spans, "open case", case) else {
        return Some("no trace leads to the case".to_owned());
    };
    let Some(to_the_public) = signing(spans, case) else {
        return Some("the sign-off has no trace".to_owned());
    };
    let missing = [to_the_case.missing(&TO_THE_CASE), to_the_public.missing(&TO_THE_PUBLIC)].concat();
    (!missing.is_empty()).then(|| format!("missing: {missing:#?}"))
}

/// The trace of the sign-off: of the four steps that were signed on the same page, the one that announced it.
fn signing<'a>(spans: &'a [CapturedSpan], case: &str) -> Option<Trace<'a>> {
    let announced: HashSet<&str> = spans
        .iter()
        .filter(|span| span.name == "send approval.clarification.signed.v1")
        .map(|span| &*span.trace_id)
        .collect();
    let of_case = |span: &&CapturedSpan| span.attributes.get(CASE).is_some_and(|value| value == case);
    let found =
        spans.iter().filter(of_case).find(|span| span.name == SIGN && announced.contains(&*span.trace_id))?;
    Some(Trace(spans.iter().filter(|span| span.trace_id == found.trace_id).collect()))
}

fn are_linked(one: &Trace<'_>, other: &Trace<'_>) -> bool {
    let ids =
        |trace: &Trace<'_>| -> HashSet<String> { trace.0.iter().map(|span| span.span_id.clone()).collect() };
    let leads = |from: &Trace<'_>, to: &Trace<'_>| {
        let to = ids(to);
        from.0.iter().flat_map(|span| &span.links).any(|link| to.contains(link))
    };
    leads(one, other) || leads(other, one)
}

fn is_confirmation_of(span: &CapturedSpan, trace: &Trace<'_>, case: &str) -> bool {
    span.name == "process ingest.platform_notice.received.v1"
        && span.attributes.get(CASE).is_some_and(|value| value == case)
        && span.links.iter().any(|link| trace.0.iter().any(|signing| signing.span_id == *link))
}

/// All edges that there are, for a person who reads why this test failed.
fn picture(spans: &[CapturedSpan]) -> String {
    let names: HashMap<&str, &str> = spans.iter().map(|span| (&*span.span_id, &*span.name)).collect();
    let edges: BTreeSet<String> = spans
        .iter()
        .map(|span| {
            let parent = names.get(&*span.parent_span_id).copied().unwrap_or("-");
            let links: Vec<&str> =
                span.links.iter().map(|link| names.get(&**link).copied().unwrap_or("?")).collect();
            format!("{parent} → {} {links:?}", span.name)
        })
        .collect();
    edges.into_iter().collect::<Vec<_>>().join("\n")
}

/// Asks a department and opens its page: both carry secrets in their addresses. Also signs somebody in by hand,
/// to know what the session's cookie is.
async fn ask_a_department(office: &mut Office, case: &str) -> (String, String) {
    let duty = office.desk.person("duty").await.unwrap();
    let page = duty.open(&format!("/case/{case}")).await.unwrap().accepted().unwrap();
    let fields = [("department", "县交通运输局"), ("question", words::QUESTION), ("due_minutes", "60")];
    let asked =
        duty.submit(&page, &format!("/case/{case}/finding"), &fields).await.unwrap().accepted().unwrap();
    let link = DepartmentLink::on(&asked).unwrap();
    let secret = link.path.rsplit("/d/").next().unwrap().to_owned();
    let page = duty.open(&link.path).await.unwrap().accepted().unwrap();
    let open = format!("{}/open", link.path);
    duty.submit(&page, &open, &[("code", &*link.code)]).await.unwrap().accepted().unwrap();

    let console = office.installation.console_url();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let form = client.get(format!("{console}/sign-in")).send().await.unwrap();
    let visit = cookies(&form);
    let html = form.text().await.unwrap();
    let csrf = html.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let code = office.desk.fresh_code("auditor").await.unwrap();
    let password = &office.installation.secrets().people_password;
    let fields = [
        ("csrf", csrf),
        ("login", "auditor"),
        ("password", &**password),
        ("code", &*code),
        ("next", "/audit"),
    ];
    let signed_in =
        client.post(format!("{console}/sign-in")).header("Cookie", visit).form(&fields).send().await.unwrap();
    let cookie = cookies(&signed_in);
    let audit = client.get(format!("{console}/audit")).header("Cookie", &cookie).send().await.unwrap();
    assert!(audit.status().is_success());
    let session = cookie.split("session=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    (secret, session)
}

fn cookies(response: &reqwest::Response) -> String {
    let cookies: Vec<&str> = response
        .headers()
        .get_all("set-cookie")
        .into_iter()
        .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap())
        .collect();
    cookies.join("; ")
}

/// Everything that no signal may tell.
async fn secrets(office: &Office, citizen: &Citizen, link_secret: String, session: String) -> Vec<String> {
    let secrets = office.installation.secrets();
    let mut all = vec![
        // What the citizen wrote, and who it was.
        ABOUT.to_owned(),
        "13812345678".to_owned(),
        citizen.openid.clone(),
        // What the office wrote.
        title(ABOUT),
        words::QUESTION.to_owned(),
        link_secret,
        session,
        secrets.postgres_password.clone(),
        secrets.token_seed.clone(),
        secrets.pepper.clone(),
        secrets.master_key.clone(),
        secrets.root_seed.clone(),
        secrets.client_secret.clone(),
        secrets.people_password.clone(),
        secrets.wechat.app_secret.clone(),
        secrets.wechat.token.clone(),
        secrets.wechat.encoding_aes_key.clone(),
        secrets.weibo.app_secret.clone(),
        secrets.weibo.access_token.clone(),
    ];
    all.extend(
        boxes(ABOUT, "everything")
            .into_iter()
            .filter(|(name, _)| *name == "summary")
            .map(|(_, words)| words.to_owned()),
    );
    all.extend(secrets.totp.values().cloned());
    for service in SERVICES {
        let secrets = secrets.service(service);
        all.extend(
            [&secrets.database_password, &secrets.owner_password, &secrets.bus_password].map(Clone::clone),
        );
    }
    // The platforms' ids of what went out; short numbers would be found in anything.
    let log = office.outside.log(0).await.unwrap();
    let ids = log.into_iter().map(|entry| match entry.platform_id {
        serde_json::Value::String(id) => id,
        other => other.to_string(),
    });
    all.extend(ids.filter(|id| id.len() > 8));
    all
}
