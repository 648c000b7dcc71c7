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
use time::{Date, Duration, OffsetDateTime, UtcOffset};

use crate::again::{self, Later};
use crate::basis::Basis;
use crate::events;
use crate::index_file::IndexFiles;
use crate::known::{Change, Known, claim_of_match, clarification_of_match};
use crate::lessons::suggest;
use crate::models::{Active, Models};
use crate::rulebook::{Current, Rulebooks};
use crate::store::claims::{self, Claim, Grown, Opening};
use crate::store::lessons::{self, Lessons};
use crate::store::links::{self, Noted};
use crate::store::{changes, lock_agency, reports};
use crate::suspend::{self, WrongAnswer};
use judgement::days::Days;
use judgement::intent::{Intent, Judged};
use judgement::link::{Link, links as links_of};
use judgement::matching::{Certainty, TEXTS_MAX};
use judgement::neighbours::Neighbour;
use judgement::normalise::normalise;
use judgement::profile::Profile;
use judgement::reason::Reason;
use judgement::sentence::sentence;
use judgement::urgency::{Signals, Spread, urgency};

/// Reports decided between two chances for other tasks: one takes up to some hundred microseconds.
const DECIDED_AT_ONCE: usize = 16;

/// Days begin and end as they do in Beijing, whatever the machine's zone.
pub const BEIJING: UtcOffset = time::macros::offset!(+8);

/// The day on which a time lies.
pub fn day_of(time: OffsetDateTime) -> Date {
    time.to_offset(BEIJING).date()
}

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
    /// When it arrived.
    pub received_time: OffsetDateTime,
    /// True where the platform gave it the id of another message of the same person.
    pub repeats_key: bool,
    /// Where it was seen; empty where that is not known.
    pub seen_at: String,
    /// Which way it came in, as the contracts number them.
    pub channel: i32,
    /// The span that events about it follow from.
    pub traceparent: Option<String>,
}

/// What was said longer before it arrived is nobody's call for help any more: an import of old posts, a list that goes
/// around for years.
const PAST: Duration = Duration::HOUR;

impl Received {
    /// True where it was said so long before it arrived that nobody can be in danger still.
    pub fn is_past(&self) -> bool {
        self.received_time - self.said_time > PAST
    }
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
    /// True where somebody may be in danger, whatever else it is.
    pub calls_for_help: bool,
    /// How alike it is to what it joined or is answered by; 1 for one that opened a claim.
    pub similarity: f32,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What it rests on.
    pub basis: Basis,
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

/// What one agency knows; nothing before its first decision.
type Shared = Arc<tokio::sync::Mutex<Option<Known>>>;

/// Decides for every agency. Cheap to clone; clones share what is known.
#[derive(Clone)]
pub struct Decide {
    agencies: Arc<Mutex<HashMap<AgencyId, Shared>>>,
    pub(crate) rulebooks: Rulebooks,
    pub(crate) models: Models,
    files: Option<IndexFiles>,
}

/// How many texts are known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Texts {
    /// In all.
    pub all: usize,
    /// Of them in memory and not in a file.
    pub in_memory: usize,
}

impl Decide {
    /// Decides by these rules, with an index that starts from a file, where there is one.
    pub fn by(rulebooks: Rulebooks, files: Option<IndexFiles>) -> Self {
        Self { agencies: Arc::default(), rulebooks, models: Models::default(), files }
    }

