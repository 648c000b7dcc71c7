//! What five boxes become on each channel. A pure function of the draft: what people see in the preview, sign
//! and send is the same bytes. A stored revision whose bytes are not what this makes of its boxes counts as altered,
//! so words that are made here change only together with the version of the content.
//!
//! `{link}` stands for the page's public address and `{code}` for a receipt's number; whoever sends puts them
//! in, and nothing else may be put in.

use std::fmt::Write;

use time::OffsetDateTime;
use time::macros::offset;

use super::draft::{Draft, Kind, ResponseLevel, Verdict};

/// One revision's form for one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// "wechat", "weibo", "page", "answer", "answer.auto" or "standing.<key>".
    pub channel: String,
    /// Its title, where the channel has one.
    pub title: String,
    /// Its summary, where the channel has one.
    pub summary: String,
    /// Its text.
    pub body: String,
}

/// The article of the mass push.
pub const WECHAT: &str = "wechat";
/// The microblog post.
pub const WEIBO: &str = "weibo";
/// The public page.
pub const PAGE: &str = "page";
/// To those who asked and waited.
pub const ANSWER: &str = "answer";
/// To those whose question surely is this one.
pub const ANSWER_AUTO: &str = "answer.auto";
/// The channels on which something is published, the page first.
pub const PUBLISHED: [&str; 3] = [PAGE, WECHAT, WEIBO];
/// Standing replies are on channels that begin with this.
pub const STANDING: &str = "standing.";

/// Characters of an article's HTML; the platform refuses 20 000.
const WECHAT_CHARACTERS_MAX: usize = 19_999;
/// Weibo's 140 less ten for the link that goes behind the post.
pub const POST_LENGTH_MAX: usize = weibo::length::WEIGHTED_LENGTH_MAX - 10;
/// UTF-8 bytes of a WeChat text message, less room for a link.
pub const ANSWER_BYTES_MAX: usize = 2_047 - 200;
/// The public page is ours; this only keeps it readable.
const PAGE_CHARACTERS_MAX: usize = 30_000;

impl Rendition {
    /// Its length and its limit, in the channel's own counting.
    #[must_use]
    pub fn length(&self) -> (usize, usize) {
        match self.channel.as_str() {
            WECHAT => (self.body.chars().count(), WECHAT_CHARACTERS_MAX),
            WEIBO => (weibo::length::weighted_length(&self.body), POST_LENGTH_MAX),
            PAGE => (self.body.chars().count(), PAGE_CHARACTERS_MAX),
            _ => (self.body.len(), ANSWER_BYTES_MAX),
        }
    }
}

/// The channels on which a level publishes, the page first.
#[must_use]
pub const fn published_channels(level: ResponseLevel) -> &'static [&'static str] {
    match level {
        ResponseLevel::AnswerOnly => &[],
        ResponseLevel::Publish => &[PAGE],
        ResponseLevel::Microblog => &[PAGE, WEIBO],
        ResponseLevel::MassPush => &[PAGE, WECHAT],
        ResponseLevel::Everything => &[PAGE, WECHAT, WEIBO],
    }
}

/// Every rendition of a draft, in the order in which people look at them.
#[must_use]
pub fn renditions(draft: &Draft) -> Vec<Rendition> {
    match draft.kind {
        Kind::StandingReplies => standing(draft),
        Kind::Holding => vec![text(ANSWER, holding_answer(draft))],
        Kind::Clarification | Kind::Response | Kind::Notice => {
            let mut renditions: Vec<Rendition> =
                published_channels(draft.level()).iter().map(|channel| published(draft, channel)).collect();
            // A notice answers no claim, so nobody waits for it.
            if draft.kind != Kind::Notice {
                renditions.push(text(ANSWER, answer(draft)));
            }
            if draft.automatic_answer {
                renditions.push(text(ANSWER_AUTO, automatic_answer(draft)));
            }
            renditions
        }
    }
}

fn published(draft: &Draft, channel: &str) -> Rendition {
    let (title, summary) = (draft.title.trim().to_owned(), draft.summary.trim().to_owned());
    let body = match channel {
        WEIBO => return text(WEIBO, draft.post.trim().to_owned()),
        WECHAT => article(draft),
        _ => page(draft),
    };
    Rendition { channel: channel.to_owned(), title, summary, body }
}

fn text(channel: &str, body: String) -> Rendition {
    Rendition { channel: channel.to_owned(), title: String::new(), summary: String::new(), body }
}

