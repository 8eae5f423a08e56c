//! Whether a change was asked for by one of our own pages.
//!
//! A browser adds our cookie to requests that other sites make. It also says where they come from: `Sec-Fetch-Site`
//! over https and on localhost, `Origin` everywhere. Neither can be forged by a page.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderName};

use crate::config::Config;
use crate::error::AppError;

/// Lets safe methods pass, and others if they come from our own pages or from no browser at all: without a cookie
/// there is nobody whose name could be misused. (Where a browser does say that another site asks, that is refused
/// also without a cookie: it would be signing somebody in under a foreign name.)
pub fn check(req: &ServiceRequest, config: &Config) -> Result<(), AppError> {
    let has_cookie = req.headers().contains_key(header::COOKIE);
    if req.method().is_safe() || (req.headers().contains_key(header::AUTHORIZATION) && !has_cookie) {
        return Ok(());
    }
    let ours = match (text(req, HeaderName::from_static("sec-fetch-site")), text(req, header::ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => is_ours(&origin, req, config),
        (None, None) => !has_cookie,
    };
    if ours { Ok(()) } else { Err(AppError::CrossSite) }
}

fn is_ours(origin: &str, req: &ServiceRequest, config: &Config) -> bool {
    match &config.public_url {
        Some(public) => origin.eq_ignore_ascii_case(&public.origin),
        // Nobody told us our address: then it is the one the browser asked. The scheme is left out, because a proxy
        // may have taken https off on the way.
        None => origin.split_once("://").is_some_and(|(_, host)| text(req, header::HOST).is_some_and(|asked| host.eq_ignore_ascii_case(&asked))),
    }
}

/// The header as text; one that is sent twice or is no text counts as foreign, not as absent.
fn text(req: &ServiceRequest, name: HeaderName) -> Option<String> {
    let mut values = req.headers().get_all(name);
    let first = values.next()?;
    let only = values.next().is_none();
    Some(first.to_str().ok().filter(|_| only).unwrap_or_default().to_owned())
}
