//! The index's file: written while the service serves, read at its next start, and never needed.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without its replica")]

use std::path::PathBuf;

use ids::ClaimId;
use runtime::Clock;
use tempfile::TempDir;
use testkit::eventually;

use crate::desk::{Desk, Said};

/// Claims that make the file worth its writing.
const CLAIMS: usize = 6_000;

/// A replica that knows a rumor about melons and much else, all of it in its file.
struct Kept {
    desk: Desk,
    melons: ClaimId,
    file: PathBuf,
    folder: TempDir,
}

impl Kept {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::steered(folder.path().join("clock"));
        let desk = Desk::keeping_an_index(folder.path().join("index"), clock).await;
        let melons =
            desk.hears(&[Said::new("听说城东市场的西瓜打了甜水针，是真的吗")]).await[0].claim.unwrap();
        let agency = desk.agency;
        desk.alter(format!(
            "INSERT INTO classification.index_change (agency_id, kind, claim_id, texts)
             SELECT '{agency}', 'claim_opened', gen_random_uuid(),
                 ARRAY[(SELECT string_agg(chr(20000 + (claim * 7919 + place * 104729) % 9000), '')
                     FROM generate_series(1, 12) place)]
             FROM generate_series(1, {CLAIMS}) claim"
        ))
        .await;
        let file = folder.path().join("index").join(format!("{agency}.index"));
        let kept = Self { desk, melons, file, folder };
        // Whoever decides reads the log first.
        kept.desk.hears(&[Said::new("网传全县要停水三天，属实吗")]).await;
        kept.a_minute_later(1);
        eventually("the file to be written", async || kept.file.exists().then_some(())).await;
        kept
    }

    fn a_minute_later(&self, minutes: u32) {
        std::fs::write(self.folder.path().join("clock"), (minutes * 61_000).to_string()).unwrap();
    }

    async fn hears_of_the_melons(&self) -> Option<ClaimId> {
        self.desk.hears(&[Said::new("城东市场西瓜打甜水针，有这回事吗")]).await[0].claim
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_was_renewed_goes_on_serving_and_a_start_goes_on_from_its_file() {
    let mut kept = Kept::open().await;
    assert_eq!(kept.hears_of_the_melons().await, Some(kept.melons));

    // What the log no longer tells can come from the file only.
    kept.desk.alter("DELETE FROM classification.index_change".to_owned()).await;
    kept.desk.restarts().await;
    assert_eq!(kept.hears_of_the_melons().await, Some(kept.melons));
    kept.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_cut_short_is_read_from_the_log_instead_and_written_anew() {
    let mut kept = Kept::open().await;
    let whole = std::fs::read(&kept.file).unwrap();
    // In its place and not written over: the running replica has the whole one mapped.
    let cut = kept.file.with_extension("cut");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    std::fs::rename(&cut, &kept.file).unwrap();
    kept.desk.restarts().await;

    assert_eq!(kept.hears_of_the_melons().await, Some(kept.melons));
    kept.a_minute_later(2);
    let length = || std::fs::metadata(&kept.file).unwrap().len();
    eventually("the file to be whole", async || (length() >= whole.len() as u64).then_some(())).await;
    kept.desk.close().await;
}
