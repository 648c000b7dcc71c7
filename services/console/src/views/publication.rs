//! A publication with its attempts.

use contracts::publish::v1::{Publication, publication};

use crate::language::Language;
use crate::show;
use crate::wording::{self, Worded};

/// One revision on one channel account.
pub(crate) struct PublicationView {
    pub id: String,
    pub case_id: String,
    pub clarification_id: String,
    pub revision: u64,
    pub title: String,
    pub channel: String,
    pub channel_code: String,
    pub account: String,
    pub state: Worded,
    pub reason: String,
    /// Only an address that a browser may follow.
    pub url: Option<String>,
    pub platform_id: String,
    pub changed: String,
    pub state_revision: u64,
    pub attempts: Vec<AttemptView>,
    /// True where the reason is a warning: something is not out that was to be, or nobody knows.
    pub warns: bool,
    /// True when a person may say what the machine cannot know.
    pub resolvable: bool,
    /// What a person typed about it before and must not lose.
    pub typed: Option<TypedResolution>,
}

/// A resolution that was refused, to be shown again.
pub(crate) struct TypedResolution {
    pub is_public: String,
    pub note: String,
    pub request_id: String,
}

/// One call to the platform.
pub(crate) struct AttemptView {
    pub operation: String,
    pub begun: String,
    pub outcome: &'static str,
    pub detail: String,
}

impl PublicationView {
    pub(crate) fn of(publication: Publication, language: Language) -> Self {
        let words = language.words();
        let state = publication.state();
        let url = Some(publication.url).filter(|url| is_web_address(url));
        Self {
            resolvable: matches!(state, publication::State::Uncertain | publication::State::NeedsPerson),
            warns: !matches!(
                state,
                publication::State::Planned
                    | publication::State::Sending
                    | publication::State::Accepted
                    | publication::State::Confirmed
                    | publication::State::Withdrawn
            ),
            state: wording::publication_state(state, words),
            changed: show::minute(publication.changed_time.as_ref(), language),
            channel: wording::channel(&publication.channel, words),
            channel_code: publication.channel,
            id: publication.publication_id,
            case_id: publication.case_id,
            clarification_id: publication.clarification_id,
            revision: publication.revision,
            title: publication.title,
            account: publication.account,
            reason: publication.reason,
            url,
            platform_id: publication.platform_id,
            state_revision: publication.state_revision,
            attempts: publication
                .attempts
                .into_iter()
                .map(|attempt| AttemptView {
                    begun: show::second(attempt.begun_time.as_ref()),
                    outcome: wording::attempt_outcome(&attempt.outcome, words),
                    operation: attempt.operation,
                    detail: attempt.detail,
                })
                .collect(),
            typed: None,
        }
    }
}

/// A platform's address is text from outside: a link must not run a script.
fn is_web_address(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::is_web_address;

    #[test]
    fn only_web_addresses_become_links() {
        assert!(is_web_address("https://mp.weixin.qq.com/s/x"));
        assert!(is_web_address("http://localhost:7082/c/1"));
        assert!(!is_web_address("javascript:alert(1)"));
        assert!(!is_web_address("/relative"));
        assert!(!is_web_address(""));
    }
}
