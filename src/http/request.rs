//! What a request's headers say.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Data;

use crate::app::App;
use crate::error::AppError;

static HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");

/// Whether htmx asks, and so wants a fragment instead of a page.
pub fn is_htmx(req: &HttpRequest) -> bool {
    req.headers().get(&HX_REQUEST).is_some_and(|value| value == "true")
}

/// Whether a URL of the JSON API was asked for, so that errors are problem documents.
pub fn is_for_programs(req: &HttpRequest) -> bool {
    req.path() == "/api" || req.path().starts_with("/api/")
}

/// The token of an `Authorization` header, if there is such a header. Another scheme than Bearer, or garbage, is an empty token: bad
/// credentials must not fall back to a cookie.
pub fn bearer(req: &HttpRequest) -> Option<&str> {
    let value = req.headers().get(header::AUTHORIZATION)?;
    let (scheme, token) = value.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" })
}

/// The state shared by handlers.
///
/// # Errors
/// Only if the server was put together without it.
pub fn app(req: &HttpRequest) -> Result<Data<App>, AppError> {
    req.app_data::<Data<App>>().cloned().ok_or_else(|| AppError::internal("no App in the server's data"))
}
