//! Decides what received reports are, and which claim each one joins or opens.
//!
//! All of one agency's decisions are made one after another under its lock in PostgreSQL, so that replicas
//! never open two claims for one rumor. Intent first; only reports reach the index. The rules themselves are
//! `domain`'s.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use ids::{AgencyId, ClaimId, ClarificationId, ReportId, ReporterId};
use messaging::outbox;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::again::{self, Later};
use crate::events;
use crate::known::{Change, Known};
use crate::store::claims::{self, Claim, Grown, Opening};
use crate::store::links::{self, Noted};
use crate::store::{changes, lock_agency, reports};
use judgement::intent::{Intent, Judged, Rules};
use judgement::link::{Link, links as links_of};
use judgement::matching::{Certainty, matches};
use judgement::ngram::Profile;
use judgement::normalise::normalise;
use judgement::reason::Reason;
use judgement::routing::Topics;
use judgement::sentence::sentence;
use judgement::urgency::{Signals, Spread, urgency};

/// Texts kept of one claim. More would say the same again and make every look-up slower.
const TEXTS_MAX: usize = 24;

/// Reports decided between two chances for other tasks: one takes up to some hundred microseconds.
const DECIDED_AT_ONCE: usize = 16;

/// A report as it was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The report.
    pub report: ReportId,
    /// Who sent it, by pseudonym.
    pub reporter: Option<ReporterId>,
    /// The words.
    pub masked_text: String,
    /// When it was said.
    pub said_time: OffsetDateTime,
    /// Where it was seen; empty where that is not known.
    pub seen_at: String,
    /// The span that events about it follow from.
    pub traceparent: Option<String>,
}

/// Where a report went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It opened this claim.
    Opened(ClaimId),
    /// It joined this claim.
    Joined(ClaimId),
    /// This published clarification surely answers it.
    Answered(ClarificationId),
    /// It reached none: it is no report.
    Elsewhere,
}

/// A decision.
#[derive(Clone, Debug)]
pub struct Decided {
    /// What it is.
    pub intent: Intent,
    /// Where it went.
    pub outcome: Outcome,
    /// How alike it is to what it joined or is answered by; 1 for one that opened a claim.
    pub similarity: f32,
    /// Why.
    pub reasons: Vec<Reason>,
}

impl Decided {
    /// The claim that it joined or opened.
    pub const fn claim(&self) -> Option<ClaimId> {
        match self.outcome {
            Outcome::Opened(claim) | Outcome::Joined(claim) => Some(claim),
            Outcome::Answered(_) | Outcome::Elsewhere => None,
        }
    }

    /// True where neither a claim nor a clarification has it.
    pub const fn reached_nothing(&self) -> bool {
        matches!(self.outcome, Outcome::Elsewhere)
    }

    /// The clarification that answers it.
    pub const fn clarification(&self) -> Option<ClarificationId> {
        match self.outcome {
            Outcome::Answered(clarification) => Some(clarification),
            Outcome::Opened(_) | Outcome::Joined(_) | Outcome::Elsewhere => None,
        }
    }
}

/// Decides for every agency. Cheap to clone; clones share what is known.
#[derive(Clone, Default)]
pub struct Decide {
    agencies: Arc<Mutex<HashMap<AgencyId, Arc<tokio::sync::Mutex<Known>>>>>,
}

impl Decide {
    /// Decides a batch and writes everything that follows from it, in the caller's transaction.
    ///
    /// # Errors
    /// When the database is away; then nothing was decided.
    pub async fn reports(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        mut batch: Vec<Received>,
        now: OffsetDateTime,
    ) -> sqlx::Result<()> {
        // What was said first opens the claim; the id only makes the order one and the same everywhere.
        batch.sort_by_key(|received| (received.said_time, received.report));
        lock_agency(tx, agency).await?;
        claims::remember_agency(tx, agency).await?;
        let known = self.known(agency);
        let mut known = known.lock().await;
        known.catch_up(tx, agency).await?;
        let judged: Vec<Judgement> = batch.iter().map(Judgement::of).collect();
        let answered = reports::last_answered(tx, agency, &disowning(&batch, &judged)).await?;
        let asked: Vec<&Link> = judged.iter().flat_map(|judgement| &judgement.links).collect();
        let links = links::of(tx, agency, &asked).await?;
        let mut round = Round::new(&mut known, answered, links);
        let mut decided = Vec::with_capacity(batch.len());
        for (at, (received, judged)) in batch.iter().zip(judged).enumerate() {
            decided.push(round.decide(received, judged));
            if at % DECIDED_AT_ONCE == DECIDED_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
        }
        let Round { opened, learned, noted, .. } = round;
        reports::insert(tx, agency, &batch, &decided).await?;
        links::note(tx, agency, &noted).await?;
        save(tx, agency, &batch, &decided, opened, &learned, now).await?;
        let nowhere = batch.iter().zip(&decided).filter(|(_, decided)| decided.reached_nothing());
        let nowhere: Vec<ReportId> = nowhere.map(|(received, _)| received.report).collect();
        again::look(tx, agency, &mut known, &nowhere, &HashMap::new(), now).await
    }

