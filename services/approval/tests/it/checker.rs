//! Somebody who checks for a department sees that department's cases, answers what it is asked, and nothing else.

use contracts::approval::v1 as pb;
use grpc::with_token;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::office::{DEPARTMENT, Office, Person, assert_refused, watermelon};

async fn ask(office: &Office, duty: &Person, case_id: &str, department: &str) -> pb::Finding {
    let request = pb::RequestFindingRequest {
        request_id: Uuid::now_v7().to_string(),
        case_id: case_id.into(),
        department: department.into(),
        question: format!("{department}核实过吗？"),
        due_in: Some(prost_types::Duration { seconds: 1_800, nanos: 0 }),
    };
    let asked = office.approval().request_finding(with_token(request, &duty.token)).await.unwrap();
    asked.into_inner().finding.unwrap()
}

async fn give(office: &Office, person: &Person, finding: &pb::Finding) -> Result<pb::Finding, Status> {
    let request = pb::GiveFindingRequest {
        finding_id: finding.finding_id.clone(),
        verdict: pb::Verdict::False.into(),
        facts: "没有此事。".into(),
        evidence: "书面答复（演示）".into(),
    };
    let given = office.approval().give_finding(with_token(request, &person.token)).await?;
    Ok(given.into_inner().finding.unwrap())
}

async fn listed(office: &Office, person: &Person) -> Vec<String> {
    let request = with_token(pb::ListCasesRequest::default(), &person.token);
    let cases = office.approval().list_cases(request).await.unwrap().into_inner().cases;
    cases.into_iter().map(|case| case.case_id).collect()
}

async fn got(office: &Office, person: &Person, case_id: &str) -> Result<pb::GetCaseResponse, Status> {
    let request = pb::GetCaseRequest { case_id: case_id.into(), ..Default::default() };
    Ok(office.approval().get_case(with_token(request, &person.token)).await?.into_inner())
}

#[tokio::test]
async fn a_checker_sees_the_own_departments_cases_and_what_it_is_asked() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let checker = office.sign_in("checker").await;
    let drafter = office.sign_in("drafter").await;
    let theirs = office.open_notice(&duty, "明天凌晨3点地震").await.case_id;
    let others = office.open_notice(&duty, "城东市场西瓜打甜水针").await.case_id;
    assert!(listed(&office, &checker).await.is_empty());

    let own = ask(&office, &duty, &theirs, DEPARTMENT).await;
    let foreign = ask(&office, &duty, &theirs, "县公安局").await;
    let elsewhere = ask(&office, &duty, &others, "县市场监管局").await;
    office.save_draft(&drafter, &theirs, None, watermelon()).await.unwrap();

    assert_eq!(listed(&office, &checker).await, std::slice::from_ref(&theirs));
    let case = got(&office, &checker, &theirs).await.unwrap();
    let asked: Vec<_> = case.findings.iter().map(|finding| finding.finding_id.clone()).collect();
    assert_eq!(asked, std::slice::from_ref(&own.finding_id), "nobody else's questions");
    assert!(case.revisions.is_empty() && case.events.is_empty(), "no drafts, and nobody's deeds");
    assert_refused(got(&office, &checker, &others).await, Code::NotFound, "NOT_FOUND");
    let findings = pb::ListFindingsRequest { case_id: others.clone(), ..Default::default() };
    let findings = office.approval().list_findings(with_token(findings, &checker.token)).await;
    assert_refused(findings, Code::NotFound, "NOT_FOUND");
    let revision = pb::GetRevisionRequest { case_id: theirs.clone(), ..Default::default() };
    let revision = office.approval().get_revision(with_token(revision, &checker.token)).await;
    assert_refused(revision, Code::PermissionDenied, "ROLE_NOT_ALLOWED");

    for finding in [&foreign, &elsewhere] {
        assert_refused(give(&office, &checker, finding).await, Code::NotFound, "NOT_FOUND");
    }
    assert_refused(give(&office, &duty, &own).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    let given = give(&office, &checker, &own).await.unwrap();
    assert_eq!(given.answered_by, "演示·核查员（应急管理局）", "from the token, never from a field");
    let answered = got(&office, &duty, &theirs).await.unwrap().findings;
    assert!(
        answered.iter().any(|finding| finding.finding_id == own.finding_id && finding.facts == given.facts)
    );
}

#[tokio::test]
async fn a_checker_without_a_department_sees_nothing() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let case = office.open_notice(&duty, "明天凌晨3点地震").await.case_id;
    ask(&office, &duty, &case, DEPARTMENT).await;
    sqlx::query("UPDATE approval.person SET department = '' WHERE login = 'checker'")
        .execute(&office.database.superuser())
        .await
        .unwrap();
    let checker = office.sign_in("checker").await;
    assert!(listed(&office, &checker).await.is_empty());
    assert_refused(got(&office, &checker, &case).await, Code::NotFound, "NOT_FOUND");
    // The ceremony, held again with a department, names it.
    office.provision_again(|_| ()).await.unwrap();
    assert_eq!(listed(&office, &checker).await, [case]);
}
