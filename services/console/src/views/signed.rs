//! What the signed bytes of a revision say, all of it, for every page on which somebody signs or looks at what was
//! signed. Nothing here is looked up anywhere else: not the case's sentence of today, not what a level means today.

use contracts::approval::v1::{Draft, SignedContent};
use prost_types::Timestamp;

use super::revision::{RenditionView, renditions};
use crate::language::{Words, fill};
use crate::show;
use crate::wording::{self, Worded};

/// The channels on which something is published, in the order in which they go out.
const PUBLISHED: [&str; 3] = ["page", "wechat", "weibo"];

/// A word of the signed bytes: worded where this version knows it, else as it stands there.
#[derive(Default)]
pub(crate) struct Said {
    pub code: String,
    pub text: String,
}

/// Everything that the bytes say.
#[derive(Default)]
pub(crate) struct SignedView {
    pub kind: Said,
    pub verdict: Said,
    pub level: Said,
    /// The channels that it has forms for.
    pub channels: String,
    pub automatic_answer: bool,
    /// Automatic answers are matched by this.
    pub sentence: String,
    pub claims: Vec<String>,
    /// When it may go out.
    pub window: String,
    pub valid_until: String,
    /// What it was signed for: format, agency, case, clarification, revision.
    pub place: [String; 5],
    pub renditions: Vec<RenditionView>,
}

impl SignedView {
    /// Takes a content apart field by field: a new field must be shown before this compiles.
    pub(crate) fn of(content: SignedContent, words: &'static Words) -> Self {
        let SignedContent {
            version,
            agency_id,
            case_id,
            clarification_id,
            revision,
            kind,
            verdict,
            response_level,
            automatic_answer,
            claim_sentence,
            claim_ids,
            not_before_time,
            not_after_time,
            valid_until_time,
            renditions: forms,
        } = content;
        let channels: Vec<String> = PUBLISHED
            .into_iter()
            .filter(|channel| forms.iter().any(|form| form.channel == *channel))
            .map(|channel| wording::channel(channel, words))
            .collect();
        Self {
            kind: said(kind, &wording::KINDS, |kind| wording::kind(kind, words)),
            verdict: said(verdict, &wording::VERDICTS, |verdict| wording::verdict(verdict, words)),
            level: said(response_level, &wording::LEVELS, |level| wording::level(level, words)),
            channels: if channels.is_empty() {
                words.signed_no_channel.to_owned()
            } else {
                channels.join(" · ")
            },
            automatic_answer,
            sentence: claim_sentence,
            claims: claim_ids,
            window: window(not_before_time.as_ref(), not_after_time.as_ref(), words),
            valid_until: end(valid_until_time.as_ref(), words.valid_without_end),
            place: [
                fill(words.signed_format, version),
                fill(words.signed_agency, agency_id),
                fill(words.signed_case, case_id),
                fill(words.signed_clarification, clarification_id),
                fill(words.revision_number, revision),
            ],
            renditions: renditions(forms, words),
        }
    }

    /// What a list says of a revision: as it was typed, and nothing of what is signed.
    pub(crate) fn of_head(draft: &Draft, words: &'static Words) -> Self {
        let plain = |worded: Worded| Said { code: worded.code.to_owned(), text: worded.text.to_owned() };
        Self {
            kind: plain(wording::kind(draft.kind(), words)),
            verdict: plain(wording::verdict(draft.verdict(), words)),
            level: plain(wording::level(draft.response_level(), words)),
            ..Self::default()
        }
    }

    /// The title of the first form that has one.
    pub(crate) fn title(&self) -> String {
        let titled = self.renditions.iter().find(|form| !form.title.is_empty());
        titled.map(|form| form.title.clone()).unwrap_or_default()
    }
}

fn said<T: Copy>(code: String, all: &[T], worded: impl Fn(T) -> Worded) -> Said {
    let known = all.iter().map(|value| worded(*value)).find(|known| known.code == code);
    let text = match known {
        Some(known) => known.text.to_owned(),
        None if code.is_empty() => "—".to_owned(),
        None => code.clone(),
    };
    Said { code, text }
}

fn end(time: Option<&Timestamp>, without: &str) -> String {
    if time.is_some() { show::second(time) } else { without.to_owned() }
}

