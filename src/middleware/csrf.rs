//! CSRF check: Fetch Metadata, else Origin.
//!
//! A browser adds our cookie to requests that other sites make. It also says where they come from: in `Sec-Fetch-Site` over https and on
//! localhost, in `Origin` everywhere. A page can forge neither.

use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};

use crate::app::App;
use crate::clock::MINUTE;
use crate::error::AppError;
use crate::http::request::bearer;

/// When a refused origin was last logged, in Unix milliseconds.
static LOGGED_AT: AtomicI64 = AtomicI64::new(0);

/// Lets safe methods pass, and others if they come from our own pages or from no browser at all: without a cookie, there is no session
/// to misuse. What a browser says comes from another site is refused even without a cookie: otherwise that site could sign the visitor in to an
/// account of its own (login CSRF). A bearer token is exempt, because no browser adds one by itself; `Authorization: Basic` it does add.
pub fn check(req: &ServiceRequest, app: &App) -> Result<(), AppError> {
    let headers = req.headers();
    let has_cookie = headers.contains_key(header::COOKIE);
    if req.method().is_safe() || (bearer(headers).is_some() && !has_cookie) {
        return Ok(());
    }
    match (single_text(headers, HeaderName::from_static("sec-fetch-site")), single_text(headers, header::ORIGIN)) {
        (Some(site), _) if site == "same-origin" || site == "none" => Ok(()),
        (Some(_), origin) => Err(refuse(req, app, origin)),
        (None, Some(origin)) if is_own_origin(&origin, headers, app) => Ok(()),
        (None, None) if !has_cookie => Ok(()),
        (None, origin) => Err(refuse(req, app, origin)),
    }
}

/// Whether `origin` is ours: PUBLIC_URL, or else the host that was asked.
pub(super) fn is_own_origin(origin: &str, headers: &HeaderMap, app: &App) -> bool {
    match &app.config.public_url {
        Some(public) => origin.eq_ignore_ascii_case(&public.origin),
        // Without PUBLIC_URL, our origin is the host that the browser asked. The scheme is not compared, because a proxy may terminate TLS.
        None => {
            let Some((scheme, host)) = origin.split_once("://") else { return false };
            single_text(headers, header::HOST).is_some_and(|asked| without_default_port(host, scheme) == without_default_port(&asked, scheme))
        }
    }
}

/// `host` in lower case, without the port that `scheme` has by default: browsers leave it out, and some proxies write it.
fn without_default_port(host: &str, scheme: &str) -> String {
    let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase()
}

/// The header as text. One that is sent twice or is no text counts as foreign, not as absent.
fn single_text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let mut values = headers.get_all(name);
    let first = values.next()?;
    let only = values.next().is_none();
    Some(first.to_str().ok().filter(|_| only).unwrap_or_default().to_owned())
}

/// The refusal says under which address it would have worked: behind a proxy that changes `Host`, our own pages are refused as well.
fn refuse(req: &ServiceRequest, app: &App, origin: Option<String>) -> AppError {
    let origin = origin.filter(|origin| is_plain(origin) && !is_own_origin(origin, req.headers(), app));
    let host = single_text(req.headers(), header::HOST).filter(|host| is_plain(host)).unwrap_or_default();
    let own = app.config.public_url.as_ref().map_or_else(|| host.clone(), |public| public.origin.clone());
    log_refused(origin.as_deref().unwrap_or("none"), &host, app);
    match origin {
        Some(origin) => AppError::forbidden(format!(
            "This request came from {origin}, and this site is at {own}, so nothing was changed. If you use this site at {origin}, please go to {own} instead."
        )),
        None => AppError::forbidden("This request came from another site, so nothing was changed."),
    }
}

/// Short, and without anything that could not be part of an origin.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= 200 && text.chars().all(|c| c.is_ascii_alphanumeric() || ".:-/[]_".contains(c))
}

/// Once a minute at the most: any stranger can cause it.
fn log_refused(origin: &str, host: &str, app: &App) {
    let (now, logged_at) = (app.clock.now(), LOGGED_AT.load(Ordering::Relaxed));
    if (logged_at..logged_at + MINUTE).contains(&now) || LOGGED_AT.compare_exchange(logged_at, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        return;
    }
    let setting = app.config.public_url.as_ref().map_or("PUBLIC_URL is not set", |public| public.origin.as_str());
    log::warn!("a request of origin {origin} to host {host} was refused as cross-site; if {origin} is this site, set PUBLIC_URL to it (now: {setting})");
}
