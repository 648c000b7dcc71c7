//! G6 and G7: no one person takes words from draft to public, the administrator included; an edit voids what
//! was signed before it.

use crate::office::{Office, boxes, title};

#[tokio::test]
async fn fewer_than_three_people_never_take_words_to_the_public() {
    let mut office = Office::open().await;
    office.says("听说城北大桥下个月要拆除，以后过河要绕路，是真的吗").await;
    let case = office.case_about("城北大桥").await;
    let about = "城北大桥下月拆除";
    let seen = office.draft(&case, about, "everything").await;

    // Whoever is not the one for a step is refused, each step in turn.
    let everybody = ["duty", "drafter", "reviewer", "signer", "admin", "admin2", "auditor"];
    for (purpose, rightful) in [
        ("drafted", "drafter"),
        ("first_reviewed", "drafter"),
        ("second_reviewed", "reviewer"),
        ("signed", "signer"),
    ] {
        // A reviewer may take the first review too, and could then not take the second.
        let may = |login| login == rightful || (purpose == "first_reviewed" && login == "reviewer");
        for login in everybody.into_iter().filter(|login| !may(*login)) {
            // A page that does not even show the form is as good as a refusal of the form.
            if let Ok(page) = office.desk.try_sign(login, &case, &seen.clarification, purpose).await {
                assert!(!page.status.is_success(), "{login} passed “{purpose}”: {}", page.html);
            }
        }
        if purpose == "signed" {
            break;
        }
        office.desk.sign(rightful, &case, &seen.clarification, purpose).await.unwrap();
    }
    let outcome = office.outcome(&title(about)).await;
    assert_eq!((outcome.pushes, outcome.posts), (0, 0));
    assert!(outcome.answers.is_empty());

    // With the third person it goes out: what stopped it was the missing person and nothing else.
    office.desk.sign("signer", &case, &seen.clarification, "signed").await.unwrap();
    office.all_publications(&case, 3, "confirmed").await;
}

#[tokio::test]
async fn an_edit_voids_every_review() {
    let mut office = Office::open().await;
    office.says("听说老车站地下挖出了古墓，连夜封锁现场，是真的吗").await;
    let case = office.case_about("老车站").await;
    let first = office.draft(&case, "老车站挖出古墓", "everything").await;
    for (login, purpose) in
        [("drafter", "drafted"), ("drafter", "first_reviewed"), ("reviewer", "second_reviewed")]
    {
        office.desk.sign(login, &case, &first.clarification, purpose).await.unwrap();
    }
    let second = office
        .desk
        .save_draft(&case, Some(&first), &boxes("老车站地下挖出古墓", "everything"))
        .await
        .unwrap();
    assert_ne!(first.content_hash, second.content_hash);

    for (login, purpose) in [("signer", "signed"), ("reviewer", "second_reviewed")] {
        if let Ok(page) = office.desk.try_sign(login, &case, &second.clarification, purpose).await {
            assert!(!page.status.is_success(), "“{purpose}” outlived an edit: {}", page.html);
        }
    }
    let log = office.outside.log(0).await.unwrap();
    assert!(log.iter().all(|entry| entry.kind != "mass_push" && entry.kind != "weibo_post"));
}
