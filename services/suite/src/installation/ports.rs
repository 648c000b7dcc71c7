//! The ports of an installation: ten in a row for what people and programs reach, two for the backing services.

use anyhow::bail;

/// Every port that an installation listens on, all on loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The staff's pages.
    pub console: u16,
    /// Where platforms call back.
    pub callback: u16,
    /// The public site.
    pub site: u16,
    /// The outside world in miniature.
    pub sandbox: u16,
    /// approval's gRPC.
    pub approval: u16,
    /// ingest's gRPC.
    pub ingest: u16,
    /// classification's gRPC.
    pub classification: u16,
    /// publish's gRPC.
    pub publish: u16,
    /// PostgreSQL.
    pub postgres: u16,
    /// NATS.
    pub nats: u16,
}

impl Ports {
    /// The ports that follow from the first one; 7080 is what the README shows.
    #[must_use]
    pub const fn from_base(base: u16) -> Self {
        Self {
            console: base,
            callback: base + 1,
            site: base + 2,
            sandbox: base + 10,
            approval: base + 21,
            ingest: base + 22,
            classification: base + 23,
            publish: base + 24,
            postgres: base + 52,
            nats: base + 62,
        }
    }

    /// Ports that are free at this moment, for tests that run beside each other.
    ///
    /// # Errors
    /// When the machine has none left.
    pub fn free() -> std::io::Result<Self> {
        let [console, callback, site, sandbox, approval, ingest, classification, publish, postgres, nats] =
            backing::free_ports()?;
        Ok(Self {
            console,
            callback,
            site,
            sandbox,
            approval,
            ingest,
            classification,
            publish,
            postgres,
            nats,
        })
    }

    /// Refuses to go on while another program listens on one of our own ports. The backing services check theirs.
    ///
    /// # Errors
    /// Naming the first port that is taken.
    pub fn refuse_taken(&self) -> anyhow::Result<()> {
        let ours = [
            self.console,
            self.callback,
            self.site,
            self.sandbox,
            self.approval,
            self.ingest,
            self.classification,
            self.publish,
        ];
        if let Some(taken) = ours.into_iter().find(|port| backing::is_taken(*port)) {
            bail!(
                "port {taken} is taken by another program: stop it (another `chengqing up`, perhaps), or choose \
                 other ports with --port-base"
            );
        }
        Ok(())
    }
}
