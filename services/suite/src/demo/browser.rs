//! A person's browser, as far as the console needs one: cookies, forms with their hidden fields, redirects.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, StatusCode};

/// One person's browser.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    base_url: String,
    cookies: BTreeMap<String, String>,
}

/// A page as it came.
#[derive(Debug)]
pub struct Page {
    /// Where it is, after redirects; begins with `/`.
    pub path: String,
    /// The status.
    pub status: StatusCode,
    /// The HTML.
    pub html: String,
}

/// A page that takes longer than this is broken.
const DEADLINE: Duration = Duration::from_secs(30);

impl Browser {
    /// A browser without cookies.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base_url: String) -> anyhow::Result<Self> {
        let client =
            Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(DEADLINE).build()?;
        Ok(Self { client, base_url, cookies: BTreeMap::new() })
    }

    /// Opens a page.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn open(&mut self, path: &str) -> anyhow::Result<Page> {
        let mut path = path.to_owned();
        for _redirect in 0..5 {
            let request = self.client.get(format!("{}{path}", self.base_url));
            let (status, location, html) = self.send(request).await?;
            match location {
                Some(next) => path = next,
                None => return Ok(Page { path, status, html }),
            }
        }
        bail!("{path} redirects in a circle")
    }

    /// Sends a form of `page`, with its hidden fields, and follows to where that leads.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn submit(
        &mut self,
        page: &Page,
        action: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Page> {
        let mut form: Vec<(String, String)> = ["csrf", "request_id"]
            .iter()
            .filter_map(|name| page.hidden(action, name).map(|value| ((*name).to_owned(), value)))
            .collect();
        form.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let request = self.client.post(format!("{}{action}", self.base_url)).form(&form);
        let (status, location, html) = self.send(request).await?;
        match location {
            Some(next) => self.open(&next).await,
            None => Ok(Page { path: action.to_owned(), status, html }),
        }
    }

    /// Sends a form of `page` with a file, as a browser does; `as_part` as htmx does.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn upload(
        &mut self,
        page: &Page,
        action: &str,
        fields: &[(&str, &str)],
        file: (&str, Vec<u8>),
        as_part: bool,
    ) -> anyhow::Result<Page> {
        let mut form = reqwest::multipart::Form::new();
        for name in ["csrf", "request_id"] {
            if let Some(value) = page.hidden(action, name) {
                form = form.text(name, value);
            }
        }
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        let (name, content) = file;
        form = form.part("file", reqwest::multipart::Part::bytes(content).file_name(name.to_owned()));
        let mut request = self.client.post(format!("{}{action}", self.base_url)).multipart(form);
        if as_part {
            request = request.header("hx-request", "true");
        }
        let (status, _, html) = self.send(request).await?;
        Ok(Page { path: action.to_owned(), status, html })
    }

    /// Signs in.
    ///
    /// # Errors
    /// When the person is refused.
    pub async fn sign_in(&mut self, login: &str, password: &str, code: &str) -> anyhow::Result<()> {
        let page = self.open("/sign-in").await?;
        let fields = [("login", login), ("password", password), ("code", code), ("next", "/")];
        let landed = self.submit(&page, "/sign-in", &fields).await?;
        landed.accepted().with_context(|| format!("{login} could not sign in"))?;
        Ok(())
    }

    async fn send(
        &mut self,
        request: reqwest::RequestBuilder,
    ) -> anyhow::Result<(StatusCode, Option<String>, String)> {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header(COOKIE, cookies.join("; ")).send().await?;
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str()?.split(';').next().unwrap_or_default();
            if let Some((name, value)) = cookie.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = response.status();
        let location = response
            .headers()
            .get(LOCATION)
            .map(|location| location.to_str().map(str::to_owned))
            .transpose()?
            .filter(|_| status.is_redirection());
        Ok((status, location, response.text().await?))
    }
}

impl Page {
    /// The page itself, if the server accepted what was asked.
    ///
    /// # Errors
    /// With the page's own words, if it did not.
    pub fn accepted(self) -> anyhow::Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        bail!("{} answered {}: {}", self.path, self.status, self.alert().unwrap_or_default())
    }

    /// What the page's alert says.
    #[must_use]
    pub fn alert(&self) -> Option<String> {
        let at = self.html.find("role=\"alert\"")?;
        let from = self.html[at..].find('>')? + at + 1;
        // Up to the end of the surrounding element; tags inside are dropped.
        let rest: String = self.html[from..].chars().take(600).collect();
        Some(without_tags(&rest).split_whitespace().take(60).collect::<Vec<_>>().join(" "))
    }

    /// The value of the first `name="…"` attribute on the page.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        attribute(&self.html, name)
    }

    /// The values of one attribute in all elements that carry another with this value.
    #[must_use]
    pub fn attributes_where(&self, name: &str, other: &str, value: &str) -> Vec<&str> {
        self.html
            .split('<')
            .filter(|tag| attribute(tag, other) == Some(value))
            .filter_map(|tag| attribute(tag, name))
            .collect()
    }

    /// Whether the page, without its tags, holds these words.
    #[must_use]
    pub fn says(&self, words: &str) -> bool {
        without_tags(&self.html).contains(words)
    }

    /// The hidden field of the form with this action, or of any form.
    fn hidden(&self, action: &str, name: &str) -> Option<String> {
        let form = self.html.find(&format!("action=\"{action}\"")).map_or(&*self.html, |at| &self.html[at..]);
        let field = format!("name=\"{name}\"");
        let at = form.find(&field)?;
        attribute(&form[at..], "value").map(str::to_owned)
    }
}

fn attribute<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    let opening = format!("{name}=\"");
    let from = html.find(&opening)? + opening.len();
    let length = html[from..].find('"')?;
    Some(&html[from..from + length])
}

fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut inside = false;
    for character in html.chars() {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            shown if !inside => text.push(shown),
            _ => {}
        }
    }
    text
}
