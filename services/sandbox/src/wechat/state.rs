//! What the imitated WeChat remembers, and how each fact changes it. Rules
//! about what may happen live with the interfaces, not here.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::beijing::{self, DAY_MS, MINUTE_MS};

/// How long a token that was replaced keeps working.
pub const TOKEN_OVERLAP_MS: i64 = 5 * MINUTE_MS;
/// How long the platform remembers a `clientmsgid`.
pub const KEY_MEMORY_MS: i64 = DAY_MS;

/// A fact about the imitated WeChat.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum WechatChange {
    Called { operation: String },
    ApiQuotaCleared,
    QuotaReset,
    TokenIssued { value: String, source: TokenSource, expires_ms: i64, forced: bool },
    TokensRevoked,
    FileStored { media_id: String, kind: String, permanent: bool },
    DraftSaved { media_id: String, articles: Vec<Article> },
    DraftDeleted { media_id: String },
    MassAccepted { job: Job },
    AdministratorConsented { msg_id: u64, due_ms: i64 },
    MassFinished { msg_id: u64, result: MassResult },
    MassDeleted { msg_id: u64, article_idx: Option<u32> },
    ResultPushed { msg_id: u64 },
    Previewed { openid: String, message: Bubble, by_name: bool },
    CitizenJoined { citizen: Citizen },
    FollowChanged { openid: String, follows: bool },
    WindowOpened { openid: String },
    CitizenWrote { openid: String, msg_id: u64, xml: String, bubble: Bubble },
    Replied { openid: String, msg_id: u64, bubble: Bubble },
    CustomSent { openid: String, from_message_window: bool, bubble: Bubble },
    CallbackMoved { url: String },
}

/// Which interface gave a token.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    Token,
    StableToken,
}

/// One access token.
pub struct Token {
    pub value: String,
    pub source: TokenSource,
    pub expires_ms: i64,
    /// When it stopped being accepted before its time.
    pub dead_from_ms: Option<i64>,
}

impl Token {
    /// Whether it was not replaced or revoked by then.
    pub fn is_latest(&self, now_ms: i64) -> bool {
        self.dead_from_ms.is_none_or(|dead| now_ms < dead)
    }
}

/// An uploaded file.
pub struct StoredFile {
    pub kind: String,
    pub permanent: bool,
    pub stored_ms: i64,
}

/// One article of a draft, as it was handed in and cleaned.
#[derive(Clone, Serialize, Deserialize)]
pub struct Article {
    pub article_type: String,
    pub title: String,
    pub author: String,
    pub digest: String,
    pub content: String,
    pub content_source_url: String,
    pub thumb_media_id: String,
    pub need_open_comment: u8,
    pub only_fans_can_comment: u8,
    /// Of a picture message, in order.
    pub image_media_ids: Vec<String>,
}

/// A draft in the box.
pub struct Draft {
    pub articles: Vec<Article>,
    pub updated_ms: i64,
}

/// Who a mass message is for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    Everyone,
    Tag(u32),
    Openids(Vec<String>),
}

/// What a mass message carries.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MassContent {
    Articles { draft: String, articles: Vec<Article> },
    Text(String),
    Pictures(Vec<String>),
}

/// The state of a mass job, as `mass/get` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MassStatus {
    Sending,
    SendSuccess,
    SendFail,
    Delete,
}

/// One accepted mass job.
#[derive(Clone, Serialize, Deserialize)]
pub struct Job {
    pub msg_id: u64,
    pub msg_data_id: Option<u64>,
    /// The caller's `clientmsgid`, or the digest that stands in for it.
    pub key: String,
    /// Whether the caller cannot have seen the acceptance.
    pub answer_lost: bool,
    pub accepted_ms: i64,
    /// When its result is due; `None` when it never comes.
    pub due_ms: Option<i64>,
    pub awaits_administrator: bool,
    /// How often the result's event is pushed.
    pub events: u8,
    pub audience: Audience,
    pub content: MassContent,
    pub status: MassStatus,
    pub result: Option<MassResult>,
    pub result_pushed: bool,
    /// Articles taken down, 1-based.
    pub deleted: Vec<u32>,
}

impl Job {
    /// Whether its result is due and not there yet.
    pub fn is_due(&self, now_ms: i64) -> bool {
        self.due_ms.is_some_and(|due_ms| due_ms <= now_ms)
    }
}

/// How a mass job ended.
#[derive(Clone, Serialize, Deserialize)]
pub struct MassResult {
    /// `send success`, `send fail` or `err(N)`.
    pub status: String,
    pub total: usize,
    /// Followers left out because they had their four of this month.
    pub skipped: Vec<String>,
}

impl MassResult {
    /// Whether it reached the followers.
    pub fn is_success(&self) -> bool {
        self.status == "send success"
    }
}

