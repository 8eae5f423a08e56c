//! The body of an error: a page for people, a problem document (RFC 9457) for programs, a sentence for htmx. The cause of what is our own fault
//! is logged here.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use url::{Position, Url};

use super::csrf::is_own_origin;
use crate::app::App;
use crate::db::one_line;
use crate::error::AppError;
use crate::http::client_ip::client_ip;
use crate::http::description::{PROBLEM_JSON, Problem};
use crate::http::request::{is_for_programs, is_htmx};
use crate::http::response::see_other;
use crate::http::urls::{safe_redirect, sign_in_first};
use crate::http::viewer::{Poller, Viewer};
use crate::model::notifications;
use crate::views::error_page::ErrorPage;
use crate::views::layout::Layout;

/// An error for htmx, which swaps it into the page's status line (`#status`).
#[derive(Template)]
#[template(source = "<span>{{ sentence }}</span>", ext = "html")]
struct ErrorFragment<'a> {
    sentence: &'a str,
}

/// Gives a body to an error that has none. A form that is shown again with its errors keeps its own.
pub async fn with_body(response: ServiceResponse<BoxBody>, app: &App) -> ServiceResponse<BoxBody> {
    let status = response.status();
    app.metrics.answered(status.as_str());
    let bare = response.response().error().is_some() || matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    if !(status.is_client_error() || status.is_server_error()) || !bare {
        return response;
    }
    let (request, response) = response.into_parts();
    let error = response.error();
    let ours = error.and_then(|error| error.as_error::<AppError>());
    log_once(&request, app, status, ours, error);
    record_refusal(&request, app, status, ours);
    let sentence = match ours {
        Some(ours) => ours.to_string(),
        None => framework_sentence(status, error, is_for_programs(&request)),
    };
    let response = render(&request, app, status, ours, &sentence).await;
    ServiceResponse::new(request, response)
}

/// Refusals that an operator may want to act on (fail2ban), with the address.
fn record_refusal(request: &HttpRequest, app: &App, status: StatusCode, ours: Option<&AppError>) {
    if let Some(AppError::LimitReached(limit, _)) = ours {
        app.metrics.limited(*limit);
    }
    if matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        log::info!("{} {} answered {}: address {}", request.method(), logged_path(request), status.as_u16(), client_ip(request, &app.config));
    }
}

/// Logs what is our own fault. An outage is logged once, and not for every request that it meets.
fn log_once(request: &HttpRequest, app: &App, status: StatusCode, ours: Option<&AppError>, error: Option<&actix_web::Error>) {
    if !status.is_server_error() || matches!(ours, Some(AppError::Outage(_))) {
        return;
    }
    let cause = match (ours.and_then(AppError::cause), error) {
        (Some(cause), _) => cause.to_string(),
        (None, Some(error)) => error.to_string(),
        (None, None) => "no cause given".to_owned(),
    };
    if is_news(request, app, status, &cause) {
        let level = if status == StatusCode::SERVICE_UNAVAILABLE { log::Level::Warn } else { log::Level::Error };
        log::log!(level, "{} {} answered {}: {}", request.method(), logged_path(request), status.as_u16(), one_line(&cause));
    }
}

/// The path, without the secret of a feed: whoever reads the log must not be able to read the feed.
fn logged_path(request: &HttpRequest) -> Cow<'_, str> {
    match request.path().strip_prefix("/feeds/") {
        Some(secret) => Cow::Owned(format!("/feeds/…/{}", secret.split_once('/').map_or("", |(_, feed)| feed))),
        None => Cow::Borrowed(request.path()),
    }
}

/// Whether this has not just been logged for another request: a database in trouble meets them all.
fn is_news(request: &HttpRequest, app: &App, status: StatusCode, cause: &str) -> bool {
    let health = app.database.health();
    let outage = if request.method().is_safe() { &health.reading } else { &health.writing };
    status != StatusCode::SERVICE_UNAVAILABLE || outage.failed(cause)
}

