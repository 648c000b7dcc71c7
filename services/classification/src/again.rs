//! A second look at reports that reached nothing, when more came to be known of them: the words that an officer
//! wrote down, the picture, the words in it.
//!
//! In this order: an officer's words are judged like typed ones. The same file as a picture of a claim joins that
//! claim, and so does an alike picture where the words read in both agree; an alike picture in one of which nothing
//! was read may be another caption on the same template, and waits for a person. Words that a machine read well are
//! judged like words too, only that nobody is answered by them. What else there is to say becomes a reason for a person to read, and the
//! report stays where it is. A report that has reached something is not moved here: that is people's to do.

use std::collections::HashMap;

use ids::{AgencyId, ClaimId, ReportId};
use judgement::intent::Intent;
use judgement::picture::{Agreement, SAME_BITS_MAX, agreement, readable};
use judgement::reason::Reason;
use sqlx::PgConnection;

use crate::basis::Basis;
use crate::decide::{Batch, Decided, Ground, Judgement, Outcome, Received, Round, Words, save};
use crate::known::Known;
use crate::store::links;
use crate::store::pictures::{self, OfClaim, Picture, Transcript};
use crate::store::reports;

/// What came to be known of a report besides its words.
#[derive(Clone, Debug)]
pub enum Later {
    /// Its picture was looked at.
    Picture(Picture),
    /// An officer wrote down what it says.
    Transcript(Transcript),
}

impl Later {
    /// Of which report.
    pub const fn report(&self) -> ReportId {
        match self {
            Self::Picture(picture) => picture.report,
            Self::Transcript(transcript) => transcript.report,
        }
    }

    /// Keeps it, whether or not the report is here yet.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn keep(&self, tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
        match self {
            Self::Picture(picture) => pictures::keep(tx, agency, picture).await,
            Self::Transcript(transcript) => pictures::keep_transcript(tx, agency, transcript).await,
        }
    }
}

/// Judges those of `reports` again that have reached nothing and of which more is known than their words. The
/// caller holds the agency's lock and has caught up with the log. `spans` has what each follows from.
///
/// # Errors
/// When the database is away; then nothing was decided.
pub async fn look(
    tx: &mut PgConnection,
    agency: AgencyId,
    known: &mut Known,
    ground: Ground<'_>,
    reports: &[ReportId],
    spans: &HashMap<ReportId, Option<String>>,
) -> sqlx::Result<()> {
    let seen = pictures::of_reports(tx, agency, reports).await?;
    let written = pictures::transcripts(tx, agency, reports).await?;
    if seen.is_empty() && written.is_empty() {
        return Ok(());
    }
    let of_report = |report: ReportId| {
        let transcript = written.iter().find(|transcript| transcript.report == report);
        (transcript, seen.iter().find(|picture| picture.report == report))
    };
    // Few at a time, for a picture takes a second to be read: one after another, so that each sees the last.
    for mut unplaced in reports::unplaced(tx, agency, reports).await? {
        let (transcript, picture) = of_report(unplaced.report);
        unplaced.traceparent = spans.get(&unplaced.report).cloned().flatten();
        if let Some(transcript) = transcript {
            let links = judgement::link::links(&transcript.masked_text);
            let by_link = links::of(tx, agency, &links.iter().collect::<Vec<_>>()).await?;
            let mut round = Round::new(known, ground, by_link);
            let received = Received { masked_text: transcript.masked_text.clone(), ..unplaced.clone() };
            let mut decided = round.decide(&received, Judgement::of(&received, ground.current));
            decided.reasons.insert(0, Reason::new("transcript.words", "按值班人员听写的内容判断", 0.0));
            write(tx, agency, &received, decided, round).await?;
        } else if let Some(picture) = picture {
            let mut round = Round::new(known, ground, links::Known::new());
            round.words = Words::OfMachine;
            look_at(tx, agency, &unplaced, picture, round).await?;
        }
    }
    Ok(())
}

