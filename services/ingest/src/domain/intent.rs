//! What a message is, as classification decided it.

/// The intent of a message (意图).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// 线索.
    Report,
    /// 咨询.
    Question,
    /// 诉求.
    Complaint,
    /// 求助.
    Help,
    /// 异常现象.
    Observation,
    /// Anything else.
    Other,
}

impl Intent {
    /// Every intent.
    pub const ALL: [Self; 6] =
        [Self::Report, Self::Question, Self::Complaint, Self::Help, Self::Observation, Self::Other];

    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Question => "question",
            Self::Complaint => "complaint",
            Self::Help => "help",
            Self::Observation => "observation",
            Self::Other => "other",
        }
    }

    /// The intent with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|intent| intent.as_str() == name)
    }
}
