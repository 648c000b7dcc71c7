//! Puts the sandbox together: one listener for both platforms, the pages and
//! the control interface, and one worker behind them.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{any, get, post},
};
use runtime::{Clock, Lifecycle};
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;

use crate::{
    call::BODY_BYTES_MAX,
    config::Config,
    control,
    cut::{CuttableListener, Peer},
    pages,
    store::Store,
    wechat::{
        self,
        callback::Pusher,
        worker::{Postbox, Worker},
    },
    weibo,
};

/// The sandbox, bound and ready to run.
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    site: Site,
    worker: Worker,
}

/// What pages and control need.
#[derive(Clone)]
pub struct Site {
    pub store: Arc<Store>,
    pub postbox: Postbox,
    pub pusher: Pusher,
}

impl App {
    /// Replays the journal and binds the listener. The process must have named
    /// its TLS provider before.
    ///
    /// # Errors
    /// The state directory, the address or the AES key cannot be used.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("the sandbox cannot listen on {}", config.listen))?;
        let address = listener.local_addr()?;
        let public_url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let public_url = public_url.trim_end_matches('/').to_owned();
        let store = Arc::new(Store::open(config, public_url, clock)?);
        let pusher = Pusher::new(store.clone())?;
        let (worker, postbox) = Worker::new(store.clone(), pusher.clone());
        Ok(Self { listener, address, site: Site { store, postbox, pusher }, worker })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the soft stop.
    ///
    /// # Errors
    /// The listener or the journal fails.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        lifecycle.spawn("sandbox worker", self.worker.run(lifecycle.clone()));
        let service = router(self.site).into_make_service_with_connect_info::<Peer>();
        let soft = lifecycle.soft();
        let hard = lifecycle.hard();
        let serve = axum::serve(CuttableListener(self.listener), service)
            .with_graceful_shutdown(soft.cancelled_owned());
        tokio::select! {
            served = serve => served.context("the sandbox's listener failed"),
            () = hard.cancelled() => Ok(()),
        }
    }
}

fn router(site: Site) -> Router {
    let wechat = Router::new().route("/cgi-bin/{*rest}", any(wechat::api::serve));
    let weibo = Router::new()
        .route("/oauth2/authorize", get(weibo::oauth::authorize))
        .route("/oauth2/{operation}", any(weibo::api::serve))
        .route("/2/{*rest}", any(weibo::api::serve))
        .layer(CompressionLayer::new());
    let platforms = wechat.merge(weibo).with_state(site.store.clone());
    let control = Router::new()
        .route("/_control/citizens", post(control::citizens))
        .route("/_control/messages", post(control::messages))
        .route("/_control/media", post(control::media))
        .route("/_control/redeliver", post(control::redeliver))
        .route("/_control/follow", post(control::follow))
        .route("/_control/log", get(control::log))
        .route("/_control/faults", post(control::order_faults).delete(control::clear_faults))
        .route("/_control/state", get(control::state))
        .route("/_control/reset_quota", post(control::reset_quota))
        .route("/_control/expire_tokens", post(control::expire_tokens))
        .route("/_control/administrator", post(control::administrator))
        .route("/_control/callback", post(control::move_callback))
        .route("/_control/verify_callback", post(control::verify_callback));
    Router::new()
        .merge(control)
        .merge(pages::router())
        .with_state(site)
        .merge(platforms)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}
