//! What people do in the other services, as it comes into the trail.

use contracts::approval::v1 as pb;
use contracts::{classification, ingest, publish};
use grpc::with_token;
use sqlx::Row;
use testkit::eventually;

use crate::office::Office;

const ACTOR: &str = "演示·值班员";

fn at(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

fn of_ingest(office: &Office, action: i32) -> ingest::v1::DeedDone {
    let subject = ingest::v1::deed_done::Subject { kind: "report".into(), id: format!("id-{action}") };
    ingest::v1::DeedDone {
        agency_id: office.agency.to_string(),
        actor: ACTOR.into(),
        role: "duty_officer".into(),
        action,
        subjects: vec![subject],
        reason: "号码被遮盖".into(),
        deed_time: at(1_700_000_000),
        ..Default::default()
    }
}

fn of_classification(office: &Office, action: i32) -> classification::v1::DeedDone {
    classification::v1::DeedDone {
        agency_id: office.agency.to_string(),
        actor: ACTOR.into(),
        role: "duty_officer".into(),
        action,
        deed_time: at(1_700_000_001),
        ..Default::default()
    }
}

fn of_publish(office: &Office, action: i32) -> publish::v1::DeedDone {
    publish::v1::DeedDone {
        agency_id: office.agency.to_string(),
        actor: ACTOR.into(),
        role: "signer".into(),
        action,
        deed_time: at(1_700_000_002),
        ..Default::default()
    }
}

impl Office {
    /// The entries that came from other services, oldest first.
    async fn deeds(&self, token: &str) -> Vec<pb::AuditEntry> {
        let request = pb::ListAuditRequest { page_size: 200, page_token: String::new() };
        let listed = self.approval().list_audit(with_token(request, token)).await.unwrap().into_inner();
        let mut entries: Vec<_> = listed.entries.into_iter().filter(|entry| entry.actor == ACTOR).collect();
        entries.retain(|entry| !entry.action.starts_with("person."));
        entries.reverse();
        entries
    }
}

#[tokio::test]
async fn every_deed_of_every_service_is_entered_once_by_name_and_id() {
    let office = Office::open().await;
    let auditor = office.sign_in("auditor").await;
    let mut said = 0;
    for action in (1..).take_while(|action| ingest::v1::deed_done::Action::try_from(*action).is_ok()) {
        office.ingest.say(office.agency, &of_ingest(&office, action)).await;
        said += 1;
    }
    for action in (1..).take_while(|action| classification::v1::deed_done::Action::try_from(*action).is_ok())
    {
        office.classification.say(office.agency, &of_classification(&office, action)).await;
        said += 1;
    }
    for action in (1..).take_while(|action| publish::v1::deed_done::Action::try_from(*action).is_ok()) {
        office.publish.say(office.agency, &of_publish(&office, action)).await;
        said += 1;
    }
    let entries = eventually("every deed in the trail", async || {
        let entries = office.deeds(&auditor.token).await;
        (entries.len() == said).then_some(entries)
    })
    .await;
    let mut actions: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
    actions.sort_unstable();
    actions.dedup();
    assert_eq!(actions.len(), said, "two deeds have one name: {actions:?}");
    let revealed = entries.iter().find(|entry| entry.action == "message.original_revealed").unwrap();
    assert_eq!(revealed.subject, "report id-5 as duty_officer because 号码被遮盖");
    assert_eq!(revealed.entry_time, at(1_700_000_000), "it is entered as of when it was done");
}

#[tokio::test]
async fn a_deed_that_this_version_does_not_know_is_kept_for_an_operator_and_not_lost() {
    let office = Office::open().await;
    office.publish.say(office.agency, &of_publish(&office, 999)).await;
    let subject: String = eventually("the dead letter", async || {
        let row = sqlx::query("SELECT subject FROM messaging.dead_letter")
            .fetch_optional(&office.database.superuser())
            .await
            .unwrap()?;
        Some(row.get(0))
    })
    .await;
    assert_eq!(subject, "publish.deed.done.v1");
}
