//! The words of a message as they were written, for an officer with a cause; and what the trail is told of it.

use contracts::Event;
use contracts::ingest::v1 as pb;
use contracts::ingest::v1::deed_done::Action;
use grpc::{Role, with_token};
use ids::AgencyId;
use prost::Message;
use tonic::{Code, Status};

use crate::desk::{Client, Desk};

impl Client {
    async fn reveals(&mut self, report: &str, cause: &str) -> Result<pb::RevealOriginalResponse, Status> {
        let request = pb::RevealOriginalRequest { report_id: report.to_owned(), cause: cause.to_owned() };
        Ok(self.stub.reveal_original(with_token(request, &self.token)).await?.into_inner())
    }
}

impl Desk {
    /// What the trail is told, oldest first.
    async fn deeds(&self) -> Vec<pb::DeedDone> {
        let payloads: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT payload FROM messaging.outbox WHERE subject = $1 ORDER BY sequence")
                .bind(pb::DeedDone::SUBJECT)
                .fetch_all(&self.superuser)
                .await
                .unwrap();
        payloads.iter().map(|payload| pb::DeedDone::decode(payload.as_slice()).unwrap()).collect()
    }
}

#[tokio::test]
async fn an_officer_with_a_cause_reads_what_was_written_and_the_trail_is_told_in_the_same_transaction() {
    let desk = Desk::open().await;
    let citizen = desk.citizens(1).await.remove(0);
    desk.writes(&citizen, "网传城北停水三天，电话13812345678").await;
    let report = desk.reports().await[0].to_string();

    let mut officer = desk.duty_officer().await;
    let revealed = officer.reveals(&report, "核对13812345678是否遮盖有误").await.unwrap();
    assert_eq!(revealed.text, "网传城北停水三天，电话13812345678");
    let deeds = desk.deeds().await;
    assert_eq!(deeds.len(), 1);
    assert_eq!((deeds[0].action(), deeds[0].role.as_str()), (Action::OriginalRevealed, "duty_officer"));
    assert_eq!(deeds[0].subjects[0].id, report);
    assert!(!format!("{deeds:?}").contains("13812345678"), "the trail is for ever: {deeds:?}");
    assert!(deeds[0].reason.contains("是否遮盖有误"), "{deeds:?}");
}

#[tokio::test]
async fn without_a_cause_a_right_or_a_key_nothing_is_shown_and_nothing_is_told() {
    let desk = Desk::open().await;
    let citizen = desk.citizens(1).await.remove(0);
    desk.writes(&citizen, "网传城北停水三天，电话13812345678").await;
    let report = desk.reports().await[0].to_string();

    let mut officer = desk.duty_officer().await;
    for cause in ["", " \u{200b}\n", &"由".repeat(501)] {
        assert_eq!(officer.reveals(&report, cause).await.unwrap_err().code(), Code::InvalidArgument);
    }
    for role in [Role::Checker, Role::Auditor, Role::Administrator, Role::Client] {
        let mut other = desk.client(desk.agency, role).await;
        let refused = other.reveals(&report, "想看看").await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{role:?}");
    }
    let mut stranger = desk.client(AgencyId::mint(), Role::DutyOfficer).await;
    assert_eq!(stranger.reveals(&report, "想看看").await.unwrap_err().code(), Code::NotFound);

    sqlx::query("UPDATE ingest.reporter SET wrapped_key = NULL").execute(&desk.superuser).await.unwrap();
    let forgotten = officer.reveals(&report, "核对").await.unwrap_err();
    assert_eq!(grpc::reason(&forgotten).as_deref(), Some("MESSAGE_FORGOTTEN"));
    assert!(desk.deeds().await.is_empty());
}
