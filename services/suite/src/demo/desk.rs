//! The office of the story: its people in their browsers, and the steps that they sign.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use runtime::Clock;

use super::browser::{Browser, Page};
use crate::code::{self, STEP_SECONDS};
use crate::installation::Installation;

/// Seconds of a step in which the step before it is not used any more.
const LAST_SECONDS: u64 = 10;

/// The people of the office, each in a browser, signed in.
pub struct Desk<'a> {
    installation: &'a Installation,
    clock: &'a Clock,
    browsers: BTreeMap<&'static str, Browser>,
    /// The latest one-time-code step that each person has used; none is accepted twice.
    steps_used: BTreeMap<&'static str, u64>,
}

/// Which words, exactly.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The clarification.
    pub clarification: String,
    /// Its revision.
    pub revision: String,
    /// The hash of its content.
    pub content_hash: String,
}

/// What a reviewer confirms.
const GATES: [(&str, &str); 4] =
    [("gate_political", "on"), ("gate_legal", "on"), ("gate_secrecy", "on"), ("gate_text", "on")];

impl<'a> Desk<'a> {
    /// An empty office.
    #[must_use]
    pub const fn new(installation: &'a Installation, clock: &'a Clock) -> Self {
        Self { installation, clock, browsers: BTreeMap::new(), steps_used: BTreeMap::new() }
    }

    /// The browser of a person, who signs in when first needed.
    ///
    /// # Errors
    /// When the person is refused.
    pub async fn person(&mut self, login: &'static str) -> anyhow::Result<&mut Browser> {
        if !self.browsers.contains_key(login) {
            let code = self.fresh_code(login).await?;
            let mut browser = Browser::new(self.installation.console_url())?;
            browser.sign_in(login, &self.installation.secrets().people_password, &code).await?;
            self.browsers.insert(login, browser);
        }
        self.browsers.get_mut(login).context("signed in above")
    }

    /// A code that this person has not used. The server takes the step before and the step after the present
    /// one as well; only when all are used is there a wait. The step before is left out in the last seconds of
    /// the present one: the server would refuse it a moment later.
    ///
    /// # Errors
    /// When nobody has this sign-in name.
    pub async fn fresh_code(&mut self, login: &'static str) -> anyhow::Result<String> {
        loop {
            let now = self.clock.now();
            let seconds = u64::try_from(now.unix_timestamp())?;
            let present = seconds / STEP_SECONDS;
            let first =
                if seconds % STEP_SECONDS < STEP_SECONDS - LAST_SECONDS { present - 1 } else { present };
            let next = self.steps_used.get(login).map_or(first, |used| (used + 1).max(first));
            if next <= present + 1 {
                self.steps_used.insert(login, next);
                let instant = time::OffsetDateTime::from_unix_timestamp((next * STEP_SECONDS).cast_signed())?;
                return code::at(self.installation, login, instant);
            }
            self.clock.sleep(Duration::from_secs(1)).await;
        }
    }

    /// Signs one step over what the person sees.
    ///
    /// # Errors
    /// With the page's words, when it is refused.
    pub async fn sign(
        &mut self,
        login: &'static str,
        case: &str,
        clarification: &str,
        purpose: &str,
    ) -> anyhow::Result<Page> {
        self.try_sign(login, case, clarification, purpose)
            .await?
            .accepted()
            .with_context(|| format!("{login} could not sign “{purpose}”"))
    }

    /// As [`sign`](Self::sign), but a refusal is a page like any other.
    ///
    /// # Errors
    /// When the console does not answer.
    pub async fn try_sign(
        &mut self,
        login: &'static str,
        case: &str,
        clarification: &str,
        purpose: &str,
    ) -> anyhow::Result<Page> {
        let address = format!("/case/{case}/clarification/{clarification}");
        let signing_off = purpose == "signed";
        let with_code = signing_off || purpose == "second_reviewed";
        // Signing in uses a code of its own, the earlier one.
        self.person(login).await?;
        let code = if with_code { self.fresh_code(login).await? } else { String::new() };
        let browser = self.person(login).await?;
        let shown = if signing_off { format!("{address}/sign-off") } else { address.clone() };
        let page = browser.open(&shown).await?.accepted()?;
        let seen = Seen::on(&page)?;
        let mut fields =
            vec![("revision", &*seen.revision), ("content_hash", &*seen.content_hash), ("purpose", purpose)];
        if purpose != "drafted" {
            fields.extend(GATES);
        }
        if with_code {
            fields.push(("code", &code));
        }
        browser.submit(&page, &format!("{address}/sign"), &fields).await
    }

    /// Signs the whole chain of a clarification.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn sign_all(&mut self, case: &str, clarification: &str) -> anyhow::Result<()> {
        for (login, purpose) in [
            ("drafter", "drafted"),
            ("drafter", "first_reviewed"),
            ("reviewer", "second_reviewed"),
            ("signer", "signed"),
        ] {
            self.sign(login, case, clarification, purpose).await?;
        }
        Ok(())
    }

    /// Saves a draft; answers with what it has become.
    ///
    /// # Errors
    /// With the page's words, when it is refused.
    pub async fn save_draft(
        &mut self,
        case: &str,
        revises: Option<&Seen>,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Seen> {
        let address = format!("/case/{case}/draft");
        let browser = self.person("drafter").await?;
        let kind = fields.iter().find(|(name, _)| *name == "kind").map_or("clarification", |(_, kind)| kind);
        let opened = match revises {
            Some(seen) => format!("{address}?kind={kind}&clarification={}", seen.clarification),
            None => format!("{address}?kind={kind}"),
        };
        let page = browser.open(&opened).await?.accepted()?;
        let mut form = vec![
            ("clarification_id", revises.map_or("", |seen| &*seen.clarification)),
            ("expected_revision", revises.map_or("0", |seen| &*seen.revision)),
        ];
        form.extend(fields);
        let saved =
            browser.submit(&page, &address, &form).await?.accepted().context("the draft was refused")?;
        ensure!(saved.path.contains("/clarification/"), "saving led to {}", saved.path);
        Seen::on(&saved)
    }
}

/// A department's link as the officer is shown it, and the code that is told by phone.
#[derive(Debug, Clone)]
pub struct DepartmentLink {
    /// Its address; begins with `/d/`.
    pub path: String,
    /// Six digits.
    pub code: String,
}

impl DepartmentLink {
    /// What the page shows after a department was asked, or its link issued anew.
    ///
    /// # Errors
    /// When it shows none.
    pub fn on(page: &Page) -> anyhow::Result<Self> {
        let value = |id: &str| {
            let (_, rest) = page.html.split_once(&format!("id=\"{id}\""))?;
            let (_, rest) = rest.split_once("value=\"")?;
            rest.split('"').next()
        };
        let link = value("department-link").context("no link for the department is shown")?;
        let (_, secret) = link.rsplit_once("/d/").context("the department's link cannot be read")?;
        let code = value("department-code").context("no code for the department is shown")?;
        Ok(Self { path: format!("/d/{secret}"), code: code.to_owned() })
    }
}

impl Seen {
    /// What a page of a revision shows.
    ///
    /// # Errors
    /// When it shows none.
    pub fn on(page: &Page) -> anyhow::Result<Self> {
        let read = |name: &str| {
            page.attribute(name).map(str::to_owned).with_context(|| format!("{} shows no {name}", page.path))
        };
        Ok(Self {
            clarification: read("data-clarification-id")?,
            revision: read("data-revision")?,
            content_hash: read("data-content-hash")?,
        })
    }
}