async fn look_at(
    tx: &mut PgConnection,
    agency: AgencyId,
    unplaced: &Received,
    picture: &Picture,
    mut round: Round<'_>,
) -> sqlx::Result<()> {
    let received = Received { masked_text: picture.masked_text.clone(), ..unplaced.clone() };
    let mut notes = Vec::new();
    let near = match picture.hash {
        Some(hash) => pictures::near(tx, agency, hash).await?,
        None => Vec::new(),
    };
    let same_file = match &picture.file_key {
        Some(file) => pictures::of_file(tx, agency, file).await?,
        None => Vec::new(),
    };
    let decided = match same_file_of(&same_file, &round) {
        Some(claim) => joined(claim, &round, 1.0, "与已有线索是同一个图片文件", &mut notes),
        None => same_picture(picture, &near, &round, &mut notes),
    };
    if let Some(mut decided) = decided {
        decided.basis = round.basis(&received.masked_text);
        return write(tx, agency, &received, decided, round).await;
    }
    if readable(&picture.masked_text, picture.confidence) {
        let mut decided = round.decide(&received, Judgement::of(&received, round.ground.current));
        decided.reasons.insert(0, read_reason(picture, "按图中识别出的文字判断"));
        decided.reasons.extend(notes);
        return write(tx, agency, &received, decided, round).await;
    }
    notes.push(if picture.unread_reason.is_empty() {
        read_reason(picture, "图中识别出的文字不足以判断，请人看图")
    } else {
        Reason::new("picture.unread", format!("{}，请人看图", picture.unread_reason), 0.0)
    });
    reports::explain(tx, agency, unplaced.report, &notes).await
}

/// The claim with this very file. Of several, one that is not clarified, so that nobody is answered unseen.
fn same_file_of(claims: &[ClaimId], round: &Round<'_>) -> Option<ClaimId> {
    let known = claims.iter().copied().filter(|claim| round.known.texts_of(*claim) > 0);
    known.min_by_key(|claim| round.known.is_clarified(*claim, round.ground.now))
}

/// The claim of the most alike picture, where it is the same one.
fn same_picture(
    picture: &Picture,
    near: &[OfClaim],
    round: &Round<'_>,
    notes: &mut Vec<Reason>,
) -> Option<Decided> {
    let hash = picture.hash?;
    let words = (picture.masked_text.as_str(), picture.confidence);
    let alike = || {
        let alike = near.iter().filter(|other| hash.distance(other.hash) <= SAME_BITS_MAX);
        alike.filter(|other| round.known.texts_of(other.claim) > 0)
    };
    let by_words = |other: &OfClaim| agreement(words, (other.masked_text.as_str(), other.confidence));
    let same = alike().filter(|other| by_words(other) == Agreement::Agree).min_by_key(|other| {
        (round.known.is_clarified(other.claim, round.ground.now), hash.distance(other.hash))
    });
    let Some(same) = same else {
        if alike().any(|other| by_words(other) == Agreement::Unread) {
            // Two captions on one template look alike to a hash: only their words tell them apart.
            let detail =
                "与一件已有线索的图片相似，但图中文字没有都认出来，可能是同一模板的另一张图，请人看图";
            notes.push(Reason::new("match.maybe_same_picture", detail, 0.0));
        }
        return None;
    };
    let bits = hash.distance(same.hash);
    let likeness = 1.0 - f64::from(bits) / 64.0;
    let detail = format!("与已有线索的图片相同（64位指纹相差{bits}位，图中文字一致）");
    joined(same.claim, round, likeness, &detail, notes)
}

/// A picture that belongs to a claim; only a note where the claim is clarified.
fn joined(
    claim: ClaimId,
    round: &Round<'_>,
    likeness: f64,
    detail: &str,
    notes: &mut Vec<Reason>,
) -> Option<Decided> {
    if round.known.is_clarified(claim, round.ground.now) {
        // Whoever joins a clarified claim is told its clarification without anyone looking again.
        let detail = "与一件已辟谣的网传内容的图片相同，请人判断";
        notes.push(Reason::new("match.maybe_same_picture", detail, 0.0));
        return None;
    }
    Some(Decided {
        intent: Intent::Report,
        outcome: Outcome::Joined(claim),
        calls_for_help: false,
        similarity: likeness as f32,
        reasons: vec![Reason::new("match.same_picture", detail, likeness)],
        basis: Basis::default(),
    })
}

fn read_reason(picture: &Picture, what: &str) -> Reason {
    let detail = format!("{what}（识别可信度{:.0}%）", picture.confidence * 100.0);
    Reason::new("picture.words", detail, picture.confidence)
}

/// Writes a decision about a report that is here, and everything that follows from it.
///
/// # Errors
/// When the database is away.
pub async fn write(
    tx: &mut PgConnection,
    agency: AgencyId,
    received: &Received,
    decided: Decided,
    round: Round<'_>,
) -> sqlx::Result<()> {
    let Round { ground, opened, learned, noted, .. } = round;
    let revision = reports::put(tx, agency, received.report, &decided).await?;
    links::note(tx, agency, &noted).await?;
    let (received, decided) = (std::slice::from_ref(received), std::slice::from_ref(&decided));
    let batch = Batch::new(received, decided, &ground).again(revision);
    save(tx, agency, &batch, opened, &learned).await
}