/// Labelled paragraphs, in the few tags that WeChat keeps.
fn article(draft: &Draft) -> String {
    let mut html = String::from("<section>");
    for (label, words) in draft.boxes().into_iter().filter(|(_, words)| !words.is_empty()) {
        // Writing to a string cannot fail.
        let _infallible = write!(html, "<p><strong>【{label}】</strong>{}</p>", escaped(words));
    }
    html.push_str("</section>");
    html
}

fn page(draft: &Draft) -> String {
    let mut html = String::new();
    if let Some(verdict) = draft.verdict {
        let _infallible = write!(html, "<p class=\"verdict\">核查结论：{}</p>", verdict.zh());
    }
    if let Some(end) = draft.valid_until.and_then(beijing_minute) {
        let _infallible = write!(html, "<p class=\"valid-until\">本文适用至{end}</p>");
    }
    for (label, words) in draft.boxes().into_iter().filter(|(_, words)| !words.is_empty()) {
        let _infallible = write!(html, "<section><h2>{label}</h2><p>{}</p></section>", escaped(words));
    }
    html
}

/// A minute as people in Beijing read it; `None` outside the calendar.
fn beijing_minute(unix_second: i64) -> Option<String> {
    let local = OffsetDateTime::from_unix_timestamp(unix_second).ok()?.to_offset(offset!(+8));
    let (year, month, day) = local.to_calendar_date();
    Some(format!("{year}年{}月{day}日{:02}:{:02}", u8::from(month), local.hour(), local.minute()))
}

/// Where the answer sends people who want to read on; an answer without a page says it all itself.
fn where_to_read(draft: &Draft) -> String {
    let title = draft.title.trim();
    match draft.level() {
        ResponseLevel::AnswerOnly => draft.summary.trim().to_owned(),
        ResponseLevel::Publish
        | ResponseLevel::Microblog
        | ResponseLevel::MassPush
        | ResponseLevel::Everything => format!("《{title}》{{link}}"),
    }
}

fn answer(draft: &Draft) -> String {
    format!("您反映的情况已核查，结论：{}。{}", verdict(draft), where_to_read(draft))
}

fn automatic_answer(draft: &Draft) -> String {
    let lead = match draft.kind {
        Kind::Notice => "您问的可能是这条通报：".to_owned(),
        _ => format!("您问的可能是这条（已核查，结论：{}）：", verdict(draft)),
    };
    format!("{lead}{}  不是这件事？回复“不是”，转值班人员。", where_to_read(draft))
}

fn holding_answer(draft: &Draft) -> String {
    format!("您反映的情况正在核查。{}{}核查结果会发到这里。", draft.check.trim(), draft.advice.trim())
}

fn verdict(draft: &Draft) -> &'static str {
    draft.verdict.unwrap_or(Verdict::Pending).zh()
}

fn standing(draft: &Draft) -> Vec<Rendition> {
    draft
        .standing_replies
        .iter()
        .filter(|(_, words)| !words.trim().is_empty())
        .map(|(key, words)| text(&format!("{STANDING}{key}"), words.trim().to_owned()))
        .collect()
}

