//! What the microblog's answers mean. The platform has no idempotency key, so an uncertain write is reconciled by
//! reading the account's own timeline, and only proof that it is not there allows one more write (G3).

use time::{Duration, OffsetDateTime};
use url::Url;
use weibo::error::{AmbiguousCause, Wait};
use weibo::post::{Post, ShareOutcome, TIMELINE_POSTS_MAX, Timeline};
use weibo::same::same_post;

use super::publication::Command;
use super::wechat::Ended;

/// When the timeline is read after an uncertain write: the platform says that a post may take two minutes to
/// show, and only five posts can be seen.
const READ_AT: [Duration; 5] = [
    Duration::seconds(5),
    Duration::seconds(20),
    Duration::seconds(60),
    Duration::seconds(120),
    Duration::seconds(180),
];

/// Before this a post that does not show may still be on its way.
const ABSENT_AFTER: Duration = Duration::minutes(2);

/// Past this the machine gives up.
const GIVE_UP_AFTER: Duration = Duration::minutes(10);

/// The platform's clock and ours may differ by this much.
const SKEW: Duration = Duration::minutes(2);

/// How long other channels wait for WeChat at most.
pub const WECHAT_AWAITED_FOR: Duration = Duration::minutes(10);

/// What follows from the answer to a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// How the call ended.
    pub ended: Ended,
    /// The platform's code and words.
    pub detail: String,
    /// What becomes of the publication.
    pub command: Command,
}

/// Reads the answer to a post. No answer to one post says anything about another, because a second one is sent
/// only after the first was proven absent.
#[must_use]
pub fn after_share(outcome: &ShareOutcome, now: OffsetDateTime) -> Learned {
    let look_again = now + READ_AT[0];
    match outcome {
        ShareOutcome::Published(post) => {
            Learned { ended: Ended::Accepted, detail: format!("微博 {}", post.id), command: confirm(post) }
        }
        // 20032: it is out, its id comes in a minute or two.
        ShareOutcome::PublishedLate => Learned {
            ended: Ended::Accepted,
            detail: "20032 已受理，稍后可见".to_owned(),
            command: Command::Accept {
                platform_id: None,
                reason: "微博已受理，等待其出现在时间线上".to_owned(),
                look_again,
            },
        },
        // This call posted nothing, but the same words are there: from an attempt of ours, or by hand. The
        // timeline tells; where it does not, a person must.
        ShareOutcome::Duplicate { code, message } => Learned {
            ended: Ended::Refused,
            ..lost(
                format!("{code} {message}"),
                format!("微博不接受内容相同的微博（{code} {message}），正在时间线上核对是否就是这一条"),
                look_again,
            )
        },
        ShareOutcome::Ambiguous { cause } => {
            let detail = told(cause);
            let reason = format!("微博没有给出明确答复（{detail}），正在时间线上核对，核对前不会重发");
            lost(detail, reason, look_again)
        }
        ShareOutcome::Refused { code, message } => refused(
            format!("{code} {message}"),
            Command::Fail { reason: format!("微博拒绝发布：{code} {message}") },
        ),
        ShareOutcome::NeedsPerson { code, message } => refused(
            format!("{code} {message}"),
            Command::AskPerson { reason: format!("微博没有发布，需要人处理：{code} {message}") },
        ),
        ShareOutcome::NotNow { code, message, wait } => {
            let detail = format!("{} {message}", code.map(|code| code.to_string()).unwrap_or_default());
            let detail = detail.trim().to_owned();
            let look_again = match wait {
                Wait::Minutes => now + Duration::minutes(2),
                // 30 posts an hour, 100 calls a day: which of the two is used up is not said.
                Wait::Quota => now + Duration::hours(1),
            };
            let reason = format!("微博暂时不受理（{detail}），稍后再发");
            refused(detail, Command::PutBack { reason, look_again })
        }
    }
}

fn lost(detail: String, reason: String, look_again: OffsetDateTime) -> Learned {
    let command = Command::LoseTrack { reason, look_again };
    Learned { ended: Ended::Unknown, detail, command }
}

