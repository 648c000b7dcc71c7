//! A form with a file that came back: who sent it, that it is theirs, what was typed, and the file.
//!
//! Who sent it is found out before the file is read: a stranger's upload costs nothing. The file is held in memory for
//! as long as the request takes and nowhere else.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use secrecy::ExposeSecret;

use crate::Console;
use crate::problem::{Kind, Problem, Refused, page_for};
use crate::session::{SignedIn, Visit};

/// Bytes of a file at most.
pub(crate) const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Bytes of a form with a file at most: the file, and what has become of its rows so far.
pub(crate) const UPLOAD_BYTES_MAX: usize = FILE_BYTES_MAX + 12 * 1024 * 1024;
/// Fields of a form at most; a file's columns are among them.
const FIELDS_MAX: usize = 600;

/// A form with a file, of somebody who is signed in.
pub(crate) struct Uploaded {
    pub who: SignedIn,
    pub file: Bytes,
    fields: HashMap<String, String>,
}

impl Uploaded {
    /// What was typed or chosen; empty where nothing was.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// True where the form has such a field at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }
}

impl FromRequest<Arc<Console>> for Uploaded {
    type Rejection = Refused;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        let who = SignedIn::establish(&parts, console)
            .await
            .map_err(|why| crate::problem::not_signed_in(&Visit::of(&parts), why))?;
        let refuse = |kind: Kind, said: &'static str, advice: Option<&'static str>| {
            let mut problem = Problem::new(kind, who.words());
            problem.said = said.to_owned();
            problem.advice = advice.unwrap_or(problem.advice);
            Refused::from(page_for(&who, problem))
        };
        let too_large = || refuse(Kind::Invalid, who.words().import_too_large, None);
        let mut multipart = Multipart::from_request(Request::from_parts(parts, body), console)
            .await
            .map_err(|_| too_large())?;
        let mut fields = HashMap::new();
        let mut file = Bytes::new();
        while let Some(part) = multipart.next_field().await.map_err(|_| too_large())? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "file" {
                file = part.bytes().await.map_err(|_| too_large())?;
            } else if fields.len() < FIELDS_MAX {
                fields.insert(name, part.text().await.map_err(|_| too_large())?);
            }
        }
        let presented = fields.get("csrf").map_or("", String::as_str);
        if !console.form_key.matches(who.secret.expose_secret(), presented) {
            return Err(refuse(Kind::NotAllowed, who.words().problem_csrf, Some(who.words().advice_csrf)));
        }
        if file.len() > FILE_BYTES_MAX {
            return Err(too_large());
        }
        Ok(Self { who, file, fields })
    }
}
