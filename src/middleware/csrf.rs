//! CSRF check: Fetch Metadata, else Origin.
//!
//! A browser adds our cookie to requests that other sites make. It also says where they come from: in `Sec-Fetch-Site` over https and on
//! localhost, in `Origin` everywhere. A page can forge neither.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderName};

use crate::config::Config;
use crate::error::AppError;

/// Lets safe methods pass, and others if they come from our own pages or from no browser at all: without a cookie, there is no session
/// to misuse. What a browser says comes from another site is refused even without a cookie: otherwise that site could sign the visitor in to an
/// account of its own (login CSRF).
pub fn check(req: &ServiceRequest, config: &Config) -> Result<(), AppError> {
    let has_cookie = req.headers().contains_key(header::COOKIE);
    if req.method().is_safe() || (req.headers().contains_key(header::AUTHORIZATION) && !has_cookie) {
        return Ok(());
    }
    let is_same_origin = match (single_text(req, HeaderName::from_static("sec-fetch-site")), single_text(req, header::ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => is_own_origin(&origin, req, config),
        (None, None) => !has_cookie,
    };
    if is_same_origin { Ok(()) } else { Err(AppError::forbidden("This request came from another site, so nothing was changed.")) }
}

fn is_own_origin(origin: &str, req: &ServiceRequest, config: &Config) -> bool {
    match &config.public_url {
        Some(public) => origin.eq_ignore_ascii_case(&public.origin),
        // Without PUBLIC_URL, our origin is the host that the browser asked. The scheme is not compared, because a proxy may terminate TLS.
        None => origin.split_once("://").is_some_and(|(_, host)| single_text(req, header::HOST).is_some_and(|asked| host.eq_ignore_ascii_case(&asked))),
    }
}

/// The header as text. One that is sent twice or is no text counts as foreign, not as absent.
fn single_text(req: &ServiceRequest, name: HeaderName) -> Option<String> {
    let mut values = req.headers().get_all(name);
    let first = values.next()?;
    let only = values.next().is_none();
    Some(first.to_str().ok().filter(|_| only).unwrap_or_default().to_owned())
}
