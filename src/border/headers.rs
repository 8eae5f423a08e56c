//! The headers of every answer.

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::app::App;
use crate::viewer::is_https;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                   form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Of every answer. Pages carry `<meta name="referrer" content="same-origin">`, which for them overrides `no-referrer`:
/// under the latter, browsers send our own forms with `Origin: null`, and over plain http, where there is no
/// `Sec-Fetch-Site`, nothing would tell them from a stranger's.
static ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// What others may do with what is in the answer; so an empty one has no use for them.
static OF_CONTENT: [(HeaderName, HeaderValue); 3] = [
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// What a stream's answer depends on besides its URL; the same holds of every page.
const VARY: &str = "HX-Request, Accept, Cookie, Authorization";

/// Adds what the answer does not say already.
pub fn add<B>(response: &mut ServiceResponse<B>, app: &App) {
    let cached = caching(response);
    let headers = response.headers_mut();
    protect(headers, app);
    append(headers, &OF_CONTENT);
    match cached {
        Some(caching) => {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
            // Also where it went out plain: whoever keeps it may be asked by others.
            headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        // The answer says itself who may keep it; what everybody may have is the same for all.
        None if is_public(headers) => headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding")),
        None if headers.contains_key(header::CACHE_CONTROL) => headers.append(header::VARY, HeaderValue::from_static(VARY)),
        None => keep_to_oneself(headers),
    }
}

/// The headers of an answer without content.
pub fn add_to_empty(headers: &mut HeaderMap, app: &App) {
    protect(headers, app);
    keep_to_oneself(headers);
}

fn protect(headers: &mut HeaderMap, app: &App) {
    append(headers, &ALWAYS);
    if is_https(&app.config) {
        headers.append(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

fn keep_to_oneself(headers: &mut HeaderMap) {
    headers.append(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.append(header::VARY, HeaderValue::from_static(VARY));
}

fn is_public(headers: &HeaderMap) -> bool {
    headers.get(header::CACHE_CONTROL).is_some_and(|caching| caching.as_bytes().starts_with(b"public"))
}

/// Nobody else sets these, and to append is cheaper than to replace.
fn append(headers: &mut HeaderMap, more: &[(HeaderName, HeaderValue)]) {
    for (name, value) in more {
        headers.append(name.clone(), value.clone());
    }
}

/// A file whose URL names its version may be kept for a year; another is asked for again, by its ETag. `None`: everything
/// else is somebody's own.
fn caching<B>(response: &ServiceResponse<B>) -> Option<&'static str> {
    let (path, query) = (response.request().path(), response.request().query_string());
    let fresh = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    if !path.starts_with("/static/") || !fresh {
        None
    } else if path.starts_with("/static/vendor/") || query.starts_with("v=") {
        Some("public, max-age=31536000, immutable")
    } else {
        Some("no-cache")
    }
}
