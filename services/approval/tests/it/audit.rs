//! G9: the trail is one chain.

use contracts::approval::v1 as pb;
use grpc::with_token;
use sha2::{Digest, Sha256};
use sqlx::Row;
use tonic::Code;

use crate::office::{Office, assert_refused};

#[tokio::test]
async fn every_entry_holds_the_hash_of_the_one_before() {
    let office = Office::open().await;
    office.revision_with(4).await;
    let rows =
        sqlx::query("SELECT sequence, document, entry_hash FROM approval.audit_entry ORDER BY sequence")
            .fetch_all(&office.database.superuser())
            .await
            .unwrap();
    assert!(rows.len() >= 9, "three sign-ins, a case, a draft and four steps");
    let mut before = vec![0; 32];
    for (index, row) in rows.iter().enumerate() {
        let document: &[u8] = row.get("document");
        let hash: &[u8] = row.get("entry_hash");
        assert_eq!(row.get::<i64, _>("sequence"), i64::try_from(index).unwrap() + 1);
        assert_eq!(Sha256::digest(document).as_slice(), hash);
        assert!(document.ends_with(&before));
        before = hash.to_vec();
    }
}

#[tokio::test]
async fn the_auditor_reads_the_trail_newest_first_and_the_drafter_does_not() {
    let office = Office::open().await;
    let chain = office.revision_with(4).await;
    let auditor = office.sign_in("auditor").await;
    let mut actions = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListAuditRequest { page_size: 4, page_token };
        let page =
            office.approval().list_audit(with_token(request, &auditor.token)).await.unwrap().into_inner();
        actions.extend(page.entries.into_iter().map(|entry| entry.action));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(actions[0], "person.signed_in");
    assert_eq!(
        actions[1..7],
        [
            "clarification.signed",
            "clarification.second_reviewed",
            "clarification.first_reviewed",
            "clarification.drafted",
            "draft.saved",
            "case.opened"
        ]
    );
    let request = pb::ListAuditRequest::default();
    let refused = office.approval().list_audit(with_token(request, &chain.drafter.token)).await;
    assert_refused(refused, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
}