/// What is known of a call whose outcome is not, for an officer.
fn told(cause: &AmbiguousCause) -> String {
    match cause {
        AmbiguousCause::Deadline => "限时内没有答复".to_owned(),
        AmbiguousCause::Connection(_) => "连接中断".to_owned(),
        AmbiguousCause::HttpStatus(status) => format!("HTTP {status}"),
        AmbiguousCause::Unreadable(_) => "答复无法辨认".to_owned(),
        AmbiguousCause::PlatformFailure { code, message } => format!("{code} {message}").trim().to_owned(),
        AmbiguousCause::UnlistedCode { code, message } => {
            format!("{code} {message}，本系统不认识这个代码").trim().to_owned()
        }
    }
}

fn refused(detail: String, command: Command) -> Learned {
    Learned { ended: Ended::Refused, detail, command }
}

fn confirm(post: &Post) -> Command {
    Command::Confirm {
        platform_id: Some(post.id.to_string()),
        url: post.page_url(),
        reason: "微博已发布".to_owned(),
    }
}

/// A write whose outcome is open, as far as reconciling needs it.
#[derive(Clone, Debug)]
pub struct OpenWrite<'a> {
    /// The text, without the link.
    pub text: &'a str,
    /// The link, which is the marker.
    pub link: &'a Url,
    /// When the first write of this publication was begun: no post of it is older.
    pub first_begun: OffsetDateTime,
    /// When the write that is open was begun.
    pub begun: OffsetDateTime,
    /// Posts that are known to be other publications: an earlier revision carries the same link.
    pub taken: &'a [String],
    /// Whether the platform has said that it took the post.
    pub accepted: bool,
    /// Whether one more write is still allowed.
    pub may_send_again: bool,
    /// What the platform answered to the open write.
    pub answer: Answer<'a>,
}

/// What the platform answered to a write whose outcome is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// That it has the same words already, so that this write posted nothing; with its code and words.
    SameWords(&'a str),
    /// Nothing that says whether it took the post; its code and words, or what there was instead.
    Unclear(&'a str),
}

/// What reading the timeline told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There it is.
    Post(Command),
    /// It is not there, and it would be.
    Absent(Command),
    /// Nothing yet.
    Nothing(Command),
}

/// Looks for an open write in the timeline; `None` where the timeline could not be read.
#[must_use]
pub fn reconcile(write: &OpenWrite<'_>, timeline: Option<&Timeline>, now: OffsetDateTime) -> Found {
    let age = now - write.begun;
    if let Some(timeline) = timeline {
        let ours = timeline.posts.iter().find(|post| is_ours(post, write));
        if let Some(post) = ours {
            return Found::Post(confirm(post));
        }
        // Absence proves something only where the list reaches back to before the write, the post has had its
        // time to show, and the platform never said that it took it.
        if age >= ABSENT_AFTER && reaches_back(timeline, write.begun) && !write.accepted {
            return Found::Absent(if write.may_send_again {
                Command::PutBack {
                    reason: "已核对：微博时间线上没有，重新发布一次".to_owned(),
                    look_again: now,
                }
            } else {
                Command::AskPerson { reason: write.answer.not_found() }
            });
        }
    }
    if age >= GIVE_UP_AFTER {
        return Found::Nothing(Command::AskPerson { reason: write.answer.not_seen() });
    }
    let look_again = next_read(write.begun, now);
    Found::Nothing(if write.accepted {
        let reason = "微博已受理，等待其出现在时间线上".to_owned();
        Command::Accept { platform_id: None, reason, look_again }
    } else {
        let reason = "正在微博时间线上核对，核对前不会重发".to_owned();
        Command::LoseTrack { reason, look_again }
    })
}

impl Answer<'_> {
    /// What a person is told when the timeline does not hold the post.
    fn not_found(self) -> String {
        match self {
            Self::SameWords(answer) => same_words(answer),
            Self::Unclear(answer) => {
                format!("微博对发布的答复是“{answer}”，时间线上也没有找到，请到微博核对；系统不会再发")
            }
        }
    }

    /// What a person is told when the timeline does not say.
    fn not_seen(self) -> String {
        match self {
            Self::SameWords(answer) => same_words(answer),
            Self::Unclear(answer) => format!(
                "微博对发布的答复是“{answer}”，无法在时间线上确认是否已发布，请到微博核对；系统不会再发"
            ),
        }
    }
}