    /// Takes note of what came to be known of reports, and judges those again that had reached nothing, in the
    /// caller's transaction. With each comes the span that it follows from.
    ///
    /// # Errors
    /// When the database is away; then nothing was decided.
    pub async fn again(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        later: &[(Later, Option<String>)],
        now: OffsetDateTime,
    ) -> sqlx::Result<()> {
        lock_agency(tx, agency).await?;
        claims::remember_agency(tx, agency).await?;
        let known = self.known(agency);
        let mut known = known.lock().await;
        known.catch_up(tx, agency).await?;
        for (later, _) in later {
            later.keep(tx, agency).await?;
        }
        let reports: Vec<ReportId> = later.iter().map(|(later, _)| later.report()).collect();
        let spans = later.iter().map(|(later, span)| (later.report(), span.clone())).collect();
        again::look(tx, agency, &mut known, &reports, &spans, now).await
    }

    fn known(&self, agency: AgencyId) -> Arc<tokio::sync::Mutex<Known>> {
        let mut agencies = self.agencies.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(agencies.entry(agency).or_insert_with(|| Arc::new(tokio::sync::Mutex::new(Known::new()))))
    }
}

/// What the rules say about one report by itself.
pub struct Judgement {
    judged: Judged,
    text: String,
    profile: Profile,
    links: Vec<Link>,
}

impl Judgement {
    /// Judges a report's words.
    pub fn of(received: &Received) -> Self {
        let text = normalise(&received.masked_text);
        let profile = Profile::of(&text);
        Self {
            judged: Rules::get().judge(&text, profile.informative),
            text,
            profile,
            links: links_of(&received.masked_text),
        }
    }
}

/// Reporters whose message says that an answer was not what they asked.
fn disowning(batch: &[Received], judged: &[Judgement]) -> Vec<ReporterId> {
    let disowning = batch.iter().zip(judged).filter(|(_, judgement)| judgement.judged.disowns_answer);
    disowning.filter_map(|(received, _)| received.reporter).collect()
}

/// What one batch has decided so far.
pub struct Round<'a> {
    pub(crate) known: &'a mut Known,
    /// Whose the words are that are judged.
    pub(crate) words: Words,
    /// Claims that are known by web address.
    links: links::Known,
    pub(crate) noted: Vec<Noted>,
    /// Reporters whose last report was answered automatically.
    answered: HashSet<ReporterId>,
    /// Claims opened, with the place of the report that opened each.
    pub(crate) opened: BTreeMap<ClaimId, Opening>,
    pub(crate) learned: Vec<Change>,
}

/// Whose the words are that are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// A person's, typed.
    OfPerson,
    /// What a machine read in a picture: a suggestion at most. It answers nobody, adds nobody to a claim whose
    /// reporters are told its clarification without anyone looking, and teaches the index no wording. What it
    /// seems to ask was clarified already waits for a person.
    OfMachine,
}

impl<'a> Round<'a> {
    /// Nothing decided yet.
    pub fn new(known: &'a mut Known, answered: HashSet<ReporterId>, links: links::Known) -> Self {
        Self {
            known,
            words: Words::OfPerson,
            links,
            noted: Vec::new(),
            answered,
            opened: BTreeMap::new(),
            learned: Vec::new(),
        }
    }

    /// Decides one report.
    pub fn decide(&mut self, received: &Received, judgement: Judgement) -> Decided {
        let Judgement { judged, text, profile, links } = judgement;
        let words = if links.is_empty() { String::new() } else { text.clone() };
        let decided = if judged.intent == Intent::Report {
            self.match_or_open(received, judged.reason, &profile, text, &links)
        } else if let Some(claim) = self.link_alone(&links, &profile) {
            // An address and nothing else: what it leads to was reported before.
            self.join_by_link(claim, vec![judged.reason])
        } else {
            self.put_elsewhere(received, judged)
        };
        if let Some(claim) = decided.claim() {
            self.note_links(&links, claim, &words);
        }
        if let Some(reporter) = received.reporter {
            if decided.clarification().is_some() {
                self.answered.insert(reporter);
            } else {
                self.answered.remove(&reporter);
            }
        }
        decided
    }

