//! Calling another service: a lazy channel, a deadline on every call, the caller's token, the trace context.

use std::time::Duration;

use anyhow::Context;
use tonic::transport::{Channel, Endpoint};

use crate::Tokens;

/// A call that has no other deadline ends after this.
const DEADLINE: Duration = Duration::from_secs(10);

/// A channel that connects when it is first used, and again when the connection is lost.
///
/// # Errors
/// When `url` is not one.
pub fn channel(url: &str) -> anyhow::Result<Channel> {
    Ok(Endpoint::from_shared(url.to_owned())
        .with_context(|| format!("{url} is not a URL of a gRPC server"))?
        .connect_timeout(Duration::from_secs(3))
        .tcp_nodelay(true)
        .keep_alive_while_idle(true)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .connect_lazy())
}

/// A request on behalf of the caller whose token this is. Ends after ten seconds unless told otherwise.
pub fn with_token<M>(message: M, token: &str) -> tonic::Request<M> {
    let mut request = without_token(message);
    bear(&mut request, token);
    request
}

/// A request on behalf of the caller whose tokens these are, for a client with [`Shows`](crate::Shows), which shows
/// the service its own. Ends after ten seconds unless told otherwise.
pub fn with_tokens<M>(message: M, tokens: &Tokens) -> tonic::Request<M> {
    let mut request = without_token(message);
    request.extensions_mut().insert(tokens.clone());
    request
}

pub(crate) fn bear<M>(request: &mut tonic::Request<M>, token: &str) {
    // A token is base64url and dots; one that is not ASCII is not ours and the server will say so.
    if let Ok(value) = format!("Bearer {token}").parse() {
        request.metadata_mut().insert("authorization", value);
    }
}

/// A request on behalf of nobody: for signing in, and for secrets that are their own credential.
pub fn without_token<M>(message: M) -> tonic::Request<M> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(DEADLINE);
    telemetry::inject(request.metadata_mut());
    request
}
