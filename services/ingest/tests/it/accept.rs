//! Reports over gRPC: durable, deduplicated, masked, refused by field, and never at a neighbour's expense.

use contracts::ingest::v1 as pb;
use contracts::ingest::v1::ReportReceived;
use prost::Message;
use tonic::Code;

use crate::desk::{ACCOUNT, Desk, hotline};

async fn announced(desk: &Desk) -> Vec<ReportReceived> {
    let payloads: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT payload FROM messaging.outbox WHERE subject = 'ingest.report.received.v1' ORDER BY event_id",
    )
    .fetch_all(&desk.superuser)
    .await
    .unwrap();
    payloads.iter().map(|payload| ReportReceived::decode(payload.as_slice()).unwrap()).collect()
}

#[tokio::test]
async fn an_accepted_report_is_announced_masked_and_kept_sealed() {
    let desk = Desk::open().await;
    let report = pb::Report {
        reporter: "oCitizen".into(),
        answer_account: ACCOUNT.into(),
        seen_at: "业主群 13812345678".into(),
        ..hotline("网传明天停水，打13912345678问问")
    };
    let accepted = desk.duty_officer().await.submit(report).await.unwrap();
    assert!(!accepted.duplicate);

    let events = announced(&desk).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].report_id, accepted.report_id);
    assert_eq!(events[0].masked_text, "网传明天停水，打〔手机号〕问问");
    assert_eq!(events[0].seen_at, "业主群 〔手机号〕");
    assert!(!events[0].reporter_id.is_empty());
    for column in ["sealed", "wrapped_key"] {
        let kept: Vec<u8> = match column {
            "sealed" => sqlx::query_scalar("SELECT sealed FROM ingest.report"),
            _ => sqlx::query_scalar("SELECT wrapped_key FROM ingest.report"),
        }
        .fetch_one(&desk.superuser)
        .await
        .unwrap();
        assert!(!String::from_utf8_lossy(&kept).contains("13912345678"));
    }
    let identity: Vec<u8> =
        sqlx::query_scalar("SELECT identity FROM ingest.reporter").fetch_one(&desk.superuser).await.unwrap();
    assert!(!String::from_utf8_lossy(&identity).contains("oCitizen"));
}

#[tokio::test]
async fn the_same_request_and_the_same_record_are_one_report() {
    let desk = Desk::open().await;
    let mut officer = desk.duty_officer().await;
    let request = uuid::Uuid::now_v7();
    let record = pb::Report { external_id: "热线-1".into(), ..hotline("网传停水") };

    let first = officer.submit_as(request, record.clone()).await.unwrap();
    let again = officer.submit_as(request, record.clone()).await.unwrap();
    let same_record = officer.submit(record.clone()).await.unwrap();
    let elsewhere =
        officer.submit(pb::Report { channel: pb::report::Channel::Partner.into(), ..record }).await.unwrap();

    assert!(!first.duplicate && again.duplicate && same_record.duplicate && !elsewhere.duplicate);
    assert_eq!(first.report_id, again.report_id);
    assert_eq!(first.report_id, same_record.report_id);
    assert_eq!(announced(&desk).await.len(), 2);
}

#[tokio::test]
async fn other_words_under_a_known_id_are_refused_and_told_not_dropped() {
    let desk = Desk::open().await;
    let mut officer = desk.duty_officer().await;
    let request = uuid::Uuid::now_v7();
    let record = pb::Report { external_id: "1.23457E+17".into(), ..hotline("网传城北停水") };
    let first = officer.submit_as(request, record.clone()).await.unwrap();

    let others = [
        pb::Report { text: "网传城南停电".into(), ..record.clone() },
        pb::Report { reporter: "李某".into(), ..record.clone() },
        pb::Report { said_time: Some(grpc::timestamp(desk.clock.now())), ..record.clone() },
        pb::Report { seen_at: "业主群".into(), ..record.clone() },
    ];
    for other in others {
        let told = officer.submit(other.clone()).await.unwrap_err();
        assert_eq!(told.code(), Code::AlreadyExists, "{other:?}");
        assert!(told.message().starts_with("external_id was used before"), "{}", told.message());
        let metadata = tonic_types::StatusExt::get_details_error_info(&told).unwrap();
        assert_eq!(metadata.reason, "RECORD_CONFLICT");
        assert_eq!(metadata.metadata["report_id"], first.report_id);
    }
    let another = pb::Report { external_id: "7".into(), ..hotline("网传学校停课") };
    let told = officer.submit_as(request, another.clone()).await.unwrap_err();
    assert_eq!(told.code(), Code::AlreadyExists);
    assert!(told.message().starts_with("request_id was used"), "{}", told.message());
    assert!(!officer.submit(another).await.unwrap().duplicate, "it is taken under a request of its own");
    assert_eq!(announced(&desk).await.len(), 2);
}

