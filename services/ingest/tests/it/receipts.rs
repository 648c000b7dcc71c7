//! A receipt's number finds the message that it was given for, and nothing else.

use contracts::ingest::v1 as pb;
use grpc::{Role, with_token};
use ids::{AgencyId, ClaimId};
use tonic::Code;

use crate::desk::{Client, Desk, text};
use crate::press::Word;

impl Client {
    async fn finds(&mut self, receipt: &str) -> Result<pb::FindReceiptResponse, tonic::Status> {
        let request = pb::FindReceiptRequest { receipt: receipt.to_owned() };
        Ok(self.stub.find_receipt(with_token(request, &self.token)).await?.into_inner())
    }
}

#[tokio::test]
async fn the_number_that_a_citizen_was_told_finds_the_message_and_its_claim() {
    let desk = Desk::open().await;
    desk.signs(&Word::standing_replies()).await;
    let [first, second] = &desk.citizens(2).await[..] else { panic!("two citizens") };
    let told = text(&desk.writes(first, "网传城北停水三天，电话13800000000").await["reply"]);
    assert_eq!(told, "收到，编号000001B。");
    let told = text(&desk.writes(second, "听说县医院明天停诊").await["reply"]);
    assert_eq!(told, "收到，编号000002C。");

    let mut officer = desk.duty_officer().await;
    let found = officer.finds("000001b").await.unwrap();
    assert_eq!((found.receipt.as_str(), found.claim_id.as_str()), ("000001B", ""));
    assert_eq!(found.masked_text, "网传城北停水三天，电话〔手机号〕");
    let claim = ClaimId::mint();
    desk.assigned(&found.report_id, claim).await;
    assert_eq!(officer.finds("回执号：000 001 B").await.unwrap().claim_id, claim.to_string());
    assert_eq!(officer.finds("000002C").await.unwrap().masked_text, "听说县医院明天停诊");
}

#[tokio::test]
async fn a_misread_receipt_an_unknown_one_and_another_agencys_find_nothing() {
    let desk = Desk::open().await;
    desk.signs(&Word::standing_replies()).await;
    let citizen = &desk.citizens(1).await[0];
    desk.writes(citizen, "网传城北停水三天").await;

    let mut officer = desk.duty_officer().await;
    for (typed, code, word) in [
        ("000001C", Code::InvalidArgument, "对不上"),
        ("QL-0001", Code::InvalidArgument, "这不是回执号"),
        ("000002C", Code::NotFound, "没有找到"),
    ] {
        let refused = officer.finds(typed).await.unwrap_err();
        assert_eq!(refused.code(), code, "{typed}");
        assert!(grpc::told(&refused).0.contains(word), "{refused:?}");
    }
    let mut stranger = desk.client(AgencyId::mint(), Role::DutyOfficer).await;
    assert_eq!(stranger.finds("000001B").await.unwrap_err().code(), Code::NotFound);
}
