//! G2 on this side: whatever is altered in the database before the sign-off, nothing is emitted and the case
//! says why; restored, it goes on.

use contracts::approval::v1 as pb;
use contracts::approval::v1::ClarificationSigned;
use tonic::Code;

use crate::office::{Office, assert_refused};

/// What is done to the database, and how it is undone.
const ALTERATIONS: [(&str, &str, &str); 7] = [
    (
        "one byte of the content",
        "UPDATE approval.revision SET content = set_byte(content, 200, get_byte(content, 200) # 1)",
        "UPDATE approval.revision SET content = set_byte(content, 200, get_byte(content, 200) # 1)",
    ),
    (
        "the content with its hash",
        "UPDATE approval.revision SET content = set_byte(content, 200, get_byte(content, 200) # 1);
         UPDATE approval.revision SET content_hash = sha256(content)",
        "UPDATE approval.revision SET content = set_byte(content, 200, get_byte(content, 200) # 1);
         UPDATE approval.revision SET content_hash = sha256(content)",
    ),
    (
        "a statement",
        "UPDATE approval.step SET statement = set_byte(statement, 40, get_byte(statement, 40) # 1)
         WHERE purpose = 'second_reviewed'",
        "UPDATE approval.step SET statement = set_byte(statement, 40, get_byte(statement, 40) # 1)
         WHERE purpose = 'second_reviewed'",
    ),
    (
        "a signature",
        "UPDATE approval.step SET signature = set_byte(signature, 0, get_byte(signature, 0) # 1)
         WHERE purpose = 'drafted'",
        "UPDATE approval.step SET signature = set_byte(signature, 0, get_byte(signature, 0) # 1)
         WHERE purpose = 'drafted'",
    ),
    (
        "the policy",
        "UPDATE approval.policy
         SET document = set_byte(document, length(document) - 1, get_byte(document, length(document) - 1) # 1)",
        "UPDATE approval.policy
         SET document = set_byte(document, length(document) - 1, get_byte(document, length(document) - 1) # 1)",
    ),
    (
        "an enrolment",
        "UPDATE approval.signing_key SET enrolment = set_byte(enrolment, 50, get_byte(enrolment, 50) # 1)
         WHERE person_id = (SELECT person_id FROM approval.person WHERE login = 'reviewer')",
        "UPDATE approval.signing_key SET enrolment = set_byte(enrolment, 50, get_byte(enrolment, 50) # 1)
         WHERE person_id = (SELECT person_id FROM approval.person WHERE login = 'reviewer')",
    ),
    (
        "the root key",
        "UPDATE approval.agency SET root_public_key = set_byte(root_public_key, 3, get_byte(root_public_key, 3) # 1)",
        "UPDATE approval.agency SET root_public_key = set_byte(root_public_key, 3, get_byte(root_public_key, 3) # 1)",
    ),
];

#[tokio::test]
async fn whatever_is_altered_nothing_is_emitted_until_it_is_restored() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let revision = chain.revision().await;
    let superuser = office.database.superuser();
    for (what, alter, restore) in ALTERATIONS {
        sqlx::raw_sql(alter).execute(&superuser).await.unwrap();
        let shown = chain.revision().await;
        let refused = chain.sign(&shown, "signed").await;
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{what}: {status:?}");
        assert!(office.emitted::<ClarificationSigned>().await.is_empty(), "{what}");
        let case = chain.case().await.case.unwrap();
        assert_eq!(case.state(), pb::case::State::NeedsPerson, "{what}");
        assert!(case.note.starts_with("第1稿不能签："), "{what}: {}", case.note);
        sqlx::raw_sql(restore).execute(&superuser).await.unwrap();
    }
    chain.sign(&revision, "signed").await.unwrap();
    assert_eq!(office.emitted::<ClarificationSigned>().await.len(), 1);
    let case = chain.case().await.case.unwrap();
    assert_eq!((case.state(), case.note.as_str()), (pb::case::State::Signed, ""));
}

/// Every column of a revision's row, and what somebody who can write there would make of it. What is `None` may change:
/// where a revision stands and why it was returned are no part of what people sign.
const COLUMNS: [(&str, Option<&str>); 11] = [
    ("agency_id", None),
    ("clarification_id", None),
    ("revision", None),
    ("draft", Some("draft || '{\"response_level\": \"answer_only\", \"automatic_answer\": false}'")),
    ("content", Some("set_byte(content, length(content) - 5, get_byte(content, length(content) - 5) # 1)")),
    ("content_hash", Some("set_byte(content_hash, 0, get_byte(content_hash, 0) # 1)")),
    ("drafter_id", Some("(SELECT person_id FROM approval.person WHERE login = 'duty')")),
    ("save_time", None),
    ("state", None),
    ("return_reason", None),
    ("corrections", Some("corrections + 1")),
];

/// What of the draft somebody would change so that the pages show other words than are signed: each field once.
const BOXES: [&str; 14] = [
    r#"{"title": "另一个标题"}"#,
    r#"{"summary": "另一个摘要"}"#,
    r#"{"claim": "另一个网传"}"#,
    r#"{"check": "另一个核查"}"#,
    r#"{"conclusion": "属实。"}"#,
    r#"{"basis": "另一个依据"}"#,
    r#"{"advice": "另一个提醒"}"#,
    r#"{"post": "另一条微博"}"#,
    r#"{"kind": "response"}"#,
    r#"{"response_level": "answer_only"}"#,
    r#"{"verdict": "true"}"#,
    r#"{"automatic_answer": false}"#,
    r#"{"kind": "standing_replies", "standing_replies": {"receipt": "收到"}}"#,
    r#"{"valid_until": 4102444800}"#,
];

#[tokio::test]
async fn whatever_column_of_a_revision_is_altered_nothing_is_signed() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let revision = chain.revision().await;
    let superuser = office.database.superuser();
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT column_name::text FROM information_schema.columns
         WHERE table_schema = 'approval' AND table_name = 'revision' ORDER BY 1",
    )
    .fetch_all(&superuser)
    .await
    .unwrap();
    let mut tried: Vec<&str> = COLUMNS.iter().map(|(column, _)| *column).collect();
    tried.sort_unstable();
    assert_eq!(columns, tried, "a new column must be tried here");

    let boxes = BOXES.map(|change| ("draft", format!("draft || '{change}'")));
    let alterations = COLUMNS.iter().filter_map(|(column, to)| Some((*column, (*to)?.to_owned())));
    for (column, to) in alterations.chain(boxes) {
        let mut tx = superuser.begin().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe("CREATE TABLE kept AS SELECT * FROM approval.revision"))
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("UPDATE approval.revision SET {column} = {to}")))
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let shown = chain.revision().await;
        // Refused before a code is even looked at.
        let status = office.sign_step(&chain.signer, &shown, "signed", "").await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{column} = {to}: {status:?}");
        if column == "draft" {
            assert!(shown.altered && shown.content.is_none(), "{to} is shown as what people sign");
        }
        assert!(office.emitted::<ClarificationSigned>().await.is_empty(), "{column} = {to}");
        let restore = format!(
            "UPDATE approval.revision AS altered SET {column} = kept.{column} FROM kept
             WHERE altered.clarification_id = kept.clarification_id; DROP TABLE kept"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(restore)).execute(&superuser).await.unwrap();
    }
    chain.sign(&revision, "signed").await.unwrap();
}

