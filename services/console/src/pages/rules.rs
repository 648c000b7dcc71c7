//! 规则: what messages are judged by, as people read it and as a file; trying a message, saving, and going back
//! to an older version. classification reads, checks and keeps the rules; this page only shows them.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use contracts::classification::v1::rules_row::WordList;
use contracts::classification::v1::rules_row::word_list::Slot;
use contracts::classification::v1::{
    GetRulebookRequest, GetRulesVersionRequest, HeldRule, Intent, ListRulesVersionsRequest,
    RestoreRulesVersionRequest, Rules, RulesKind, RulesRow, RulesVersion, SetRulesRequest, TryMessageRequest,
    TryMessageResponse,
};
use grpc::rights;
use serde::Deserialize;
use tonic_types::StatusExt;

use super::{notice, number, see};
use crate::Console;
use crate::form::{Posted, fresh_request_id};
use crate::frame::{Frame, page};
use crate::language::{Language, Words, fill};
use crate::problem::{Answer, Kind, Problem, page_for};
use crate::session::SignedIn;
use crate::show;
use crate::wording::{self, Choice, Worded};

#[derive(Template)]
#[template(path = "rules.html")]
struct RulesPage {
    frame: Frame,
    kinds: Vec<Choice>,
    kind: Worded,
    explained: &'static str,
    /// Whether this person may change them.
    edits: bool,
    /// The version that is shown, and whether it is the one in force.
    shown: VersionView,
    /// The number of the version in force.
    in_force: u64,
    unusable: bool,
    text: String,
    faults: Vec<FaultView>,
    rows: Vec<RowView>,
    message: String,
    tried: Option<TriedView>,
    versions: Vec<VersionView>,
    next_page: String,
    request_id: String,
}

struct VersionView {
    number: u64,
    name: String,
    author: String,
    saved: String,
    restored: Option<String>,
    active: bool,
}

/// A line that is wrong, and what is wrong with it.
struct FaultView {
    line: usize,
    source: String,
    said: String,
}

struct RowView {
    name: String,
    line: String,
    intent: Option<Worded>,
    says: String,
    points: Option<String>,
    until: Option<String>,
    departments: Vec<String>,
    lists: Vec<ListView>,
}

/// A list of words: enough of them to know it by, and the others behind a tap.
struct ListView {
    label: &'static str,
    first: Vec<String>,
    others: Vec<String>,
    all: String,
}

/// Words of a list that are seen at once.
const WORDS_SEEN: usize = 12;

/// What a message is judged to be, and by what.
struct TriedView {
    intent: Worded,
    why: String,
    decided_by: Option<String>,
    pieces: Vec<Piece>,
    others: Vec<OtherView>,
    urgency: u32,
    urgency_lines: Vec<String>,
    departments: Vec<String>,
    routing_lines: Vec<String>,
}

/// A part of the text that was judged; marked where the deciding rule's words are.
struct Piece {
    text: String,
    marked: bool,
}

