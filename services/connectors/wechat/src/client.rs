//! The calls to the platform that the clarification desk makes.
//!
//! Every call has a deadline over everything it does, the access token
//! included. A call whose token the platform refuses is made once more with
//! a fresh one; nothing else is ever repeated here.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::{Form, Part};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use crate::codes;
use crate::download::{self, Download, Received};
use crate::draft::Article;
use crate::error::CallError;
use crate::mass::{MassMessage, MassState, SendAllOutcome};
use crate::media::{Material, Picture};
use crate::token::{AccessToken, Tokens};
use crate::wire::{self, Answer};

/// Where the platform is.
pub const BASE_URL: &str = "https://api.weixin.qq.com";

const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// Builds the HTTP client to use here: it repeats nothing and follows no
/// redirect, because either could make a call twice.
///
/// # Errors
/// If the TLS set-up of the machine cannot be read.
pub fn http_client() -> reqwest::Result<reqwest::Client> {
    // Fails only if the process has a provider already, which then is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIME_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build()
}

/// One account at the platform. Clones share the access token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: Url,
    tokens: Arc<Tokens>,
}

/// What is left of an interface's daily calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub daily_limit: i64,
    pub used: i64,
    pub remain: i64,
}

enum Payload<'call> {
    Json(Value),
    Picture(&'call Picture),
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("host", &self.base_url.host_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// `base_url` is scheme, host and port; the platform's own is [`BASE_URL`].
    pub fn new(
        http: reqwest::Client,
        base_url: Url,
        app_id: impl Into<String>,
        app_secret: SecretString,
    ) -> Self {
        let tokens = Tokens::new(http.clone(), &base_url, app_id.into(), app_secret);
        Self { http, base_url, tokens: Arc::new(tokens) }
    }

    /// Stores a picture for good, to be an article's cover.
    ///
    /// # Errors
    /// After `Unknown` the picture may be stored; a second one does no harm.
    pub async fn add_material(&self, picture: &Picture, deadline: Duration) -> Result<Material, CallError> {
        let payload = Payload::Picture(picture);
        let answer =
            self.succeed("/cgi-bin/material/add_material", &[("type", "image")], payload, deadline).await?;
        Ok(Material {
            media_id: answer.needed("media_id")?.to_owned(),
            url: answer.text("url").map(str::to_owned),
        })
    }

    /// Uploads a picture (JPEG or PNG below 1 MB) for the body of an article
    /// and gives its address.
    ///
    /// # Errors
    /// After `Unknown` the picture may be stored; a second one does no harm.
    pub async fn upload_image(&self, picture: &Picture, deadline: Duration) -> Result<String, CallError> {
        let answer =
            self.succeed("/cgi-bin/media/uploadimg", &[], Payload::Picture(picture), deadline).await?;
        answer.needed("url").map(str::to_owned)
    }

    /// Puts articles into the draft box and gives the draft's media id.
    ///
    /// # Errors
    /// After `Unknown` the draft may exist; a second one does no harm.
    pub async fn draft_add(&self, articles: &[Article], deadline: Duration) -> Result<String, CallError> {
        let payload = Payload::Json(json!({ "articles": articles }));
        let answer = self.succeed("/cgi-bin/draft/add", &[], payload, deadline).await?;
        answer.needed("media_id").map(str::to_owned)
    }

    /// Asks for a mass send. Acceptance is not publication: see
    /// [`SendAllOutcome`].
    pub async fn mass_sendall(&self, message: &MassMessage, deadline: Duration) -> SendAllOutcome {
        let payload = Payload::Json(message.to_json());
        match self.call("/cgi-bin/message/mass/sendall", &[], payload, deadline).await {
            Ok(answer) => SendAllOutcome::from(answer),
            Err(error) => SendAllOutcome::from(error),
        }
    }

    /// Asks how an accepted mass send stands.
    ///
    /// # Errors
    /// `NotNow` with 89504 or 89505 while the administrator has not decided.
    pub async fn mass_get(&self, msg_id: i64, deadline: Duration) -> Result<MassState, CallError> {
        // The documented sample has the id as a string here.
        let payload = Payload::Json(json!({ "msg_id": msg_id.to_string() }));
        let answer = self.succeed("/cgi-bin/message/mass/get", &[], payload, deadline).await?;
        answer.needed("msg_status").map(MassState::of)
    }

    /// Takes down the article pages of a mass send, one (counted from 1) or
    /// all; the card stays in people's chats.
    ///
    /// # Errors
    /// After `Unknown` it may be deleted; deleting again does no harm.
    pub async fn mass_delete(
        &self,
        msg_id: i64,
        article_index: Option<u32>,
        deadline: Duration,
    ) -> Result<(), CallError> {
        let payload = Payload::Json(json!({ "msg_id": msg_id, "article_idx": article_index.unwrap_or(0) }));
        self.succeed("/cgi-bin/message/mass/delete", &[], payload, deadline).await?;
        Ok(())
    }

    /// Sends a customer-service message (客服消息) to one user. The platform
    /// has no idempotency key for it.
    ///
    /// # Errors
    /// See [`CallError::recipient_unreachable`] for refusals that concern the
    /// person; after `Unknown` the message may have been delivered.
    pub async fn custom_send_text(
        &self,
        to_user: &str,
        content: &str,
        deadline: Duration,
    ) -> Result<(), CallError> {
        let body = json!({ "touser": to_user, "msgtype": "text", "text": { "content": content } });
        self.succeed("/cgi-bin/message/custom/send", &[], Payload::Json(body), deadline).await?;
        Ok(())
    }

    /// Fetches the picture or voice of a citizen's message, at most `bytes_max` bytes of it. The platform keeps
    /// them for three days. What the bytes are is not looked at: a gateway's page may come instead of a picture.
    ///
    /// # Errors
    /// `Refused` (40007) once the platform does not have it any more. Fetching again does no harm.
    pub async fn media_get(
        &self,
        media_id: &str,
        bytes_max: usize,
        deadline: Duration,
    ) -> Result<Download, CallError> {
        const PATH: &str = "/cgi-bin/media/get";
        let end = Instant::now() + deadline;
        let token = self.tokens.get(end).await?;
        let request = |token| self.http.get(self.address(PATH, &[("media_id", media_id)], token));
        let received = download::exchange(request(&token), PATH, bytes_max, end).await?;
        let answer = match received {
            Received::File(file) => return Ok(file),
            Received::Refusal(answer) if codes::is_stale_token(answer.code) => {
                self.tokens.forget(&token, end).await;
                let token = self.tokens.get(end).await?;
                match download::exchange(request(&token), PATH, bytes_max, end).await? {
                    Received::File(file) => return Ok(file),
                    Received::Refusal(answer) => answer,
                }
            }
            Received::Refusal(answer) => answer,
        };
        Err(CallError::of_code(answer.code, answer.message))
    }

    /// Asks what is left of the daily calls of one interface, named by its
    /// path (`/cgi-bin/…`).
    ///
    /// # Errors
    /// Those of any call.
    pub async fn quota_get(&self, cgi_path: &str, deadline: Duration) -> Result<Quota, CallError> {
        let payload = Payload::Json(json!({ "cgi_path": cgi_path }));
        let answer = self.succeed("/cgi-bin/openapi/quota/get", &[], payload, deadline).await?;
        let field = |name| answer.integer_in("quota", name).ok_or_else(|| wire::missing(name));
        Ok(Quota { daily_limit: field("daily_limit")?, used: field("used")?, remain: field("remain")? })
    }

    async fn succeed(
        &self,
        path: &str,
        query: &[(&str, &str)],
        payload: Payload<'_>,
        deadline: Duration,
    ) -> Result<Answer, CallError> {
        let answer = self.call(path, query, payload, deadline).await?;
        if answer.code == 0 { Ok(answer) } else { Err(CallError::of_code(answer.code, answer.message)) }
    }

    async fn call(
        &self,
        path: &str,
        query: &[(&str, &str)],
        payload: Payload<'_>,
        deadline: Duration,
    ) -> Result<Answer, CallError> {
        let end = Instant::now() + deadline;
        let token = self.tokens.get(end).await?;
        let answer = wire::exchange(self.request(path, query, &payload, &token)?, path, end).await?;
        if !codes::is_stale_token(answer.code) {
            return Ok(answer);
        }
        // The platform checks the token before it does anything, so this is
        // the first time that the call is really made.
        self.tokens.forget(&token, end).await;
        let token = self.tokens.get(end).await?;
        wire::exchange(self.request(path, query, &payload, &token)?, path, end).await
    }

    fn address(&self, path: &str, query: &[(&str, &str)], token: &AccessToken) -> Url {
        let mut address = self.base_url.clone();
        address.set_path(path);
        address.query_pairs_mut().append_pair("access_token", token.expose()).extend_pairs(query);
        address
    }

    fn request(
        &self,
        path: &str,
        query: &[(&str, &str)],
        payload: &Payload<'_>,
        token: &AccessToken,
    ) -> Result<RequestBuilder, CallError> {
        let request = self.http.post(self.address(path, query, token));
        match payload {
            // serde_json writes UTF-8 as it is; the platform refuses escapes.
            Payload::Json(body) => {
                Ok(request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(body.to_string()))
            }
            Payload::Picture(picture) => {
                let length =
                    u64::try_from(picture.bytes.len()).map_err(|error| wire::not_sent(error.to_string()))?;
                let part = Part::stream_with_length(picture.bytes.clone(), length)
                    .file_name(picture.file_name.clone())
                    .mime_str(picture.picture_type.mime())
                    .map_err(|error| wire::not_sent(error.to_string()))?;
                Ok(request.multipart(Form::new().part("media", part)))
            }
        }
    }
}