/// As [`COLUMNS`], of a signed step's row. The gates beside the statement are nobody's word, and shown nowhere.
const STEP_COLUMNS: [(&str, Option<&str>); 10] = [
    ("agency_id", None),
    ("clarification_id", None),
    ("revision", None),
    ("purpose", None),
    ("person_id", Some("(SELECT person_id FROM approval.person WHERE login = 'duty')")),
    (
        "key_id",
        Some(
            "(SELECT key_id FROM approval.signing_key JOIN approval.person USING (person_id) WHERE login = 'duty')",
        ),
    ),
    ("statement", Some("set_byte(statement, 40, get_byte(statement, 40) # 1)")),
    ("signature", Some("set_byte(signature, 0, get_byte(signature, 0) # 1)")),
    ("sign_time", Some("sign_time - interval '1 day'")),
    ("gates", None),
];

#[tokio::test]
async fn whatever_column_of_a_signed_step_is_altered_nothing_more_is_signed() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let revision = chain.revision().await;
    let superuser = office.database.superuser();
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT column_name::text FROM information_schema.columns
         WHERE table_schema = 'approval' AND table_name = 'step' ORDER BY 1",
    )
    .fetch_all(&superuser)
    .await
    .unwrap();
    let mut tried: Vec<&str> = STEP_COLUMNS.iter().map(|(column, _)| *column).collect();
    tried.sort_unstable();
    assert_eq!(columns, tried, "a new column must be tried here");
    for (column, to) in STEP_COLUMNS {
        let Some(to) = to else { continue };
        let alter = format!(
            "CREATE TABLE kept AS SELECT * FROM approval.step;
             UPDATE approval.step SET {column} = {to} WHERE purpose = 'second_reviewed'"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(alter)).execute(&superuser).await.unwrap();
        // With a fresh code: some of it shows only where the whole bundle is verified.
        let status = chain.sign(&revision, "signed").await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{column} = {to}: {status:?}");
        assert!(office.emitted::<ClarificationSigned>().await.is_empty(), "{column} = {to}");
        let restore = format!(
            "UPDATE approval.step AS altered SET {column} = kept.{column} FROM kept
             WHERE altered.purpose = kept.purpose; DROP TABLE kept"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(restore)).execute(&superuser).await.unwrap();
    }
    chain.sign(&revision, "signed").await.unwrap();
}

#[tokio::test]
async fn altered_content_is_not_shown_as_what_people_would_sign() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    assert!(!chain.revision().await.altered);
    sqlx::raw_sql(ALTERATIONS[0].1).execute(&office.database.superuser()).await.unwrap();
    let altered = chain.revision().await;
    assert!(altered.altered);
    assert_eq!(altered.content, None);
}

#[tokio::test]
async fn another_revisions_statement_counts_for_nothing() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let first = chain.revision().await;
    let case = chain.case().await.case.unwrap();
    let draft = first.draft.clone().unwrap();
    let second = office.save_draft(&chain.drafter, &case.case_id, Some(&first), draft).await.unwrap();
    // The same words in the next revision, with the reviews of the one before moved over.
    sqlx::raw_sql(
        "UPDATE approval.step SET revision = 2; UPDATE approval.revision SET state = 'second_reviewed' \
         WHERE revision = 2",
    )
    .execute(&office.database.superuser())
    .await
    .unwrap();
    assert_refused(chain.sign(&second, "signed").await, Code::FailedPrecondition, "CONTENT_ALTERED");
    assert!(office.emitted::<ClarificationSigned>().await.is_empty());
}

#[tokio::test]
async fn a_state_set_by_hand_does_not_replace_a_missing_review() {
    let office = Office::open().await;
    let chain = office.revision_with(2).await;
    let revision = chain.revision().await;
    sqlx::raw_sql("UPDATE approval.revision SET state = 'second_reviewed'")
        .execute(&office.database.superuser())
        .await
        .unwrap();
    assert_refused(chain.sign(&revision, "signed").await, Code::FailedPrecondition, "CONTENT_ALTERED");
    assert!(office.emitted::<ClarificationSigned>().await.is_empty());
}
