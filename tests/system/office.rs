//! A whole office for one test: installation, services, outside world, people, and the time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use backing::{Nats, Postgres, PostgresTuning};
use suite::demo::{Citizen, Delivered, Desk, Outside, Page, Seen};
use suite::fleet::Fleet;
use suite::installation::{Installation, Ports};
use suite::{serve, up};
use testkit::SteeredClock;
use tokio::process::Child;

/// Everything that one test needs. All processes end with it.
pub struct Office {
    pub installation: &'static Installation,
    pub postgres: Postgres,
    pub nats: Nats,
    pub fleet: Fleet,
    pub outside: Outside,
    pub desk: Desk<'static>,
    pub time: SteeredClock,
    _sandbox: Child,
    _bus_keeper: Child,
    _folder: tempfile::TempDir,
}

/// What the public and the citizens got about one clarification.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Articles pushed to followers.
    pub pushes: usize,
    /// Microblog posts.
    pub posts: usize,
    /// Messages and immediate replies with the result, by citizen.
    pub answers: BTreeMap<String, usize>,
}

const PATIENCE: Duration = Duration::from_secs(90);

/// The built programs stand two folders above the test's own.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join(name)
}

/// Starts the administrator of the bus as the process that a container runs.
fn keep_bus(installation: &Installation) -> Child {
    let log = std::fs::File::create(installation.folder().join("bus-keeper.log")).unwrap();
    tokio::process::Command::new(program("chengqing"))
        .args(["bus", "keep"])
        .env("CHENGQING_BUS_URL", installation.bus_url())
        .env("ADMINISTRATOR_BUS_PASSWORD", &installation.secrets().administrator_bus_password)
        .stdin(std::process::Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

impl Office {
    /// Opens an office with every service running.
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// As [`open`](Self::open), with more environment for every service.
    pub async fn open_with(environment: &[(&str, &str)]) -> Self {
        // Ours is chosen once per process; a second test in the same process finds it chosen.
        let _chosen_before = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::Builder::new()
            .prefix("chengqing-system-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir_in("/var/tmp")
            .unwrap();
        let time = SteeredClock::in_folder(folder.path());
        let installation = Installation::open(folder.path(), Ports::free().unwrap()).unwrap();
        let installation: &'static Installation = Box::leak(Box::new(installation));
        // One push a day would make every second round of a test wait for tomorrow.
        let configuration = installation.configuration_file();
        let text = std::fs::read_to_string(&configuration).unwrap();
        std::fs::write(&configuration, text.replace("daily_push_quota = 1", "daily_push_quota = 1000"))
            .unwrap();
        let postgres = installation.start_postgres(PostgresTuning::ForTests).await.unwrap();
        let nats = installation.start_nats(&testkit::nats_program().await).await.unwrap();
        installation.provision_sample().await.unwrap();
        let clock_file = time.file().to_str().unwrap().to_owned();
        let sandbox =
            up::spawn_sandbox(&program("sandbox"), installation, &[("CHENGQING_CLOCK_FILE", &clock_file)])
                .unwrap();
        let bus_keeper = keep_bus(installation);
        let mut fleet = Fleet::new(&program("chengqing"), installation);
        fleet.set("CHENGQING_CLOCK_FILE", &clock_file);
        for (variable, value) in environment {
            fleet.set(variable, value);
        }
        for service in serve::NAMES {
            fleet.start(service).await.unwrap();
        }
        let clock = Box::leak(Box::new(runtime::Clock::steered(time.file().into())));
        let desk = Desk::new(installation, clock);
        let outside = Outside::new(installation.sandbox_url()).unwrap();
        let office = Self {
            installation,
            postgres,
            nats,
            fleet,
            outside,
            desk,
            time,
            _sandbox: sandbox,
            _bus_keeper: bus_keeper,
            _folder: folder,
        };
        testkit::eventually("the sandbox answers", async || office.outside.state().await.ok()).await;
        office
    }

    /// A new citizen says something to the official account.
    pub async fn says(&self, text: &str) -> (Citizen, Delivered) {
        let citizen = self.outside.citizens(1).await.unwrap().pop().unwrap();
        let delivered = self.outside.send(&citizen, text).await.unwrap();
        (citizen, delivered)
    }

    /// As [`says`](Self::says), while every service is kept alive: the platform delivers three times at most,
    /// five seconds apart, and a service that died meanwhile has to be back by then.
    pub async fn says_through_deaths(&mut self, text: &str) -> Citizen {
        let citizen = self.outside.citizens(1).await.unwrap().pop().unwrap();
        {
            let mut sent = std::pin::pin!(self.outside.send(&citizen, text));
            loop {
                tokio::select! {
                    delivered = &mut sent => {
                        delivered.unwrap();
                        break;
                    }
                    () = tokio::time::sleep(Duration::from_millis(100)) => {
                        self.fleet.revive().await.unwrap();
                    }
                }
            }
        }
        citizen
    }

    /// Waits for something, keeps every service alive, and lets time pass: half a minute for every half second.
    pub async fn until<T>(&mut self, what: &str, mut look: impl AsyncFnMut(&mut Self) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut looks = 0_u32;
        loop {
            if let Some(found) = look(self).await {
                return found;
            }
            assert!(
                Instant::now() < end,
                "waited {} s for: {what}\n{}",
                PATIENCE.as_secs(),
                self.last_words()
            );
            self.fleet.revive().await.unwrap();
            looks += 1;
            if looks.is_multiple_of(5) {
                self.time.advance(Duration::from_secs(30));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The case whose sentence holds these words, once the queue shows it.
    pub async fn case_about(&mut self, words: &str) -> String {
        self.until(&format!("a case about {words}"), async |office| {
            let duty = office.desk.person("duty").await.ok()?;
            let queue = duty.open("/").await.ok()?.accepted().ok()?;
            let row = queue.html.split("data-case-id=\"").skip(1).find(|row| row.contains(words))?;
            row.split('"').next().map(str::to_owned)
        })
        .await
    }

    /// Opens a page as a person.
    pub async fn page(&mut self, login: &'static str, path: &str) -> Page {
        self.desk.person(login).await.unwrap().open(path).await.unwrap()
    }

    /// A draft about `about` that could be signed.
    pub async fn draft(&mut self, case: &str, about: &str, level: &str) -> Seen {
        self.desk.save_draft(case, None, &boxes(about, level)).await.unwrap()
    }

    /// Drafted, reviewed twice and signed off.
    pub async fn signed(&mut self, case: &str, about: &str, level: &str) -> Seen {
        let seen = self.draft(case, about, level).await;
        self.desk.sign_all(case, &seen.clarification).await.unwrap();
        seen
    }

    /// As [`signed`](Self::signed) for everything, with services that die on the way: looks where the chain
    /// stands and goes on from there.
    pub async fn signed_through_deaths(&mut self, case: &str, about: &str) {
        self.until(&format!("{about} is signed off"), async |office| {
            let duty = office.desk.person("duty").await.ok()?;
            let page = duty.open(&format!("/case/{case}")).await.ok()?.accepted().ok()?;
            let Some(clarification) = page.attribute("data-clarification-id").map(str::to_owned) else {
                office.desk.save_draft(case, None, &boxes(about, "everything")).await.ok()?;
                return None;
            };
            let (login, purpose) = match page.attribute("data-revision-state")? {
                "draft" => ("drafter", "drafted"),
                "drafted" => ("drafter", "first_reviewed"),
                "first_reviewed" => ("reviewer", "second_reviewed"),
                "second_reviewed" => ("signer", "signed"),
                "signed" => return Some(()),
                other => panic!("the revision is {other}"),
            };
            office.desk.try_sign(login, case, &clarification, purpose).await.ok()?;
            None
        })
        .await;
    }

    /// Channel and state of every publication of a case.
    pub async fn publications(&mut self, case: &str) -> Option<Vec<(String, String)>> {
        let duty = self.desk.person("duty").await.ok()?;
        let page = duty.open(&format!("/publications?case={case}")).await.ok()?.accepted().ok()?;
        let publications = page.html.split("data-publication-id=\"").skip(1).map(|row| {
            let read = |name: &str| {
                row.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("")
            };
            (read("data-channel").to_owned(), read("data-publication-state").to_owned())
        });
        Some(publications.collect())
    }

    /// Waits until every publication of a case is in `state`.
    pub async fn all_publications(&mut self, case: &str, channels: usize, state: &str) {
        self.until(&format!("{channels} publications {state}"), async |office| {
            let publications = office.publications(case).await?;
            let all = publications.len() == channels && publications.iter().all(|(_, now)| now == state);
            all.then_some(())
        })
        .await;
    }

    /// Waits until nobody waits for an answer, and `count` people got one.
    pub async fn answered(&mut self, case: &str, count: u64) {
        let unknown = self.settled(case, count).await;
        assert_eq!(unknown, 0, "nobody was to be left to a person");
    }

    /// Waits until nobody waits for an answer any more, and `count` people got one or are listed because nobody
    /// knows whether they did. Says how many are listed.
    pub async fn settled(&mut self, case: &str, count: u64) -> u64 {
        self.until(&format!("{count} people answered or listed"), async |office| {
            let duty = office.desk.person("duty").await.ok()?;
            let page = duty.open(&format!("/case/{case}/answers")).await.ok()?.accepted().ok()?;
            let read = |name| page.attribute(name).and_then(|number| number.parse::<u64>().ok());
            let unknown = read("data-unknown")?;
            (read("data-answered")? + unknown >= count && read("data-pending")? == 0).then_some(unknown)
        })
        .await
    }

    /// What became public and what citizens got, as far as it says `words`.
    pub async fn outcome(&self, words: &str) -> Outcome {
        let mut outcome = Outcome::default();
        for entry in self.outside.log(0).await.unwrap() {
            let title = entry.title.unwrap_or_default();
            if !entry.text.contains(words) && !title.contains(words) {
                continue;
            }
            match (&*entry.kind, entry.openid) {
                ("mass_push", _) => outcome.pushes += 1,
                ("weibo_post", _) => outcome.posts += 1,
                ("customer_message" | "passive_reply", Some(citizen)) => {
                    *outcome.answers.entry(citizen).or_default() += 1;
                }
                _ => {}
            }
        }
        outcome
    }

    fn last_words(&self) -> String {
        serve::NAMES.map(|service| format!("--- {service}\n{}", self.fleet.last_words(service))).join("\n")
    }
}

/// The boxes of a clarification about `about`, with the title that [`title`] gives it.
pub fn boxes(about: &str, level: &str) -> Vec<(&'static str, &'static str)> {
    // A test's few strings may live as long as the test.
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    vec![
        ("kind", "clarification"),
        ("title", leak(title(about))),
        ("summary", leak(format!("经核实，{about}的说法不实。请勿转发，以官方发布为准。"))),
        ("claim", leak(format!("网传{about}。"))),
        ("check", "主管部门书面答复：没有此事。"),
        ("conclusion", "不实。"),
        ("basis", "主管部门书面答复（测试）。"),
        ("advice", "请勿转发。"),
        ("post", leak(format!("网传“{about}”不实。主管部门核实：没有此事。请勿转发。"))),
        ("verdict", "false"),
        ("response_level", leak(level.to_owned())),
    ]
}

/// The title of a clarification about `about`.
pub fn title(about: &str) -> String {
    format!("“{about}”不实")
}

impl Drop for Office {
    /// The database server must go before its folder does.
    fn drop(&mut self) {
        if let Some(id) = self.postgres.process_id() {
            let _gone_already = std::process::Command::new("kill").args(["-QUIT", &id.to_string()]).status();
        }
    }
}