fn escaped(words: &str) -> String {
    let mut html = String::with_capacity(words.len());
    for character in words.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push_str("<br/>"),
            '\r' => {}
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Message B of the demo story.
    #[must_use]
    pub fn watermelon() -> Draft {
        Draft {
            title: "城东市场西瓜抽检合格，“打针西瓜”传言不实".into(),
            summary: "县市场监管局抽检城东市场西瓜12批次，甜蜜素、糖精钠均未检出；核实期内未接到食用西瓜后就诊的\
                      报告。打针会留下针孔，西瓜很快变质。"
                .into(),
            claim: "城东市场西瓜打甜水针，有孩子吃了住院。".into(),
            check: "县市场监管局抽检12批次，甜蜜素、糖精钠均未检出；县卫生健康局未接到相关就诊报告。".into(),
            conclusion: "不实。".into(),
            basis: "检测报告（演示）。".into(),
            advice: "发现可疑食品请拨12315。".into(),
            post: "【城东市场西瓜抽检合格】网传“西瓜打甜水针”不实。县市场监管局抽检12批次，甜蜜素、糖精钠均未检出。\
                   打针会留针孔，西瓜很快变质。发现可疑食品请拨12315。"
                .into(),
            kind: Kind::Clarification,
            response_level: Some(ResponseLevel::Everything),
            verdict: Some(Verdict::False),
            automatic_answer: true,
            standing_replies: BTreeMap::new(),
            valid_until: None,
        }
    }

    fn rendition(draft: &Draft, channel: &str) -> Option<Rendition> {
        renditions(draft).into_iter().find(|rendition| rendition.channel == channel)
    }

    #[test]
    fn five_boxes_make_an_article_of_five_labelled_paragraphs() {
        let article = rendition(&watermelon(), WECHAT).unwrap();
        assert_eq!(article.title, "城东市场西瓜抽检合格，“打针西瓜”传言不实");
        assert_eq!(article.body.matches("<p>").count(), 5);
        assert!(article.body.contains("<p><strong>【依据】</strong>检测报告（演示）。</p>"));
    }

    #[test]
    fn the_page_says_until_when_it_holds() {
        let draft = Draft { valid_until: Some(1_796_047_199), ..watermelon() };
        let page = rendition(&draft, PAGE).unwrap().body;
        assert!(page.contains("<p class=\"valid-until\">本文适用至2026年11月30日21:59</p>"), "{page}");
        assert!(!rendition(&watermelon(), PAGE).unwrap().body.contains("适用至"));
    }

    #[test]
    fn those_who_ask_later_hear_that_it_may_be_this_one() {
        assert_eq!(
            rendition(&watermelon(), ANSWER_AUTO).unwrap().body,
            "您问的可能是这条（已核查，结论：不实）：《城东市场西瓜抽检合格，“打针西瓜”传言不实》{link}  \
             不是这件事？回复“不是”，转值班人员。"
        );
    }

    #[test]
    fn those_who_waited_hear_the_conclusion() {
        assert_eq!(
            rendition(&watermelon(), ANSWER).unwrap().body,
            "您反映的情况已核查，结论：不实。《城东市场西瓜抽检合格，“打针西瓜”传言不实》{link}"
        );
    }

    #[test]
    fn the_level_decides_the_channels() {
        let table = [
            (ResponseLevel::AnswerOnly, "answer"),
            (ResponseLevel::Publish, "page answer"),
            (ResponseLevel::Microblog, "page weibo answer"),
            (ResponseLevel::MassPush, "page wechat answer"),
            (ResponseLevel::Everything, "page wechat weibo answer"),
        ];
        for (level, channels) in table {
            let draft = Draft { response_level: Some(level), automatic_answer: false, ..watermelon() };
            let actual: Vec<_> = renditions(&draft).into_iter().map(|rendition| rendition.channel).collect();
            assert_eq!(actual.join(" "), channels);
        }
    }

    #[test]
    fn an_answer_without_a_page_promises_no_link() {
        let draft = Draft { response_level: Some(ResponseLevel::AnswerOnly), ..watermelon() };
        for rendition in renditions(&draft) {
            assert!(!rendition.body.contains("{link}"), "{}", rendition.body);
            assert!(rendition.body.contains("12批次"));
        }
    }

    #[test]
    fn a_holding_statement_only_answers() {
        let draft = Draft {
            kind: Kind::Holding,
            check: "已请县应急管理局核实。".into(),
            advice: "核实前请勿转发。".into(),
            ..watermelon()
        };
        let all = renditions(&draft);
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].channel.as_str(), all[0].body.as_str()),
            ("answer", "您反映的情况正在核查。已请县应急管理局核实。核实前请勿转发。核查结果会发到这里。")
        );
    }

    #[test]
    fn standing_replies_make_one_rendition_per_key() {
        let draft = Draft {
            kind: Kind::StandingReplies,
            standing_replies: BTreeMap::from([
                ("receipt".into(), "收到，编号{code}。".into()),
                ("welcome".into(), " ".into()),
            ]),
            ..watermelon()
        };
        let all = renditions(&draft);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].channel, "standing.receipt");
    }

    proptest! {
        #[test]
        fn no_words_become_markup(words in "[<>&\"'a-z漢\n ]{0,40}") {
            let draft = Draft { claim: words.clone(), ..watermelon() };
            for channel in [WECHAT, PAGE] {
                let body = rendition(&draft, channel).unwrap().body;
                let without_ours = body
                    .replace("<section>", "").replace("</section>", "")
                    .replace("<p>", "").replace("</p>", "")
                    .replace("<strong>", "").replace("</strong>", "")
                    .replace("<h2>", "").replace("</h2>", "")
                    .replace("<p class=\"verdict\">", "").replace("<br/>", "");
                prop_assert!(!without_ours.contains(['<', '>', '"', '\'']), "{}", without_ours);
            }
        }
    }
}
