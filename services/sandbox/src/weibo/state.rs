//! What the imitated microblog remembers, and how each fact changes it.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::beijing::{self, HOUR_MS};

/// A fact about the imitated microblog.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum WeiboChange {
    Called { operation: String, counted: bool, caller: String },
    QuotaReset,
    CodeGiven { code: String, redirect_uri: String },
    CodeUsed { code: String },
    TokenIssued { value: String, expires_ms: i64 },
    TokenRevoked { value: String },
    Published { post: Post },
    Destroyed { id: u64 },
}

/// One post.
#[derive(Clone, Serialize, Deserialize)]
pub struct Post {
    pub id: u64,
    /// As it was handed in.
    pub status: String,
    /// With its links shortened, as everybody sees it.
    pub text: String,
    pub links: Vec<Link>,
    /// The picture's id in the sandbox's store.
    pub picture: Option<String>,
    pub created_ms: i64,
    /// When readers begin to see it.
    pub visible_ms: i64,
    pub deleted: bool,
}

/// A link in a post.
#[derive(Clone, Serialize, Deserialize)]
pub struct Link {
    pub short: String,
    pub long: String,
}

/// A token given by the OAuth interface, beside the configured one.
pub struct Token {
    pub value: String,
    pub issued_ms: i64,
    pub expires_ms: i64,
    pub revoked: bool,
}

/// The imitated microblog.
#[derive(Default)]
pub struct Weibo {
    pub posts: Vec<Post>,
    pub tokens: Vec<Token>,
    /// Authorisation codes with the address they were given to.
    pub codes: HashMap<String, String>,
    counted_calls: HashMap<i64, u32>,
    calls_by_caller: HashMap<(i64, String), u32>,
    /// Never cleared: what tests look at.
    pub calls_ever: BTreeMap<String, u64>,
    /// Posts before this time no longer count against the hour.
    posts_counted_from_ms: i64,
}

impl Weibo {
    /// Takes note of one fact.
    pub fn apply(&mut self, change: &WeiboChange, at_ms: i64) {
        match change {
            WeiboChange::Called { operation, counted, caller } => {
                *self.calls_ever.entry(operation.clone()).or_default() += 1;
                if *counted {
                    let (day, hour) = (beijing::day(at_ms), at_ms / HOUR_MS);
                    self.counted_calls.retain(|counted_day, _| *counted_day == day);
                    self.calls_by_caller.retain(|(counted_hour, _), _| *counted_hour == hour);
                    *self.counted_calls.entry(day).or_default() += 1;
                    *self.calls_by_caller.entry((hour, caller.clone())).or_default() += 1;
                }
            }
            WeiboChange::QuotaReset => {
                self.counted_calls.clear();
                self.calls_by_caller.clear();
                self.posts_counted_from_ms = at_ms;
            }
            WeiboChange::CodeGiven { code, redirect_uri } => {
                self.codes.insert(code.clone(), redirect_uri.clone());
            }
            WeiboChange::CodeUsed { code } => {
                self.codes.remove(code);
            }
            WeiboChange::TokenIssued { value, expires_ms } => {
                let (value, expires_ms) = (value.clone(), *expires_ms);
                self.tokens.push(Token { value, issued_ms: at_ms, expires_ms, revoked: false });
            }
            WeiboChange::TokenRevoked { value } => {
                for token in self.tokens.iter_mut().filter(|token| token.value == *value) {
                    token.revoked = true;
                }
            }
            WeiboChange::Published { post } => self.posts.push(post.clone()),
            WeiboChange::Destroyed { id } => {
                for post in self.posts.iter_mut().filter(|post| post.id == *id) {
                    post.deleted = true;
                }
            }
        }
    }

    /// Counted calls of the application's user on this Beijing day.
    pub fn calls_today(&self, now_ms: i64) -> u32 {
        self.counted_calls.get(&beijing::day(now_ms)).copied().unwrap_or(0)
    }

    /// Counted calls from one address in this hour.
    pub fn calls_this_hour(&self, caller: &str, now_ms: i64) -> u32 {
        self.calls_by_caller.get(&(now_ms / HOUR_MS, caller.to_owned())).copied().unwrap_or(0)
    }

    /// Posts of the last hour that count against the limit.
    pub fn posts_last_hour(&self, now_ms: i64) -> usize {
        let from_ms = (now_ms - HOUR_MS).max(self.posts_counted_from_ms);
        self.posts.iter().rev().take_while(|post| post.created_ms > from_ms).count()
    }

    /// Posts that readers see, newest first.
    pub fn visible(&self, now_ms: i64) -> impl Iterator<Item = &Post> {
        self.posts.iter().rev().filter(move |post| !post.deleted && post.visible_ms <= now_ms)
    }

    /// A post that was not deleted.
    pub fn post(&self, id: u64) -> Option<&Post> {
        self.posts.iter().find(|post| post.id == id && !post.deleted)
    }
}