    /// The agencies for which something was decided.
    pub fn agencies(&self) -> Vec<AgencyId> {
        self.agencies.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// How many texts are known of an agency.
    pub async fn texts(&self, agency: AgencyId) -> Texts {
        let known = self.known(agency);
        let known = known.lock().await;
        known.as_ref().map_or_else(Texts::default, |known| Texts {
            all: known.index().len(),
            in_memory: known.index().tail_len(),
        })
    }

    /// Serves from now on from what a file knew; the next decision catches up with the rest.
    pub async fn serve_from(&self, agency: AgencyId, known: Known) {
        *self.known(agency).lock().await = Some(known);
    }

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
        let known = self.caught_up(tx, agency, &mut known).await?;
        let current = self.rulebooks.current(tx, agency).await?;
        let models = self.models.current(tx, agency).await?;
        let judged: Vec<Judgement> = batch.iter().map(|received| Judgement::of(received, &current)).collect();
        let answered = reports::last_answered(tx, agency, &disowning(&batch, &judged)).await?;
        let asked = suspend::sentences(tx, agency, answered.values().copied()).await?;
        let sought: Vec<&Link> = judged.iter().flat_map(|judgement| &judgement.links).collect();
        let links = links::of(tx, agency, &sought).await?;
        let lessons = lessons::agreed(tx, agency).await?;
        let ground = Ground { current: &current, models: &models, lessons: &lessons, now };
        let mut round = Round::new(known, ground, links);
        round.answered = answered;
        round.asked = asked;
        let mut decided = Vec::with_capacity(batch.len());
        for (at, (received, judged)) in batch.iter().zip(judged).enumerate() {
            decided.push(round.decide(received, judged));
            if at % DECIDED_AT_ONCE == DECIDED_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
        }
        let Round { known, opened, learned, noted, wrong, .. } = round;
        reports::insert(tx, agency, &batch, &decided).await?;
        links::note(tx, agency, &noted).await?;
        let written = Batch::new(&batch, &decided, &ground);
        save(tx, agency, &written, opened, &learned).await?;
        suspend::note_wrong(tx, agency, &wrong, now).await?;
        let nowhere = batch.iter().zip(&decided).filter(|(_, decided)| decided.reached_nothing());
        let nowhere: Vec<ReportId> = nowhere.map(|(received, _)| received.report).collect();
        again::look(tx, agency, known, ground, &nowhere, &HashMap::new()).await
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
        let known = self.caught_up(tx, agency, &mut known).await?;
        let current = self.rulebooks.current(tx, agency).await?;
        let models = self.models.current(tx, agency).await?;
        let lessons = lessons::agreed(tx, agency).await?;
        let ground = Ground { current: &current, models: &models, lessons: &lessons, now };
        for (later, _) in later {
            later.keep(tx, agency).await?;
        }
        let reports: Vec<ReportId> = later.iter().map(|(later, _)| later.report()).collect();
        let spans = later.iter().map(|(later, span)| (later.report(), span.clone())).collect();
        again::look(tx, agency, known, ground, &reports, &spans).await
    }

    /// What is known, as the log tells now; from a file where there is one and nothing was decided yet.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn caught_up<'known>(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        known: &'known mut Option<Known>,
    ) -> sqlx::Result<&'known mut Known> {
        let known = match known {
            Some(known) => known,
            none => none.insert(match &self.files {
                Some(files) => files.load(tx, agency).await?,
                None => Known::default(),
            }),
        };
        known.catch_up(tx, agency).await?;
        Ok(known)
    }

    /// What an agency knows. Whoever catches up with the log holds the agency's lock.
    pub fn known(&self, agency: AgencyId) -> Shared {
        let mut agencies = self.agencies.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(agencies.entry(agency).or_default())
    }
}

/// What the rules say about one report by itself.
pub struct Judgement {
    pub(crate) judged: Judged,
    pub(crate) text: String,
    pub(crate) profile: Profile,
    pub(crate) links: Vec<Link>,
}

