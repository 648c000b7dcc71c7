//! What WeChat's answers mean for a mass push. The platform only accepts jobs; how one ended comes as a notice or
//! from `mass_get`. One key per (revision, account) makes the identical request safe to repeat for 24 hours, and
//! that is the only way in which anything is ever repeated here.

use ids::{AgencyId, ClarificationId};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use wechat::error::{CallError, UnknownCause, Wait};
use wechat::mass::{MassState, SendAllOutcome};
use wechat::message::MassSendStatus;

use super::calendar::next_quota_day;
use super::publication::Command;

/// The platform wants at least this between two requests under one key (45066).
pub const REPEAT_AFTER: Duration = Duration::seconds(60);

/// Under one key the platform protects for 24 hours; an hour is kept back for clocks and slow lines.
pub const REPEAT_WITHIN: Duration = Duration::hours(23);

/// How often an accepted job is asked after, at first and later.
const POLL: Duration = Duration::seconds(30);
const POLL_LATER: Duration = Duration::minutes(2);
const POLL_LATER_AFTER: Duration = Duration::minutes(10);

/// An administrator may take 30 minutes to allow a mass send; after this nobody is waiting for it any more.
const CONFIRMED_WITHIN: Duration = Duration::hours(2);

/// How one call ended, for the attempt's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The platform did it.
    Accepted,
    /// The platform certainly did not do it.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Ended {
    /// Its name in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// What follows from the answer to a mass send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// How the call ended.
    pub ended: Ended,
    /// The platform's code and words.
    pub detail: String,
    /// What becomes of the publication.
    pub command: Command,
    /// The job, if it is known now.
    pub job: Option<Job>,
    /// Whether the draft is useless and has to be made again.
    pub draft_gone: bool,
}

/// A mass job at the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// The job's id.
    pub msg_id: i64,
    /// The article's id.
    pub msg_data_id: Option<i64>,
}

/// The platform's idempotency key for one revision on one account: always the same, so that a repeated request
/// is the same request even when every row about the first one is lost.
#[must_use]
pub fn client_msg_id(
    agency: AgencyId,
    clarification: ClarificationId,
    revision: u64,
    account: &str,
) -> String {
    let name = format!("chengqing.push.v1|{agency}|{clarification}|{revision}|{account}");
    let mut key = hex::encode(Sha256::digest(name));
    key.truncate(32);
    key
}