fn window(from: Option<&Timestamp>, to: Option<&Timestamp>, words: &Words) -> String {
    match (from, to) {
        (None, None) => words.window_open.to_owned(),
        (from, to) => {
            let from = end(from, words.window_open_side);
            fill(&fill(words.window_between, from), end(to, words.window_open_side))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use contracts::approval::v1::{Rendition, Revision, Step};

    use super::*;
    use crate::language::Language;

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanos: 0 })
    }

    /// A revision with something that is found nowhere else in every field that is signed, and how each is shown.
    /// Every field is written out: a new one must be given its token before this compiles.
    pub(crate) fn unmistakable() -> (Revision, Vec<String>) {
        let form = Rendition {
            channel: "channel-7c01".into(),
            title: "题目7c02".into(),
            summary: "摘要7c03".into(),
            body: "正文7c04".into(),
            length: 7_105,
            length_limit: 7_106,
            pictures: vec!["7c07".repeat(16)],
        };
        let page = Rendition { channel: "page".into(), body: "<p>网页7c08</p>".into(), ..form.clone() };
        let content = SignedContent {
            version: 7_201,
            agency_id: "7c11-agency".into(),
            case_id: "7c12-case".into(),
            clarification_id: "7c13-clarification".into(),
            revision: 7_214,
            kind: "kind-7c15".into(),
            verdict: "verdict-7c16".into(),
            response_level: "level-7c17".into(),
            automatic_answer: true,
            claim_sentence: "网传7c18".into(),
            claim_ids: vec!["7c19-claim".into(), "7c20-claim".into()],
            not_before_time: at(1_700_000_021),
            not_after_time: at(1_700_000_022),
            valid_until_time: at(1_700_000_023),
            renditions: vec![form, page],
        };
        let mut tokens: Vec<String> = [
            "channel-7c01",
            "题目7c02",
            "摘要7c03",
            "正文7c04",
            "网页7c08",
            "7c11-agency",
            "7c12-case",
            "7c13-clarification",
            "kind-7c15",
            "verdict-7c16",
            "level-7c17",
            "网传7c18",
            "7c19-claim",
            "7c20-claim",
            "2023-11-15 06:13:41",
            "2023-11-15 06:13:42",
            "2023-11-15 06:13:43",
        ]
        .map(str::to_owned)
        .to_vec();
        let words = Language::Chinese.words();
        tokens.extend([
            "7c07".repeat(16),
            fill(words.signed_format, 7_201),
            fill(words.revision_number, 7_214),
            words.matched_by_sentence.to_owned(),
            words.automatic_answer_short.to_owned(),
        ]);
        let steps = wording::STEPS.map(|purpose| Step {
            purpose: purpose.into(),
            gates: wording::GATES.map(str::to_owned).to_vec(),
            ..Step::default()
        });
        let revision = Revision { content: Some(content), steps: steps.into(), ..Revision::default() };
        (revision, tokens)
    }

    /// Fails unless a page shows all that is signed, and says so where it answers nobody automatically.
    pub(crate) fn assert_shows_what_is_signed(render: impl Fn(Revision) -> String) {
        let (revision, tokens) = unmistakable();
        let html = render(revision.clone());
        for token in tokens {
            assert!(html.contains(&token), "{token} is signed and not shown");
        }
        let mut silent = revision.content.clone().unwrap();
        silent.automatic_answer = false;
        let html = render(Revision { content: Some(silent), ..revision.clone() });
        let words = Language::Chinese.words();
        assert!(html.contains(words.not_answered_automatically));
        assert!(!html.contains(words.matched_by_sentence));

        // Of a row that was altered nothing is shown as signed, and the page says why.
        let html = render(Revision { content: None, altered: true, ..revision });
        assert!(html.contains(words.altered));
    }

    #[test]
    fn words_that_this_version_knows_are_said_in_its_words() {
        let words = Language::Chinese.words();
        let known = SignedView::of(
            SignedContent {
                kind: "notice".into(),
                verdict: "false".into(),
                response_level: "microblog".into(),
                ..SignedContent::default()
            },
            words,
        );
        let texts = (known.kind.text.as_str(), known.verdict.text.as_str(), known.level.text.as_str());
        assert_eq!(texts, (words.kind_notice, words.verdict_false, words.level_microblog));
        // The channels are those that have a form, whatever the level is called.
        assert_eq!(known.channels, words.signed_no_channel);
    }
}