impl Judgement {
    /// Judges a report's words.
    pub fn of(received: &Received, current: &Current) -> Self {
        let text = normalise(&received.masked_text);
        let profile = Profile::of(&text);
        let rules = &current.rulebook.intent;
        let judged = if received.is_past() {
            rules.judge_past(&received.masked_text, &text, profile.informative)
        } else {
            rules.judge(&received.masked_text, &text, profile.informative)
        };
        Self { judged, text, profile, links: links_of(&received.masked_text) }
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
    /// What decisions rest on.
    pub(crate) ground: Ground<'a>,
    /// Claims that are known by web address.
    links: links::Known,
    pub(crate) noted: Vec<Noted>,
    /// Reporters whose last report was answered automatically, and with what.
    answered: HashMap<ReporterId, ClarificationId>,
    /// What those clarifications say is being said.
    asked: HashMap<ClarificationId, String>,
    /// Answers that their reporters said were not what they asked.
    wrong: Vec<WrongAnswer>,
    /// Claims opened, with the place of the report that opened each.
    pub(crate) opened: BTreeMap<ClaimId, Opening>,
    pub(crate) learned: Vec<Change>,
    /// What the words that are judged now were held against.
    nearest: Vec<Neighbour>,
}

/// What the decisions of one transaction rest on.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The agency's rules.
    pub current: &'a Current,
    /// What the office's decisions have taught.
    pub models: &'a Active,
    /// What officers agree on about departments.
    pub lessons: &'a Lessons,
    /// When it is decided.
    pub now: OffsetDateTime,
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
    pub fn new(known: &'a mut Known, ground: Ground<'a>, links: links::Known) -> Self {
        Self {
            known,
            words: Words::OfPerson,
            ground,
            links,
            noted: Vec::new(),
            answered: HashMap::new(),
            asked: HashMap::new(),
            wrong: Vec::new(),
            opened: BTreeMap::new(),
            learned: Vec::new(),
            nearest: Vec::new(),
        }
    }