/// Reads the answer to a mass send. `unresolved` says that an earlier request under this key may have been taken.
#[must_use]
pub fn after_sendall(
    outcome: &SendAllOutcome,
    unresolved: bool,
    repeats: u32,
    now: OffsetDateTime,
) -> Learned {
    let accepted = |job: Option<Job>, detail: String, reason: &str| Learned {
        ended: Ended::Accepted,
        detail,
        command: Command::Accept {
            platform_id: job.map(|job| job.msg_id.to_string()),
            reason: reason.to_owned(),
            look_again: now + POLL,
        },
        job,
        draft_gone: false,
    };
    let lost = |detail: String| Learned {
        ended: Ended::Unknown,
        command: Command::LoseTrack {
            reason: format!("微信没有给出明确答复（{detail}），稍后用同一标识核对，不会重复群发"),
            look_again: now + back_off(repeats),
        },
        detail,
        job: None,
        draft_gone: false,
    };
    // The same question would get the same answer until the platform's protection ends: a person has to read it.
    let unread = |detail: String| Learned {
        command: Command::AskPerson {
            reason: format!(
                "微信对群发一再答复“{detail}”，本系统不认识这个代码，不再提交；是否已受理，请到公众平台后台核对"
            ),
        },
        ..lost(detail)
    };
    // A refusal speaks for its own request only: while an earlier one is open it proves nothing about that.
    let refused = |detail: String, command: Command, draft_gone: bool| Learned {
        ended: Ended::Refused,
        command: if unresolved {
            Command::AskPerson {
                reason: format!("前一次群发结果未明，平台答复：{detail}。请到公众平台后台核对"),
            }
        } else {
            command
        },
        detail,
        job: None,
        draft_gone: draft_gone && !unresolved,
    };
    match outcome {
        SendAllOutcome::Accepted { msg_id, msg_data_id } => accepted(
            Some(Job { msg_id: *msg_id, msg_data_id: *msg_data_id }),
            format!("任务 {msg_id}"),
            "微信已受理，等待群发结果",
        ),
        // 45065: an earlier request under this key was taken. That is success.
        SendAllOutcome::AcceptedBefore { msg_id } => accepted(
            msg_id.map(|msg_id| Job { msg_id, msg_data_id: None }),
            "45065 此前已受理".to_owned(),
            "微信此前已受理，等待群发结果",
        ),
        SendAllOutcome::PendingAdministrator { code } => {
            accepted(None, format!("{code} 等待管理员确认"), "等待公众号管理员在手机上确认群发（最长30分钟）")
        }
        // 45066: the key was used less than a minute ago, and how that ended is open.
        SendAllOutcome::TooSoon => lost("45066 同一标识间隔太短".to_owned()),
        SendAllOutcome::Unknown { cause: cause @ UnknownCause::UnlistedCode { .. } }
            if repeats + 1 >= UNLISTED_TRIES_MAX =>
        {
            unread(told(cause))
        }
        SendAllOutcome::Unknown { cause } => lost(told(cause)),
        SendAllOutcome::QuotaUsedUp => refused(
            "45028 群发额度已用完".to_owned(),
            Command::PutBack {
                reason: "微信答复今日群发额度已用完，明日再发".to_owned(),
                look_again: next_quota_day(now),
            },
            false,
        ),
        // 40007 with nothing open: the draft was removed by hand. Its twin is made and sent under the same key.
        SendAllOutcome::MediaGone if repeats < DRAFTS_MAX => refused(
            "40007 草稿已不存在".to_owned(),
            Command::PutBack { reason: "草稿已不存在，重新生成".to_owned(), look_again: now },
            true,
        ),
        SendAllOutcome::MediaGone => refused(
            "40007 草稿已不存在".to_owned(),
            Command::Fail { reason: "草稿一再被删除，未能群发".to_owned() },
            false,
        ),
        SendAllOutcome::Refused { code, message } => refused(
            format!("{code} {message}"),
            Command::Fail { reason: format!("微信拒绝群发：{code} {message}") },
            false,
        ),
        SendAllOutcome::NotNow { code, message, wait } => {
            let detail = format!("{} {message}", code.map(|code| code.to_string()).unwrap_or_default());
            let detail = detail.trim().to_owned();
            if unresolved {
                // This request was not taken, the earlier one may have been: ask again under the same key.
                return Learned { ended: Ended::Refused, ..lost(detail) };
            }
            refused(detail.clone(), not_now(&detail, *wait, repeats, now), false)
        }
        SendAllOutcome::Credentials { code, message } => {
            let detail = format!("{code} {message}");
            if unresolved {
                return Learned { ended: Ended::Refused, ..lost(detail) };
            }
            refused(detail.clone(), credentials(&detail, now), false)
        }
    }
}

/// A draft that somebody keeps deleting is made this often.
const DRAFTS_MAX: u32 = 3;

/// A code that is in no list may be a passing trouble, and each try uses up a little of the day's quota: after this
/// many a person has to read it.
pub const UNLISTED_TRIES_MAX: u32 = 4;

/// What went before a draft that could not be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DraftTries {
    /// Tries of this publication before this one.
    pub all: u32,
    /// How many of them got the same answer.
    pub same: u32,
}

/// The platform's code and words, or what there was instead of an answer.
#[must_use]
pub fn draft_detail(error: &CallError) -> String {
    match (error, error.code(), error.message()) {
        (CallError::Unknown { cause }, ..) => told(cause),
        (_, Some(code), Some(message)) => format!("{code} {message}"),
        _ => error.to_string(),
    }
}

/// What follows when the draft, which nobody sees, could not be made.
#[must_use]
pub fn after_draft_failed(
    error: &CallError,
    tries: DraftTries,
    now: OffsetDateTime,
) -> (Ended, String, Command) {
    let detail = draft_detail(error);
    match error {
        CallError::Refused { .. } => {
            (Ended::Refused, detail.clone(), Command::Fail { reason: format!("微信拒绝草稿：{detail}") })
        }
        CallError::NotNow { wait, .. } => {
            (Ended::Refused, detail.clone(), not_now(&detail, *wait, tries.all, now))
        }
        CallError::Credentials { .. } => (Ended::Refused, detail.clone(), credentials(&detail, now)),
        CallError::Unknown { cause: UnknownCause::UnlistedCode { .. } }
            if tries.same + 1 >= UNLISTED_TRIES_MAX =>
        {
            let reason = format!(
                "微信对草稿一再答复“{detail}”，本系统不认识这个代码，不再提交；没有群发。请按其说明处理后重新签发，或在公众平台后台发布"
            );
            (Ended::Refused, detail, Command::AskPerson { reason })
        }
        CallError::Unknown { cause: UnknownCause::UnlistedCode { .. } } => {
            let reason = format!("微信答复“{detail}”，本系统不认识这个代码，稍后再试");
            let look_again = now + growing(Duration::seconds(10), tries.same);
            (Ended::Unknown, detail, Command::PutBack { reason, look_again })
        }
        // A second draft harms nobody: only the one that is sent is ever seen.
        CallError::Unknown { .. } => {
            let reason = format!("微信没有给出明确答复（{detail}），稍后重新生成草稿");
            let look_again = now + growing(Duration::seconds(5), tries.all);
            (Ended::Unknown, detail, Command::PutBack { reason, look_again })
        }
    }
}

