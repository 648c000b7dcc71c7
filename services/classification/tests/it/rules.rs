//! An agency's own rules: who changes them, that the next message is judged by them everywhere, and that no
//! change silences a call for help.

use contracts::classification::v1 as pb;
use contracts::classification::v1::AlarmRaised;
use grpc::Role;
use ids::AgencyId;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::desk::{Desk, Said};

const KTV: &str = "楼上KTV好吵";

/// Rules of an office that only knows noise, music and help.
fn own_intent(of_noise: &str) -> String {
    format!(
        "[[rule]]\nname = \"ours.noise\"\nintent = \"{of_noise}\"\nsays = \"说的是噪音\"\nany = [\"好吵\", \"吵死\"]\n\
         [[rule]]\nname = \"ours.help\"\nintent = \"help\"\nsays = \"呼救\"\nany = [\"俺们遭难\"]\n"
    )
}

fn changed(text: &str, kind: pb::RulesKind, expected_version: u64) -> pb::SetRulesRequest {
    pb::SetRulesRequest {
        request_id: uuid::Uuid::now_v7().to_string(),
        kind: kind.into(),
        expected_version,
        text: text.to_owned(),
    }
}

async fn set(
    desk: &Desk,
    agency: AgencyId,
    role: Role,
    request: pb::SetRulesRequest,
) -> Result<pb::RulesVersion, Status> {
    let request = desk.as_role(agency, role, request);
    Ok(desk.rules(0).set_rules(request).await?.into_inner().version.expect("a saved version is told"))
}