#[tokio::test]
async fn bad_fields_are_refused_by_name_and_nothing_is_kept() {
    let desk = Desk::open().await;
    let mut officer = desk.duty_officer().await;
    for (report, field) in [
        (hotline(""), "text"),
        (hotline(" \n\t"), "text"),
        (hotline(&"字".repeat(100_000)), "text"),
        (pb::Report { text: "网传停水".into(), ..pb::Report::default() }, "channel"),
        (pb::Report { channel: 99, ..hotline("网传停水") }, "channel"),
        (pb::Report { external_id: "x".repeat(129), ..hotline("网传停水") }, "external_id"),
        (
            pb::Report { answer_account: "another".into(), reporter: "o".into(), ..hotline("网传停水") },
            "answer_account",
        ),
    ] {
        let refused = officer.submit(report).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert!(refused.message().starts_with(field), "{field}: {}", refused.message());
    }
    let request = pb::SubmitReportRequest { request_id: "1".into(), report: Some(hotline("网传停水")) };
    let refused = officer.stub.submit_report(grpc::with_token(request, &officer.token)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(desk.reports().await.is_empty());
}

#[tokio::test]
async fn one_bad_row_never_fails_its_neighbours() {
    let desk = Desk::open().await;
    // The database itself refuses one row, as a bug or a full disk of one tablespace would.
    sqlx::query("ALTER TABLE ingest.report ADD CONSTRAINT poison CHECK (masked_text <> '网传第13条')")
        .execute(&desk.superuser)
        .await
        .unwrap();
    let officer = desk.duty_officer().await;
    let submissions = (0..64).map(|number| {
        let mut client = crate::desk::Client { stub: officer.stub.clone(), token: officer.token.clone() };
        async move { (number, client.submit(hotline(&format!("网传第{number}条"))).await) }
    });
    for (number, outcome) in futures::future::join_all(submissions).await {
        assert_eq!(outcome.is_err(), number == 13, "{number}: {outcome:?}");
    }
    assert_eq!(desk.reports().await.len(), 63);
    assert_eq!(announced(&desk).await.len(), 63);
}

#[tokio::test]
async fn an_import_counts_its_lines_and_names_the_broken_ones() {
    let desk = Desk::open().await;
    let mut officer = desk.duty_officer().await;
    let line = |line: u64, report: Option<pb::Report>| pb::ImportReportsRequest { line, report };
    let record = |number: u64| pb::Report { external_id: format!("ced:{number}"), ..hotline("网传停水") };
    let mut lines: Vec<_> = (1..=1500).map(|number| line(number, Some(record(number)))).collect();
    lines.push(line(1501, Some(record(7))));
    lines.push(line(1502, Some(hotline("  "))));
    lines.push(line(1503, None));
    lines.push(line(1504, Some(pb::Report { seen_at: "群".repeat(201), ..record(1504) })));
    lines.push(line(1505, Some(pb::Report { text: "网传停电".into(), ..record(8) })));

    let request = grpc::with_token(tokio_stream::iter(lines), &officer.token);
    let counts = officer.stub.import_reports(request).await.unwrap().into_inner();

    assert_eq!((counts.accepted, counts.duplicate, counts.refused, counts.conflicting), (1500, 1, 3, 1));
    let named: Vec<_> =
        counts.refusals.iter().map(|refusal| (refusal.line, refusal.field.as_str())).collect();
    assert_eq!(named, [(1502, "text"), (1503, "report"), (1504, "seen_at")]);
    let told: Vec<_> = counts.outcomes.iter().map(|told| (told.line, told.outcome())).collect();
    use pb::import_reports_response::line_outcome::Outcome;
    assert_eq!(
        told,
        [
            (1501, Outcome::Duplicate),
            (1502, Outcome::Refused),
            (1503, Outcome::Refused),
            (1504, Outcome::Refused),
            (1505, Outcome::Conflict)
        ]
    );
    assert!(
        counts.outcomes.iter().all(|told| !told.description_zh.is_empty() && !told.description_en.is_empty())
    );
    assert!(!counts.outcomes[4].report_id.is_empty());
    assert_eq!(desk.reports().await.len(), 1500);
}
