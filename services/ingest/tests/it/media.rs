//! Pictures and voices: fetched after the answer, looked at, read, kept sealed; and what officers write down.

use std::time::Duration;

use contracts::Event;
use contracts::ingest::v1 as pb;
use grpc::{Role, with_token};
use ids::AgencyId;
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, ImageFormat, Luma};
use serde_json::json;
use tonic::Code;
use uuid::Uuid;

use crate::desk::{Client, Desk};

const SCREENSHOT: &[u8] = include_bytes!("../fixtures/earthquake.png");

/// A voice of a second: the head of an AMR file and some frames.
fn voice() -> Vec<u8> {
    let mut bytes = b"#!AMR\n".to_vec();
    bytes.extend([0x3c; 320]);
    bytes
}

impl Desk {
    /// A citizen sends what is in this file; the report that became of it.
    async fn sends(&self, kind: &str, file: &[u8]) -> Uuid {
        let url = self.control_url(&format!("media?kind={kind}"));
        let handed_in: serde_json::Value =
            self.http.post(url).body(file.to_vec()).send().await.unwrap().json().await.unwrap();
        self.sends_named(kind, handed_in["media_id"].as_str().unwrap()).await
    }

    async fn sends_named(&self, kind: &str, media_id: &str) -> Uuid {
        let citizen = self.citizens(1).await.remove(0);
        let before = self.reports().await;
        let message = json!({ "openid": citizen, "msg_type": kind, "media": { "MediaId": media_id } });
        let answer = self.control("messages", message).await;
        assert_ne!(answer["outcome"], "unreachable", "{answer}");
        let new: Vec<Uuid> =
            self.reports().await.into_iter().filter(|report| !before.contains(report)).collect();
        assert_eq!(new.len(), 1);
        new[0]
    }

    /// State and reason, once the file waits no longer for its first attempt.
    async fn attempted(&self, report: Uuid) -> (String, String) {
        self.until("the file to be attempted", async || self.stands(report).await != waiting("")).await;
        self.stands(report).await
    }

    async fn stands(&self, report: Uuid) -> (String, String) {
        sqlx::query_as("SELECT state, reason FROM ingest.media WHERE report_id = $1")
            .bind(report)
            .fetch_one(&self.superuser)
            .await
            .unwrap()
    }

    async fn announced<E: Event>(&self) -> Vec<E> {
        let payloads: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT payload FROM messaging.outbox WHERE subject = $1 ORDER BY sequence")
                .bind(E::SUBJECT)
                .fetch_all(&self.superuser)
                .await
                .unwrap();
        payloads.iter().map(|payload| E::decode(payload.as_slice()).unwrap()).collect()
    }
}

impl Client {
    async fn media(&mut self, report: Uuid) -> Result<pb::GetMediaResponse, tonic::Status> {
        let request = pb::GetMediaRequest { report_id: report.to_string() };
        Ok(self.stub.get_media(with_token(request, &self.token)).await?.into_inner())
    }

    async fn listed(&mut self, report: Uuid) -> Option<pb::Media> {
        let request = pb::ListMediaRequest { report_ids: vec![report.to_string()] };
        let listed = self.stub.list_media(with_token(request, &self.token)).await.unwrap();
        listed.into_inner().media.pop()
    }

    async fn writes_down(&mut self, request: Uuid, report: Uuid, text: &str) -> Result<u64, tonic::Status> {
        let request = pb::TranscribeMessageRequest {
            request_id: request.to_string(),
            report_id: report.to_string(),
            text: text.to_owned(),
        };
        let written = self.stub.transcribe_message(with_token(request, &self.token)).await?;
        Ok(written.into_inner().revision)
    }
}

fn waiting(reason: &str) -> (String, String) {
    ("waiting".to_owned(), reason.to_owned())
}

