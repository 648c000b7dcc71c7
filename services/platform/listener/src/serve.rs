//! Accepts connections and serves each within its limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::body::{TimelyBody, TooSlow};
use crate::limits::{Limits, Patience};
use crate::network::Network;
use crate::patient::Patient;
use crate::places::{Place, Places};

/// How long a trusted proxy may keep a connection idle: as long as the usual ones do by themselves, so that ours are
/// never closed just when they are used again.
const PROXY_IDLE: Duration = Duration::from_secs(75);

/// What the headers of a request may take.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// After an accept that failed, most often because there are no more file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// One listener's rules.
#[derive(Clone, Debug, Default)]
pub struct Door {
    /// What it bears.
    pub limits: Limits,
    /// The proxies before it, whose connections are not one person's.
    pub trusted_proxies: Vec<Network>,
    /// Paths at which, and below which, a request is waited for longer.
    pub patient: &'static [(&'static str, Patience)],
}

/// What keeps a connection counted.
type Counted = (OwnedSemaphorePermit, Option<Place>);

impl Door {
    /// Serves `router` until `soft` is cancelled, then finishes the requests that it holds. Handlers find where a
    /// connection comes from as `ConnectInfo<SocketAddr>`.
    pub async fn serve(self, listener: TcpListener, router: Router, soft: CancellationToken) {
        let door = Arc::new(self);
        let all = Arc::new(Semaphore::new(door.limits.connections_max.get()));
        let places = Places::default();
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = soft.cancelled() => break,
                // Ended ones are forgotten as they end.
                Some(_ended) = connections.join_next() => continue,
                accepted = accept(&listener, &all) => accepted,
            };
            let Some((stream, peer, permit)) = accepted else { continue };
            let place = if door.trusts(peer) {
                None
            } else {
                let max = door.limits.connections_per_address_max.get();
                let Some(place) = places.take(peer.ip(), max) else {
                    tracing::warn!("one address has {max} connections: another one of it is closed");
                    continue;
                };
                Some(place)
            };
            let (door, router, soft) = (Arc::clone(&door), router.clone(), soft.clone());
            connections
                .spawn(async move { door.converse(stream, peer, router, soft, (permit, place)).await });
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    fn trusts(&self, peer: SocketAddr) -> bool {
        let address = peer.ip().to_canonical();
        self.trusted_proxies.iter().any(|proxy| proxy.holds(address))
    }

    /// Serves one connection to its end.
    async fn converse(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        router: Router,
        soft: CancellationToken,
        _counted: Counted,
    ) {
        let header = if self.trusts(peer) { PROXY_IDLE } else { self.limits.header() };
        let stall = self.limits.stall();
        let door = Arc::clone(&self);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (door, router) = (Arc::clone(&door), router.clone());
            async move { Ok::<_, std::convert::Infallible>(door.answer(request, peer, router).await) }
        });
        let mut connection = std::pin::pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(header)
                .max_buf_size(HEADER_BYTES_MAX)
                .serve_connection(TokioIo::new(Patient::new(stream, stall)), service)
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = soft.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            // The other side's doing: it hung up, or was too slow.
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
        }
    }

    /// Answers one request within its deadlines.
    async fn answer(&self, request: hyper::Request<Incoming>, peer: SocketAddr, router: Router) -> Response {
        let began = Instant::now();
        let patience = self.patience(request.uri().path());
        let too_slow = TooSlow::default();
        let mut request: Request =
            request.map(|body| Body::new(TimelyBody::new(body, began + patience.body, too_slow.clone())));
        request.extensions_mut().insert(ConnectInfo(peer));
        let answered = timeout_at(began + patience.answer, router.oneshot(request)).await;
        if too_slow.is_set() {
            return gone(
                StatusCode::REQUEST_TIMEOUT,
                "内容上传太慢，已中断，请重试",
                "the body came too slowly; try again",
            );
        }
        match answered {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => {
                tracing::warn!("a request was not answered in time");
                gone(StatusCode::SERVICE_UNAVAILABLE, "系统繁忙，请稍后重试", "busy; try again later")
            }
        }
    }

    fn patience(&self, path: &str) -> Patience {
        let below = |start: &str| {
            path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let longer = self.patient.iter().find(|(start, _)| below(start));
        longer.map_or_else(|| self.limits.patience(), |(_, patience)| *patience)
    }
}

/// The next connection, once there is room for it. Safe to drop: a connection that was not accepted waits on.
async fn accept(
    listener: &TcpListener,
    all: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // Never closed.
    let permit = Arc::clone(all).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are small; without this they wait for acknowledgements that the other side delays.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection ended as it began");
            }
            Some((stream, peer, permit))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_AGAIN).await;
            None
        }
    }
}

/// An answer after which the connection ends: what else it may still send is not waited for.
fn gone(status: StatusCode, zh: &str, en: &str) -> Response {
    let mut response = (status, format!("{zh} / {en}\n")).into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
