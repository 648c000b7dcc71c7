//! 重新判断: how a message was judged, beside how it would be judged now. For whoever checks a judgement; it changes
//! nothing.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use contracts::classification::v1::{JudgeAgainRequest, Judgement};

use crate::Console;
use crate::frame::{Frame, page};
use crate::language::Words;
use crate::problem::Answer;
use crate::session::SignedIn;
use crate::views::{BasisView, ReasonView, reasons};
use crate::wording::{self, Worded};

#[derive(Template)]
#[template(path = "judgement.html")]
struct JudgementPage {
    frame: Frame,
    text: String,
    judgements: [JudgementView; 2],
}

struct JudgementView {
    code: &'static str,
    title: &'static str,
    intent: Worded,
    claim_id: String,
    /// Where it is or would be.
    place: &'static str,
    reasons: Vec<ReasonView>,
    basis: Option<BasisView>,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Path(report_id): Path<String>,
) -> Answer {
    let asked = console.clients.classification().judge_again(who.call(JudgeAgainRequest { report_id })).await;
    let answer = asked.map_err(|status| who.refuse(&status))?.into_inner();
    let words = who.words();
    let text = answer.masked_text;
    let stored = view(answer.stored.unwrap_or_default(), "stored", words.judged_then, &text, words);
    let now = view(answer.now.unwrap_or_default(), "now", words.judged_now, &text, words);
    let frame = Frame::of(&who);
    Ok(page(&frame.clone(), &JudgementPage { frame, text, judgements: [stored, now] }))
}

fn view(
    judgement: Judgement,
    code: &'static str,
    title: &'static str,
    text: &str,
    words: &'static Words,
) -> JudgementView {
    let place = match (judgement.claim_id.as_str(), judgement.clarification_id.as_str()) {
        ("", "") => words.judged_nowhere,
        ("", _) => words.judged_answered,
        ("new", _) => words.judged_new,
        _ => words.judged_claim,
    };
    JudgementView {
        code,
        title,
        intent: wording::intent(judgement.intent(), words),
        claim_id: judgement.claim_id,
        place,
        reasons: reasons(judgement.reasons),
        basis: judgement.basis.map(|basis| BasisView::of(basis, text, words)),
    }
}