#[tokio::test]
async fn a_picture_is_kept_sealed_and_read_and_only_officers_of_its_agency_see_it() {
    let desk = Desk::open().await;
    let report = desk.sends("image", SCREENSHOT).await;
    assert_eq!(desk.attempted(report).await, ("kept".into(), String::new()));

    let read = desk.announced::<pb::PictureRead>().await;
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].report_id, report.to_string());
    assert_eq!(read[0].perceptual_hash.len(), 8);
    assert!(read[0].masked_text.contains("7级地震"), "{}", read[0].masked_text);
    assert!(read[0].confidence > 0.7 && read[0].confidence <= 1.0, "{}", read[0].confidence);
    assert!(read[0].reader.starts_with("tesseract") && read[0].unread_reason.is_empty(), "{read:?}");

    let sealed: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM ingest.media WHERE report_id = $1")
        .bind(report)
        .fetch_one(&desk.superuser)
        .await
        .unwrap();
    assert!(!sealed.windows(4).any(|window| window == b"IHDR"));
    let shown = desk.duty_officer().await.media(report).await.unwrap();
    assert_eq!((shown.content_type.as_str(), shown.content.as_slice()), ("image/png", SCREENSHOT));
    for (agency, role, code) in [
        (desk.agency, Role::Auditor, Code::PermissionDenied),
        (desk.agency, Role::Client, Code::PermissionDenied),
        (AgencyId::mint(), Role::DutyOfficer, Code::NotFound),
    ] {
        let refused = desk.client(agency, role).await.media(report).await.unwrap_err();
        assert_eq!(refused.code(), code, "{role:?}");
    }
    assert!(desk.client(AgencyId::mint(), Role::DutyOfficer).await.listed(report).await.is_none());
}

#[tokio::test]
async fn numbers_and_names_in_a_picture_are_masked_before_they_leave() {
    let desk = Desk::open().await;
    desk.sends("image", include_bytes!("../fixtures/contact.png")).await;
    desk.until("the picture to be read", async || !desk.announced::<pb::PictureRead>().await.is_empty())
        .await;
    let read = desk.announced::<pb::PictureRead>().await.remove(0);
    assert!(read.masked_text.contains("〔手机号〕"), "{}", read.masked_text);
    assert!(!read.masked_text.contains("5678"), "{}", read.masked_text);
}

#[tokio::test]
async fn whatever_is_no_picture_ends_with_a_reason_and_is_kept_as_a_file() {
    let desk = Desk::open().await;
    let mut bomb = Vec::new();
    let huge = GrayImage::from_pixel(6000, 6000, Luma([255]));
    huge.write_to(&mut std::io::Cursor::new(&mut bomb), ImageFormat::Png).unwrap();
    for (file, reason) in [
        (&SCREENSHOT[..SCREENSHOT.len() / 2], "图片已损坏，无法解码"),
        (b"", "微信给出的文件是空的"),
        (b"<html><body>502 Bad Gateway</body></html>", "微信给出的不是图片，可能是网关的错误页面"),
        (&bomb, "图片的像素太多，没有解码"),
    ] {
        let report = desk.sends("image", file).await;
        assert_eq!(desk.attempted(report).await, ("unreadable".into(), reason.into()));
        let listed = desk.duty_officer().await.listed(report).await.unwrap();
        assert_eq!((listed.state(), listed.reason.as_str()), (pb::media::State::Unreadable, reason));
        let kept = desk.duty_officer().await.media(report).await.unwrap();
        assert_eq!((kept.content_type.as_str(), &*kept.content), ("application/octet-stream", file));
    }
    assert!(desk.announced::<pb::PictureRead>().await.is_empty());
    assert_eq!(desk.announced::<pb::ReportReceived>().await.len(), 4);
}

