//! Pages offer what the services let that role do, and nothing else: in an emergency the wrong person must not be the
//! one who clicks first.

use std::collections::BTreeSet;

use grpc::Role;
use suite::demo::Page;

use crate::office::Office;
use crate::tenants;

const ABOUT: &str = "城北大桥下个月要整体拆除重建";

const PEOPLE: [(&str, Role); 7] = [
    ("duty", Role::DutyOfficer),
    ("checker", Role::Checker),
    ("drafter", Role::Drafter),
    ("reviewer", Role::Reviewer),
    ("signer", Role::Signer),
    ("admin", Role::Administrator),
    ("auditor", Role::Auditor),
];

/// The RPC behind a form of the pages of cases and clarifications, by how its address ends. Everybody may end the own
/// session and change the language; who signs which step is asked of the policy below.
fn rpc(action: &str) -> Option<&'static str> {
    Some(match action.rsplit('/').next().unwrap_or_default() {
        "sign-out" | "language" | "sign" => return None,
        "urgency" => "ApprovalService/SetUrgency",
        "finding" => "ApprovalService/RequestFinding",
        "reissue" => "ApprovalService/ReissueFindingLink",
        "withdraw" => "ApprovalService/WithdrawFindingLink",
        "dismiss" => "ApprovalService/DismissCase",
        "merge" => "ApprovalService/MergeCases",
        "split" => "ApprovalService/SplitCase",
        "reroute" => "ApprovalService/RerouteCase",
        "sentence" => "ClassificationService/SetClaimSentence",
        "decline" => "ClassificationService/DeclineSuggestion",
        "resume-answer" => "ApprovalService/ResumeAutomaticAnswer",
        "close-expired" => "ApprovalService/CloseExpired",
        "intent" => "ClassificationService/SetMessageIntent",
        "original" => "IngestService/RevealOriginal",
        "return" => "ApprovalService/ReturnDraft",
        "revoke" => "ApprovalService/RevokeClarification",
        "acknowledge" => "ApprovalService/AcknowledgeAlarm",
        "notice" => "ApprovalService/OpenNotice",
        other => panic!("{action} leads to no RPC that this test knows ({other})"),
    })
}

/// Where the forms of a page lead.
fn actions(page: &Page) -> BTreeSet<String> {
    let forms = page.html.split("<form method=\"post\" action=\"").skip(1);
    forms.filter_map(|form| form.split('"').next()).map(str::to_owned).collect()
}

/// Fails for a form that the server would refuse to this role; says what the page offers.
fn offered(page: &Page, role: Role) -> BTreeSet<&'static str> {
    let offered: BTreeSet<&'static str> = actions(page).iter().filter_map(|action| rpc(action)).collect();
    for rpc in &offered {
        assert!(tenants::may(rpc, role), "a page offers {rpc} to {role:?}, whom the service refuses");
    }
    let links = [("/halt", "PublishService/Halt"), ("/draft", "ApprovalService/SaveDraft")];
    for (link, rpc) in links {
        if page.html.contains(&format!("{link}\"")) || page.html.contains(&format!("{link}?")) {
            assert!(tenants::may(rpc, role), "a page leads {role:?} to {link}");
        }
    }
    offered
}

#[tokio::test]
async fn no_page_of_a_case_offers_what_the_service_would_refuse() {
    let mut office = Office::open().await;
    office.says(&format!("听说{ABOUT}，是真的吗")).await;
    office.says("救命！我们被困在三楼，着火了").await;
    let case = office.case_about(ABOUT).await;
    let address = format!("/case/{case}");
    let mut seen = BTreeSet::new();
    for (login, role) in PEOPLE {
        let queue = office.page(login, "/").await.accepted().unwrap();
        seen.extend(offered(&queue, role).into_iter().map(|rpc| (login, rpc)));
        // The checker's department is not this case's.
        let page = office.page(login, &address).await;
        assert_eq!(page.status == 404, login == "checker", "{login}: {:?}", page.alert());
        seen.extend(offered(&page, role).into_iter().map(|rpc| (login, rpc)));
    }

    let drafted = office.draft(&case, ABOUT, "publish").await;
    let review = format!("{address}/clarification/{}", drafted.clarification);
    let chain = [("drafter", "drafted"), ("drafter", "first_reviewed"), ("reviewer", "second_reviewed")];
    for step in 0..=chain.len() {
        for (login, role) in PEOPLE {
            let page = office.page(login, &review).await;
            seen.extend(offered(&page, role).into_iter().map(|rpc| (login, rpc)));
            let signs = actions(&page).iter().any(|action| action.ends_with("/sign"));
            // The sample office's policy: drafted by the drafter, 初审 by drafter or reviewer, 复审 by the reviewer.
            let may: &[&str] = match step {
                0 => &["drafter"],
                1 => &["drafter", "reviewer"],
                2 => &["reviewer"],
                _ => &[],
            };
            assert_eq!(signs, may.contains(&login), "{login} at step {step}");
            let signs_off = page.html.contains("/sign-off\"");
            assert_eq!(signs_off, step == 3 && login == "signer", "{login} at step {step}");
        }
        if let Some((login, purpose)) = chain.get(step) {
            office.desk.sign(login, &case, &drafted.clarification, purpose).await.unwrap();
        }
    }
    office.desk.sign("signer", &case, &drafted.clarification, "signed").await.unwrap();
    for (login, role) in PEOPLE {
        let page = office.page(login, &review).await;
        seen.extend(offered(&page, role).into_iter().map(|rpc| (login, rpc)));
    }

    // And whoever may, finds it.
    for wanted in [
        ("duty", "ApprovalService/SetUrgency"),
        ("duty", "ApprovalService/DismissCase"),
        ("duty", "ApprovalService/RevokeClarification"),
        ("duty", "ApprovalService/AcknowledgeAlarm"),
        ("duty", "IngestService/RevealOriginal"),
        ("signer", "ApprovalService/RevokeClarification"),
        ("signer", "ApprovalService/OpenNotice"),
        ("reviewer", "ApprovalService/ReturnDraft"),
        ("signer", "ApprovalService/ReturnDraft"),
        ("drafter", "ApprovalService/RequestFinding"),
        ("drafter", "ClassificationService/SetClaimSentence"),
    ] {
        assert!(seen.contains(&wanted), "{wanted:?} is offered nowhere");
    }
    for nobody in ["admin", "auditor", "checker"] {
        assert!(seen.iter().all(|(login, _)| *login != nobody), "{nobody} is offered something: {seen:?}");
    }
}