/// What is known of a call whose outcome is not, for an officer.
fn told(cause: &UnknownCause) -> String {
    match cause {
        UnknownCause::Deadline => "限时内没有答复".to_owned(),
        UnknownCause::Connection(_) => "连接中断".to_owned(),
        UnknownCause::HttpStatus(status) => format!("HTTP {status}"),
        UnknownCause::Unreadable(_) => "答复无法辨认".to_owned(),
        UnknownCause::PlatformBusy { code, message } | UnknownCause::UnlistedCode { code, message } => {
            format!("{code} {message}").trim().to_owned()
        }
    }
}

/// What an accepted job's state means. `accepted_for` is the time since it was accepted.
#[must_use]
pub fn after_mass_get(
    state: &Result<MassState, CallError>,
    accepted_for: Duration,
    now: OffsetDateTime,
) -> Command {
    match state {
        Ok(MassState::Success) => {
            Command::Confirm { platform_id: None, url: None, reason: "微信确认群发成功".to_owned() }
        }
        Ok(MassState::Failed) => Command::AskPerson {
            reason: "微信答复群发失败，可能已有部分送达，请到公众平台后台核对".to_owned(),
        },
        Ok(MassState::Deleted) => {
            Command::Withdraw { reason: "群发后已在公众平台后台删除".to_owned() }
        }
        Ok(MassState::Sending | MassState::Unknown(_)) | Err(_) => keep_waiting(accepted_for, now),
    }
}

/// Goes on waiting for an accepted job, or asks a person once it has taken too long.
#[must_use]
pub fn keep_waiting(accepted_for: Duration, now: OffsetDateTime) -> Command {
    if accepted_for > CONFIRMED_WITHIN {
        return Command::AskPerson {
            reason: "微信受理后迟迟没有结果，请到公众平台后台核对".to_owned()
        };
    }
    let poll = if accepted_for > POLL_LATER_AFTER { POLL_LATER } else { POLL };
    Command::Accept {
        platform_id: None,
        reason: "微信已受理，等待群发结果".to_owned(),
        look_again: now + poll,
    }
}

/// How a mass job ended, as the platform called back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The job.
    pub msg_id: i64,
    /// The platform's own word.
    pub status: String,
    /// Fans that were meant.
    pub total_count: i64,
    /// Fans that got it.
    pub sent_count: i64,
    /// Fans that did not.
    pub error_count: i64,
    /// The article's public address; empty where the platform gave none.
    pub article_url: String,
}

/// What a notice means. `None` where its word is none that is known: `mass_get` goes on asking.
#[must_use]
pub fn after_notice(notice: &Notice) -> Option<Command> {
    match MassSendStatus::of(&notice.status) {
        MassSendStatus::Success => Some(Command::Confirm {
            platform_id: Some(notice.msg_id.to_string()),
            url: (!notice.article_url.is_empty()).then(|| notice.article_url.clone()),
            reason: format!("微信确认群发成功，送达{}人", notice.sent_count),
        }),
        MassSendStatus::Failed if notice.sent_count > 0 => Some(Command::AskPerson {
            reason: format!("微信答复群发失败，但已送达{}人，请到公众平台后台核对", notice.sent_count),
        }),
        MassSendStatus::Failed => {
            Some(Command::Fail { reason: "微信答复群发失败，没有送达任何人".to_owned() })
        }
        MassSendStatus::Refused { code } => Some(Command::Fail { reason: refusal_words(code) }),
        MassSendStatus::Other(_) => None,
    }
}