/// One person with a phone.
#[derive(Clone, Serialize, Deserialize)]
pub struct Citizen {
    pub openid: String,
    pub name: String,
    pub follows: bool,
    pub tags: Vec<u32>,
}

/// A citizen with what the platform counts about them.
pub struct Contact {
    pub citizen: Citizen,
    pub followed_ms: i64,
    /// Opened by their last message: 48 hours, five answers.
    pub message_window: Option<Window>,
    /// Opened by following: one minute, three answers.
    pub follow_window: Option<Window>,
    pub chat: Vec<ChatLine>,
    /// Mass messages received, by Beijing month.
    pub mass_received: HashMap<i64, u32>,
}

/// A time in which customer-service messages are allowed.
#[derive(Clone, Copy)]
pub struct Window {
    pub opened_ms: i64,
    pub used: u32,
}

/// One line on a citizen's phone.
pub struct ChatLine {
    pub at_ms: i64,
    pub bubble: Bubble,
}

/// What a line shows.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bubble {
    /// The citizen's own words.
    Mine(String),
    /// The account's words.
    Theirs(String),
    /// The account's link card.
    Card { title: String, summary: String, url: String },
    /// Pushed articles by id.
    Articles(Vec<String>),
    /// A picture of the account's store.
    Picture(String),
    /// The platform's own words.
    Notice(String),
}

/// One article with a public page.
pub struct Page {
    pub article: Article,
    pub published_ms: i64,
    pub deleted: bool,
}

/// A citizen's message, kept to be pushed again on order.
pub struct Written {
    pub openid: String,
    pub xml: String,
    pub replied: bool,
}

/// The imitated WeChat.
#[derive(Default)]
pub struct Wechat {
    pub tokens: Vec<Token>,
    pub forced_refreshes: Vec<i64>,
    pub callback_url: Option<String>,
    calls: HashMap<(i64, String), u32>,
    /// Never cleared: what tests look at.
    pub calls_ever: BTreeMap<String, u64>,
    pub mass_calls: VecDeque<i64>,
    pub quota_clears: HashMap<i64, u32>,
    pub files: HashMap<String, StoredFile>,
    /// In order of making.
    pub drafts: Vec<(String, Draft)>,
    pub jobs: BTreeMap<u64, Job>,
    mass_days: HashMap<i64, u32>,
    mass_months: HashMap<i64, u32>,
    pub previews_by_name: HashMap<i64, u32>,
    pub pages: HashMap<String, Page>,
    pub contacts: BTreeMap<String, Contact>,
    pub written: BTreeMap<u64, Written>,
}

