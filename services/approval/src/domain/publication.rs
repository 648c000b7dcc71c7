//! What publish says about a signed revision, and what follows for its case.

use super::words::words;

words! {
    /// Where a publication stands, in publish's words.
    pub enum PublicationState {
        /// Waiting for its turn.
        Planned = "planned",
        /// A write is under way.
        Sending = "sending",
        /// 待核对: being reconciled by the machine.
        Uncertain = "uncertain",
        /// The platform took it.
        Accepted = "accepted",
        /// The platform says it is public.
        Confirmed = "confirmed",
        /// It did not go out.
        Failed = "failed",
        /// Stopped before it went out.
        Halted = "halted",
        /// Its statements do not verify.
        Refused = "refused",
        /// It was public and was taken down.
        Withdrawn = "withdrawn",
        /// The machine cannot prove what happened.
        NeedsPerson = "needs_person",
    }
}

impl PublicationState {
    /// As officers read it.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Planned => "待发送",
            Self::Sending => "发送中",
            Self::Uncertain => "待核对",
            Self::Accepted => "平台已受理",
            Self::Confirmed => "已发布",
            Self::Failed => "未发出",
            Self::Halted => "已停发",
            Self::Refused => "校验不通过，未发出",
            Self::Withdrawn => "已撤稿",
            Self::NeedsPerson => "需人工核对",
        }
    }
}

/// One publication, as far as its case cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// "page", "wechat" or "weibo".
    pub channel: String,
    /// Where it stands.
    pub state: PublicationState,
    /// Why, in words for an officer.
    pub reason: String,
}

/// What all publications of one revision say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something is still on its way.
    UnderWay,
    /// Every channel that was signed is public.
    Confirmed,
    /// A person must look; why.
    NeedsPerson(String),
    /// Stopped or taken down; why.
    Halted(String),
}

/// Sums up. `channels` are those that were signed; each needs one publication at least.
#[must_use]
pub fn outcome(channels: &[&str], publications: &[Standing]) -> Outcome {
    use PublicationState as S;
    let first = |wanted: &[S]| publications.iter().find(|publication| wanted.contains(&publication.state));
    if let Some(bad) = first(&[S::Refused, S::NeedsPerson, S::Failed]) {
        return Outcome::NeedsPerson(format!("{}：{}", channel_zh(&bad.channel), bad.reason));
    }
    if let Some(stopped) = first(&[S::Halted, S::Withdrawn]) {
        return Outcome::Halted(format!("{}：{}", channel_zh(&stopped.channel), stopped.reason));
    }
    let every_channel_is_there = channels
        .iter()
        .all(|channel| publications.iter().any(|publication| publication.channel == **channel));
    let all_confirmed = publications.iter().all(|publication| publication.state == S::Confirmed);
    if every_channel_is_there && all_confirmed { Outcome::Confirmed } else { Outcome::UnderWay }
}

/// A channel's name for officers.
#[must_use]
pub fn channel_zh(channel: &str) -> &str {
    match channel {
        "page" => "公开页",
        "wechat" => "微信公众号",
        "weibo" => "微博",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn standing(channel: &str, state: PublicationState) -> Standing {
        Standing { channel: channel.into(), state, reason: "原因".into() }
    }

    #[test]
    fn every_state_of_one_channel_leads_where_the_table_says() {
        use PublicationState as S;
        let needs_person = Outcome::NeedsPerson("微博：原因".into());
        let halted = Outcome::Halted("微博：原因".into());
        let table = [
            (S::Planned, Outcome::UnderWay),
            (S::Sending, Outcome::UnderWay),
            (S::Uncertain, Outcome::UnderWay),
            (S::Accepted, Outcome::UnderWay),
            (S::Confirmed, Outcome::Confirmed),
            (S::Failed, needs_person.clone()),
            (S::Halted, halted.clone()),
            (S::Refused, needs_person.clone()),
            (S::Withdrawn, halted),
            (S::NeedsPerson, needs_person),
        ];
        for (state, expected) in table {
            let publications = [standing("page", S::Confirmed), standing("weibo", state)];
            assert_eq!(outcome(&["page", "weibo"], &publications), expected, "{state:?}");
        }
    }

    #[test]
    fn a_channel_that_has_no_publication_yet_is_under_way() {
        let publications = [standing("page", PublicationState::Confirmed)];
        assert_eq!(outcome(&["page", "wechat"], &publications), Outcome::UnderWay);
    }

    proptest! {
        #[test]
        fn the_order_in_which_publications_are_listed_does_not_matter(
            mut states in prop::collection::vec(
                prop::sample::select(vec![
                    PublicationState::Planned,
                    PublicationState::Confirmed,
                    PublicationState::Failed,
                    PublicationState::Halted,
                ]),
                1..5,
            ),
        ) {
            let kind = |states: &[PublicationState]| {
                let publications: Vec<_> = states.iter().map(|state| standing("page", *state)).collect();
                outcome(&["page"], &publications)
            };
            let forwards = kind(&states);
            states.reverse();
            prop_assert_eq!(forwards, kind(&states));
        }
    }
}