fn refusal_words(code: i64) -> String {
    let why = match code {
        10001 => "涉嫌广告",
        20001 => "涉嫌政治",
        20002 => "涉嫌色情",
        20004 => "涉嫌社会",
        20006 => "涉嫌违法犯罪",
        20008 => "涉嫌欺诈",
        20013 => "涉嫌版权",
        22000 => "涉嫌互推",
        30001..=30003 => "原创校验未通过",
        40001 => "管理员拒绝",
        40002 => "管理员30分钟内没有确认",
        _ => "审核未通过",
    };
    format!("微信没有群发：{why}（err({code})）")
}

fn not_now(detail: &str, wait: Wait, tries: u32, now: OffsetDateTime) -> Command {
    let look_again = match wait {
        Wait::Moments => now + growing(Duration::seconds(10), tries),
        Wait::Minutes => now + Duration::minutes(2),
        Wait::NextDay => next_quota_day(now),
    };
    Command::PutBack { reason: format!("微信暂时不受理（{detail}），稍后再发"), look_again }
}

/// Somebody has to mend it; once that is done it goes out without a nudge, as long as its statements last.
fn credentials(detail: &str, now: OffsetDateTime) -> Command {
    Command::PutBack {
        reason: format!("微信不接受本系统的凭据（{detail}），请管理员检查密钥与IP白名单"),
        look_again: now + Duration::minutes(5),
    }
}

/// One minute, then two, four, eight; never longer than ten.
fn back_off(repeats: u32) -> Duration {
    growing(REPEAT_AFTER, repeats)
}

