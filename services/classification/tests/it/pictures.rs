//! Reports without words, judged again when their picture was read or an officer wrote down what they say.

use contracts::classification::v1::{ClaimOpened, ListOtherMessagesRequest, ReportAssigned};
use contracts::ingest::v1::{MessageTranscribed, PictureRead, ReportReceived};
use contracts::publish::v1::publication::State;
use grpc::Role;
use ids::{AgencyId, ReportId};

use crate::desk::{Desk, Judged, Said, Words};
use crate::gather::EARTHQUAKE;

const PICTURE: &str = "〔图片〕";
const VOICE: &str = "〔语音〕";
const HASH: u64 = 0x3c5a_9e01_77f0_2bd4;
const FILE: [u8; 32] = [1; 32];
const SCREENSHOT: &str =
    "东门业主群\n群里都在转，说明天凌晨\n3点青岚县有7级地震，\n让大家别睡屋里\n是真的吗?";

impl Desk {
    fn seen(&self, report: ReportId, hash: Option<u64>, words: &str, confidence: f64) -> PictureRead {
        PictureRead {
            agency_id: self.agency.to_string(),
            report_id: report.to_string(),
            perceptual_hash: hash.map(|hash| hash.to_be_bytes().to_vec()).unwrap_or_default(),
            masked_text: words.to_owned(),
            confidence,
            reader: "tesseract 5.3.0 chi_sim+eng".into(),
            unread_reason: String::new(),
            file_key: Vec::new(),
        }
    }

    /// A citizen sends this very file, and ingest has read it.
    async fn shown_file(
        &self,
        file_key: [u8; 32],
        hash: Option<u64>,
        words: &str,
        confidence: f64,
    ) -> ReportId {
        let report = ReportId::mint();
        self.ingest_says(&self.received(report, PICTURE)).await;
        let seen = self.seen(report, hash, words, confidence);
        self.ingest_says(&PictureRead { file_key: file_key.to_vec(), ..seen }).await;
        report
    }

    /// A citizen sends a picture, and ingest has read it.
    async fn shown(&self, hash: Option<u64>, words: &str, confidence: f64) -> ReportId {
        let report = ReportId::mint();
        self.ingest_says(&self.received(report, PICTURE)).await;
        self.ingest_says(&self.seen(report, hash, words, confidence)).await;
        report
    }

    /// A citizen sends a voice message, and an officer wrote down what it says.
    async fn heard(&self, words: &str) -> ReportId {
        let report = ReportId::mint();
        self.ingest_says(&self.received(report, VOICE)).await;
        self.ingest_says(&self.written(report, 1, words)).await;
        report
    }

    fn written(&self, report: ReportId, revision: u64, words: &str) -> MessageTranscribed {
        MessageTranscribed {
            agency_id: self.agency.to_string(),
            report_id: report.to_string(),
            revision,
            masked_text: words.to_owned(),
        }
    }

    async fn assignments(&self, report: ReportId) -> Vec<ReportAssigned> {
        let mut assigned = self.emitted::<ReportAssigned>().await;
        assigned.retain(|assigned| assigned.report_id == report.to_string());
        assigned
    }
}