impl Wechat {
    /// Takes note of one fact.
    pub fn apply(&mut self, change: &WechatChange, at_ms: i64) {
        match change {
            WechatChange::Called { operation } => self.count_call(operation, at_ms),
            WechatChange::ApiQuotaCleared => {
                self.calls.clear();
                *self.quota_clears.entry(beijing::month(at_ms)).or_default() += 1;
            }
            WechatChange::QuotaReset => self.reset_quota(),
            WechatChange::TokenIssued { value, source, expires_ms, forced } => {
                self.retire_tokens(*source, *forced, at_ms);
                let (value, source, expires_ms) = (value.clone(), *source, *expires_ms);
                self.tokens.push(Token { value, source, expires_ms, dead_from_ms: None });
            }
            WechatChange::TokensRevoked => {
                self.tokens.iter_mut().for_each(|token| token.dead_from_ms = Some(at_ms));
            }
            WechatChange::FileStored { media_id, kind, permanent } => {
                let file = StoredFile { kind: kind.clone(), permanent: *permanent, stored_ms: at_ms };
                self.files.insert(media_id.clone(), file);
            }
            WechatChange::DraftSaved { media_id, articles } => {
                let draft = Draft { articles: articles.clone(), updated_ms: at_ms };
                match self.drafts.iter_mut().find(|(id, _)| id == media_id) {
                    Some((_, saved)) => *saved = draft,
                    None => self.drafts.push((media_id.clone(), draft)),
                }
            }
            WechatChange::DraftDeleted { media_id } => self.drafts.retain(|(id, _)| id != media_id),
            WechatChange::MassAccepted { job } => {
                if !matches!(job.audience, Audience::Openids(_)) {
                    *self.mass_days.entry(beijing::day(at_ms)).or_default() += 1;
                }
                if job.audience == Audience::Everyone {
                    *self.mass_months.entry(beijing::month(at_ms)).or_default() += 1;
                }
                self.jobs.insert(job.msg_id, job.clone());
            }
            WechatChange::AdministratorConsented { msg_id, due_ms } => {
                if let Some(job) = self.jobs.get_mut(msg_id) {
                    job.awaits_administrator = false;
                    job.due_ms = Some(*due_ms);
                }
            }
            WechatChange::MassFinished { msg_id, result } => self.finish(*msg_id, result, at_ms),
            WechatChange::MassDeleted { msg_id, article_idx } => self.take_down(*msg_id, *article_idx),
            WechatChange::ResultPushed { msg_id } => {
                if let Some(job) = self.jobs.get_mut(msg_id) {
                    job.result_pushed = true;
                }
            }
            WechatChange::Previewed { openid, message, by_name } => {
                if *by_name {
                    *self.previews_by_name.entry(beijing::day(at_ms)).or_default() += 1;
                }
                self.show(openid, message.clone(), at_ms);
            }
            WechatChange::CitizenJoined { citizen } => {
                let contact = Contact {
                    citizen: citizen.clone(),
                    followed_ms: at_ms,
                    message_window: None,
                    follow_window: None,
                    chat: Vec::new(),
                    mass_received: HashMap::new(),
                };
                self.contacts.insert(citizen.openid.clone(), contact);
            }
            WechatChange::FollowChanged { openid, follows } => {
                if let Some(contact) = self.contacts.get_mut(openid) {
                    contact.citizen.follows = *follows;
                    contact.followed_ms = at_ms;
                    contact.follow_window = follows.then_some(Window { opened_ms: at_ms, used: 0 });
                }
            }
            WechatChange::WindowOpened { openid } => self.open_window(openid, at_ms),
            WechatChange::CitizenWrote { openid, msg_id, xml, bubble } => {
                self.open_window(openid, at_ms);
                let written = Written { openid: openid.clone(), xml: xml.clone(), replied: false };
                self.written.insert(*msg_id, written);
                self.show(openid, bubble.clone(), at_ms);
            }
            WechatChange::Replied { openid, msg_id, bubble } => {
                if let Some(written) = self.written.get_mut(msg_id) {
                    // The platform's own notice is no reply: a later one may still come.
                    written.replied |= !matches!(bubble, Bubble::Notice(_));
                }
                self.show(openid, bubble.clone(), at_ms);
            }
            WechatChange::CustomSent { openid, from_message_window, bubble } => {
                if let Some(contact) = self.contacts.get_mut(openid) {
                    let window = match from_message_window {
                        true => contact.message_window.as_mut(),
                        false => contact.follow_window.as_mut(),
                    };
                    if let Some(window) = window {
                        window.used += 1;
                    }
                }
                self.show(openid, bubble.clone(), at_ms);
            }
            WechatChange::CallbackMoved { url } => self.callback_url = Some(url.clone()),
        }
    }

    /// Calls of one interface since the counters' last reset on this Beijing day.
    pub fn calls_today(&self, operation: &str, now_ms: i64) -> u32 {
        self.calls.get(&(beijing::day(now_ms), operation.to_owned())).copied().unwrap_or(0)
    }

    /// Mass jobs accepted on this Beijing day for everyone or a tag.
    pub fn mass_today(&self, now_ms: i64) -> u32 {
        self.mass_days.get(&beijing::day(now_ms)).copied().unwrap_or(0)
    }

    /// Mass jobs accepted in this Beijing month for everyone.
    pub fn mass_this_month(&self, now_ms: i64) -> u32 {
        self.mass_months.get(&beijing::month(now_ms)).copied().unwrap_or(0)
    }

    /// The draft of that id, if it is still in the box.
    pub fn draft(&self, media_id: &str) -> Option<&Draft> {
        self.drafts.iter().find(|(id, _)| id == media_id).map(|(_, draft)| draft)
    }

    /// The job that a `clientmsgid` belongs to, while the platform remembers it.
    pub fn job_of_key(&self, key: &str, now_ms: i64) -> Option<&Job> {
        let remembered = |job: &&Job| job.key == key && now_ms - job.accepted_ms < KEY_MEMORY_MS;
        self.jobs.values().rev().find(remembered)
    }

    /// Whether a file with that id can be used now: temporary ones live three days.
    pub fn has_file(&self, media_id: &str, now_ms: i64) -> bool {
        self.files.get(media_id).is_some_and(|file| file.permanent || now_ms - file.stored_ms < 3 * DAY_MS)
    }

    /// Followers that an audience means.
    pub fn followers<'a>(&'a self, audience: &'a Audience) -> impl Iterator<Item = &'a Contact> {
        self.contacts.values().filter(move |contact| {
            contact.citizen.follows
                && match audience {
                    Audience::Everyone => true,
                    Audience::Tag(tag) => contact.citizen.tags.contains(tag),
                    Audience::Openids(openids) => openids.contains(&contact.citizen.openid),
                }
        })
    }