    fn put_elsewhere(&self, received: &Received, judged: Judged) -> Decided {
        let mut reasons = vec![judged.reason];
        if judged.disowns_answer
            && received.reporter.is_some_and(|reporter| self.answered.contains(&reporter))
        {
            reasons.push(Reason::new("handover", "留言人说自动答复不是所问，转值班人员", 1.0));
        }
        Decided { intent: judged.intent, outcome: Outcome::Elsewhere, similarity: 0.0, reasons }
    }

    fn match_or_open(
        &mut self,
        received: &Received,
        intent: Reason,
        profile: &Profile,
        text: String,
        links: &[Link],
    ) -> Decided {
        let found = matches(self.known.index(), profile);
        let mut reasons = vec![intent];
        let decided =
            |outcome, similarity, reasons| Decided { intent: Intent::Report, outcome, similarity, reasons };
        if let Some(answer) = found.clarification {
            match (answer.certainty, self.known.claim_of(answer.target)) {
                (Certainty::Sure, _)
                    if self.words == Words::OfPerson && self.known.answers_automatically(answer.target) =>
                {
                    reasons.extend(answer.reasons);
                    return decided(Outcome::Answered(answer.target), answer.similarity, reasons);
                }
                (Certainty::Sure, Some(claim)) if self.words == Words::OfPerson => {
                    reasons.extend(answer.reasons);
                    reasons.push(Reason::new(
                        "match.clarified",
                        "与已发布的辟谣稿一致，该稿未开启自动答复",
                        0.0,
                    ));
                    return decided(Outcome::Joined(claim), answer.similarity, reasons);
                }
                (Certainty::Sure | Certainty::Maybe, _) => {
                    let percent = answer.similarity * 100.0;
                    let detail = format!("可能与一篇已发布的辟谣稿有关（相似度{percent:.0}%），请人判断");
                    reasons.push(Reason::new("match.maybe_clarified", detail, 0.0));
                    if answer.certainty == Certainty::Sure && self.words == Words::OfMachine {
                        return decided(Outcome::Elsewhere, 0.0, reasons);
                    }
                }
            }
        }
        let sure = found.claim.as_ref().filter(|claim| claim.certainty == Certainty::Sure);
        if sure.is_none()
            && let Some(claim) = self.known_by_link(links, profile)
        {
            // Two signs that agree are enough to join a clarified claim; an address alone is not.
            let words_agree = found.claim.as_ref().is_some_and(|found| found.target == claim);
            if words_agree || !self.known.is_clarified(claim) {
                return self.join_by_link(claim, reasons);
            }
        }
        if let Some(claim) = found.claim {
            // Whoever joins a clarified claim is told its clarification without anyone looking again.
            let sure = claim.certainty == Certainty::Sure && self.words == Words::OfPerson;
            if sure || !self.known.is_clarified(claim.target) {
                reasons.extend(claim.reasons);
                if self.words == Words::OfPerson
                    && !claim.familiar
                    && self.known.texts_of(claim.target) < TEXTS_MAX
                {
                    self.known.add_for_now(claim.target, profile);
                    self.learned.push(Change::AliasAdded(claim.target, text));
                }
                return decided(Outcome::Joined(claim.target), claim.similarity, reasons);
            }
            let detail =
                format!("与一件已辟谣的内容有些相似（{:.0}%），不足以并入", claim.similarity * 100.0);
            reasons.push(Reason::new("match.maybe_claim", detail, 0.0));
            if self.words == Words::OfMachine {
                // Otherwise every forwarding of a picture that was answered long ago would be a new case.
                return decided(Outcome::Elsewhere, 0.0, reasons);
            }
        }
        let claim = ClaimId::mint();
        reasons.push(Reason::new("match.none", "与已知的网传内容都不够相似，新开一件", 1.0));
        self.known.add_for_now(claim, profile);
        let route = Topics::get().route(&text);
        self.opened.insert(
            claim,
            Opening {
                sentence: sentence(&received.masked_text),
                departments: route.departments,
                routing: route.reasons,
                urgency_of_words: Signals::get().of_words(&text, &profile.facts),
                traceparent: received.traceparent.clone(),
            },
        );
        self.learned.push(Change::ClaimOpened(claim, text));
        decided(Outcome::Opened(claim), 1.0, reasons)
    }
}

