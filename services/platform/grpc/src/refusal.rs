//! Errors as a caller sees them: a code, a machine reason, and words in Chinese and English that say what to do.

use std::collections::HashMap;
use std::error::Error;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of every reason.
const DOMAIN: &str = "chengqing";

/// A refusal on its way to becoming a [`Status`].
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The gRPC code.
    pub code: Code,
    /// UPPER_SNAKE, stable; programs decide on it.
    pub reason: &'static str,
    /// What is wrong and what to do, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// Every dynamic part, for programs.
    pub metadata: Vec<(&'static str, String)>,
    violations: Vec<(String, String)>,
}

impl Refusal {
    /// A refusal without dynamic parts.
    pub fn new(code: Code, reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code, reason, zh: zh.into(), en: en.into(), metadata: Vec::new(), violations: Vec::new() }
    }

    /// Adds a dynamic part.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl ToString) -> Self {
        self.metadata.push((key, value.to_string()));
        self
    }

    /// Says what is wrong with one field; there may be several.
    #[must_use]
    pub fn violated(mut self, field: impl Into<String>, en: impl Into<String>) -> Self {
        self.violations.push((field.into(), en.into()));
        self
    }

    /// The thing is not there, or belongs to another agency: the two look the same.
    #[must_use]
    pub fn not_found(what: &'static str) -> Self {
        Self::new(
            Code::NotFound,
            "NOT_FOUND",
            "没有找到，可能已被删除或不属于本单位。",
            format!("No such {what} in this agency."),
        )
        .with("resource", what)
    }

    /// A field is wrong.
    pub fn invalid(field: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let refusal = Self::new(Code::InvalidArgument, "INVALID_FIELD", zh, en).with("field", field);
        let en = refusal.en.clone();
        refusal.violated(field, en)
    }

    /// The state of things does not allow it.
    pub fn precondition(reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, reason, zh, en)
    }

    /// Somebody else changed it in the meantime.
    pub fn changed(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(Code::Aborted, "CHANGED_MEANWHILE", zh, en)
    }

    /// Something broke on our side. Logs it, once, here; the caller hears no detail.
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error, "a request failed on our side");
        Self::new(
            Code::Internal,
            "INTERNAL",
            "系统内部出错，内容没有改变，请稍后重试。",
            "Something failed on our side and nothing was changed; try again in a moment.",
        )
    }

    /// Something that this service stands on is away. Logs it, once, here.
    pub fn unavailable(error: &(dyn Error + 'static)) -> Self {
        tracing::warn!(error, "a request failed because something it needs is away");
        Self::new(
            Code::Unavailable,
            "UNAVAILABLE",
            "系统暂时不可用，内容没有改变，请稍后重试。",
            "The service is unavailable for the moment and nothing was changed; try again shortly.",
        )
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let metadata: HashMap<String, String> =
            refusal.metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let mut details = ErrorDetails::with_error_info(refusal.reason, DOMAIN, metadata);
        details.set_localized_message("zh-CN", refusal.zh);
        for (field, en) in refusal.violations {
            details.add_bad_request_violation(field, en);
        }
        Self::with_error_details(refusal.code, refusal.en, details)
    }
}

/// The reason of a status, for programs; `None` where nobody gave one.
#[must_use]
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

/// What a status tells people: the Chinese words (English where there are none) and the English ones.
#[must_use]
pub fn told(status: &Status) -> (String, String) {
    let en = status.message().to_owned();
    let zh = status.get_details_localized_message().map_or_else(|| en.clone(), |localized| localized.message);
    (zh, en)
}
