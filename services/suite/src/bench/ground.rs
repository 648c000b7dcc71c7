//! What a bench stands on: an installation of its own, and callers for it.

use std::time::Duration;

use anyhow::Context;
use backing::{Nats, Postgres, PostgresTuning};
use contracts::ingest::v1::Report;
use contracts::ingest::v1::report::Channel;
use grpc::{Audience, Caller, Role, TokenIssuer};
use runtime::Clock;
use secrecy::SecretString;

use super::Common;
use crate::fleet::Fleet;
use crate::installation::{Installation, Ports};

/// An installation for one bench; removed when dropped.
#[derive(Debug)]
pub struct Ground {
    /// The services' processes.
    pub fleet: Fleet,
    /// The database server.
    pub postgres: Postgres,
    /// The bus.
    pub nats: Nats,
    /// The installation.
    pub installation: Installation,
    _folder: tempfile::TempDir,
}

/// Longer than any bench.
const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3600);

impl Ground {
    /// Sets up everything and starts no service.
    pub async fn prepare(common: &Common) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("chengqing-bench-")
            // As root, PostgreSQL runs as another user, who must be able to pass this folder.
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir_in("/var/tmp")?;
        let installation = Installation::open(folder.path(), Ports::free()?)?;
        let program = backing::nats_server(&common.nats_server).await?;
        let postgres = installation.start_postgres(PostgresTuning::Durable).await?;
        let nats = installation.start_nats(&program).await?;
        let mut fleet = Fleet::new(&std::env::current_exe()?, &installation);
        // One client here stands for all the partners of an office.
        fleet.set("CHENGQING_INGEST__CLIENT_REPORTS_PER_MINUTE", "4000000000");
        fleet.set("CHENGQING_INGEST__CLIENT_REPORTS_PER_DAY", "4000000000");
        Ok(Self { fleet, postgres, nats, installation, _folder: folder })
    }

    /// A token of a hotline desk for the whole bench, as ingest takes it.
    pub fn client_token(&self) -> anyhow::Result<String> {
        self.token(Role::Client)
    }

    /// A token of any role without a person.
    pub fn token(&self, role: Role) -> anyhow::Result<String> {
        let seed = SecretString::from(self.installation.secrets().token_seed.clone());
        let caller = Caller {
            agency: self.installation.agency(),
            person: None,
            role,
            display_name: "bench".to_owned(),
        };
        let (token, _) =
            TokenIssuer::new(&seed, Clock::system())?.issue(&caller, &[Audience::Ingest], TOKEN_LIFETIME)?;
        Ok(token)
    }

    /// The rows of a query for an id and a number, as the superuser.
    pub async fn rows(&self, database: &str, query: &str) -> anyhow::Result<Vec<(String, i64)>> {
        let rows = self.postgres.run_sql(database, query).await?;
        Ok(rows
            .lines()
            .filter_map(|row| row.split_once('|'))
            .filter_map(|(id, number)| Some((id.to_owned(), number.parse().ok()?)))
            .collect())
    }

    /// Stops the backing services; the folder goes with `self`.
    pub async fn clear(mut self) -> anyhow::Result<()> {
        for service in crate::serve::NAMES {
            self.fleet.kill(service).await?;
        }
        self.nats.kill().await?;
        self.postgres.crash().await.context("PostgreSQL could not be stopped")
    }
}

/// A report of usual length whose words differ from every other's, so that it opens a claim of its own.
pub fn report(number: u64) -> Report {
    Report {
        text: words(number),
        channel: Channel::Hotline.into(),
        external_id: String::new(),
        reporter: format!("1390000{:04}", number % 10_000),
        said_time: None,
        seen_at: "业主群".to_owned(),
        answer_account: String::new(),
    }
}

/// Characters that everyday reports are made of.
const CHARACTERS: &str = "水电气路桥车站学校医院菜场超市药品疫苗食盐大米鸡蛋牛奶河塘山坡隧道工地爆炸停供涨价封闭拆迁补贴考试招生贷款诈骗绑架走失地铁公交高速暴雨台风冰雹雷电污染异味辐射谣传";

fn words(number: u64) -> String {
    let characters: Vec<char> = CHARACTERS.chars().collect();
    // A different walk through the characters for every number.
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut drawn = String::from("听说");
    for _ in 0..36 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        #[expect(clippy::cast_possible_truncation, reason = "an index below the length")]
        drawn.push(characters[(state % characters.len() as u64) as usize]);
    }
    drawn.push_str("，是真的吗");
    drawn
}