async fn render(request: &HttpRequest, app: &App, status: StatusCode, ours: Option<&AppError>, sentence: &str) -> HttpResponse {
    let signed_out = matches!(ours, Some(AppError::SignedOut));
    let mut builder = HttpResponse::build(status);
    add_headers(&mut builder, ours);
    if is_htmx(request) {
        if signed_out {
            builder.insert_header(("HX-Redirect", sign_in_first(&current_page(request, app))));
            return builder.finish();
        }
        return builder.content_type("text/html; charset=utf-8").body(ErrorFragment { sentence }.to_string());
    }
    if is_for_programs(request) {
        let title = status.canonical_reason().unwrap_or("Error");
        return builder.content_type(PROBLEM_JSON).json(Problem { r#type: "about:blank", title, status: status.as_u16(), detail: sentence });
    }
    if signed_out {
        return see_other(&sign_in_first(&destination(request)));
    }
    let layout = layout(request, app, status, heading(status, ours)).await;
    let can_retry = ours.is_some_and(|error| error.retry_after().is_some()) && request.method().is_safe();
    match (ErrorPage { layout, sentence, can_retry }).render() {
        Ok(page) => builder.content_type("text/html; charset=utf-8").body(page),
        Err(_) => builder.content_type("text/plain; charset=utf-8").body(sentence.to_owned()),
    }
}

/// The longest that an error page waits for the database. Without its answer the page lacks the name, and is there all the same.
const LAYOUT_TIMEOUT: Duration = Duration::from_secs(1);

/// The layout that every other page has, as far as the database says who is signed in. Only for browsers that open a page: pictures, scripts and
/// programs do not ask for HTML, and cost no statement.
async fn layout(request: &HttpRequest, app: &App, status: StatusCode, name: &str) -> Layout {
    let Some(poller) = Poller::of(request, app).ok().filter(Poller::has_session) else { return Layout::visitor(app, name) };
    let is_in_trouble = status == StatusCode::SERVICE_UNAVAILABLE || !app.database.health().is_well();
    if !accepts_html(request) || is_in_trouble {
        return Layout::unconfirmed(app, name, poller);
    }
    match tokio::time::timeout(LAYOUT_TIMEOUT, confirmed(request, app)).await {
        Ok(Ok((viewer, unread))) => Layout::member(app, &viewer, name, unread),
        Ok(Err(AppError::SignedOut)) => Layout::visitor(app, name),
        _ => Layout::unconfirmed(app, name, poller),
    }
}

/// Who is signed in, and their number of unread notifications.
async fn confirmed(request: &HttpRequest, app: &App) -> Result<(Viewer, i64), AppError> {
    let candidates: Vec<Poller> = Poller::candidates(request, app).collect();
    for poller in candidates {
        match poller.confirm_and(app, |conn, viewer| Ok(notifications::count_unread_up_to_many(conn, viewer.id)?)).await {
            Err(AppError::SignedOut) => {}
            confirmed => return confirmed,
        }
    }
    Err(AppError::SignedOut)
}

fn accepts_html(request: &HttpRequest) -> bool {
    request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

/// The page on which htmx runs, as it says in `HX-Current-URL`, if that is one of ours; otherwise the front page.
fn current_page(request: &HttpRequest, app: &App) -> String {
    let url = request.headers().get("HX-Current-URL").and_then(|url| Url::parse(url.to_str().ok()?).ok());
    let own = url.filter(|url| is_own_origin(&url.origin().ascii_serialization(), request.headers(), app));
    own.and_then(|url| safe_redirect(&url[Position::BeforePath..Position::AfterQuery]).map(str::to_owned)).unwrap_or_else(|| "/".to_owned())
}

fn add_headers(builder: &mut HttpResponseBuilder, ours: Option<&AppError>) {
    let Some(ours) = ours else { return };
    if let Some(seconds) = ours.retry_after() {
        builder.insert_header((header::RETRY_AFTER, seconds));
    }
    match ours {
        AppError::MethodNotAllowed(allowed) => drop(builder.insert_header((header::ALLOW, allowed.as_str()))),
        AppError::SignedOut | AppError::WrongPassword => drop(builder.insert_header((header::WWW_AUTHENTICATE, "Bearer"))),
        AppError::InsufficientScope => drop(builder.insert_header((header::WWW_AUTHENTICATE, "Bearer error=\"insufficient_scope\""))),
        _ => {}
    }
}

fn heading(status: StatusCode, ours: Option<&AppError>) -> &'static str {
    match status {
        _ if matches!(ours, Some(AppError::Unknown(_))) => "Please check whether that worked",
        StatusCode::NOT_FOUND => "Page not found",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::METHOD_NOT_ALLOWED => "That does not work here",
        StatusCode::TOO_MANY_REQUESTS => "Please wait a moment",
        StatusCode::SERVICE_UNAVAILABLE => "Please try again in a moment",
        status if status.is_server_error() => "Something went wrong",
        _ => "That did not work",
    }
}

/// Where to go after signing in: the page that was asked for, or the page whose button was pressed.
fn destination(request: &HttpRequest) -> String {
    if request.method() == Method::GET {
        return request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    }
    let path = request.path();
    let subject = |folder: &str| path.strip_prefix(folder).and_then(|rest| rest.split_once('/')).map(|(subject, _)| format!("{folder}{subject}"));
    match subject("/people/").or_else(|| subject("/posts/")) {
        Some(page) => page,
        None if path.starts_with("/notifications") => "/notifications".to_owned(),
        None if path.starts_with("/settings") => "/settings".to_owned(),
        // Which leads home: what was to be posted is lost.
        None if path == "/posts" => path.to_owned(),
        None => "/".to_owned(),
    }
}

/// For what the framework refused before a handler ran. Programs also get the parser's message, which speaks only of what they sent.
fn framework_sentence(status: StatusCode, error: Option<&actix_web::Error>, for_program: bool) -> String {
    match (status, error) {
        (StatusCode::NOT_FOUND, _) => AppError::NotFound.to_string(),
        (StatusCode::PAYLOAD_TOO_LARGE, _) => AppError::too_large().to_string(),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, _) => "This address expects a form.".to_owned(),
        (StatusCode::BAD_REQUEST, Some(error)) if for_program => format!("The request could not be read: {error}"),
        (StatusCode::BAD_REQUEST, _) => "The request could not be read. Please go back and try again.".to_owned(),
        (status, _) if status.is_server_error() => AppError::internal("").to_string(),
        (status, _) => status.canonical_reason().unwrap_or("That did not work.").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_secret_of_a_feed_is_not_logged() {
        for (path, logged) in [
            ("/feeds/s3cret/posts.atom", "/feeds/…/posts.atom"),
            ("/feeds/s3cret", "/feeds/…/"),
            ("/feeds/", "/feeds/…/"),
            ("/people/feeds/x", "/people/feeds/x"),
        ] {
            assert_eq!(logged_path(&TestRequest::with_uri(path).to_http_request()), logged);
        }
    }
}
