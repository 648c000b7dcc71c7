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

/// The channels of a response level, in the order in which they go out.
///
/// `None` for a level that this version does not know: nothing may be guessed into public.
#[must_use]
pub fn channels(response_level: &str) -> Option<&'static [Channel]> {
    match response_level {
        "answer_only" => Some(&[]),
        "publish" => Some(&[Channel::Page]),
        "microblog" => Some(&[Channel::Page, Channel::Weibo]),
        "mass_push" => Some(&[Channel::Page, Channel::Wechat]),
        "everything" => Some(&[Channel::Page, Channel::Wechat, Channel::Weibo]),
        _ => None,
    }
}

/// Plans a verified content. `accounts` are the agency's, the page excepted, which every agency has.
#[must_use]
pub fn plan(content: &Content, accounts: &[Account]) -> Vec<Planned> {
    let Some(channels) = channels(&content.response_level) else {
        return vec![Planned {
            account: page(),
            title: content.claim_sentence.clone(),
            impossible: Some("系统不认识这份稿件的处置方式，没有发布".to_owned()),
        }];
    };
    let mut planned = Vec::new();
    for channel in channels {
        let rendition = content.rendition(channel.as_str());
        for account in accounts_of(*channel, accounts) {
            planned.push(Planned {
                title: rendition.map(|rendition| title(rendition, content)).unwrap_or_default(),
                impossible: impossible(*channel, &account, rendition),
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
    let channels = content.and_then(|content| channels(&content.response_level)).unwrap_or_default();
    let meant: Vec<Account> = channels.iter().flat_map(|channel| accounts_of(*channel, accounts)).collect();
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

fn impossible(channel: Channel, account: &Account, rendition: Option<&Rendition>) -> Option<String> {
    let name = channel.zh();
    let Some(rendition) = rendition else { return Some(format!("签发的稿件中没有{name}的稿样")) };
    if account.slug.is_empty() {
        return Some(format!("本单位没有配置{name}账号"));
    }
    if !rendition.pictures.is_empty() {
        return Some(format!("{name}的稿样含有图片，目前还不能发送图片"));
    }
    None
}

fn title(rendition: &Rendition, content: &Content) -> String {
    if rendition.title.is_empty() { content.claim_sentence.clone() } else { rendition.title.clone() }
}

fn page() -> Account {
    Account { channel: Channel::Page, slug: PAGE_ACCOUNT.to_owned() }
}

#[cfg(test)]
mod tests {
    use ids::{AgencyId, CaseId, ClarificationId};

    use super::*;

    fn content(response_level: &str, channels: &[&str]) -> Content {
        Content {
            agency: AgencyId::mint(),
            case: CaseId::mint(),
            clarification: ClarificationId::mint(),
            revision: 1,
            kind: "clarification".into(),
            verdict: "false".into(),
            response_level: response_level.into(),
            automatic_answer: true,
            claim_sentence: "明天有地震".into(),
            not_before: 0,
            not_after: 0,
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
    fn a_level_says_which_channels_and_the_page_comes_first() {
        let all = ["page", "wechat", "weibo", "answer"];
        let of = |level| plan(&content(level, &all), &accounts());
        assert!(of("answer_only").is_empty());
        assert_eq!(slugs(&of("publish")), ["page"]);
        assert_eq!(slugs(&of("microblog")), ["page", "qinglan-weibo"]);
        assert_eq!(slugs(&of("mass_push")), ["page", "qinglan-wechat"]);
        assert_eq!(slugs(&of("everything")), ["page", "qinglan-wechat", "qinglan-weibo"]);
        assert!(of("everything").iter().all(|planned| planned.impossible.is_none()));
        assert_eq!(of("microblog")[1].title, "明天有地震");
    }

    #[test]
    fn what_cannot_go_says_why() {
        let without_rendition = plan(&content("everything", &["page", "wechat"]), &accounts());
        assert!(without_rendition[2].impossible.as_ref().unwrap().contains("没有微博的稿样"));

        let without_account = plan(&content("mass_push", &["page", "wechat"]), &[]);
        assert!(without_account[1].impossible.as_ref().unwrap().contains("没有配置微信公众号账号"));

        let mut with_picture = content("publish", &["page"]);
        with_picture.renditions[0].pictures.push([1; 32]);
        assert!(plan(&with_picture, &[])[0].impossible.is_some());

        let unknown = plan(&content("shout", &["page"]), &accounts());
        assert_eq!(slugs(&unknown), ["page"]);
        assert!(unknown[0].impossible.is_some());
    }

    #[test]
    fn a_refusal_is_shown_somewhere_whatever_it_says() {
        let shown = |content: Option<&Content>| plan_refused(content, &accounts()).len();
        assert_eq!(shown(None), 1);
        assert_eq!(shown(Some(&content("answer_only", &[]))), 1);
        assert_eq!(shown(Some(&content("shout", &[]))), 1);
        assert_eq!(shown(Some(&content("everything", &[]))), 3);
    }
}
