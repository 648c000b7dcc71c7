//! From a signed content to its publications: which channels, which accounts, the page first.

use signoff::content::{Content, Rendition};

use super::channel::{Account, Channel, PAGE_ACCOUNT};

/// One publication to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Where it goes.
    pub account: Account,
    /// The rendition's title, for lists.
    pub title: String,
    /// Why it cannot go, if so.
    pub impossible: Option<String>,
}

/// The channels that words were signed for, in the order in which they go out: those that they have a form for. What
/// a response level stands for today adds none and takes none away.
#[must_use]
pub fn channels(content: &Content) -> Vec<Channel> {
    [Channel::Page, Channel::Wechat, Channel::Weibo]
        .into_iter()
        .filter(|channel| content.rendition(channel.as_str()).is_some())
        .collect()
}

/// Plans a verified content. `accounts` are the agency's, the page excepted, which every agency has.
#[must_use]
pub fn plan(content: &Content, accounts: &[Account]) -> Vec<Planned> {
    let mut planned = Vec::new();
    for channel in channels(content) {
        let Some(rendition) = content.rendition(channel.as_str()) else { continue };
        for account in accounts_of(channel, accounts) {
            planned.push(Planned {
                title: title(rendition),
                impossible: impossible(channel, &account, rendition),
                account,
            });
        }
    }
    planned
}

/// Where the refusal of an unverified content is shown: on every channel that it seems to be meant for, so that
/// the case says why nothing goes out there; on the page where even that cannot be read.
#[must_use]
pub fn plan_refused(content: Option<&Content>, accounts: &[Account]) -> Vec<Account> {
    let channels = content.map(channels).unwrap_or_default();
    let meant: Vec<Account> =
        channels.into_iter().flat_map(|channel| accounts_of(channel, accounts)).collect();
    if meant.is_empty() { vec![page()] } else { meant }
}

fn accounts_of(channel: Channel, accounts: &[Account]) -> Vec<Account> {
    if channel == Channel::Page {
        return vec![page()];
    }
    let configured: Vec<Account> =
        accounts.iter().filter(|account| account.channel == channel).cloned().collect();
    if configured.is_empty() {
        // A row all the same: a signed channel that goes nowhere must be seen.
        return vec![Account { channel, slug: String::new() }];
    }
    configured
}

fn impossible(channel: Channel, account: &Account, rendition: &Rendition) -> Option<String> {
    let name = channel.zh();
    if account.slug.is_empty() {
        return Some(format!("本单位没有配置{name}账号"));
    }
    if !rendition.pictures.is_empty() {
        return Some(format!("{name}的稿样含有图片，目前还不能发送图片"));
    }
    None
}

/// Characters of a title that a post's first line stands in for.
const TITLE_CHARACTERS_MAX: usize = 60;

/// What a list calls a publication: its own words, never those that it refutes.
fn title(rendition: &Rendition) -> String {
    if !rendition.title.is_empty() {
        return rendition.title.clone();
    }
    let line = rendition.body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    match line.char_indices().nth(TITLE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn page() -> Account {
    Account { channel: Channel::Page, slug: PAGE_ACCOUNT.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ids::{AgencyId, CaseId, ClarificationId};
    use signoff::version::Version;

    use super::*;

    fn content(response_level: &str, channels: &[&str]) -> Content {
        Content {
            version: Version::LATEST,
            agency: AgencyId::mint(),
            case: CaseId::mint(),
            clarification: ClarificationId::mint(),
            revision: 1,
            kind: "clarification".into(),
            verdict: "false".into(),
            response_level: response_level.into(),
            automatic_answer: true,
            claim_sentence: "明天有地震".into(),
            claims: BTreeSet::new(),
            not_before: 0,
            not_after: 0,
            valid_until: 0,
            renditions: channels
                .iter()
                .map(|channel| Rendition {
                    channel: (*channel).into(),
                    title: if *channel == "weibo" { String::new() } else { "没有地震预报".into() },
                    summary: String::new(),
                    body: "不实".into(),
                    pictures: vec![],
                })
                .collect(),
        }
    }

    fn accounts() -> Vec<Account> {
        [(Channel::Weibo, "qinglan-weibo"), (Channel::Wechat, "qinglan-wechat")]
            .map(|(channel, slug)| Account { channel, slug: slug.into() })
            .to_vec()
    }

    fn slugs(planned: &[Planned]) -> Vec<&str> {
        planned.iter().map(|planned| planned.account.slug.as_str()).collect()
    }

    #[test]
    fn a_post_is_called_by_its_own_words_and_never_by_the_rumor() {
        let planned = plan(&content("everything", &["page", "weibo"]), &accounts());
        let titles: Vec<&str> = planned.iter().map(|planned| planned.title.as_str()).collect();
        assert_eq!(titles, ["没有地震预报", "不实"]);
        let mut post = content("microblog", &["weibo"]).renditions.remove(0);
        post.body = format!("\n  {}\n第二行", "长".repeat(70));
        assert_eq!(title(&post), format!("{}…", "长".repeat(60)));
    }

    #[test]
    fn the_signed_forms_say_which_channels_and_the_page_comes_first() {
        let of = |channels: &[&str]| plan(&content("everything", channels), &accounts());
        assert!(of(&["answer", "answer.auto", "standing.receipt"]).is_empty());
        assert_eq!(slugs(&of(&["answer", "page"])), ["page"]);
        assert_eq!(slugs(&of(&["weibo", "page"])), ["page", "qinglan-weibo"]);
        assert_eq!(slugs(&of(&["page", "wechat"])), ["page", "qinglan-wechat"]);
        let all = of(&["weibo", "wechat", "page", "answer"]);
        assert_eq!(slugs(&all), ["page", "qinglan-wechat", "qinglan-weibo"]);
        assert!(all.iter().all(|planned| planned.impossible.is_none()));
        assert_eq!((all[1].title.as_str(), all[2].title.as_str()), ("没有地震预报", "不实"));
    }

    #[test]
    fn what_a_level_means_neither_adds_nor_takes_a_channel() {
        for level in ["answer_only", "publish", "everything", "shout", ""] {
            let planned = plan(&content(level, &["page", "weibo"]), &accounts());
            assert_eq!(slugs(&planned), ["page", "qinglan-weibo"], "{level}");
        }
    }

    #[test]
    fn what_cannot_go_says_why() {
        let without_account = plan(&content("mass_push", &["page", "wechat"]), &[]);
        assert!(without_account[1].impossible.as_ref().unwrap().contains("没有配置微信公众号账号"));

        let mut with_picture = content("publish", &["page"]);
        with_picture.renditions[0].pictures.push([1; 32]);
        assert!(plan(&with_picture, &[])[0].impossible.is_some());
    }

    #[test]
    fn a_refusal_is_shown_somewhere_whatever_it_says() {
        let shown = |content: Option<&Content>| plan_refused(content, &accounts()).len();
        assert_eq!(shown(None), 1);
        assert_eq!(shown(Some(&content("answer_only", &["answer"]))), 1);
        assert_eq!(shown(Some(&content("everything", &[]))), 1);
        assert_eq!(shown(Some(&content("publish", &["page", "wechat", "weibo"]))), 3);
    }
}
