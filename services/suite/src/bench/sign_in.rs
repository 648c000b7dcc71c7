//! `chengqing bench sign-in`: many wrong sign-ins at once, each from an address of its own: approval's memory at
//! rest, at the highest and afterwards, and how they ended.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use contracts::approval::v1::SignInRequest;
use contracts::approval::v1::access_service_client::AccessServiceClient;
use tokio::task::JoinSet;

use super::Common;
use super::ground::Ground;
use super::memory::{highest_mb, resident_mb};
use crate::installation::Installation;

/// Who is tried. Half of the attempts name somebody whom there is not.
const LOGINS: [&str; 2] = ["auditor", "nobody"];
/// After this much quiet what was busy has settled.
const SETTLE: Duration = Duration::from_secs(2);
/// Sign-ins one by one of each kind, for how long one takes.
const ONE_BY_ONE: u32 = 60;

/// Measures and prints.
pub async fn run(common: &Common) -> anyhow::Result<()> {
    let at_once = u32::try_from(common.amount.unwrap_or(200))?;
    let mut ground = Ground::prepare(common).await?;
    ground.installation.provision_sample().await?;
    ground.fleet.start("approval").await?;
    let process = ground.fleet.process_id("approval").context("approval is gone")?;
    let access = Access::to(&ground.installation)?;
    access.wrong(0).await?;
    tokio::time::sleep(SETTLE).await;
    println!("approval at rest: {} MB", resident_mb(process)?);

    for round in 1..=3 {
        let began = Instant::now();
        let mut running = JoinSet::new();
        for attempt in 0..at_once {
            let access = access.clone();
            running.spawn(async move { access.wrong(round * 100_000 + attempt).await });
        }
        let mut ended: BTreeMap<String, u32> = BTreeMap::new();
        while let Some(one) = running.join_next().await {
            *ended.entry(one??).or_default() += 1;
        }
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "{at_once} wrong sign-ins at once: {ended:?} in {seconds:.1} s; highest so far {} MB",
            highest_mb(process)?
        );
    }
    tokio::time::sleep(SETTLE).await;
    println!("afterwards: {} MB", resident_mb(process)?);

    let mut took: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for attempt in 0..ONE_BY_ONE * 2 {
        let began = Instant::now();
        let reason = access.wrong(10_000_000 + attempt).await?;
        ensure!(reason == "SIGN_IN_REFUSED", "a sign-in ended as {reason}");
        took.entry(login_of(attempt)).or_default().push(began.elapsed());
    }
    for (login, mut took) in took {
        took.sort_unstable();
        let at = |part: usize| took[took.len() * part / 100].as_secs_f64() * 1_000.0;
        println!("one by one, {login}: p25 {:.1}, median {:.1}, p75 {:.1} ms", at(25), at(50), at(75));
    }
    ground.clear().await
}

const fn login_of(attempt: u32) -> &'static str {
    LOGINS[(attempt % 2) as usize]
}

#[derive(Clone)]
struct Access(AccessServiceClient<tonic::transport::Channel>);

impl Access {
    fn to(installation: &Installation) -> anyhow::Result<Self> {
        let url = format!("http://127.0.0.1:{}", installation.ports().approval);
        Ok(Self(AccessServiceClient::new(grpc::channel(&url)?)))
    }

    /// A wrong sign-in; gives the reason of its refusal.
    async fn wrong(&self, attempt: u32) -> anyhow::Result<String> {
        let [_, a, b, c] = attempt.to_be_bytes();
        let request = SignInRequest {
            login: login_of(attempt).to_owned(),
            password: "wrong".to_owned(),
            totp_code: "000000".to_owned(),
            client_address: format!("10.{a}.{b}.{c}"),
            ..SignInRequest::default()
        };
        let refused = self.0.clone().sign_in(grpc::without_token(request)).await;
        let refused = refused.err().context("a wrong sign-in was let in")?;
        Ok(grpc::reason(&refused).unwrap_or_else(|| format!("{:?}", refused.code())))
    }
}
