//! What an operator is given to begin with: manifests, example configuration, the founding of an office.

use std::path::{Path, PathBuf};
use std::process::Command;

use backing::BusPassword;
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

#[test]
fn the_manifests_give_the_same_rights_on_the_bus_as_up_does() {
    // `./deploy/up bus configuration > k8s/base/nats.conf` after a change.
    assert_eq!(read("k8s/base/nats.conf"), suite::bus::configuration());
    let compose = read("deploy/compose.yaml");
    assert!(compose.contains("../k8s/base/nats.conf:/etc/nats/nats.conf"));
    for user in suite::bus::users(|_| BusPassword::Written(String::new())) {
        let variable = format!("{}_BUS_PASSWORD", user.name.to_uppercase());
        assert!(compose.contains(&format!("{variable}: ${{{variable}:?}}")), "{variable} reaches the bus");
        assert!(read("deploy/compose.env.example").contains(&format!("{variable}=")), "{variable}");
    }
}

/// What is fetched from elsewhere and run, perhaps as root, is what somebody looked at.
#[test]
fn the_bus_server_is_installed_with_its_hash_only() {
    let install = read("deploy/install");
    let fetching = install.lines().find(|line| line.contains("pip download")).unwrap();
    assert!(fetching.contains("--require-hashes"), "{fetching}");
    assert_eq!(install.matches("    sha256:").count(), 2, "one of each architecture");
}

/// Streams and consumers are made before any service rolls, and kept while they run.
#[test]
fn the_administrator_of_the_bus_has_a_step_and_a_process_of_its_own_everywhere() {
    let compose = read("deploy/compose.yaml");
    let base = read("k8s/base/migrate.yaml") + &read("k8s/base/bus.yaml");
    for command in [r#"["bus", "make"]"#, r#"["bus", "keep"]"#] {
        assert!(compose.contains(&format!("command: {command}")), "compose: {command}");
        assert!(base.contains(&format!("args: {command}")), "k8s: {command}");
    }
    // No service is given his password.
    for service in suite::serve::NAMES {
        assert!(!read(&format!("k8s/base/{service}.yaml")).contains("ADMINISTRATOR"), "{service}");
    }
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
