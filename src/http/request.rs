//! What a request's headers say.

use actix_web::http::header::{self, EntityTag, HeaderMap, HeaderName, IfNoneMatch};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};

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

/// The token of an `Authorization: Bearer` header. Other schemes are not ours: a proxy that asks for a password sends its own `Basic` on.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The state shared by handlers.
///
/// # Errors
/// Only if the server was put together without it.
pub fn app(req: &HttpRequest) -> Result<Data<App>, AppError> {
    req.app_data::<Data<App>>().cloned().ok_or_else(|| AppError::internal("no App in the server's data"))
}

/// How many tags of `If-None-Match` are read. A program has one; a list of thousands is a guess.
const MOST_TAGS: usize = 4;

/// Whether the caller has the answer with this tag already: `If-None-Match`, compared weakly.
pub fn has_etag(req: &HttpRequest, etag: &EntityTag) -> bool {
    match req.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(tags)) => tags.iter().take(MOST_TAGS).any(|tag| tag.weak_eq(etag)),
        None => false,
    }
}
