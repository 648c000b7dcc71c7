//! Files of reports: what is remembered of them, and that rows are known again by what they say.

use contracts::ingest::v1 as pb;
use contracts::ingest::v1::import_reports_response::line_outcome::Outcome;
use contracts::ingest::v1::report::Channel;
use grpc::{Role, with_token};
use ids::AgencyId;
use tonic::{Code, Status};

use crate::desk::{Client, Desk, hotline};

fn source(name: &str, columns: &[(&str, &str)]) -> pb::ImportSource {
    let columns = columns.iter().map(|(heading, field)| pb::import_source::Column {
        heading: (*heading).to_owned(),
        field: (*field).to_owned(),
    });
    pb::ImportSource {
        name: name.to_owned(),
        columns: columns.collect(),
        channel: Channel::Hotline.into(),
        ..Default::default()
    }
}

impl Client {
    async fn sets(&mut self, source: pb::ImportSource) -> Result<(), Status> {
        let request = pb::SetImportSourceRequest { source: Some(source) };
        self.stub.set_import_source(with_token(request, &self.token)).await.map(drop)
    }

    async fn sources(&mut self, page_size: i32, page_token: &str) -> (Vec<pb::ImportSource>, String) {
        let request = pb::ListImportSourcesRequest { page_size, page_token: page_token.to_owned() };
        let listed =
            self.stub.list_import_sources(with_token(request, &self.token)).await.unwrap().into_inner();
        (listed.sources, listed.next_page_token)
    }

    async fn imports(&mut self, reports: Vec<pb::Report>) -> pb::ImportReportsResponse {
        let lines =
            (1..).zip(reports).map(|(line, report)| pb::ImportReportsRequest { line, report: Some(report) });
        let request = with_token(tokio_stream::iter(lines.collect::<Vec<_>>()), &self.token);
        self.stub.import_reports(request).await.unwrap().into_inner()
    }
}

#[tokio::test]
async fn what_was_said_of_a_sources_columns_is_remembered_and_replaced() {
    let desk = Desk::open().await;
    let mut officer = desk.duty_officer().await;
    officer.sets(source(" 12345热线 ", &[("诉求", "text"), ("备注", "")])).await.unwrap();
    officer.sets(source("数字城管", &[("描述", "text")])).await.unwrap();
    officer.sets(source("12345热线", &[("诉求", "text"), ("工单", "id")])).await.unwrap();

    let mut leader = desk.client(desk.agency, Role::Signer).await;
    let (first, next) = leader.sources(1, "").await;
    let (second, end) = leader.sources(1, &next).await;
    assert_eq!(end, "");
    let names: Vec<&str> = first.iter().chain(&second).map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["12345热线", "数字城管"]);
    let columns: Vec<(&str, &str)> =
        first[0].columns.iter().map(|column| (column.heading.as_str(), column.field.as_str())).collect();
    assert_eq!(columns, [("诉求", "text"), ("工单", "id")]);
    assert!(!first[0].set_by.is_empty() && first[0].set_time.is_some());

    let mut stranger = desk.client(AgencyId::mint(), Role::DutyOfficer).await;
    assert!(stranger.sources(0, "").await.0.is_empty());
}

#[tokio::test]
async fn a_source_that_cannot_be_kept_is_refused_with_what_to_do() {
    let desk = Desk::open().await;
    let mut officer = desk.duty_officer().await;
    for (wrong, says) in [
        (source("  ", &[]), "名字"),
        (source(&"长".repeat(41), &[]), "名字"),
        (source("热线", &[("诉求", "nonsense")]), "重新选择"),
        (source("热线", &[(&"长".repeat(201), "text")]), "缩短"),
        (pb::ImportSource { channel: 0, ..source("热线", &[]) }, "渠道"),
    ] {
        let refused = officer.sets(wrong).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(grpc::told(&refused).0.contains(says), "{refused:?}");
    }
    sqlx::query(
        "INSERT INTO ingest.import_source (agency_id, name, columns, channel, set_by, set_time)
        SELECT $1, 'source ' || number, '[]', 'hotline', 'test', now() FROM generate_series(1, 200) number",
    )
    .bind(desk.agency.as_uuid())
    .execute(&desk.superuser)
    .await
    .unwrap();
    assert_eq!(officer.sets(source("热线", &[])).await.unwrap_err().code(), Code::FailedPrecondition);
    officer.sets(source("source 7", &[("诉求", "text")])).await.unwrap();

    for role in [Role::Drafter, Role::Reviewer, Role::Checker, Role::Administrator] {
        let mut other = desk.client(desk.agency, role).await;
        assert_eq!(
            other.sets(source("热线", &[])).await.unwrap_err().code(),
            Code::PermissionDenied,
            "{role:?}"
        );
    }
}

#[tokio::test]
async fn a_file_twice_adds_nothing_and_other_words_under_a_known_id_are_told_row_by_row() {
    let desk = Desk::open().await;
    let mut officer = desk.duty_officer().await;
    let row = |id: &str, text: &str| pb::Report { external_id: id.to_owned(), ..hotline(text) };
    let yesterday = vec![row("content:1", "听说停水"), row("K-2", "听说停电"), row("content:1", "听说停水")];
    let counts = officer.imports(yesterday.clone()).await;
    assert_eq!((counts.accepted, counts.duplicate, counts.conflicting), (2, 1, 0));
    let again = officer.imports(yesterday).await;
    assert_eq!((again.accepted, again.duplicate, again.conflicting), (0, 3, 0));

    let today = officer.imports(vec![row("K-2", "听说拆桥"), row("K-3", "听说修路")]).await;
    assert_eq!((today.accepted, today.duplicate, today.conflicting), (1, 0, 1));
    assert_eq!((today.outcomes[0].line, today.outcomes[0].outcome()), (1, Outcome::Conflict));
    assert!(today.outcomes[0].description_zh.contains("另外的内容"));
}
