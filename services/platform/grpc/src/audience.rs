//! Which service a token is meant for.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tonic::service::Interceptor;

use crate::client::bear;

/// A service that checks tokens. One that got hold of a token of another's caller can do nothing with it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// approval.
    Approval,
    /// ingest.
    Ingest,
    /// classification.
    Classification,
    /// publish.
    Publish,
}

impl Audience {
    /// Every service that checks tokens.
    pub const ALL: [Self; 4] = [Self::Approval, Self::Ingest, Self::Classification, Self::Publish];

    /// The service's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Ingest => "ingest",
            Self::Classification => "classification",
            Self::Publish => "publish",
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A service that checks no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no service {0} checks tokens")]
pub struct UnknownAudience(String);

impl FromStr for Audience {
    type Err = UnknownAudience;

    fn from_str(name: &str) -> Result<Self, UnknownAudience> {
        let found = Self::ALL.into_iter().find(|audience| audience.name() == name);
        found.ok_or_else(|| UnknownAudience(name.to_owned()))
    }
}

/// The tokens of one caller, one for each service. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<BTreeMap<Audience, String>>);

impl FromIterator<(Audience, String)> for Tokens {
    fn from_iter<I: IntoIterator<Item = (Audience, String)>>(tokens: I) -> Self {
        Self(Arc::new(tokens.into_iter().collect()))
    }
}

/// Shows a service the caller's token for it, and no other: of the tokens that a request brings along
/// ([`with_tokens`](crate::with_tokens)) it picks this service's.
#[derive(Clone, Copy, Debug)]
pub struct Shows(pub Audience);

impl Interceptor for Shows {
    fn call(&mut self, mut request: tonic::Request<()>) -> Result<tonic::Request<()>, tonic::Status> {
        let tokens = request.extensions_mut().remove::<Tokens>();
        if let Some(token) = tokens.as_ref().and_then(|tokens| tokens.0.get(&self.0)) {
            bear(&mut request, token);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::with_tokens;

    #[test]
    fn a_service_is_shown_its_own_token_only() {
        let tokens: Tokens =
            [(Audience::Approval, "a".to_owned()), (Audience::Ingest, "i".to_owned())].into_iter().collect();
        let shown = |audience: Audience| {
            let request = Shows(audience).call(with_tokens((), &tokens)).unwrap();
            request.metadata().get("authorization").map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(shown(Audience::Approval).as_deref(), Some("Bearer a"));
        assert_eq!(shown(Audience::Ingest).as_deref(), Some("Bearer i"));
        assert_eq!(shown(Audience::Publish), None);
    }

    #[test]
    fn every_name_is_read_back() {
        for audience in Audience::ALL {
            assert_eq!(audience.name().parse(), Ok(audience));
        }
        assert!("console".parse::<Audience>().is_err());
    }
}
