//! What the office's own decisions say about a message where no rule does.
//!
//! It moves a message only out of the rules' doubt and only into kinds that people read: never to "other". It never
//! unhears a call for help, because a call that a rule hears is in no doubt; and it silences nothing that is said
//! again: what is like anything known, or passes an address on, stays a report.

use judgement::intent::{Intent, Judged};
use judgement::reason::Reason;

use crate::decide::{Judgement, Round, Words};
use crate::store::reports::{intent_name, intent_zh};

/// What it may say. Whatever else the office says of messages stays a person's word.
const SAYABLE: [Intent; 4] = [Intent::Question, Intent::Complaint, Intent::Help, Intent::Observation];

impl Round<'_> {
    /// What the message is by the office's own decisions; `None` where the rules know, or nobody does.
    pub fn taught(&self, judgement: &Judgement) -> Option<Judged> {
        if !judgement.judged.in_doubt || self.words == Words::OfMachine || !judgement.links.is_empty() {
            return None;
        }
        let (version, intents) = self.ground.models.intents()?;
        let (kind, _) = intents.says(&judgement.text)?;
        let intent = SAYABLE.into_iter().find(|&intent| intent_name(intent) == kind)?;
        let found = self.known.matches(&judgement.profile);
        if found.claim.is_some() || found.clarification.is_some() {
            return None;
        }
        let said = intent_zh(intent);
        let detail = format!("没有规则能判定，按本单位以往的改判像是{said}（模型第{version}版），请人看");
        let reason = Reason::new("intent.trained", detail, 0.5);
        let danger = (intent == Intent::Help).then(|| reason.clone());
        Some(Judged { intent, reason, disowns_answer: false, in_doubt: false, danger })
    }
}
