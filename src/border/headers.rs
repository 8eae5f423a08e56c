//! The headers of every answer.

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};

use crate::app::App;
use crate::viewer::is_https;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                   form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Pages carry `<meta name="referrer" content="same-origin">`, which for them overrides `no-referrer`: under the
/// latter, browsers send our own forms with `Origin: null`, and over plain http, where there is no
/// `Sec-Fetch-Site`, nothing would tell them from a stranger's.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CSP),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// What a stream's answer depends on besides its URL; the same holds of every page.
const VARY: &str = "HX-Request, Accept, Cookie, Authorization";

/// Adds what the answer does not say already.
pub fn add<B>(response: &mut ServiceResponse<B>, app: &App) {
    let (caching, varies) = caching(response);
    let https = is_https(&app.config);
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    }
    if varies {
        headers.insert(header::VARY, HeaderValue::from_static(VARY));
    }
}

/// A file whose URL names its version may be kept for a year; another is asked for again, by its ETag. Everything
/// else is somebody's own.
fn caching<B>(response: &ServiceResponse<B>) -> (&'static str, bool) {
    let (path, query) = (response.request().path(), response.request().query_string());
    let fresh = response.status().is_success() || response.status() == actix_web::http::StatusCode::NOT_MODIFIED;
    if !path.starts_with("/static/") || !fresh {
        ("no-store", true)
    } else if path.starts_with("/static/vendor/") || query.starts_with("v=") {
        ("public, max-age=31536000, immutable", false)
    } else {
        ("no-cache", false)
    }
}