    /// The id of the public page of one article of a job.
    pub fn page_id(msg_data_id: u64, article_idx: usize) -> String {
        format!("{msg_data_id}_{article_idx}")
    }

    fn count_call(&mut self, operation: &str, at_ms: i64) {
        let today = beijing::day(at_ms);
        self.calls.retain(|(day, _), _| *day == today);
        *self.calls.entry((today, operation.to_owned())).or_default() += 1;
        *self.calls_ever.entry(operation.to_owned()).or_default() += 1;
        if operation == "sendall" || operation == "mass_send" {
            self.mass_calls.retain(|call_ms| at_ms - call_ms < MINUTE_MS);
            self.mass_calls.push_back(at_ms);
        }
    }

    fn reset_quota(&mut self) {
        self.calls.clear();
        self.mass_calls.clear();
        self.mass_days.clear();
        self.mass_months.clear();
        self.previews_by_name.clear();
        self.quota_clears.clear();
        self.forced_refreshes.clear();
        for contact in self.contacts.values_mut() {
            contact.mass_received.clear();
        }
    }

    fn retire_tokens(&mut self, source: TokenSource, forced: bool, at_ms: i64) {
        self.tokens.retain(|token| at_ms - token.expires_ms < DAY_MS);
        if forced {
            self.forced_refreshes.retain(|forced_ms| at_ms - forced_ms < DAY_MS);
            self.forced_refreshes.push(at_ms);
        }
        let dead_from = if forced { at_ms } else { at_ms + TOKEN_OVERLAP_MS };
        for token in self.tokens.iter_mut().filter(|token| token.source == source) {
            token.dead_from_ms = Some(token.dead_from_ms.map_or(dead_from, |dead| dead.min(dead_from)));
        }
    }

    fn finish(&mut self, msg_id: u64, result: &MassResult, at_ms: i64) {
        let Some(job) = self.jobs.get_mut(&msg_id) else { return };
        job.status = if result.is_success() { MassStatus::SendSuccess } else { MassStatus::SendFail };
        job.awaits_administrator = false;
        job.due_ms = None;
        job.result = Some(result.clone());
        job.result_pushed = job.events == 0;
        if !result.is_success() {
            return;
        }
        let job = job.clone();
        let bubble = match &job.content {
            MassContent::Text(text) => Bubble::Theirs(text.clone()),
            MassContent::Pictures(pictures) => Bubble::Picture(pictures.first().cloned().unwrap_or_default()),
            MassContent::Articles { draft, articles } => {
                self.drafts.retain(|(id, _)| id != draft);
                let mut ids = Vec::new();
                for (index, article) in articles.iter().enumerate() {
                    let id = Self::page_id(job.msg_data_id.unwrap_or(job.msg_id), index + 1);
                    let page = Page { article: article.clone(), published_ms: at_ms, deleted: false };
                    self.pages.insert(id.clone(), page);
                    ids.push(id);
                }
                Bubble::Articles(ids)
            }
        };
        let month = beijing::month(at_ms);
        let receivers: Vec<String> = self
            .followers(&job.audience)
            .map(|contact| contact.citizen.openid.clone())
            .filter(|openid| !result.skipped.contains(openid))
            .collect();
        for openid in receivers {
            self.show(&openid, bubble.clone(), at_ms);
            if let Some(contact) = self.contacts.get_mut(&openid) {
                *contact.mass_received.entry(month).or_default() += 1;
            }
        }
    }

    fn take_down(&mut self, msg_id: u64, article_idx: Option<u32>) {
        let Some(job) = self.jobs.get_mut(&msg_id) else { return };
        let MassContent::Articles { articles, .. } = &job.content else { return };
        let count = u32::try_from(articles.len()).unwrap_or(u32::MAX);
        let gone = article_idx.map_or_else(|| (1..=count).collect(), |idx| vec![idx]);
        for idx in gone {
            if !job.deleted.contains(&idx) {
                job.deleted.push(idx);
            }
            let id = Self::page_id(job.msg_data_id.unwrap_or(job.msg_id), idx as usize);
            if let Some(page) = self.pages.get_mut(&id) {
                page.deleted = true;
            }
        }
        if job.deleted.len() == count as usize {
            job.status = MassStatus::Delete;
        }
    }

    fn open_window(&mut self, openid: &str, at_ms: i64) {
        if let Some(contact) = self.contacts.get_mut(openid) {
            contact.message_window = Some(Window { opened_ms: at_ms, used: 0 });
        }
    }

    fn show(&mut self, openid: &str, bubble: Bubble, at_ms: i64) {
        if let Some(contact) = self.contacts.get_mut(openid) {
            contact.chat.push(ChatLine { at_ms, bubble });
        }
    }
}
