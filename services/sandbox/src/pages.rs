//! What people see: a citizen's phone, the public's timeline, and articles. The
//! pages only look; what they show was decided elsewhere.

mod article;
mod language;
mod phone;
mod text;
mod timeline;

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};

use crate::app::Site;
use language::{Language, PageQuery};

/// Nothing runs that is not the sandbox's own, whatever an article says.
const POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Every page and what belongs to it.
pub fn router() -> Router<Site> {
    let pages = Router::new()
        .route("/", get(index))
        .route("/phone", get(phone::choose).post(phone::join))
        .route("/phone/{openid}", get(phone::phone))
        .route("/phone/{openid}/chat", get(phone::chat))
        .route("/phone/{openid}/messages", post(phone::write))
        .route("/phone/{openid}/files", post(phone::hand_in))
        .route("/timeline", get(timeline::timeline))
        .route("/timeline/entries", get(timeline::entries))
        .route("/article/{id}", get(article::article))
        .layer(map_response(guard));
    Router::new()
        .merge(pages)
        .route("/mmbiz/{media_id}", get(picture))
        .route(
            "/assets/sandbox.css",
            get(|| asset("text/css; charset=utf-8", include_str!("../assets/sandbox.css"))),
        )
        .route(
            "/assets/refresh.js",
            get(|| asset("text/javascript; charset=utf-8", include_str!("../assets/refresh.js"))),
        )
}

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage {
    language: Language,
    path: &'static str,
    account: String,
    screen_name: String,
}

async fn index(State(site): State<Site>, Query(query): Query<PageQuery>) -> Response {
    let config = &site.store.config;
    render(&IndexPage {
        language: query.lang,
        path: "/",
        account: config.wechat.display_name.clone(),
        screen_name: config.weibo.screen_name.clone(),
    })
}

/// An uploaded picture, of either platform.
async fn picture(State(site): State<Site>, Path(media_id): Path<String>) -> Response {
    // Only ids that the world knows become file names.
    let known = site.store.read(|world, _| {
        world.wechat.files.contains_key(&media_id)
            || world.weibo.posts.iter().any(|post| post.picture.as_ref() == Some(&media_id))
    });
    if !known {
        return StatusCode::NOT_FOUND.into_response();
    }
    match tokio::fs::read(site.store.media_file(&media_id)).await {
        Ok(bytes) => {
            let kind = crate::wechat::material::picture_type(&bytes).unwrap_or("application/octet-stream");
            let headers = [(header::CONTENT_TYPE, kind), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
            (headers, bytes).into_response()
        }
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text)
}

async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
