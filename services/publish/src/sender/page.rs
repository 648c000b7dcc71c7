//! The public page. Most pages are public in the transaction that plans them; this sender opens those whose
//! window was still closed then.

use time::OffsetDateTime;

use super::gatekeeper::{Passed, look};
use super::{Carrier, Station};
use crate::change::{ChangeError, change};
use crate::domain::channel::{Account, Channel, PAGE_ACCOUNT};
use crate::domain::publication::{Command, Publication};
use crate::store;

/// Carries to the agency's own site.
pub struct PageCarrier {
    station: Station,
    account: Account,
}

impl PageCarrier {
    /// For one agency's site.
    #[must_use]
    pub fn new(station: Station) -> Self {
        Self { station, account: Account { channel: Channel::Page, slug: PAGE_ACCOUNT.to_owned() } }
    }
}

impl Carrier for PageCarrier {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn warm_up(&self) {}

    fn look_again_after_abandoning(&self, now: OffsetDateTime) -> OffsetDateTime {
        now
    }

    async fn step(&self, publication: Publication) -> Result<(), ChangeError> {
        let station = &self.station;
        let mut tx = database::agency_tx(&station.pool, station.agency.id).await?;
        store::gate::pass(&mut tx, station.agency.id).await?;
        if let Passed::Go(passed) = look(station, &mut tx, &publication).await? {
            let (publication, _verified) = *passed;
            let url = Some(station.addresses.of(publication.clarification).into());
            let confirm =
                Command::Confirm { platform_id: None, url, reason: "公开页已上线".to_owned() };
            change(&mut tx, publication, confirm, station.clock.now()).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