async fn tried(desk: &Desk, replica: usize, agency: AgencyId, text: &str) -> pb::TryMessageResponse {
    let request = pb::TryMessageRequest { text: text.to_owned(), ..Default::default() };
    let request = desk.as_role(agency, Role::Reviewer, request);
    desk.rules(replica).try_message(request).await.expect("any text can be tried").into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agencies_with_other_rules_judge_the_same_message_otherwise() {
    let desk = Desk::open(1).await;
    let neighbour = AgencyId::mint();
    let request = changed(&own_intent("question"), pb::RulesKind::Intent, 0);
    let version = set(&desk, desk.agency, Role::Administrator, request).await.unwrap();
    assert_eq!((version.version, version.active), (1, true));

    let ours = desk.hears(&[Said::new(KTV)]).await;
    let theirs = desk.hears_for(neighbour, &[Said::new(KTV)]).await;
    assert_eq!(ours[0].intent, "question");
    assert_ne!(theirs[0].intent, "question");
    assert!(ours[0].signals.contains(&"intent.ours.noise".to_owned()), "{ours:?}");
    assert!(ours[0].signals.contains(&"rules.version".to_owned()), "{ours:?}");
    let told = "SELECT count(*) FROM classification.report
                WHERE reasons @> '[{\"detail\": \"所用规则：意图第1版，热度内置，去向内置\"}]'";
    assert_eq!(desk.count(told).await, 1);

    // The neighbour sees its own history only.
    let list = pb::ListRulesVersionsRequest { kind: pb::RulesKind::Intent.into(), ..Default::default() };
    let list = desk.as_role(neighbour, Role::Auditor, list);
    let versions = desk.rules(0).list_rules_versions(list).await.unwrap().into_inner().versions;
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [0]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_what_the_next_message_is_judged_by_on_every_replica() {
    let desk = Desk::open(2).await;
    for (version, intent) in ["question", "complaint", "other", "observation"].into_iter().enumerate() {
        let request = changed(&own_intent(intent), pb::RulesKind::Intent, version as u64);
        set(&desk, desk.agency, Role::Administrator, request).await.unwrap();
        let said: Vec<Said> = (0..6).map(|_| Said::new(KTV)).collect();
        for judged in desk.hears(&said).await {
            assert_eq!((judged.intent.as_str(), judged.claim), (intent, None));
        }
        for replica in 0..2 {
            let tried = tried(&desk, replica, desk.agency, KTV).await;
            assert_eq!(tried.decided_by.unwrap().name, "ours.noise", "replica {replica}");
            let reason = tried.reason.unwrap();
            assert_eq!(reason.signal, "intent.ours.noise");
        }
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_edit_the_same_version_the_second_hears_so_and_a_repeated_form_is_one_change() {
    let desk = Desk::open(1).await;
    let request = changed(&own_intent("question"), pb::RulesKind::Intent, 0);
    for _ in 0..2 {
        let version = set(&desk, desk.agency, Role::Administrator, request.clone()).await.unwrap();
        assert_eq!(version.version, 1);
    }
    let late = changed(&own_intent("other"), pb::RulesKind::Intent, 0);
    assert_eq!(set(&desk, desk.agency, Role::Administrator, late).await.unwrap_err().code(), Code::Aborted);
    let reused = pb::SetRulesRequest { text: own_intent("other"), ..request };
    let reused = set(&desk, desk.agency, Role::Administrator, reused).await.unwrap_err();
    assert_eq!(reused.code(), Code::FailedPrecondition);
    assert_eq!(desk.count("SELECT count(*) FROM classification.rules_version").await, 1);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_whose_task_it_is_change_rules_and_every_person_reads_and_tries_them() {
    let desk = Desk::open(1).await;
    let urgency = judgement::urgency::BUILT_IN;
    for (kind, text, allowed) in [
        (pb::RulesKind::Intent, own_intent("other"), &[Role::Administrator][..]),
        (pb::RulesKind::Routing, judgement::routing::BUILT_IN.to_owned(), &[Role::Administrator]),
        (pb::RulesKind::Urgency, urgency.to_owned(), &[Role::Administrator, Role::DutyOfficer, Role::Signer]),
    ] {
        let mut version = 0;
        let others = Role::PEOPLE.iter().copied().chain([Role::Client, Role::Service]);
        for role in others {
            let outcome = set(&desk, desk.agency, role, changed(&text, kind, version)).await;
            match outcome {
                Ok(set) => {
                    assert!(allowed.contains(&role), "{role:?} changed {kind:?}");
                    version = set.version;
                }
                Err(status) => {
                    assert_eq!(status.code(), Code::PermissionDenied, "{role:?} {kind:?}: {status:?}");
                    assert!(!allowed.contains(&role));
                }
            }
        }
        assert_eq!(version, allowed.len() as u64);
    }
    for &role in Role::STAFF {
        let read = desk.as_role(desk.agency, role, pb::GetRulebookRequest {});
        assert_eq!(desk.rules(0).get_rulebook(read).await.unwrap().into_inner().rules.len(), 3);
    }
    let read = desk.as_role(desk.agency, Role::Client, pb::GetRulebookRequest {});
    assert_eq!(desk.rules(0).get_rulebook(read).await.unwrap_err().code(), Code::PermissionDenied);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_help_alarms_whatever_the_office_wrote() {
    let desk = Desk::open(1).await;
    let deaf = own_intent("other").replace("\"好吵\"", "\"困\", \"救\", \"火\"");
    set(&desk, desk.agency, Role::Administrator, changed(&deaf, pb::RulesKind::Intent, 0)).await.unwrap();
    let judged = desk.hears(&[Said::new("救命！我们被困在三楼，着火了"), Said::new("俺们遭难了")]).await;
    for judged in judged {
        assert_eq!((judged.intent.as_str(), judged.claim), ("help", None));
    }
    assert_eq!(desk.emitted::<AlarmRaised>().await.len(), 2);
    let shown = tried(&desk, 0, desk.agency, "救命！我们被困在三楼，着火了").await;
    assert_eq!(shown.intent(), pb::Intent::Help);
    assert_eq!(shown.others[0].name, "ours.noise");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_opens_no_claim_by_built_in_and_by_own_rules() {
    let desk = Desk::open(1).await;
    let complaint = "我要投诉楼下KTV半夜噪音扰民，没人管";
    assert_eq!(desk.hears(&[Said::new(complaint)]).await[0].claim, None);
    set(&desk, desk.agency, Role::Administrator, changed(&own_intent("诉求"), pb::RulesKind::Intent, 0))
        .await
        .unwrap();
    let judged = desk.hears(&[Said::new(KTV)]).await;
    assert_eq!((judged[0].intent.as_str(), judged[0].claim), ("complaint", None));
    assert_eq!(desk.count("SELECT count(*) FROM classification.claim").await, 0);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_cannot_be_used_is_refused_line_by_line_and_changes_nothing() {
    let desk = Desk::open(1).await;
    let wrong = own_intent("question").replace("\"好吵\"", "\"@nobody\", \"！\"");
    let refused = set(&desk, desk.agency, Role::Administrator, changed(&wrong, pb::RulesKind::Intent, 0))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "RULES_UNUSABLE");
    let fields: Vec<String> =
        refused.get_details_bad_request().unwrap().field_violations.into_iter().map(|v| v.field).collect();
    assert_eq!(fields, ["text:5", "text:5"]);
    let (zh, en) = grpc::told(&refused);
    assert!(zh.starts_with("第5行：没有名为“nobody”的词表") && zh.lines().count() == 2, "{zh}");
    assert!(en.starts_with("line 5: there is no list named \"nobody\""), "{en}");

    let deaf = own_intent("other").replace("\"help\"", "\"other\"");
    let refused = set(&desk, desk.agency, Role::Administrator, changed(&deaf, pb::RulesKind::Intent, 0))
        .await
        .unwrap_err();
    assert!(grpc::told(&refused).0.contains("求助必须能被听到"), "{refused:?}");
    for text in ["\u{0}", &"长".repeat(30_000)] {
        let refused = set(&desk, desk.agency, Role::Administrator, changed(text, pb::RulesKind::Intent, 0))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    let unsaved = pb::TryMessageRequest {
        text: KTV.to_owned(),
        unsaved_kind: pb::RulesKind::Intent.into(),
        unsaved_text: wrong,
    };
    let unsaved = desk.as_role(desk.agency, Role::DutyOfficer, unsaved);
    assert_eq!(desk.rules(0).try_message(unsaved).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(desk.count("SELECT count(*) FROM classification.rules_version").await, 0);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsaved_rules_are_tried_and_kept_nowhere() {
    let desk = Desk::open(1).await;
    let request = pb::TryMessageRequest {
        text: "楼上 KTV，好·吵！".to_owned(),
        unsaved_kind: pb::RulesKind::Intent.into(),
        unsaved_text: own_intent("complaint"),
    };
    let request = desk.as_role(desk.agency, Role::DutyOfficer, request);
    let shown = desk.rules(0).try_message(request).await.expect("any text can be tried").into_inner();
    assert_eq!((shown.normalised_text.as_str(), shown.intent()), ("楼上ktv好吵", pb::Intent::Complaint));
    let decided_by = shown.decided_by.unwrap();
    assert_eq!((decided_by.name.as_str(), decided_by.words), ("ours.noise", vec!["好吵".to_owned()]));
    assert_eq!(decided_by.ranges, [pb::TextRange { start: 5, end: 7 }]);
    assert_ne!(tried(&desk, 0, desk.agency, KTV).await.reason.unwrap().signal, "intent.ours.noise");
    assert_eq!(desk.count("SELECT count(*) FROM classification.rules_version").await, 0);
    assert_eq!(desk.count("SELECT count(*) FROM classification.report").await, 0);

    let earthquake = tried(&desk, 0, desk.agency, "听说今晚青岚县有7级地震").await;
    assert_eq!(earthquake.departments[0], "县应急管理局");
    let sum: f64 = earthquake.urgency_reasons.iter().map(|reason| reason.share * 100.0).sum();
    assert_eq!(f64::from(earthquake.urgency), sum.round());
    for odd in ["", "😱", "\u{0}\u{202E}", &"震".repeat(100_000)] {
        tried(&desk, 0, desk.agency, odd).await;
    }
    let too_long = pb::TryMessageRequest { text: "震".repeat(100_001), ..Default::default() };
    let too_long = desk.as_role(desk.agency, Role::DutyOfficer, too_long);
    assert_eq!(desk.rules(0).try_message(too_long).await.unwrap_err().code(), Code::InvalidArgument);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_says_who_wrote_what_and_an_old_version_is_restored_as_a_new_one() {
    let desk = Desk::open(1).await;
    for (version, intent) in ["question", "complaint"].into_iter().enumerate() {
        let request = changed(&own_intent(intent), pb::RulesKind::Intent, version as u64);
        set(&desk, desk.agency, Role::Administrator, request).await.unwrap();
    }
    let restore = async |version: u64, expected_version: u64| {
        let request = pb::RestoreRulesVersionRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            kind: pb::RulesKind::Intent.into(),
            expected_version,
            version,
        };
        let request = desk.as_role(desk.agency, Role::Administrator, request);
        desk.rules(0)
            .restore_rules_version(request)
            .await
            .map(|restored| restored.into_inner().version.expect("a saved version is told"))
    };
    assert_eq!(restore(1, 1).await.unwrap_err().code(), Code::Aborted);
    assert_eq!(restore(7, 2).await.unwrap_err().code(), Code::NotFound);
    let restored = restore(1, 2).await.unwrap();
    assert_eq!((restored.version, restored.restored_version), (3, Some(1)));
    assert_eq!(desk.hears(&[Said::new(KTV)]).await[0].intent, "question");
    let built_in = restore(0, 3).await.unwrap();
    assert_eq!((built_in.version, built_in.restored_version), (4, Some(0)));
    assert_eq!(tried(&desk, 0, desk.agency, "你好").await.decided_by.unwrap().name, "other.greeting");

    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let kind = pb::RulesKind::Intent.into();
        let request = pb::ListRulesVersionsRequest { kind, page_size: 2, page_token };
        let request = desk.as_role(desk.agency, Role::Auditor, request);
        let page = desk.rules(0).list_rules_versions(request).await.unwrap().into_inner();
        listed.extend(page.versions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let versions: Vec<(u64, bool)> = listed.iter().map(|version| (version.version, version.active)).collect();
    assert_eq!(versions, [(4, true), (3, false), (2, false), (1, false), (0, false)]);
    assert_eq!(listed[0].author_name, "演示·值班员");
    assert!(listed[0].save_time.is_some());
    let old = pb::GetRulesVersionRequest { kind: pb::RulesKind::Intent.into(), version: 2 };
    let old = desk.as_role(desk.agency, Role::Auditor, old);
    let old = desk.rules(0).get_rules_version(old).await.unwrap().into_inner().rules.unwrap();
    assert_eq!(old.text, own_intent("complaint"));
    assert_eq!(old.rows[0].name, "ours.noise");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn urgency_and_departments_follow_the_agency_s_own_words() {
    let desk = Desk::open(1).await;
    let event =
        "\n[[event_under_way]]\nname = \"演示事件\"\npoints = 33\nwords = [\"渡口\"]\nuntil = 2999-01-01\n";
    let urgency = format!("{}{event}", judgement::urgency::BUILT_IN);
    set(&desk, desk.agency, Role::DutyOfficer, changed(&urgency, pb::RulesKind::Urgency, 0)).await.unwrap();
    let routing = "fallback = [\"甲局\", \"乙局\"]\n[[topic]]\nname = \"水上\"\ndepartment = \"港航中心\"\nsecond = \"甲局\"\nsubjects = [\"渡口\"]\n";
    set(&desk, desk.agency, Role::Administrator, changed(routing, pb::RulesKind::Routing, 0)).await.unwrap();
    let claim = desk.hears(&[Said::new("听说渡口关了")]).await[0].claim.unwrap();
    let claim = desk.claim(claim).await;
    assert_eq!(claim.departments, ["港航中心", "甲局"]);
    assert_eq!(claim.urgency, 33);
    assert!(
        claim.reasons.iter().any(|reason| reason.detail == "正在处置“演示事件”：渡口（+33）"),
        "{claim:?}"
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_rules_that_this_program_cannot_use_stop_no_decision() {
    let desk = Desk::open(1).await;
    sqlx::query(
        "INSERT INTO classification.rules_version
            (agency_id, kind, version, text, author_id, author_name, saved_time, request_id)
         VALUES ($1, 'intent', 1, 'from a later version', $1, '演示', now(), $1)",
    )
    .bind(desk.agency.as_uuid())
    .execute(&desk.database.superuser())
    .await
    .unwrap();
    let judged = desk.hears(&[Said::new("救命！我们被困在三楼，着火了")]).await;
    assert_eq!(judged[0].intent, "help");
    let read = desk.as_role(desk.agency, Role::DutyOfficer, pb::GetRulebookRequest {});
    let rules = desk.rules(0).get_rulebook(read).await.unwrap().into_inner().rules;
    assert_eq!(rules.iter().map(|rules| rules.unusable).collect::<Vec<_>>(), [true, false, false]);
    desk.close().await;
}
