//! The public site, on a listener of its own: the list of clarifications and one page each, from verified copies
//! alone. It takes no input, keeps no cookie and runs no script. What was taken down says so instead of vanishing.

mod views;

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use ids::ClarificationId;
use serde::Deserialize;
use sqlx::PgPool;
use tower_http::timeout::TimeoutLayer;

use crate::agency::{Agencies, Agency};
use crate::domain::calendar::beijing_time_text;
use crate::store;
use crate::store::publication::{PublicRevision, PublicState};
use crate::verified::judge_kept;
use views::{Item, ListPage, NoticePage, Page};

/// Clarifications on one page of the list.
const LIST_SIZE: i64 = 20;

/// A reader waits no longer.
const DEADLINE: Duration = Duration::from_secs(10);

const STYLE: &str = include_str!("../../assets/site.css");

/// Nothing but our own style sheet: even a rendition that carried more than words could do nothing with it.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// What the pages are made from.
pub struct Site {
    /// The service's database.
    pub pool: PgPool,
    /// The agencies whose clarifications are shown.
    pub agencies: Agencies,
}

/// The site's routes.
pub fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/c/{clarification}", get(page))
        .route("/site.css", get(style))
        .fallback(missing)
        .layer(from_fn(headers))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, DEADLINE))
        .with_state(Arc::new(site))
}

async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // What is taken down must be gone at the next look, in every cache on the way.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    response
}

#[derive(Deserialize)]
struct ListQuery {
    before: Option<i64>,
}

async fn list(State(site): State<Arc<Site>>, Query(query): Query<ListQuery>) -> Response {
    let mut public = Vec::new();
    let agencies: Vec<Arc<Agency>> = site.agencies.iter().cloned().collect();
    for agency in &agencies {
        match public_revisions(&site, agency, query.before).await {
            Ok(found) => public.extend(found.into_iter().map(|revision| (agency, revision))),
            Err(error) => return away(&error),
        }
    }
    public.sort_by_key(|(_, revision)| std::cmp::Reverse(revision.sequence));
    let size = usize::try_from(LIST_SIZE).unwrap_or(usize::MAX);
    let more = public.len() > size;
    public.truncate(size);
    let next = public.last().filter(|_| more).map(|(_, revision)| revision.sequence);
    let mut items = Vec::with_capacity(public.len());
    for (agency, revision) in &public {
        match item(&site, agency, revision).await {
            // A copy that does not verify any more is not shown, not even by its title.
            Ok(item) => items.extend(item),
            Err(error) => return away(&error),
        }
    }
    render(StatusCode::OK, &ListPage { site_name: site_name(&agencies), items, next })
}

/// One more than a page of the list holds, to know whether another page follows.
async fn public_revisions(
    site: &Site,
    agency: &Agency,
    before: Option<i64>,
) -> sqlx::Result<Vec<PublicRevision>> {
    let mut tx = database::agency_tx(&site.pool, agency.id).await?;
    store::publication::public_revisions(&mut tx, before, LIST_SIZE + 1).await
}

async fn item(site: &Site, agency: &Agency, public: &PublicRevision) -> sqlx::Result<Option<Item>> {
    let mut tx = database::agency_tx(&site.pool, agency.id).await?;
    let kept = store::clarification::kept(&mut tx, agency.id, public.clarification, public.revision).await?;
    let verified = kept.and_then(|kept| judge_kept(agency, &kept, kept.verified_time).ok());
    Ok(verified.and_then(|verified| {
        let page = verified.content.rendition("page")?;
        Some(Item {
            address: format!("/c/{}", public.clarification),
            title: page.title.clone(),
            summary: page.summary.clone(),
            verdict: views::verdict(&verified.content.verdict),
            public_time: beijing_time_text(public.public_time),
        })
    }))
}

async fn page(State(site): State<Arc<Site>>, Path(clarification): Path<String>) -> Response {
    let Ok(clarification) = clarification.parse::<ClarificationId>() else { return missing().await };
    for agency in site.agencies.iter() {
        match shown(&site, agency, clarification).await {
            Ok(None) => {}
            Ok(Some(response)) => return response,
            Err(error) => return away(&error),
        }
    }
    missing().await
}

async fn shown(
    site: &Site,
    agency: &Agency,
    clarification: ClarificationId,
) -> sqlx::Result<Option<Response>> {
    let mut tx = database::agency_tx(&site.pool, agency.id).await?;
    let (revision, public_time) = match store::publication::public_state(&mut tx, clarification).await? {
        None => return Ok(None),
        Some(PublicState::Withdrawn) => return Ok(Some(withdrawn(agency))),
        Some(PublicState::Public(revision, public_time)) => (revision, public_time),
    };
    let kept = store::clarification::kept(&mut tx, agency.id, clarification, revision).await?;
    // As of its acceptance: statements expire for sending, not for what has been said.
    let verified = kept.and_then(|kept| judge_kept(agency, &kept, kept.verified_time).ok());
    let Some(verified) = verified else { return Ok(Some(unverifiable(agency))) };
    let Some(rendition) = verified.content.rendition("page") else { return Ok(Some(unverifiable(agency))) };
    let view = Page {
        site_name: agency.name.clone(),
        title: rendition.title.clone(),
        summary: rendition.summary.clone(),
        body: rendition.body.clone(),
        verdict: views::verdict(&verified.content.verdict),
        public_time: beijing_time_text(public_time),
        revision,
        content_hash: hex::encode(verified.content_hash),
    };
    Ok(Some(render(StatusCode::OK, &view)))
}

fn withdrawn(agency: &Agency) -> Response {
    render(
        StatusCode::GONE,
        &NoticePage {
            site_name: agency.name.clone(),
            title: "这条内容已经撤回",
            text: "发布单位已撤回这条内容，请不要再引用或转发。如有新的说明，会在首页发布。",
        },
    )
}

/// Something altered our own copy: it is taken for nobody's word.
fn unverifiable(agency: &Agency) -> Response {
    render(
        StatusCode::SERVICE_UNAVAILABLE,
        &NoticePage {
            site_name: agency.name.clone(),
            title: "这条内容暂时不能显示",
            text: "这条内容没有通过完整性校验，核实之前不予显示。请稍后再看，或以首页内容为准。",
        },
    )
}

async fn missing() -> Response {
    render(
        StatusCode::NOT_FOUND,
        &NoticePage {
            site_name: "辟谣平台".to_owned(),
            title: "没有这个页面",
            text: "请检查网址是否完整，或从首页查找。",
        },
    )
}

fn away(error: &sqlx::Error) -> Response {
    tracing::warn!(error = error as &dyn std::error::Error, "a public page could not be read");
    render(
        StatusCode::SERVICE_UNAVAILABLE,
        &NoticePage {
            site_name: "辟谣平台".to_owned(), title: "页面暂时打不开", text: "请稍后再试。"
        },
    )
}

fn site_name(agencies: &[Arc<Agency>]) -> String {
    match agencies {
        [only] => only.name.clone(),
        _ => "辟谣平台".to_owned(),
    }
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "max-age=3600")], STYLE)
}

fn render(status: StatusCode, view: &impl Template) -> Response {
    match view.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a public page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