/// Twice as long after each try; never longer than ten minutes.
fn growing(first: Duration, tries: u32) -> Duration {
    first.checked_mul(1 << tries.min(8)).unwrap_or(first).min(Duration::minutes(10))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;
    use wechat::error::UnknownCause;

    use super::*;
    use crate::domain::channel::Channel;
    use crate::domain::publication::{State, tests::publication};

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00:00 UTC);

    fn outcomes() -> Vec<(SendAllOutcome, &'static str, &'static str)> {
        use SendAllOutcome as O;
        let message = || "hint".to_owned();
        vec![
            // outcome, state after a first request, state while an earlier request is unresolved
            (O::Accepted { msg_id: 9, msg_data_id: Some(4) }, "accepted", "accepted"),
            (O::AcceptedBefore { msg_id: Some(9) }, "accepted", "accepted"),
            (O::AcceptedBefore { msg_id: None }, "accepted", "accepted"),
            (O::PendingAdministrator { code: 89505 }, "accepted", "accepted"),
            (O::TooSoon, "uncertain", "uncertain"),
            (O::Unknown { cause: UnknownCause::Deadline }, "uncertain", "uncertain"),
            (O::QuotaUsedUp, "planned", "needs_person"),
            (O::MediaGone, "planned", "needs_person"),
            (O::Refused { code: 48001, message: message() }, "failed", "needs_person"),
            (
                O::NotNow { code: Some(45011), message: message(), wait: Wait::Minutes },
                "planned",
                "uncertain",
            ),
            (O::Credentials { code: 40164, message: message() }, "planned", "uncertain"),
        ]
    }

    #[test]
    fn every_answer_to_a_mass_send_has_its_meaning() {
        for (outcome, first, later) in outcomes() {
            for (unresolved, wanted) in [(false, first), (true, later)] {
                let learned = after_sendall(&outcome, unresolved, 0, NOW);
                let after = publication(Channel::Wechat, State::Sending).apply(learned.command).unwrap();
                assert_eq!(after.state.as_str(), wanted, "{outcome:?}, unresolved: {unresolved}");
            }
        }
    }

    fn unlisted() -> UnknownCause {
        UnknownCause::UnlistedCode { code: 53402, message: "cover cannot be cropped".into() }
    }

    #[test]
    fn a_code_in_no_list_is_asked_about_a_few_times_and_then_told_to_a_person() {
        let after = |repeats| {
            after_sendall(&SendAllOutcome::Unknown { cause: unlisted() }, repeats > 0, repeats, NOW).command
        };
        for repeats in 0..3 {
            let command = after(repeats);
            let Command::LoseTrack { reason, .. } = &command else { panic!("{command:?}") };
            assert!(reason.contains("53402 cover cannot be cropped"), "{reason}");
        }
        let Command::AskPerson { reason } = after(3) else { panic!("a person is asked") };
        assert!(reason.contains("53402 cover cannot be cropped"), "{reason}");
        // No answer is no code: it goes on under the same key.
        let silent = SendAllOutcome::Unknown { cause: UnknownCause::Deadline };
        assert!(matches!(after_sendall(&silent, true, 9, NOW).command, Command::LoseTrack { .. }));
    }

    #[test]
    fn a_draft_is_tried_more_and_more_rarely_and_a_code_in_no_list_a_few_times_only() {
        let after = |cause: UnknownCause, same| {
            let tries = DraftTries { all: same, same };
            after_draft_failed(&CallError::Unknown { cause }, tries, NOW).2
        };
        let wait = |command| match command {
            Command::PutBack { look_again, .. } => (look_again - NOW).whole_seconds(),
            other => panic!("{other:?}"),
        };
        let waits: Vec<i64> = (0..3).map(|same| wait(after(unlisted(), same))).collect();
        assert_eq!(waits, [10, 20, 40]);
        let Command::AskPerson { reason } = after(unlisted(), 3) else { panic!("a person is asked") };
        assert!(reason.contains("53402 cover cannot be cropped") && reason.contains("没有群发"), "{reason}");
        let waits: Vec<i64> = (0..9).map(|tries| wait(after(UnknownCause::Deadline, tries))).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
        let busy = CallError::NotNow { code: Some(268_487_001), message: "busy".into(), wait: Wait::Moments };
        let tries = DraftTries { all: 3, same: 3 };
        assert_eq!(wait(after_draft_failed(&busy, tries, NOW).2), 80);
    }

    #[test]
    fn an_uncertain_request_waits_a_minute_at_least_and_longer_each_time() {
        let waits: Vec<i64> = (0..6)
            .map(|repeats| match after_sendall(&SendAllOutcome::TooSoon, true, repeats, NOW).command {
                Command::LoseTrack { look_again, .. } => (look_again - NOW).whole_seconds(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(waits, [60, 120, 240, 480, 600, 600]);
    }

    #[test]
    fn a_deleted_draft_is_made_again_but_not_for_ever() {
        assert!(after_sendall(&SendAllOutcome::MediaGone, false, 0, NOW).draft_gone);
        let last = after_sendall(&SendAllOutcome::MediaGone, false, DRAFTS_MAX, NOW);
        assert!(matches!(last.command, Command::Fail { .. }) && !last.draft_gone);
        assert!(!after_sendall(&SendAllOutcome::MediaGone, true, 0, NOW).draft_gone);
    }

    #[test]
    fn the_key_is_one_per_agency_revision_and_account_and_short_enough() {
        let agency = AgencyId::from_uuid(Uuid::from_u128(1));
        let clarification = ClarificationId::from_uuid(Uuid::from_u128(2));
        let key = client_msg_id(agency, clarification, 1, "qinglan-wechat");
        assert_eq!(key, client_msg_id(agency, clarification, 1, "qinglan-wechat"));
        assert!(wechat::mass::ClientMsgId::new(key.clone()).is_ok());
        assert_ne!(key, client_msg_id(agency, clarification, 2, "qinglan-wechat"));
        assert_ne!(key, client_msg_id(agency, clarification, 1, "another"));
    }

    fn notice(status: &str, sent_count: i64) -> Notice {
        Notice {
            msg_id: 9,
            status: status.into(),
            total_count: 10,
            sent_count,
            error_count: 10 - sent_count,
            article_url: "http://mp.weixin.qq.com/s?x".into(),
        }
    }

    #[test]
    fn a_notice_says_how_the_job_ended() {
        let state = |notice: &Notice| {
            after_notice(notice).map(|command| {
                publication(Channel::Wechat, State::Accepted).apply(command).unwrap().state.as_str()
            })
        };
        assert_eq!(state(&notice("send success", 9)), Some("confirmed"));
        assert_eq!(state(&notice("send fail", 0)), Some("failed"));
        assert_eq!(state(&notice("send fail", 3)), Some("needs_person"));
        assert_eq!(state(&notice("err(20001)", 0)), Some("failed"));
        assert_eq!(state(&notice("something new", 9)), None);
    }

    #[test]
    fn an_accepted_job_is_asked_after_until_a_person_must_look() {
        let at = |minutes| after_mass_get(&Ok(MassState::Sending), Duration::minutes(minutes), NOW);
        let wait = |command| match command {
            Command::Accept { look_again, .. } => (look_again - NOW).whole_seconds(),
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(at(1)), 30);
        assert_eq!(wait(at(11)), 120);
        assert!(matches!(at(121), Command::AskPerson { .. }));
        assert!(matches!(
            after_mass_get(&Ok(MassState::Success), Duration::ZERO, NOW),
            Command::Confirm { .. }
        ));
        assert!(matches!(
            after_mass_get(&Ok(MassState::Deleted), Duration::ZERO, NOW),
            Command::Withdraw { .. }
        ));
    }
}
