//! Who holds one service's password on the bus speaks for that service only, hears what was sent to it only, and
//! changes nothing, wherever the rights come from.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use backing::{BusPassword, BusUser};
use contracts::Event;
use contracts::approval::v1::ClarificationRevoked;
use prost::Message;
use suite::bus::MEMBERS;
use tokio::sync::mpsc;

use crate::office::{Office, title};

/// What somebody tries with a user's password: each is a subject that he must not publish to.
fn attacks(user: &str) -> BTreeSet<String> {
    let mut attacks = BTreeSet::new();
    for member in &MEMBERS {
        let stream = member.stream;
        // Forging: directly, by a stream that copies, by a consumer that delivers to another's subject.
        if member.service != user {
            attacks.insert(format!("{}.forged.v1", member.service));
            attacks.insert(format!("$JS.API.STREAM.INFO.{stream}"));
            attacks.insert(format!("$JS.API.STREAM.MSG.GET.{stream}"));
        }
        for verb in ["CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"] {
            attacks.insert(format!("$JS.API.STREAM.{verb}.{stream}"));
        }
        attacks.insert(format!("$JS.API.CONSUMER.CREATE.{stream}"));
        attacks.insert(format!("$JS.API.CONSUMER.CREATE.{stream}.evil"));
        attacks.insert(format!("$JS.API.CONSUMER.DURABLE.CREATE.{stream}.evil"));
        attacks.insert(format!("$JS.API.CONSUMER.NAMES.{stream}"));
        attacks.insert(format!("$JS.API.DIRECT.GET.{stream}"));
        attacks.insert(format!("$JS.API.STREAM.LEADER.STEPDOWN.{stream}"));
    }
    for other in &MEMBERS {
        for subscription in other.receives {
            let (stream, durable) = (subscription.stream, subscription.durable);
            // Rewriting what a consumer hears: one's own too, for it could be made to deliver anywhere.
            for verb in ["CREATE", "DURABLE.CREATE", "DELETE", "PAUSE", "UNPIN", "LEADER.STEPDOWN"] {
                attacks.insert(format!("$JS.API.CONSUMER.{verb}.{stream}.{durable}"));
            }
            // Swallowing what was sent to another.
            if other.service != user {
                attacks.insert(format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"));
                attacks.insert(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"));
                attacks.insert(format!("$JS.ACK.{stream}.{durable}.1.1.1.1760000000000000000.0"));
            }
        }
    }
    attacks.extend(
        ["$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST", "$SYS.REQ.SERVER.PING"]
            .map(String::from),
    );
    attacks
}

/// Tries everything as one user, and says what the server did not refuse.
async fn what_is_not_refused(url: &str, user: &str, password: &str) -> BTreeSet<String> {
    let (heard, mut said) = mpsc::unbounded_channel();
    let client = async_nats::ConnectOptions::with_user_and_password(user.into(), password.into())
        .event_callback(move |event| {
            let _listening = heard.send(event.to_string());
            async {}
        })
        .connect(url)
        .await
        .unwrap();
    let mut attacks = attacks(user);
    assert!(attacks.len() > 100);
    // One by one: the client drops what it cannot tell fast enough.
    for subject in attacks.clone() {
        client.publish(subject.clone(), "{}".into()).await.unwrap();
        client.flush().await.unwrap();
        let refusal = format!("Permissions Violation for Publish to \"{subject}\"");
        let hearing = async { while !said.recv().await.unwrap().contains(&refusal) {} };
        if tokio::time::timeout(Duration::from_secs(2), hearing).await.is_ok() {
            attacks.remove(&subject);
        }
    }
    attacks
}

/// The bus as a container's configuration makes it: its own text, with a port, a folder and passwords of this test.
async fn bus_of_the_manifests(folder: &std::path::Path) -> (tokio::process::Child, String) {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../k8s/base/nats.conf");
    let [port, monitor] = backing::free_ports().unwrap();
    let text = std::fs::read_to_string(manifest)
        .unwrap()
        .replace("0.0.0.0:4222", &format!("127.0.0.1:{port}"))
        .replace("0.0.0.0:8222", &format!("127.0.0.1:{monitor}"))
        .replace("\"/data\"", &format!("{:?}", folder.join("store")));
    let file: PathBuf = folder.join("nats.conf");
    std::fs::write(&file, text).unwrap();
    let mut server = tokio::process::Command::new(testkit::nats_program().await);
    server.arg("--config").arg(&file).env("POD_NAME", "nats").kill_on_drop(true);
    for BusUser { name, .. } in suite::bus::users(|_| BusPassword::Written(String::new())) {
        server.env(format!("{}_BUS_PASSWORD", name.to_uppercase()), "test");
    }
    let server = server.stderr(std::process::Stdio::null()).spawn().unwrap();
    testkit::eventually("the bus", async || backing::is_taken(port).then_some(())).await;
    (server, format!("nats://127.0.0.1:{port}"))
}

#[tokio::test]
async fn no_service_forges_swallows_or_rewrites_on_a_bus_of_the_manifests() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, url) = bus_of_the_manifests(folder.path()).await;
    suite::bus::administrator(&url, "test".into(), 1).await.unwrap().make().await.unwrap();
    for member in &MEMBERS {
        let not_refused = what_is_not_refused(&url, member.service, "test").await;
        assert!(not_refused.is_empty(), "{} may {not_refused:#?}", member.service);
    }
}