#[tokio::test]
async fn what_the_platform_does_not_have_any_more_is_lost_at_once_and_says_so() {
    let desk = Desk::open().await;
    let report = desk.sends_named("image", "no-such-media").await;
    let (state, reason) = desk.attempted(report).await;
    assert_eq!(state, "lost");
    assert!(reason.contains("40007"), "{reason}");
    assert_eq!(desk.duty_officer().await.media(report).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_platform_that_is_away_is_asked_again_until_it_has_forgotten() {
    let desk = Desk::open().await;
    let away = json!({ "operation": "media_get", "fault": "http_500_before", "count": 1 });
    desk.control("faults", away.clone()).await;
    let report = desk.sends("image", SCREENSHOT).await;
    assert_eq!(desk.attempted(report).await, waiting("暂时取不到，稍后再试"));
    desk.time.advance(Duration::from_secs(31));
    desk.until("the second attempt", async || desk.stands(report).await.0 == "kept").await;
    assert_eq!(desk.announced::<pb::PictureRead>().await.len(), 1);

    desk.control("faults", away.clone()).await;
    let late = desk.sends("image", SCREENSHOT).await;
    assert_eq!(desk.attempted(late).await, waiting("暂时取不到，稍后再试"));
    desk.control("faults", away).await;
    desk.time.advance(Duration::from_secs(3 * 24 * 3600));
    desk.until("the last attempt", async || desk.stands(late).await.0 == "lost").await;
    assert_eq!(desk.stands(late).await.1, "三天内没有取到，微信已不再保留");
}

#[tokio::test]
async fn an_attempt_that_was_taken_for_dead_writes_nothing_any_more() {
    let desk = Desk::open().await;
    // The platform keeps the first attempt waiting; meanwhile the row says that another one was begun.
    let slow = json!({ "operation": "media_get", "fault": "delay", "delay_ms": 1500, "count": 1 });
    desk.control("faults", slow).await;
    let report = desk.sends("image", SCREENSHOT).await;
    let attempts = "SELECT attempts FROM ingest.media WHERE report_id = $1";
    desk.until("the first attempt", async || {
        sqlx::query_scalar::<_, i32>(attempts).bind(report).fetch_one(&desk.superuser).await.unwrap() == 1
    })
    .await;
    sqlx::query("UPDATE ingest.media SET attempts = 2 WHERE report_id = $1")
        .bind(report)
        .execute(&desk.superuser)
        .await
        .unwrap();
    // A file of the same folder, sent later, is done after it.
    let next = desk.sends("voice", &voice()).await;
    assert_eq!(desk.attempted(next).await.0, "kept");
    desk.until("both attempts to end", async || desk.calls("media_get").await == 2).await;
    desk.time.advance(Duration::from_secs(181));
    desk.until("the attempt after the dead one", async || desk.stands(report).await.0 == "kept").await;
    assert_eq!(desk.announced::<pb::PictureRead>().await.len(), 1);
    assert_eq!(desk.calls("media_get").await, 3);
}

#[tokio::test]
async fn without_a_reader_a_picture_still_has_its_hash_and_says_that_nothing_was_read() {
    let desk = Desk::open_with_reader("/nowhere/tesseract").await;
    let report = desk.sends("image", SCREENSHOT).await;
    assert_eq!(desk.attempted(report).await.0, "kept");
    let read = desk.announced::<pb::PictureRead>().await.remove(0);
    assert_eq!(read.perceptual_hash.len(), 8);
    assert!(read.masked_text.is_empty() && read.reader.is_empty(), "{read:?}");
    assert!(read.unread_reason.contains("tesseract-ocr"), "{}", read.unread_reason);
}

#[tokio::test]
async fn the_same_picture_scaled_and_encoded_again_is_told_as_alike() {
    let desk = Desk::open_with_reader("/nowhere/tesseract").await;
    let picture = image::load_from_memory(SCREENSHOT).unwrap();
    let half = picture.resize(270, 310, image::imageops::FilterType::Triangle).to_rgb8();
    let mut again = Vec::new();
    half.write_with_encoder(JpegEncoder::new_with_quality(&mut again, 50)).unwrap();
    for file in [SCREENSHOT, &again] {
        let report = desk.sends("image", file).await;
        assert_eq!(desk.attempted(report).await.0, "kept");
    }
    let hashes: Vec<u64> = desk
        .announced::<pb::PictureRead>()
        .await
        .into_iter()
        .map(|read| u64::from_be_bytes(read.perceptual_hash.try_into().unwrap()))
        .collect();
    assert!((hashes[0] ^ hashes[1]).count_ones() <= 6);
}

#[tokio::test]
async fn what_an_officer_writes_down_is_masked_told_and_replaced_by_the_next() {
    let desk = Desk::open().await;
    let report = desk.sends("voice", &voice()).await;
    assert_eq!(desk.attempted(report).await, ("kept".into(), String::new()));
    let mut officer = desk.duty_officer().await;
    assert_eq!(officer.media(report).await.unwrap().content_type, "audio/amr");

    let first = Uuid::now_v7();
    let heard = "群里说明天地震，找张姐13812345678";
    assert_eq!(officer.writes_down(first, report, heard).await.unwrap(), 1);
    assert_eq!(officer.writes_down(first, report, heard).await.unwrap(), 1, "the same request again");
    let other_words = officer.writes_down(first, report, "群里说大后天地震").await.unwrap_err();
    assert_eq!(other_words.code(), Code::InvalidArgument, "other words under one id are not lost in silence");
    assert_eq!(officer.writes_down(Uuid::now_v7(), report, "群里说后天地震").await.unwrap(), 2);

    let told = desk.announced::<pb::MessageTranscribed>().await;
    let told: Vec<(u64, &str)> = told.iter().map(|told| (told.revision, told.masked_text.as_str())).collect();
    assert_eq!(told, [(1, "群里说明天地震，找张姐〔手机号〕"), (2, "群里说后天地震")]);
    let listed = officer.listed(report).await.unwrap();
    assert_eq!((listed.transcript.as_str(), listed.transcribed_by.as_str()), ("群里说后天地震", "演示"));
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM ingest.transcript WHERE report_id = $1")
        .bind(report)
        .fetch_one(&desk.superuser)
        .await
        .unwrap();
    assert_eq!(kept, 2);

    let refused = |status: tonic::Status| status.code();
    let blank = officer.writes_down(Uuid::now_v7(), report, " \n").await;
    assert_eq!(refused(blank.unwrap_err()), Code::InvalidArgument);
    let long = officer.writes_down(Uuid::now_v7(), report, &"字".repeat(20_001)).await;
    assert_eq!(refused(long.unwrap_err()), Code::InvalidArgument);
    let nothing = officer.writes_down(Uuid::now_v7(), Uuid::now_v7(), "地震").await;
    assert_eq!(refused(nothing.unwrap_err()), Code::NotFound);
    let mut stranger = desk.client(AgencyId::mint(), Role::DutyOfficer).await;
    assert_eq!(refused(stranger.writes_down(first, report, heard).await.unwrap_err()), Code::NotFound);
    let mut auditor = desk.client(desk.agency, Role::Auditor).await;
    let forbidden = auditor.writes_down(Uuid::now_v7(), report, heard).await;
    assert_eq!(refused(forbidden.unwrap_err()), Code::PermissionDenied);
}

#[tokio::test]
async fn a_forgotten_persons_picture_can_no_longer_be_seen_or_written_down() {
    let desk = Desk::open().await;
    let report = desk.sends("image", SCREENSHOT).await;
    assert_eq!(desk.attempted(report).await.0, "kept");
    sqlx::query("UPDATE ingest.reporter SET wrapped_key = NULL, lookup_key = NULL")
        .execute(&desk.superuser)
        .await
        .unwrap();
    let mut officer = desk.duty_officer().await;
    assert_eq!(officer.media(report).await.unwrap_err().code(), Code::NotFound);
    let written = officer.writes_down(Uuid::now_v7(), report, "地震").await;
    assert_eq!(written.unwrap_err().code(), Code::FailedPrecondition);
}