struct OtherView {
    name: String,
    intent: Worded,
    says: String,
    words: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choose {
    kind: String,
    version: String,
    page: String,
    done: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RulesForm {
    kind: String,
    expected_version: String,
    text: String,
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RestoreForm {
    kind: String,
    expected_version: String,
    version: String,
}

/// What was typed and must not be lost, and what came of it.
#[derive(Default)]
struct Typed {
    /// The file with the version that it was made from.
    text: Option<(String, u64)>,
    message: String,
    faults: Vec<FaultView>,
    tried: Option<TriedView>,
    request_id: Option<String>,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(choose): Query<Choose>,
) -> Answer {
    let frame = Frame::of(&who).notice(notice(&choose.done, who.words()));
    rules_page(&console, &who, frame, choose, Typed::default()).await
}

pub(crate) async fn try_message(
    State(console): State<Arc<Console>>,
    Posted { who, form, request_id }: Posted<RulesForm>,
) -> Answer {
    let words = who.words();
    let expected_version = number(&form.expected_version, words);
    let expected_version = expected_version.map_err(|problem| page_for(&who, problem))?;
    let kind = wording::parse(&form.kind, &wording::RULES_KINDS, |kind| wording::rules_kind(kind, words));
    let request = TryMessageRequest {
        text: form.message.clone(),
        unsaved_kind: kind.into(),
        unsaved_text: form.text.clone(),
    };
    let tried = console.clients.rules().try_message(who.call(request)).await;
    let mut typed = Typed {
        text: Some((form.text, expected_version)),
        message: form.message,
        // Nothing was changed, so the form is still the same request.
        request_id: Some(request_id),
        ..Typed::default()
    };
    let mut frame = Frame::of(&who).here(address(&form.kind));
    match tried {
        Ok(tried) => typed.tried = Some(TriedView::of(tried.into_inner(), words)),
        Err(status) => frame = typed.refused(frame, &who, &status),
    }
    let choose = Choose { kind: form.kind, ..Choose::default() };
    rules_page(&console, &who, frame, choose, typed).await
}

pub(crate) async fn save(
    State(console): State<Arc<Console>>,
    Posted { who, form, request_id }: Posted<RulesForm>,
) -> Answer {
    let words = who.words();
    let expected_version = number(&form.expected_version, words);
    let expected_version = expected_version.map_err(|problem| page_for(&who, problem))?;
    let kind = wording::parse(&form.kind, &wording::RULES_KINDS, |kind| wording::rules_kind(kind, words));
    let request = SetRulesRequest {
        request_id: request_id.clone(),
        kind: kind.into(),
        expected_version,
        text: form.text.clone(),
    };
    let Err(status) = console.clients.rules().set_rules(who.call(request)).await else {
        return Ok(see(&format!("{}&done=rules_saved", address(&form.kind))));
    };
    let unknown = who.problem(&status).outcome_unknown();
    let mut typed = Typed {
        text: Some((form.text, expected_version)),
        message: form.message,
        request_id: unknown.then_some(request_id),
        ..Typed::default()
    };
    let frame = Frame::of(&who).here(address(&form.kind));
    let frame = typed.refused(frame, &who, &status);
    let choose = Choose { kind: form.kind, ..Choose::default() };
    rules_page(&console, &who, frame, choose, typed).await
}

pub(crate) async fn restore(
    State(console): State<Arc<Console>>,
    Posted { who, form, request_id }: Posted<RestoreForm>,
) -> Answer {
    let words = who.words();
    let kind = wording::parse(&form.kind, &wording::RULES_KINDS, |kind| wording::rules_kind(kind, words));
    let asked = async {
        let request = RestoreRulesVersionRequest {
            request_id,
            kind: kind.into(),
            expected_version: number(&form.expected_version, words)?,
            version: number(&form.version, words)?,
        };
        let restored = console.clients.rules().restore_rules_version(who.call(request)).await;
        restored.map_err(|status| who.problem(&status))
    };
    let Err(problem) = asked.await else {
        return Ok(see(&format!("{}&done=rules_restored", address(&form.kind))));
    };
    let frame = Frame::of(&who).here(address(&form.kind)).alert(problem);
    let choose = Choose { kind: form.kind, ..Choose::default() };
    rules_page(&console, &who, frame, choose, Typed::default()).await
}

fn address(kind: &str) -> String {
    let kind: String = url::form_urlencoded::byte_serialize(kind.as_bytes()).collect();
    format!("/rules?kind={kind}")
}

impl Typed {
    /// Takes up what a service refused: the faults line by line, or an alert.
    fn refused(&mut self, frame: Frame, who: &SignedIn, status: &tonic::Status) -> Frame {
        let mut problem = who.problem(status);
        let violations = status.get_details_bad_request().map_or(Vec::new(), |bad| bad.field_violations);
        let lines =
            violations.iter().filter_map(|violation| violation.field.strip_prefix("text:")?.parse().ok());
        let sources: Vec<&str> = self.text.as_ref().map_or(Vec::new(), |(text, _)| text.lines().collect());
        self.faults = lines
            .zip(problem.said.lines())
            .map(|(line, said): (usize, &str)| FaultView {
                line,
                source: sources.get(line.saturating_sub(1)).copied().unwrap_or_default().to_owned(),
                said: said.split_once(['：', ':']).map_or(said, |(_, said)| said).trim().to_owned(),
            })
            .collect();
        if !self.faults.is_empty() {
            problem.said = fill(who.words().rules_faults, self.faults.len());
        }
        frame.alert(problem)
    }
}

async fn rules_page(console: &Console, who: &SignedIn, frame: Frame, choose: Choose, typed: Typed) -> Answer {
    let (words, language) = (who.words(), who.visit.language);
    let worded = |kind: RulesKind| wording::rules_kind(kind, words);
    let kind = wording::parse(&choose.kind, &wording::RULES_KINDS, worded);
    let kind = if kind == RulesKind::Unspecified { RulesKind::Intent } else { kind };
    let (mut in_rulebook, mut in_history) = (console.clients.rules(), console.clients.rules());
    let list = ListRulesVersionsRequest { kind: kind.into(), page_size: 20, page_token: choose.page };
    let (rulebook, listed) = tokio::join!(
        in_rulebook.get_rulebook(who.call(GetRulebookRequest {})),
        in_history.list_rules_versions(who.call(list)),
    );
    let rulebook = rulebook.map_err(|status| who.refuse(&status))?.into_inner();
    let listed = listed.map_err(|status| who.refuse(&status))?.into_inner();
    let current =
        rulebook.rules.into_iter().find(|rules| rules.version.as_ref().is_some_and(|v| v.kind() == kind));
    let Some(current) = current else {
        return Err(page_for(who, Problem::new(Kind::NotFound, words)).into());
    };
    let in_force = current.version.as_ref().map_or(0, |version| version.version);
    let shown = match choose.version.parse() {
        Ok(version) if version != in_force => {
            let request = GetRulesVersionRequest { kind: kind.into(), version };
            let found = console.clients.rules().get_rules_version(who.call(request)).await;
            found.map_err(|status| who.refuse(&status))?.into_inner().rules.unwrap_or_default()
        }
        _ => current,
    };
    let edits = match kind {
        RulesKind::Urgency => who.may(rights::SET_URGENCY_RULES),
        RulesKind::Intent | RulesKind::Routing | RulesKind::Unspecified => who.may(rights::SET_RULES),
    };
    let Rules { version, text, rows, unusable } = shown;
    let (text, edited_from) = typed.text.unwrap_or((text, in_force));
    let page_of = RulesPage {
        kinds: wording::choices(&wording::RULES_KINDS, worded(kind).code, worded),
        kind: worded(kind),
        explained: match kind {
            RulesKind::Urgency => words.rules_urgency_explained,
            RulesKind::Routing => words.rules_routing_explained,
            RulesKind::Intent | RulesKind::Unspecified => words.rules_intent_explained,
        },
        edits,
        shown: VersionView::of(version.unwrap_or_default(), language),
        in_force: edited_from,
        unusable,
        text,
        faults: typed.faults,
        rows: rows.into_iter().map(|row| RowView::of(row, words)).collect(),
        message: typed.message,
        tried: typed.tried,
        versions: listed.versions.into_iter().map(|version| VersionView::of(version, language)).collect(),
        next_page: listed.next_page_token,
        request_id: typed.request_id.unwrap_or_else(fresh_request_id),
        frame: frame.clone(),
    };
    Ok(page(&frame, &page_of))
}

impl VersionView {
    fn of(version: RulesVersion, language: Language) -> Self {
        let words = language.words();
        Self {
            number: version.version,
            name: version_name(version.version, words),
            saved: version.save_time.as_ref().map(|time| show::second(Some(time))).unwrap_or_default(),
            restored: version
                .restored_version
                .map(|restored| fill(words.rules_restored, version_name(restored, words))),
            author: version.author_name,
            active: version.active,
        }
    }
}

fn version_name(version: u64, words: &Words) -> String {
    if version == 0 { words.rules_built_in.to_owned() } else { fill(words.rules_version, version) }
}

impl RowView {
    fn of(row: RulesRow, words: &'static Words) -> Self {
        let intent = row.intent();
        Self {
            intent: (intent != Intent::Unspecified).then(|| wording::intent(intent, words)),
            line: fill(words.rules_line, row.line),
            name: row.name,
            says: row.says,
            points: row.points.map(|points| fill(words.points, points)),
            until: (!row.until.is_empty()).then(|| fill(words.rules_until, row.until)),
            departments: row.departments,
            lists: row.lists.into_iter().map(|list| ListView::of(list, words)).collect(),
        }
    }
}

impl ListView {
    fn of(list: WordList, words: &'static Words) -> Self {
        let label = slot(&list, words);
        let mut first = list.words;
        let all = fill(words.words_in_all, first.len());
        let others = first.split_off(first.len().min(WORDS_SEEN));
        Self { label, first, others, all }
    }
}

fn slot(list: &WordList, words: &'static Words) -> &'static str {
    match list.slot() {
        Slot::Any | Slot::Unspecified => words.slot_any,
        Slot::With => words.slot_with,
        Slot::Unless => words.slot_unless,
        Slot::Whole => words.slot_whole,
        Slot::Subject => words.slot_subject,
        Slot::Also => words.slot_also,
        Slot::Hint => words.slot_hint,
        Slot::List => words.slot_list,
    }
}

impl TriedView {
    fn of(tried: TryMessageResponse, words: &'static Words) -> Self {
        let details = |reasons: Vec<contracts::classification::v1::Reason>| {
            reasons.into_iter().map(|reason| reason.detail).collect()
        };
        Self {
            intent: wording::intent(tried.intent(), words),
            why: tried.reason.map(|reason| reason.detail).unwrap_or_default(),
            pieces: pieces(&tried.normalised_text, tried.decided_by.as_ref()),
            decided_by: tried.decided_by.map(|rule| rule.name),
            others: tried
                .others
                .into_iter()
                .map(|rule| OtherView {
                    intent: wording::intent(rule.intent(), words),
                    name: rule.name,
                    says: rule.says,
                    words: rule.words,
                })
                .collect(),
            urgency: tried.urgency,
            urgency_lines: details(tried.urgency_reasons),
            departments: tried.departments,
            routing_lines: details(tried.routing_reasons),
        }
    }
}

/// Takes a text apart where marked words begin and end.
fn pieces(text: &str, rule: Option<&HeldRule>) -> Vec<Piece> {
    let ranges = rule.map_or(&[][..], |rule| &rule.ranges);
    let marked = |at: usize| {
        let holds = |edge: u32| usize::try_from(edge).unwrap_or(usize::MAX);
        ranges.iter().any(|range| (holds(range.start)..holds(range.end)).contains(&at))
    };
    let mut pieces: Vec<Piece> = Vec::new();
    for (at, character) in text.chars().enumerate() {
        let marked = marked(at);
        match pieces.last_mut() {
            Some(piece) if piece.marked == marked => piece.text.push(character),
            _ => pieces.push(Piece { text: character.to_string(), marked }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use contracts::classification::v1::TextRange;

    use super::*;

    #[test]
    fn the_words_of_the_deciding_rule_are_marked_where_they_stand() {
        let rule = HeldRule {
            ranges: vec![TextRange { start: 1, end: 3 }, TextRange { start: 2, end: 4 }],
            ..HeldRule::default()
        };
        let taken_apart = |text: &str, rule: Option<&HeldRule>| -> Vec<(String, bool)> {
            pieces(text, rule).into_iter().map(|piece| (piece.text, piece.marked)).collect()
        };
        assert_eq!(
            taken_apart("啊救命呀吧", Some(&rule)),
            [("啊".to_owned(), false), ("救命呀".to_owned(), true), ("吧".to_owned(), false)]
        );
        assert_eq!(taken_apart("你好", None), [("你好".to_owned(), false)]);
        assert!(taken_apart("", Some(&rule)).is_empty());
    }
}