impl Round<'_> {
    /// The one open claim that was reported with these addresses, unless its words or these say otherwise. An
    /// address of several claims is a list or a search, and says nothing.
    fn known_by_link(&self, links: &[Link], profile: &Profile) -> Option<ClaimId> {
        let claims = links.iter().filter_map(|link| self.links.get(link.as_str())).flatten();
        let open: BTreeMap<ClaimId, &String> = claims
            .filter(|(claim, _)| self.known.texts_of(**claim) > 0)
            .map(|(claim, words)| (*claim, words))
            .collect();
        let (&claim, words) = open.first_key_value().filter(|_| open.len() == 1)?;
        profile.facts.conflicts(&Profile::of(words).facts).is_empty().then_some(claim)
    }

    /// The same for a message that is an address and nothing else. Whoever joins a clarified claim is told its
    /// clarification without anyone looking again, so an address alone is not enough for that.
    fn link_alone(&self, links: &[Link], profile: &Profile) -> Option<ClaimId> {
        let claim = self.known_by_link(links, profile).filter(|_| profile.informative == 0)?;
        (!self.known.is_clarified(claim)).then_some(claim)
    }

    fn join_by_link(&self, claim: ClaimId, mut reasons: Vec<Reason>) -> Decided {
        reasons.push(Reason::new("match.same_link", "与已有线索是同一个链接", 1.0));
        Decided { intent: Intent::Report, outcome: Outcome::Joined(claim), similarity: 1.0, reasons }
    }

    fn note_links(&mut self, links: &[Link], claim: ClaimId, words: &str) {
        if self.words == Words::OfMachine {
            return;
        }
        for link in links {
            let claims = self.links.entry(link.as_str().to_owned()).or_default();
            if let Entry::Vacant(vacant) = claims.entry(claim) {
                vacant.insert(words.to_owned());
                self.noted.push(Noted { link: link.clone(), claim, words: words.to_owned() });
            }
        }
    }
}

/// Writes changes and events of a batch whose reports are written.
pub async fn save(
    tx: &mut PgConnection,
    agency: AgencyId,
    batch: &[Received],
    decided: &[Decided],
    opened: BTreeMap<ClaimId, Opening>,
    learned: &[Change],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let grown = grown(tx, agency, batch, decided).await?;
    let mut outgoing = events::alarms(agency, batch, decided);
    let mut opening = Vec::with_capacity(opened.len());
    let mut growing = Vec::new();
    let mut opened = opened;
    for (claim, grown) in grown {
        match opened.remove(&claim) {
            Some(words) => opening.push((new_claim(claim, &words, grown), words.traceparent)),
            None => growing.push((claim, grown)),
        }
    }
    outgoing.extend(
        opening.iter().map(|(claim, traceparent)| events::opened(agency, claim, traceparent.clone())),
    );
    let opening: Vec<Claim> = opening.into_iter().map(|(claim, _)| claim).collect();
    claims::insert(tx, agency, &opening, now).await?;
    claims::grow(tx, agency, &growing).await?;
    changes::append(tx, agency, learned).await?;
    outgoing.extend(events::assigned(agency, batch, decided));
    outbox::enqueue_all(tx, agency, &outgoing).await
}

fn new_claim(claim: ClaimId, words: &Opening, grown: Grown) -> Claim {
    let spread = Spread { reports: grown.reports, reporters: grown.reporters, places: grown.places };
    Claim {
        claim,
        sentence: words.sentence.clone(),
        spread,
        first_time: grown.first_time,
        last_time: grown.last_time,
        departments: words.departments.clone(),
        urgency: urgency(words.urgency_of_words.iter().chain(&Signals::get().of_spread(spread))),
        urgency_of_words: words.urgency_of_words.clone(),
        routing: words.routing.clone(),
        state_revision: 0,
    }
}

/// By how much each claim grew: reports are counted here, reporters and places where they are kept once each.
async fn grown(
    tx: &mut PgConnection,
    agency: AgencyId,
    batch: &[Received],
    decided: &[Decided],
) -> sqlx::Result<BTreeMap<ClaimId, Grown>> {
    let mut grown: BTreeMap<ClaimId, Grown> = BTreeMap::new();
    let mut reporters = HashSet::new();
    let mut places = HashSet::new();
    for (received, decided) in batch.iter().zip(decided) {
        let Some(claim) = decided.claim() else { continue };
        grown.entry(claim).or_insert_with(|| Grown::at(received.said_time)).add_report(received.said_time);
        reporters.extend(received.reporter.map(|reporter| (claim, reporter)));
        let place = received.seen_at.trim();
        if !place.is_empty() {
            places.insert((claim, place.to_owned()));
        }
    }
    for claim in claims::add_reporters(tx, agency, &reporters).await? {
        grown.entry(claim).and_modify(|grown| grown.reporters += 1);
    }
    for claim in claims::add_places(tx, agency, &places).await? {
        grown.entry(claim).and_modify(|grown| grown.places += 1);
    }
    Ok(grown)
}
