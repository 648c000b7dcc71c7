//! The last look before a write, in the transaction that records the attempt: whether anything stops it, and
//! whether our own copy still verifies. Nothing is sent on the strength of an earlier look (design G2, G11).

use signoff::verify::Verified;
use sqlx::PgConnection;

use super::Station;
use crate::change::{ChangeError, change};
use crate::domain::calendar::{Window, window};
use crate::domain::publication::{Command, Publication, State};
use crate::take_up::superseded_by;
use crate::{store, verified};

/// What the last look found.
pub enum Passed {
    /// It may be written, in these words.
    Go(Box<(Publication, Verified)>),
    /// It may not, now or ever; its row says why.
    Stays,
}

/// Looks once more at a publication that is planned, or uncertain and about to be repeated. The agency's gate is
/// passed. The transaction must be committed whatever was found.
pub async fn look(
    station: &Station,
    tx: &mut PgConnection,
    publication: &Publication,
) -> Result<Passed, ChangeError> {
    let now = station.clock.now();
    let Some(publication) = store::publication::lock(tx, publication.id).await? else {
        return Ok(Passed::Stays);
    };
    if ![State::Planned, State::Uncertain].contains(&publication.state) {
        return Ok(Passed::Stays);
    }
    if let Some(reason) = stopped(tx, &publication).await? {
        // An uncertain write cannot be stopped any more, only not be repeated: a person finds out.
        let command = match publication.state {
            State::Uncertain => Command::AskPerson {
                reason: format!("{reason}；此前的提交结果未明，不再重发，请人工核对"),
            },
            _ => Command::Stop { reason },
        };
        change(tx, publication, command, now).await?;
        return Ok(Passed::Stays);
    }
    let kept =
        store::clarification::kept(tx, publication.agency, publication.clarification, publication.revision)
            .await?;
    let judged = match &kept {
        Some(kept) => verified::judge_kept(&station.agency, kept, now),
        None => Err("校验未通过：保存的签署材料不见了".to_owned()),
    };
    let verified = match judged {
        Ok(verified) => verified,
        Err(reason) => {
            change(tx, publication, Command::Refuse { reason }, now).await?;
            return Ok(Passed::Stays);
        }
    };
    match window(verified.content.not_before, verified.content.last_second(), now) {
        Window::Open => Ok(Passed::Go(Box::new((publication, verified)))),
        Window::Opens(opening) => {
            store::publication::set_due(tx, publication.id, opening).await?;
            Ok(Passed::Stays)
        }
        Window::Over => {
            let command = match publication.state {
                State::Uncertain => Command::AskPerson {
                    reason: "发布时间或适用期已过，此前的提交结果未明，请人工核对".to_owned(),
                },
                _ => Command::Fail {
                    reason: "签发的发布时间或适用期已过，没有发出".to_owned()
                },
            };
            change(tx, publication, command, now).await?;
            Ok(Passed::Stays)
        }
    }
}

async fn stopped(tx: &mut PgConnection, publication: &Publication) -> Result<Option<String>, ChangeError> {
    if !publication.stopped.is_empty() {
        return Ok(Some(publication.stopped.clone()));
    }
    let halts = store::halt::in_force(tx).await?;
    if let Some(halt) = halts.into_iter().find(|halt| halt.scope.covers(publication)) {
        return Ok(Some(format!("停发：{}", halt.reason)));
    }
    if let Some(reason) = store::halt::revoked(tx, publication.clarification, publication.revision).await? {
        return Ok(Some(format!("已撤销签发：{reason}")));
    }
    let newest = store::clarification::newest(tx, publication.clarification).await?;
    Ok(newest.filter(|newest| *newest > publication.revision).map(superseded_by))
}