    /// Decides one report.
    pub fn decide(&mut self, received: &Received, mut judgement: Judgement) -> Decided {
        if let Some(taught) = self.taught(&judgement) {
            judgement.judged = taught;
        }
        let Judgement { mut judged, text, profile, links } = judgement;
        let danger = judged.danger.take().filter(|_| !received.is_past());
        let words = if links.is_empty() { String::new() } else { text.clone() };
        let mut decided = if judged.intent == Intent::Report {
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
        decided.calls_for_help = danger.is_some();
        decided.reasons.extend(danger.filter(|_| decided.intent != Intent::Help));
        if received.repeats_key {
            decided.reasons.push(Reason::new(
                "ingest.repeats_key",
                "微信给这条留言的编号与同一人的另一条相同而内容不同，两条都已保留",
                0.0,
            ));
        }
        decided.reasons.push(self.ground.current.reason());
        decided.basis = self.basis(&received.masked_text);
        if let Some(reporter) = received.reporter {
            match decided.clarification() {
                Some(clarification) => self.answered.insert(reporter, clarification),
                None => self.answered.remove(&reporter),
            };
        }
        decided
    }

    /// What a judgement of these words rests on.
    pub fn basis(&mut self, masked_text: &str) -> Basis {
        let nearest = std::mem::take(&mut self.nearest);
        Basis::of(masked_text, nearest, &self.ground, self.known.last_change())
    }

    fn put_elsewhere(&mut self, received: &Received, judged: Judged) -> Decided {
        let mut reasons = vec![judged.reason];
        if judged.disowns_answer
            && let Some(reporter) = received.reporter
            && let Some(&clarification) = self.answered.get(&reporter)
        {
            reasons.push(suspend::handover(self.asked.get(&clarification)));
            self.wrong.push(WrongAnswer { clarification, reporter, said_time: received.said_time });
        }
        Decided {
            intent: judged.intent,
            outcome: Outcome::Elsewhere,
            calls_for_help: false,
            similarity: 0.0,
            reasons,
            basis: Basis::default(),
        }
    }

    fn match_or_open(
        &mut self,
        received: &Received,
        intent: Reason,
        profile: &Profile,
        text: String,
        links: &[Link],
    ) -> Decided {
        let found = self.known.matches(profile);
        let now = self.ground.now;
        let mut reasons = vec![intent];
        self.nearest = found.nearest;
        let decided = |outcome, similarity, reasons| Decided {
            intent: Intent::Report,
            outcome,
            calls_for_help: false,
            similarity,
            reasons,
            basis: Basis::default(),
        };
        let days = Days::of(&received.masked_text, day_of(received.said_time));
        if let Some(mut answer) = found.clarification {
            let clarification = clarification_of_match(answer.id);
            if self.known.speaks_of_other_days(clarification, &days) {
                answer.certainty = Certainty::Maybe;
                reasons.push(other_days(&days));
            }
            match (answer.certainty, self.known.claim_of(clarification)) {
                (Certainty::Sure, _)
                    if self.words == Words::OfPerson
                        && self.known.answers_automatically(clarification, now) =>
                {
                    reasons.extend(answer.reasons);
                    return decided(Outcome::Answered(clarification), answer.similarity, reasons);
                }
                (Certainty::Sure, Some(claim)) if self.words == Words::OfPerson => {
                    reasons.extend(answer.reasons);
                    reasons.push(if self.known.has_ended(clarification, now) {
                        let detail = "与一篇已发布的稿件一致，该稿已过适用期，请人续期或结束";
                        Reason::new("match.ended", detail, 0.0)
                    } else {
                        let detail = "与已发布的辟谣稿一致，该稿未开启自动答复";
                        Reason::new("match.clarified", detail, 0.0)
                    });
                    return decided(Outcome::Joined(claim), answer.similarity, reasons);
                }
                (Certainty::Sure | Certainty::Likely | Certainty::Maybe, _) => {
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
            let words_agree = found.claim.as_ref().is_some_and(|found| claim_of_match(found.id) == claim)
                && !self.known.is_clarified_for_other_days(claim, &days);
            if words_agree || !self.known.is_clarified(claim, now) {
                return self.join_by_link(claim, reasons);
            }
        }
        if let Some(claim) = found.claim {
            let joined = claim_of_match(claim.id);
            // Whoever joins a clarified claim is told its clarification without anyone looking again.
            let of_other_days = self.known.is_clarified_for_other_days(joined, &days);
            if of_other_days {
                reasons.push(other_days(&days));
            }
            let joins = !of_other_days
                && !self.known.is_suspended(joined)
                && match claim.certainty {
                    Certainty::Sure => self.words == Words::OfPerson || !self.known.is_clarified(joined, now),
                    Certainty::Likely => !self.known.is_clarified(joined, now),
                    Certainty::Maybe => false,
                };
            if joins {
                reasons.extend(claim.reasons);
                if self.words == Words::OfPerson && !claim.familiar && self.known.texts_of(joined) < TEXTS_MAX
                {
                    self.known.add_for_now(joined, profile);
                    self.learned.push(Change::AliasAdded(joined, text));
                }
                return decided(Outcome::Joined(joined), claim.similarity, reasons);
            }
            let detail = format!("与一件已知的内容有些相似（{:.0}%），不足以并入", claim.similarity * 100.0);
            reasons.push(Reason::new("match.maybe_claim", detail, 0.0));
            if self.words == Words::OfMachine && self.known.is_clarified(joined, now) {
                // Otherwise every forwarding of a picture that was answered long ago would be a new case.
                return decided(Outcome::Elsewhere, 0.0, reasons);
            }
        }
        let claim = ClaimId::mint();
        reasons.push(Reason::new("match.none", "与已知的网传内容都不够相似，新开一件", 1.0));
        self.known.add_for_now(claim, profile);
        let Ground { current, models, lessons, now } = self.ground;
        let rulebook = &current.rulebook;
        let mut route = rulebook.routing.route(&text, models.topics());
        suggest(&mut route, lessons, &rulebook.routing, &text);
        let (order_hint, hinted) = models.hint(&received.masked_text).unzip();
        route.reasons.extend(hinted);
        let today = day_of(now);
        self.opened.insert(
            claim,
            Opening {
                sentence: sentence(&received.masked_text),
                departments: route.departments,
                routing: route.reasons,
                urgency_of_words: rulebook.urgency.of_words(&text, &profile.facts, today),
                order_hint,
                said_on: day_of(received.said_time),
                traceparent: received.traceparent.clone(),
            },
        );
        self.learned.push(Change::ClaimOpened(claim, text));
        decided(Outcome::Opened(claim), 1.0, reasons)
    }
}

/// Why words that are alike are not the same: they speak of another day.
fn other_days(days: &Days) -> Reason {
    Reason::new("match.other_day", format!("说的是另一天（{days}），不按同一件答复"), 0.0)
}

impl Round<'_> {
    /// The one open claim that was reported with these addresses, unless its words or these say otherwise. An
    /// address of several claims is a list or a search, and says nothing.
    fn known_by_link(&self, links: &[Link], profile: &Profile) -> Option<ClaimId> {
        let claims = links.iter().flat_map(Link::forms).filter_map(|form| self.links.get(form)).flatten();
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
        (!self.known.is_clarified(claim, self.ground.now)).then_some(claim)
    }

    fn join_by_link(&self, claim: ClaimId, mut reasons: Vec<Reason>) -> Decided {
        reasons.push(Reason::new("match.same_link", "与已有线索是同一个链接", 1.0));
        Decided {
            intent: Intent::Report,
            outcome: Outcome::Joined(claim),
            calls_for_help: false,
            similarity: 1.0,
            reasons,
            basis: Basis::default(),
        }
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

/// A batch that was decided.
pub struct Batch<'a> {
    received: &'a [Received],
    decided: &'a [Decided],
    signals: &'a Signals,
    now: OffsetDateTime,
    /// How often its reports were put somewhere else before: 0 for new ones.
    revision: u64,
}

impl<'a> Batch<'a> {
    /// Reports that were judged for the first time.
    pub fn new(received: &'a [Received], decided: &'a [Decided], ground: &Ground<'a>) -> Self {
        Self { received, decided, signals: &ground.current.rulebook.urgency, now: ground.now, revision: 0 }
    }

    /// Reports that were judged before, so many times.
    #[must_use]
    pub const fn again(mut self, revision: u64) -> Self {
        self.revision = revision;
        self
    }
}

/// Writes changes and events of a batch whose reports are written.
///
/// # Errors
/// When the database is away.
pub async fn save(
    tx: &mut PgConnection,
    agency: AgencyId,
    batch: &Batch<'_>,
    opened: BTreeMap<ClaimId, Opening>,
    learned: &[Change],
) -> sqlx::Result<()> {
    let &Batch { received: batch, decided, signals, now, revision } = batch;
    let grown = grown(tx, agency, batch, decided).await?;
    let mut outgoing = events::alarms(agency, batch, decided);
    let mut opening = Vec::with_capacity(opened.len());
    let mut growing = Vec::new();
    let mut opened = opened;
    for (claim, grown) in grown {
        match opened.remove(&claim) {
            Some(words) => opening.push((new_claim(claim, &words, grown, signals), words.traceparent)),
            None => growing.push((claim, grown)),
        }
    }
    outgoing.extend(
        opening
            .iter()
            .map(|(claim, traceparent)| events::opened(agency, claim, signals, traceparent.clone())),
    );
    let opening: Vec<Claim> = opening.into_iter().map(|(claim, _)| claim).collect();
    claims::insert(tx, agency, &opening, now).await?;
    claims::grow(tx, agency, &growing).await?;
    changes::append(tx, agency, learned).await?;
    outgoing.extend(events::assigned(agency, batch, decided, revision));
    outbox::enqueue_all(tx, agency, &outgoing).await
}

fn new_claim(claim: ClaimId, words: &Opening, grown: Grown, signals: &Signals) -> Claim {
    let spread = Spread { reports: grown.reports, reporters: grown.reporters, places: grown.places };
    Claim {
        claim,
        sentence: words.sentence.clone(),
        spread,
        first_time: grown.first_time,
        last_time: grown.last_time,
        said_on: words.said_on,
        departments: words.departments.clone(),
        urgency: urgency(words.urgency_of_words.iter().chain(&signals.of_spread(spread))),
        order_hint: words.order_hint,
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
