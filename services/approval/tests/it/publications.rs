//! A case follows its publications.

use contracts::approval::v1 as pb;
use contracts::publish::v1::{Publication, PublicationChanged, publication};
use ids::PublicationId;
use testkit::eventually;

use crate::office::{Chain, Office};

struct Channel {
    id: PublicationId,
    channel: &'static str,
}

fn channels() -> [Channel; 3] {
    ["page", "wechat", "weibo"].map(|channel| Channel { id: PublicationId::mint(), channel })
}

async fn report(
    office: &Office,
    revision: &pb::Revision,
    case_id: &str,
    channel: &Channel,
    state_revision: u64,
    state: publication::State,
) {
    let event = PublicationChanged {
        agency_id: office.agency.to_string(),
        publication: Some(Publication {
            publication_id: channel.id.to_string(),
            case_id: case_id.into(),
            clarification_id: revision.clarification_id.clone(),
            revision: revision.revision,
            channel: channel.channel.into(),
            account: format!("qinglan-{}", channel.channel),
            state: state.into(),
            reason: "平台返回 45028".into(),
            state_revision,
            ..Publication::default()
        }),
    };
    office.publish.say(office.agency, &event).await;
}

async fn case_becomes(chain: &Chain<'_>, state: pb::case::State) -> pb::Case {
    eventually(state.as_str_name(), async || {
        Some(chain.case().await.case.unwrap()).filter(|case| case.state() == state)
    })
    .await
}

#[tokio::test]
async fn a_case_is_published_when_every_channel_is_whatever_the_order() {
    let office = Office::open().await;
    let chain = office.revision_with(4).await;
    let revision = chain.revision().await;
    let case_id = chain.case().await.case.unwrap().case_id;
    let [page, wechat, weibo] = channels();
    let confirmed = publication::State::Confirmed;
    report(&office, &revision, &case_id, &weibo, 5, confirmed).await;
    report(&office, &revision, &case_id, &weibo, 2, publication::State::Sending).await;
    report(&office, &revision, &case_id, &page, 1, confirmed).await;
    report(&office, &revision, &case_id, &wechat, 3, publication::State::Uncertain).await;
    eventually("the uncertain push in the history", async || {
        chain.case().await.events.into_iter().find(|event| event.what.contains("待核对"))
    })
    .await;
    assert_eq!(chain.case().await.case.unwrap().state(), pb::case::State::Signed);
    report(&office, &revision, &case_id, &wechat, 4, confirmed).await;
    case_becomes(&chain, pb::case::State::Published).await;
}

#[tokio::test]
async fn a_channel_that_fails_needs_a_person_and_the_case_says_why() {
    let office = Office::open().await;
    let chain = office.revision_with(4).await;
    let revision = chain.revision().await;
    let case_id = chain.case().await.case.unwrap().case_id;
    let [page, wechat, weibo] = channels();
    report(&office, &revision, &case_id, &page, 1, publication::State::Confirmed).await;
    report(&office, &revision, &case_id, &weibo, 1, publication::State::Confirmed).await;
    report(&office, &revision, &case_id, &wechat, 1, publication::State::NeedsPerson).await;
    let case = case_becomes(&chain, pb::case::State::NeedsPerson).await;
    assert_eq!(case.note, "微信公众号：平台返回 45028");
    report(&office, &revision, &case_id, &wechat, 2, publication::State::Confirmed).await;
    let case = case_becomes(&chain, pb::case::State::Published).await;
    assert_eq!(case.note, "");
}

#[tokio::test]
async fn a_publication_of_no_case_of_ours_is_a_dead_letter() {
    let office = Office::open().await;
    let chain = office.revision_with(4).await;
    let revision = chain.revision().await;
    let [page, ..] = channels();
    let nowhere = ids::CaseId::mint().to_string();
    report(&office, &revision, &nowhere, &page, 1, publication::State::Refused).await;
    eventually("the dead letter", async || {
        messaging::dead_letters::list(&office.database.superuser(), None, 10).await.unwrap().pop()
    })
    .await;
    assert_eq!(chain.case().await.case.unwrap().state(), pb::case::State::Signed);
}
