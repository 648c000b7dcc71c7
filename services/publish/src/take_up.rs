//! Taking up a signed clarification: verify it, plan where it goes, make its page public at once, and let go of
//! what an earlier revision still had planned. What does not verify becomes refusals that the case can show.

use ids::PublicationId;
use signoff::bundle::Bundle;
use signoff::content::Content;
use signoff::malformed::Malformed;
use signoff::verify::Verified;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::agency::{Agency, PageAddresses};
use crate::change::{ChangeError, change};
use crate::domain::calendar::{Window, window};
use crate::domain::channel::{Account, Channel};
use crate::domain::plan::{Planned, plan, plan_refused};
use crate::domain::publication::{Command, Publication, State};
use crate::domain::weibo::WECHAT_AWAITED_FOR;
use crate::store::clarification::{Announced, Revision};
use crate::store::halt::InForce;
use crate::{events, store, verified};

/// A signed clarification as it was announced.
#[derive(Debug)]
pub struct Announcement {
    /// Which revision it claims to be.
    pub revision: Revision,
    /// What it brought; a signature may not even have the form of one.
    pub bundle: Result<Bundle, Malformed>,
    /// Its span.
    pub traceparent: Option<String>,
}

/// Takes up an announcement. The agency's gate is closed. The same revision a second time changes nothing.
///
/// # Errors
/// When the database refuses.
pub async fn take_up(
    tx: &mut PgConnection,
    agency: &Agency,
    addresses: &PageAddresses,
    announcement: &Announcement,
    now: OffsetDateTime,
) -> Result<(), ChangeError> {
    let revision = announcement.revision;
    let encoded = announcement.bundle.as_ref().map_err(|malformed| *malformed).and_then(Bundle::encode);
    let judgement = match (&announcement.bundle, &encoded) {
        (Ok(bundle), Ok(_)) => verified::judge(agency, &revision, bundle, now),
        (Err(malformed), _) | (_, Err(malformed)) => {
            tracing::warn!(
                chengqing.case.id = %revision.case,
                error = malformed as &dyn std::error::Error,
                "the announcement of clarification {} holds no bundle", revision.clarification
            );
            Err("校验未通过：签署材料的格式不对，可能已被改动".to_owned())
        }
    };
    let announced = Announced {
        revision,
        bundle: encoded.as_deref().ok(),
        judgement: judgement.as_ref().map(|_| now).map_err(String::as_str),
        traceparent: announcement.traceparent.as_deref(),
    };
    if !store::clarification::insert(tx, &announced).await? {
        return Ok(());
    }
    match judgement {
        Ok(verified) => publish(tx, agency, addresses, &revision, &verified, now).await?,
        Err(reason) => refuse(tx, agency, announcement, &reason, now).await?,
    }
    runtime::crash_point!("publish.signed.before_commit");
    Ok(())
}

async fn publish(
    tx: &mut PgConnection,
    agency: &Agency,
    addresses: &PageAddresses,
    revision: &Revision,
    verified: &Verified,
    now: OffsetDateTime,
) -> Result<(), ChangeError> {
    let content = &verified.content;
    let standing = Standing {
        revoked: store::halt::revoked(tx, revision.clarification, revision.revision).await?,
        newer: store::clarification::newest(tx, revision.clarification)
            .await?
            .filter(|newest| *newest > revision.revision),
        halts: store::halt::in_force(tx).await?,
        window: window(content.not_before, content.last_second(), now),
    };
    let planned = plan(content, &agency.plan_accounts());
    let mut publications: Vec<Publication> =
        planned.into_iter().map(|planned| planned_publication(revision, planned, &standing, now)).collect();
    let wechat_is_coming = publications
        .iter()
        .any(|other| other.account.channel == Channel::Wechat && other.state == State::Planned);
    for publication in &mut publications {
        match publication.account.channel {
            // In the same transaction in which it becomes servable: from the commit on the page is there.
            Channel::Page if publication.state == State::Planned && standing.window == Window::Open => {
                let url = Some(addresses.of(revision.clarification).into());
                let confirm =
                    Command::Confirm { platform_id: None, url, reason: "公开页已上线".to_owned() };
                *publication = publication.clone().apply(confirm)?;
            }
            Channel::Weibo if publication.state == State::Planned && wechat_is_coming => {
                publication.due_time = publication.due_time.map(|due| due + WECHAT_AWAITED_FOR);
            }
            Channel::Page | Channel::Wechat | Channel::Weibo => {}
        }
        store::publication::insert(tx, publication).await?;
        events::changed(tx, publication).await?;
    }
    supersede_earlier(tx, revision, now).await
}