fn same_words(answer: &str) -> String {
    format!(
        "微博拒绝发布：账号上已有文字相同的微博（{answer}），多半是此前一版。系统不会再发；\
         需要另发一条时，请修改微博正文后重新签发，否则请到微博核对后在此填写结果"
    )
}

fn is_ours(post: &Post, write: &OpenWrite<'_>) -> bool {
    !write.taken.contains(&post.id.to_string())
        && post.created_time.is_none_or(|created| created >= write.first_begun - SKEW)
        && same_post(&post.text, &post.urls, write.text, write.link.as_str())
}

fn reaches_back(timeline: &Timeline, begun: OffsetDateTime) -> bool {
    timeline.posts.len() < TIMELINE_POSTS_MAX
        || timeline.posts.iter().any(|post| post.created_time.is_some_and(|created| created < begun - SKEW))
}

fn next_read(begun: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
    let planned = READ_AT.into_iter().map(|after| begun + after).find(|read| *read > now);
    planned.unwrap_or(now + Duration::minutes(1))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use weibo::error::AmbiguousCause;

    use super::*;
    use crate::domain::channel::Channel;
    use crate::domain::publication::{State, tests::publication};

    const BEGUN: OffsetDateTime = datetime!(2026-11-22 12:00:00 UTC);
    const TEXT: &str = "【青岚县没有地震预报】网传不实。";

    fn link() -> Url {
        "https://www.qinglan.gov.cn/c/1".parse().unwrap()
    }

    fn post(id: i64, created_time: OffsetDateTime, text: &str) -> Post {
        Post {
            id,
            text: format!("{text} http://t.cn/A6x"),
            created_time: Some(created_time),
            user_id: Some(5),
            urls: vec![link().to_string()],
        }
    }

    fn other(id: i64, created_time: OffsetDateTime) -> Post {
        Post { urls: vec![], text: "天气预报".into(), ..post(id, created_time, "") }
    }

    fn look(posts: Vec<Post>, after: Duration, change: impl FnOnce(&mut OpenWrite<'_>)) -> Found {
        let link = link();
        let mut write = OpenWrite {
            text: TEXT,
            link: &link,
            first_begun: BEGUN,
            begun: BEGUN,
            taken: &[],
            accepted: false,
            may_send_again: true,
            answer: Answer::Unclear("HTTP 502"),
        };
        change(&mut write);
        reconcile(&write, Some(&Timeline { posts }), BEGUN + after)
    }

    #[test]
    fn every_answer_to_a_post_has_its_meaning() {
        let message = || "text".to_owned();
        for (outcome, wanted) in [
            (ShareOutcome::Published(post(7, BEGUN, TEXT)), "confirmed"),
            (ShareOutcome::PublishedLate, "accepted"),
            (ShareOutcome::Duplicate { code: 20019, message: message() }, "uncertain"),
            (ShareOutcome::Ambiguous { cause: AmbiguousCause::Deadline }, "uncertain"),
            (ShareOutcome::Refused { code: 10017, message: message() }, "failed"),
            (ShareOutcome::NeedsPerson { code: 21327, message: message() }, "needs_person"),
            (ShareOutcome::NotNow { code: Some(10023), message: message(), wait: Wait::Quota }, "planned"),
        ] {
            let learned = after_share(&outcome, BEGUN);
            let after = publication(Channel::Weibo, State::Sending).apply(learned.command).unwrap();
            assert_eq!(after.state.as_str(), wanted, "{outcome:?}");
        }
    }

    #[test]
    fn a_post_with_our_link_and_words_is_ours() {
        let found = look(vec![other(8, BEGUN), post(7, BEGUN, TEXT)], Duration::seconds(5), |_| {});
        let Found::Post(Command::Confirm { platform_id, url, .. }) = found else { panic!("{found:?}") };
        assert_eq!(platform_id.as_deref(), Some("7"));
        assert!(url.unwrap().starts_with("https://weibo.com/5/"));
    }

    #[test]
    fn an_earlier_revisions_post_is_not_ours_although_it_carries_the_same_link() {
        static TAKEN: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| vec!["7".to_owned()]);
        let found = look(vec![post(7, BEGUN, TEXT)], Duration::minutes(3), |write| write.taken = &TAKEN);
        assert!(matches!(found, Found::Absent(_)), "{found:?}");
        let old = look(vec![post(6, BEGUN - Duration::hours(1), TEXT)], Duration::minutes(3), |_| {});
        assert!(matches!(old, Found::Absent(_)), "{old:?}");
    }

    #[test]
    fn absence_is_proven_only_late_and_only_by_a_list_that_reaches_back() {
        let recent: Vec<Post> = (0..5).map(|id| other(id, BEGUN + Duration::seconds(id))).collect();
        let mut reaching = recent.clone();
        reaching[4] = other(9, BEGUN - Duration::minutes(3));

        assert!(matches!(look(vec![], Duration::seconds(119), |_| {}), Found::Nothing(_)));
        assert!(matches!(
            look(vec![], Duration::seconds(120), |_| {}),
            Found::Absent(Command::PutBack { .. })
        ));
        assert!(matches!(look(recent, Duration::seconds(180), |_| {}), Found::Nothing(_)));
        assert!(matches!(look(reaching, Duration::seconds(180), |_| {}), Found::Absent(_)));
    }

    #[test]
    fn what_the_platform_took_is_never_held_to_be_absent() {
        let found = look(vec![], Duration::minutes(5), |write| write.accepted = true);
        assert!(matches!(found, Found::Nothing(Command::Accept { .. })), "{found:?}");
    }

    #[test]
    fn nothing_is_sent_a_third_time() {
        let found = look(vec![], Duration::minutes(3), |write| write.may_send_again = false);
        assert!(matches!(found, Found::Absent(Command::AskPerson { .. })), "{found:?}");
    }

    #[test]
    fn whoever_is_asked_hears_what_the_platform_answered() {
        let told = |after: Duration, answer: Answer<'static>| {
            let asked = look(vec![], after, |write| {
                write.may_send_again = false;
                write.answer = answer;
            });
            match asked {
                Found::Absent(Command::AskPerson { reason }) => reason,
                other => panic!("{other:?}"),
            }
        };
        let unclear = told(Duration::minutes(3), Answer::Unclear("99999 odd"));
        assert!(unclear.contains("99999 odd") && !unclear.contains("相同"), "{unclear}");
        let same = told(Duration::minutes(3), Answer::SameWords("20019 repeat content"));
        assert!(same.contains("20019 repeat content") && same.contains("文字相同"), "{same}");
        assert!(!same.contains("没有明确答复"), "{same}");
        assert_eq!(Answer::SameWords("20019 repeat content").not_seen(), same);
    }

    #[test]
    fn a_timeline_that_cannot_be_read_proves_nothing_and_ends_with_a_person() {
        let link = link();
        let write = OpenWrite {
            text: TEXT,
            link: &link,
            first_begun: BEGUN,
            begun: BEGUN,
            taken: &[],
            accepted: false,
            may_send_again: true,
            answer: Answer::Unclear("HTTP 502"),
        };
        let unread = |after| reconcile(&write, None, BEGUN + after);
        assert!(matches!(unread(Duration::minutes(5)), Found::Nothing(Command::LoseTrack { .. })));
        assert!(matches!(unread(Duration::minutes(10)), Found::Nothing(Command::AskPerson { .. })));
    }

    #[test]
    fn the_timeline_is_read_more_and_more_rarely() {
        let reads: Vec<i64> = [0, 5, 20, 60, 120, 180, 240]
            .map(|second| (next_read(BEGUN, BEGUN + Duration::seconds(second)) - BEGUN).whole_seconds())
            .to_vec();
        assert_eq!(reads, [5, 20, 60, 120, 180, 240, 300]);
    }
}