fn says(judged: &Judged, signal: &str) -> bool {
    judged.signals.iter().any(|known| known == signal)
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_without_words_open_no_claim_and_gather_in_none() {
    let desk = Desk::open(1).await;
    let judged = desk.hears(&[PICTURE, PICTURE, VOICE, "〔视频〕"].map(Said::new)).await;
    for judged in judged {
        assert_eq!((judged.intent.as_str(), judged.claim), ("other", None));
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_says_what_others_said_joins_their_claim_with_the_confidence_as_a_reason() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let report = desk.shown(Some(HASH), SCREENSHOT, 0.91).await;
    let judged = desk.until_judged(report, |judged| judged.claim.is_some()).await;
    assert_eq!((judged.intent.as_str(), judged.claim), ("report", Some(claim)));
    assert!(says(&judged, "picture.words") && says(&judged, "match.overlap"), "{judged:?}");
    let told = desk.assignments(report).await;
    assert_eq!(told.len(), 2, "once without words, once with them");
    assert_eq!(told[1].claim_id, claim.to_string());
    assert_eq!((told[0].assignment_revision, told[1].assignment_revision), (0, 1), "the newer wins");
    assert!(told[1].reasons.iter().any(|reason| reason.detail.contains("91%")), "{told:?}");
    assert_eq!(desk.claim(claim).await.report_count, 2);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_before_the_report_arrived_counts_all_the_same_and_once() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let report = ReportId::mint();
    desk.ingest_says(&desk.seen(report, Some(HASH), SCREENSHOT, 0.91)).await;
    desk.eventually_counts("the picture", "SELECT count(*) FROM classification.picture", 1).await;
    desk.ingest_says(&desk.received(report, PICTURE)).await;
    let judged = desk.until_judged(report, |judged| judged.claim.is_some()).await;
    assert_eq!(judged.claim, Some(claim));
    // The same facts once more change nothing.
    desk.ingest_says(&desk.seen(report, Some(HASH), SCREENSHOT, 0.91)).await;
    let other = desk.shown(None, "", 0.0).await;
    desk.until_judged(other, |judged| says(judged, "picture.words")).await;
    assert_eq!(desk.assignments(report).await.len(), 2);
    assert_eq!(desk.claim(claim).await.report_count, 2);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_again_joins_even_where_nothing_could_be_read() {
    let desk = Desk::open(1).await;
    let first = desk.shown_file(FILE, Some(HASH), SCREENSHOT, 0.91).await;
    let claim = desk.until_judged(first, |judged| judged.claim.is_some()).await.claim;
    // Even an even picture, of which there is no hash.
    let again = desk.shown_file(FILE, None, "", 0.0).await;
    let judged = desk.until_judged(again, |judged| judged.claim.is_some()).await;
    assert_eq!(judged.claim, claim);
    assert!(says(&judged, "match.same_picture"), "{judged:?}");
    let other = desk.shown_file([2; 32], None, "", 0.0).await;
    let judged = desk.until_judged(other, |judged| says(judged, "picture.words")).await;
    assert_eq!((judged.intent.as_str(), judged.claim), ("other", None));
    assert_eq!(desk.emitted::<ClaimOpened>().await.len(), 1);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alike_picture_joins_where_its_words_agree_and_waits_for_a_person_where_they_were_not_read() {
    let desk = Desk::open(1).await;
    let first = desk.shown_file(FILE, Some(HASH), SCREENSHOT, 0.91).await;
    let claim = desk.until_judged(first, |judged| judged.claim.is_some()).await.claim;
    // Six bits differ, one of them in each of six bytes.
    let alike = HASH ^ 0x0101_0101_0101_0000;
    let read = desk.shown_file([2; 32], Some(alike), SCREENSHOT, 0.8).await;
    let judged = desk.until_judged(read, |judged| judged.claim.is_some()).await;
    assert_eq!(judged.claim, claim);
    assert!(says(&judged, "match.same_picture"), "{judged:?}");
    // The same template with another caption has the same hash, and a reader that reads nothing cannot tell.
    let unread = desk.shown_file([3; 32], Some(HASH), "", 0.0).await;
    let judged = desk.until_judged(unread, |judged| says(judged, "match.maybe_same_picture")).await;
    assert_eq!((judged.intent.as_str(), judged.claim), ("other", None));
    // Seven bits are too many even to say so.
    let other = desk.shown_file([4; 32], Some(HASH ^ 0x0202_0202_0202_0200), "", 0.0).await;
    let judged = desk.until_judged(other, |judged| says(judged, "picture.words")).await;
    assert!(!says(&judged, "match.maybe_same_picture"), "{judged:?}");
    assert_eq!(desk.emitted::<ClaimOpened>().await.len(), 1);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_captions_on_one_template_are_two_matters_where_neither_was_read() {
    let desk = Desk::open(1).await;
    let flood = desk.shown_file(FILE, Some(HASH), "", 0.0).await;
    desk.until_judged(flood, |judged| says(judged, "picture.words")).await;
    desk.ingest_says(&desk.written(flood, 1, "听说城北水库要垮坝了，下游都要淹")).await;
    let claim = desk.until_judged(flood, |judged| judged.claim.is_some()).await.claim;
    let lunch = desk.shown_file([2; 32], Some(HASH), "", 0.0).await;
    let judged = desk.until_judged(lunch, |judged| says(judged, "match.maybe_same_picture")).await;
    assert_eq!(judged.claim, None);
    desk.ingest_says(&desk.written(lunch, 1, "网传学校食堂用死猪肉")).await;
    let judged = desk.until_judged(lunch, |judged| judged.claim.is_some()).await;
    assert_ne!(judged.claim, claim);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_look_alike_and_say_other_things_stay_apart() {
    let desk = Desk::open(1).await;
    let first = desk.shown(Some(HASH), SCREENSHOT, 0.91).await;
    let claim = desk.until_judged(first, |judged| judged.claim.is_some()).await.claim;
    let water = "东门业主群\n明天上午全小区停水\n请大家提前储水";
    let other = desk.shown(Some(HASH ^ 1), water, 0.9).await;
    let judged = desk.until_judged(other, |judged| judged.claim.is_some()).await;
    assert_ne!(judged.claim, claim);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn even_pictures_and_badly_read_words_stay_for_a_person() {
    let desk = Desk::open(1).await;
    desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
    for (hash, words, confidence) in [(None, "", 0.0), (None, SCREENSHOT, 0.4), (Some(HASH), "12:30", 0.95)] {
        let report = desk.shown(hash, words, confidence).await;
        let judged = desk.until_judged(report, |judged| says(judged, "picture.words")).await;
        assert_eq!((judged.intent.as_str(), judged.claim), ("other", None), "{words}");
        assert_eq!(desk.assignments(report).await.len(), 1, "nothing new to tell");
    }
    let unread = ReportId::mint();
    desk.ingest_says(&desk.received(unread, PICTURE)).await;
    let reason = "没有安装文字识别程序";
    let seen = PictureRead { unread_reason: reason.into(), ..desk.seen(unread, None, "", 0.0) };
    desk.ingest_says(&seen).await;
    desk.until_judged(unread, |judged| says(judged, "picture.unread")).await;

    let request = desk.as_role(desk.agency, Role::DutyOfficer, ListOtherMessagesRequest::default());
    let listed = desk.client().list_other_messages(request).await.unwrap().into_inner().messages;
    let shown: Vec<(&str, &str)> = listed
        .iter()
        .map(|message| (message.picture_text.as_str(), message.picture_unread_reason.as_str()))
        .collect();
    assert_eq!(shown, [("", reason), ("12:30", ""), (SCREENSHOT, ""), ("", "")]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_machine_read_answers_nobody_and_joins_no_clarified_claim() {
    let desk = Desk::open(1).await;
    let picture = desk.shown(Some(HASH), SCREENSHOT, 0.95).await;
    let claim = desk.until_judged(picture, |judged| judged.claim.is_some()).await.claim.unwrap();
    let words = Words::earthquake(claim);
    desk.signs(&words).await;
    desk.page_is(&words, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;
    let typed = desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
    assert_eq!(typed[0].clarification, Some(words.clarification), "typed words are answered");

    let again = desk.shown(Some(HASH), SCREENSHOT, 0.95).await;
    let judged = desk.until_judged(again, |judged| says(judged, "match.maybe_clarified")).await;
    assert_eq!((judged.claim, judged.clarification), (None, None), "a person looks, and no case is opened");
    assert!(says(&judged, "match.maybe_same_picture"), "{judged:?}");
    // What an officer wrote down is a person's words.
    let heard = desk.heard(EARTHQUAKE[0]).await;
    let judged = desk.until_judged(heard, |judged| judged.clarification.is_some()).await;
    assert_eq!(judged.clarification, Some(words.clarification));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_officer_wrote_down_is_judged_like_a_message_and_the_newer_counts() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let report = ReportId::mint();
    // The newer revision first, then the older, then the message itself.
    desk.ingest_says(&desk.written(report, 2, EARTHQUAKE[1])).await;
    desk.ingest_says(&desk.written(report, 1, "超市的盐都被抢光了")).await;
    let older = "SELECT count(*) FROM messaging.inbox WHERE durable = 'classification-on-picture-read'";
    desk.eventually_counts("both transcripts", older, 2).await;
    desk.ingest_says(&desk.received(report, VOICE)).await;
    let judged = desk.until_judged(report, |judged| judged.claim.is_some()).await;
    assert_eq!(judged.claim, Some(claim));
    assert!(says(&judged, "transcript.words"), "{judged:?}");

    let complaint = desk.heard("我要投诉楼下KTV半夜扰民没人管").await;
    let judged = desk.until_judged(complaint, |judged| judged.intent == "complaint").await;
    assert_eq!(judged.claim, None);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agencys_picture_is_no_ones_neighbour() {
    let desk = Desk::open(1).await;
    let first = desk.shown(Some(HASH), SCREENSHOT, 0.91).await;
    desk.until_judged(first, |judged| judged.claim.is_some()).await;
    let (theirs, report) = (AgencyId::mint().to_string(), ReportId::mint());
    desk.ingest_says_for(
        &theirs,
        &ReportReceived { agency_id: theirs.clone(), ..desk.received(report, PICTURE) },
    )
    .await;
    let seen = PictureRead { agency_id: theirs.clone(), ..desk.seen(report, Some(HASH), "", 0.0) };
    desk.ingest_says_for(&theirs, &seen).await;
    let judged = desk.until_judged(report, |judged| says(judged, "picture.words")).await;
    assert_eq!(judged.claim, None);
    let tables = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'classification' AND c.relname IN ('picture', 'picture_band', 'transcript', 'link')
          AND c.relrowsecurity AND c.relforcerowsecurity";
    assert_eq!(desk.count(tables).await, 4);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_replicas_open_one_claim_for_a_storm_of_one_picture() {
    let desk = Desk::open(2).await;
    let mut reports = Vec::new();
    for at in 0..30u32 {
        let report = ReportId::mint();
        reports.push(report);
        let seen = desk.seen(report, Some(HASH ^ (1 << (at % 8))), SCREENSHOT, 0.9);
        // Every other picture is read before its report is here.
        if at % 2 == 0 {
            desk.ingest_says(&seen).await;
        }
        desk.ingest_says(&desk.received(report, PICTURE)).await;
        if at % 2 == 1 {
            desk.ingest_says(&seen).await;
        }
    }
    let mut claims = std::collections::HashSet::new();
    for report in reports {
        claims.insert(desk.until_judged(report, |judged| judged.claim.is_some()).await.claim);
    }
    assert_eq!(claims.len(), 1, "{claims:?}");
    assert_eq!(desk.emitted::<ClaimOpened>().await.len(), 1);
    let claim = claims.into_iter().flatten().next().unwrap();
    assert_eq!(desk.claim(claim).await.report_count, 30);
    desk.close().await;
}