/// What already speaks against a revision when it arrives: events come in any order.
struct Standing {
    revoked: Option<String>,
    newer: Option<u64>,
    halts: Vec<InForce>,
    window: Window,
}

fn planned_publication(
    revision: &Revision,
    planned: Planned,
    standing: &Standing,
    now: OffsetDateTime,
) -> Publication {
    let mut publication = new_publication(revision, planned.account, planned.title, now);
    let halt = standing.halts.iter().find(|halt| halt.scope.covers(&publication));
    let (state, reason) = if let Some(reason) = planned.impossible {
        (State::Failed, reason)
    } else if let Some(reason) = &standing.revoked {
        (State::Halted, format!("已撤销签发：{reason}"))
    } else if let Some(newer) = standing.newer {
        (State::Halted, superseded_by(newer))
    } else if let Some(halt) = halt {
        (State::Halted, format!("停发中：{}", halt.reason))
    } else if standing.window == Window::Over {
        (State::Failed, "签发的发布时间或适用期已过，没有发出".to_owned())
    } else {
        let due_time = match standing.window {
            Window::Opens(opening) => opening,
            Window::Open | Window::Over => now,
        };
        publication.due_time = Some(due_time);
        (State::Planned, "校验通过，等待发布".to_owned())
    };
    Publication { state, reason, ..publication }
}

fn new_publication(revision: &Revision, account: Account, title: String, now: OffsetDateTime) -> Publication {
    Publication {
        id: PublicationId::mint(),
        agency: revision.agency,
        case: revision.case,
        clarification: revision.clarification,
        revision: revision.revision,
        account,
        title,
        state: State::Planned,
        reason: String::new(),
        url: String::new(),
        platform_id: String::new(),
        stopped: String::new(),
        state_revision: 1,
        planned_time: now,
        changed_time: now,
        due_time: None,
    }
}

/// A newer revision takes the place of what its predecessors had not sent yet. What is out stays out: the page's
/// address shows the newest revision by itself, and posts are corrected by the new one.
async fn supersede_earlier(
    tx: &mut PgConnection,
    revision: &Revision,
    now: OffsetDateTime,
) -> Result<(), ChangeError> {
    let earlier = revision.revision.saturating_sub(1);
    for publication in store::publication::lock_up_to(tx, revision.clarification, earlier).await? {
        let stop = Command::Stop { reason: superseded_by(revision.revision) };
        change(tx, publication, stop, now).await?;
    }
    Ok(())
}

/// What a predecessor is told.
#[must_use]
pub fn superseded_by(revision: u64) -> String {
    format!("已由第{revision}版取代")
}

async fn refuse(
    tx: &mut PgConnection,
    agency: &Agency,
    announcement: &Announcement,
    reason: &str,
    now: OffsetDateTime,
) -> Result<(), ChangeError> {
    // Nobody has signed this content; it is read for its channels alone, and nothing of it is shown.
    let unverified =
        announcement.bundle.as_ref().ok().and_then(|bundle| Content::decode(&bundle.content).ok());
    for account in plan_refused(unverified.as_ref(), &agency.plan_accounts()) {
        let publication = Publication {
            state: State::Refused,
            reason: reason.to_owned(),
            ..new_publication(&announcement.revision, account, String::new(), now)
        };
        store::publication::insert(tx, &publication).await?;
        events::changed(tx, &publication).await?;
    }
    Ok(())
}