#[tokio::test]
async fn whoever_holds_the_password_of_ingest_takes_no_signed_page_down() {
    let mut office = Office::open().await;
    let secrets = office.installation.secrets();
    let url = office.installation.bus_url();
    for member in &MEMBERS {
        let password = &secrets.service(member.service).bus_password;
        let not_refused = what_is_not_refused(&url, member.service, password).await;
        assert!(not_refused.is_empty(), "{} may {not_refused:#?}", member.service);
    }

    office.says("听说城北大桥下个月要整体拆除重建，是真的吗").await;
    let case = office.case_about("城北大桥下个月要整体拆除重建").await;
    office.signed_through_deaths(&case, "城北大桥下个月要整体拆除重建").await;
    office.all_publications(&case, 3, "confirmed").await;
    let site = office.installation.site_url();
    let page = async |path: &str| reqwest::get(format!("{site}{path}")).await.unwrap();
    let front = page("/").await.text().await.unwrap();
    let wanted = title("城北大桥下个月要整体拆除重建");
    let before = &front[..front.find(&wanted).unwrap()];
    let clarification = before.rsplit("/c/").next().unwrap()[..36].to_owned();
    let signed = format!("/c/{clarification}");
    assert_eq!(page(&signed).await.status(), 200);

    // Every way to have a revocation arrive that approval never gave.
    let ingest = async_nats::ConnectOptions::with_user_and_password(
        "ingest".into(),
        secrets.service("ingest").bus_password.clone(),
    )
    .custom_inbox_prefix("_INBOX_ingest")
    .connect(&url)
    .await
    .unwrap();
    let forged = ClarificationRevoked {
        agency_id: office.installation.agency().to_string(),
        clarification_id: clarification,
        revision: 99,
        reason: "forged".into(),
        ..ClarificationRevoked::default()
    };
    let headers = || {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("ce-id", uuid::Uuid::from_u128(7).to_string());
        headers.insert("ce-source", "/chengqing/approval");
        headers.insert("ce-type", ClarificationRevoked::SUBJECT);
        headers.insert("ce-specversion", "1.0");
        headers.insert("ce-time", "2026-11-22T08:00:00Z");
        headers.insert("ce-datacontenttype", "application/protobuf");
        headers.insert("chengqing-agency", office.installation.agency().to_string());
        headers
    };
    let copying = format!(
        r#"{{"name":"INGEST","subjects":["ingest.>"],"storage":"file","retention":"limits",
        "republish":{{"src":"ingest.forge","dest":"{}"}}}}"#,
        ClarificationRevoked::SUBJECT
    );
    ingest.publish("$JS.API.STREAM.UPDATE.INGEST", copying.into()).await.unwrap();
    let payload = forged.encode_to_vec();
    for subject in [ClarificationRevoked::SUBJECT, "ingest.forge"] {
        ingest.publish_with_headers(subject, headers(), payload.clone().into()).await.unwrap();
    }
    ingest
        .publish_with_reply_and_headers(
            "ingest.forge",
            ClarificationRevoked::SUBJECT,
            headers(),
            payload.into(),
        )
        .await
        .unwrap();
    ingest.flush().await.unwrap();

    // Something later that took the same way: by then the forged ones would have arrived.
    office.outside.reset_quota().await.unwrap();
    office.says("听说老车站被外地老板买下来了，是真的吗").await;
    let later = office.case_about("老车站被外地老板买下来了").await;
    office.signed_through_deaths(&later, "老车站被外地老板买下来了").await;
    office.all_publications(&later, 3, "confirmed").await;
    assert_eq!(page(&signed).await.status(), 200);
}
