//! The operator's ceremony.

use approval::domain::officer::Role;
use approval::provision::{ContentPlan, Provision};
use contracts::approval::v1::ClarificationSigned;
use signoff::verify::verify;
use sqlx::Row;

use crate::office::{Office, bundle, expected, planned_watermelon};

fn with_content(plan: &mut Provision) {
    plan.content =
        vec![ContentPlan { sentence: "城东市场西瓜打甜水针".into(), draft: planned_watermelon() }];
}

async fn rows_in_all_tables(office: &Office) -> Vec<(String, i64)> {
    let superuser = office.database.superuser();
    let mut counts = Vec::new();
    for table in [
        "agency",
        "person",
        "signing_key",
        "policy",
        "client",
        "case_file",
        "revision",
        "step",
        "audit_entry",
    ] {
        let query = format!("SELECT count(*) FROM approval.{table}");
        let count = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_one(&superuser).await.unwrap().get(0);
        counts.push((table.to_owned(), count));
    }
    counts
}

#[tokio::test]
async fn the_ceremony_signs_content_with_three_peoples_keys_and_a_second_one_changes_nothing() {
    let office = Office::open().await;
    let first = office.provision_again(with_content).await.unwrap();
    let events = office.emitted::<ClarificationSigned>().await;
    assert_eq!(events.len(), 1);
    let verified = verify(&bundle(&events[0]), &office.trust, &expected(&events[0]), office.now()).unwrap();
    assert_eq!(verified.content.claim_sentence, "城东市场西瓜打甜水针");

    let counts = rows_in_all_tables(&office).await;
    let second = office.provision_again(with_content).await.unwrap();
    assert_eq!(rows_in_all_tables(&office).await, counts);
    assert_eq!(office.emitted::<ClarificationSigned>().await.len(), 1);
    let secrets = |provisioned: &approval::provision::Provisioned| {
        provisioned.people.iter().map(|person| person.totp_secret.clone()).collect::<Vec<_>>()
    };
    assert_eq!(secrets(&first), secrets(&second));
    assert_eq!(first.people[0].totp_secret, office.totp_secret("duty"));
}

#[tokio::test]
async fn the_ceremony_changes_nobody_and_takes_no_other_root_key() {
    let office = Office::open().await;
    let promoted = office.provision_again(|plan| plan.people[0].role = Role::Signer).await;
    assert!(promoted.is_err_and(|error| error.to_string().contains("duty")));
    let other_root = office.provision_again(|plan| plan.root_seed = "05".repeat(32).into()).await;
    assert!(other_root.is_err_and(|error| error.to_string().contains("root key")));
}

#[tokio::test]
async fn a_ceremony_with_another_secret_for_a_client_says_so_and_a_revoked_one_stays_revoked() {
    let office = Office::open().await;
    let other = office.provision_again(|plan| plan.clients[0].secret = "another".into()).await;
    let words = other.err().unwrap().to_string();
    assert!(words.contains("hotline") && words.contains("client renew"), "{words}");

    approval::clients::change(&office.database.owner_url, "hotline", None).await.unwrap();
    let again = office.provision_again(|_| ()).await.unwrap();
    assert_eq!(again.revoked_clients, ["hotline"]);
}

#[tokio::test]
async fn content_that_is_not_fit_to_be_signed_is_not_signed() {
    let office = Office::open().await;
    let outcome = office
        .provision_again(|plan| {
            with_content(plan);
            plan.content[0].draft.basis.clear();
        })
        .await;
    assert!(outcome.is_err());
    assert!(office.emitted::<ClarificationSigned>().await.is_empty());
}
