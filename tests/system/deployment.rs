//! What an operator is given to begin with: manifests, example configuration, the founding of an office.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use runtime::config::load;
use secrecy::ExposeSecret;
use suite::demo::Browser;

use crate::office::{Office, program};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap()
}

/// The strings in quotation marks within `text`.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_manifests_give_the_same_rights_on_the_bus_as_up_does() {
    let folder = tempfile::tempdir().unwrap();
    let installation =
        suite::installation::Installation::open(folder.path(), suite::installation::Ports::free().unwrap())
            .unwrap();
    let manifest = read("k8s/base/nats.conf");
    for user in installation.bus_users() {
        let block = manifest.split(&format!("user: \"{}\"", user.name)).nth(1).unwrap();
        let list = |name: &str| {
            quoted(block.split(&format!("{name}: [")).nth(1).unwrap().split(']').next().unwrap())
        };
        assert_eq!(list("publish"), user.publish.iter().cloned().collect(), "{} publishes", user.name);
        let own_inbox = BTreeSet::from([format!("_INBOX_{}.>", user.name)]);
        assert_eq!(list("subscribe"), own_inbox, "{} subscribes", user.name);
    }
    assert_eq!(manifest.matches("user: ").count(), installation.bus_users().len());
}

#[test]
fn the_example_configuration_is_what_each_service_reads_once_its_blanks_are_filled() {
    let folder = tempfile::tempdir().unwrap();
    let filled = |service: &str| -> PathBuf {
        let mut text = read(&format!("deploy/configuration.example/{service}.toml"))
            .replace("agency_id = \"\"", "agency_id = \"01990000-0000-7000-8000-000000000001\"")
            .replace("encoding_aes_key = \"\"", &format!("encoding_aes_key = \"{}\"", "a".repeat(43)));
        if service != "console" {
            // In a container these two come from the environment.
            let user = format!("user = \"{service}\"\n");
            let secrets = format!("{user}password = \"p\"\n[{service}.database]\nurl = \"postgres://\"\n");
            text = text.replace(&user, &secrets);
        }
        let file = folder.path().join(service);
        std::fs::write(&file, text).unwrap();
        file
    };
    load::<approval::Config>(Some(&filled("approval")), "approval").unwrap();
    load::<ingest::Config>(Some(&filled("ingest")), "ingest").unwrap();
    load::<classification::Config>(Some(&filled("classification")), "classification").unwrap();
    load::<publish::Config>(Some(&filled("publish")), "publish").unwrap();
    load::<console::Config>(Some(&filled("console")), "console").unwrap();
}

#[tokio::test]
async fn an_office_founded_from_the_example_plan_signs_in_and_founding_it_again_changes_nothing() {
    let office = Office::open().await;
    let folder = tempfile::tempdir().unwrap();
    // Sign-in names are one's own over all agencies, and the sample office is there already.
    let plan = folder.path().join("office.toml");
    std::fs::write(
        &plan,
        read("deploy/office.example.toml")
            .replace("= \"qinglan\"", "= \"lake\"")
            .replace("login = \"", "login = \"lake-"),
    )
    .unwrap();
    let papers = folder.path().join("papers.toml");
    let found = || {
        let ran = Command::new(program("chengqing"))
            .args(["agency", "found"])
            .arg(&plan)
            .arg("--papers")
            .arg(&papers)
            .arg("--config")
            .arg(office.installation.configuration_file())
            .env("CHENGQING_OWNER_URL", office.installation.owner_url("approval").expose_secret())
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    let said = found();
    assert!(said.contains("root_public_key = "), "{said}");
    assert_eq!(found(), said);

    let papers: toml::Value = toml::from_str(&std::fs::read_to_string(&papers).unwrap()).unwrap();
    let of = |table: &str| papers[table]["lake-signer"].as_str().unwrap().to_owned();
    let now =
        u64::try_from(runtime::Clock::steered(office.time.file().into()).now().unix_timestamp()).unwrap();
    let code = suite::code::from_secret(&of("authenticator_secrets"), now).unwrap();
    let mut browser = Browser::new(office.installation.console_url()).unwrap();
    browser.sign_in("lake-signer", &of("first_passwords"), &code).await.unwrap();
}
