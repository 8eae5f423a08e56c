//! How an error looks: a page for people, a problem document (RFC 9457) for programs, a sentence for htmx.
//! The cause of what is our own fault is logged here, and only here.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use serde::Serialize;

use crate::app::App;
use crate::error::AppError;
use crate::frame::Frame;
use crate::place::sign_in_before;
use crate::reply::see_other;
use crate::viewer::{Poller, is_htmx};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: Frame,
    sentence: &'a str,
    can_retry: bool,
}

/// For the status line, where the forms ask htmx to put what went wrong.
#[derive(Template)]
#[template(source = "<span>{{ sentence }}</span>", ext = "html")]
struct Said<'a> {
    sentence: &'a str,
}

/// RFC 9457. The type is left at "about:blank": the status says what kind of problem it is.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
}

/// Gives a bare error its face; what has a body already (a form with its reasons) keeps it.
pub fn dress(response: ServiceResponse<BoxBody>, app: &App) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let bare = response.response().error().is_some() || matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    if !(status.is_client_error() || status.is_server_error()) || !bare {
        return response;
    }
    let (request, response) = response.into_parts();
    let error = response.error();
    let ours = error.and_then(|error| error.as_error::<AppError>());
    log_once(&request, status, ours, error);
    let sentence = match (ours, error) {
        (Some(ours), _) => ours.to_string(),
        (None, error) => sentence(status, error, is_for_programs(&request)),
    };
    let dressed = face(&request, app, status, ours, &sentence);
    ServiceResponse::new(request, dressed)
}

fn log_once(request: &HttpRequest, status: StatusCode, ours: Option<&AppError>, error: Option<&actix_web::Error>) {
    if !status.is_server_error() || matches!(ours, Some(AppError::Outage)) {
        return;
    }
    let cause = match (ours.and_then(AppError::cause), error) {
        (Some(cause), _) => cause.to_string(),
        (None, Some(error)) => error.to_string(),
        (None, None) => "no cause given".to_owned(),
    };
    let level = if status == StatusCode::SERVICE_UNAVAILABLE { log::Level::Warn } else { log::Level::Error };
    log::log!(level, "{} {} answered {}: {cause}", request.method(), request.path(), status.as_u16());
}

fn face(request: &HttpRequest, app: &App, status: StatusCode, ours: Option<&AppError>, sentence: &str) -> HttpResponse {
    let signed_out = matches!(ours, Some(AppError::SignedOut));
    let mut builder = HttpResponse::build(status);
    hints(&mut builder, ours);
    if is_htmx(request) {
        if signed_out {
            builder.insert_header(("HX-Redirect", "/signin"));
            return builder.finish();
        }
        return builder.content_type("text/html; charset=utf-8").body(Said { sentence }.to_string());
    }
    if is_for_programs(request) {
        let title = status.canonical_reason().unwrap_or("Error");
        return builder.content_type("application/problem+json").json(Problem { r#type: "about:blank", title, status: status.as_u16(), detail: sentence });
    }
    if signed_out {
        return see_other(&sign_in_before(&destination(request)));
    }
    let frame = Frame::bare(app, heading(status), Poller::of(request, app).is_ok());
    let can_retry = ours.is_some_and(|error| error.retry_after().is_some()) && request.method().is_safe();
    match (ErrorPage { frame, sentence, can_retry }).render() {
        Ok(page) => builder.content_type("text/html; charset=utf-8").body(page),
        Err(_) => builder.content_type("text/plain; charset=utf-8").body(sentence.to_owned()),
    }
}

/// What headers say beyond the status.
fn hints(builder: &mut HttpResponseBuilder, ours: Option<&AppError>) {
    let Some(ours) = ours else { return };
    if let Some(seconds) = ours.retry_after() {
        builder.insert_header((header::RETRY_AFTER, seconds));
    }
    match ours {
        AppError::WrongVerb(allowed) => drop(builder.insert_header((header::ALLOW, allowed.as_str()))),
        AppError::SignedOut | AppError::WrongPassword => drop(builder.insert_header((header::WWW_AUTHENTICATE, "Bearer"))),
        _ => {}
    }
}

fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::FORBIDDEN => "Not this way",
        StatusCode::METHOD_NOT_ALLOWED => "Not with that method",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "Not just now",
        status if status.is_server_error() => "That went wrong",
        _ => "We could not follow",
    }
}

fn is_for_programs(request: &HttpRequest) -> bool {
    request.path() == "/api" || request.path().starts_with("/api/")
}

/// Where somebody was going who must sign in first: the page itself, or the one from which they pressed a button.
fn destination(request: &HttpRequest) -> String {
    if request.method() == Method::GET {
        return request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    }
    let path = request.path();
    match path.strip_prefix("/people/").and_then(|rest| rest.split_once('/')) {
        Some((name, _)) => format!("/people/{name}"),
        None if path.starts_with("/notifications") => "/notifications".to_owned(),
        None if path.starts_with("/settings") => "/settings".to_owned(),
        None => "/".to_owned(),
    }
}

/// What the framework refused before a handler saw it. Programs also hear what the parser said; it speaks only of
/// what they sent.
fn sentence(status: StatusCode, error: Option<&actix_web::Error>, to_program: bool) -> String {
    match (status, error) {
        (StatusCode::NOT_FOUND, _) => AppError::NotFound.to_string(),
        (StatusCode::PAYLOAD_TOO_LARGE, _) => AppError::TooLarge.to_string(),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, _) => "That kind of content is not understood here; a form is expected.".to_owned(),
        (StatusCode::BAD_REQUEST, Some(error)) if to_program => format!("The request could not be read: {error}"),
        (StatusCode::BAD_REQUEST, _) => "The request could not be read. Please go back and try again.".to_owned(),
        (status, _) if status.is_server_error() => AppError::Internal("".into()).to_string(),
        (status, _) => status.canonical_reason().unwrap_or("That did not work.").to_owned(),
    }
}
