//! Security and caching headers.

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::app::App;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                   form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Of every answer with content. Pages carry `<meta name="referrer" content="same-origin">`, which overrides `no-referrer` for them. Under
/// `no-referrer`, browsers send our own forms with `Origin: null`; over plain http, where there is no `Sec-Fetch-Site`, the CSRF check could
/// not tell them from a stranger's.
static SECURITY: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// What a page or a poll depends on besides its URL; and `Accept`, because the contract names it.
const VARY: &str = "HX-Request, Accept, Cookie, Authorization";

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Who may keep an answer.
enum Caching {
    /// Anybody, by this rule. The compressed and the plain one differ.
    Public(&'static str),
    /// Anybody, as the handler says.
    PublicByHandler,
    /// As the handler says; it is the caller's own.
    PrivateByHandler,
    /// Nobody.
    NoStore,
}

/// Adds what the answer does not say itself. One without content needs none of it: there is nothing to protect.
pub fn add<B>(response: &mut ServiceResponse<B>, app: &App) {
    if response.status() == StatusCode::NO_CONTENT {
        response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
        return;
    }
    let caching = caching(response, app);
    let headers = response.headers_mut();
    protect(headers, app);
    // Also where it went out plain: a cache may serve it to others.
    let encoding = HeaderValue::from_static("Accept-Encoding");
    match caching {
        Caching::Public(rule) => {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(rule));
            headers.insert(header::VARY, encoding);
        }
        Caching::PublicByHandler => headers.append(header::VARY, encoding),
        Caching::PrivateByHandler => headers.append(header::VARY, HeaderValue::from_static(VARY)),
        Caching::NoStore => {
            headers.append(header::CACHE_CONTROL, NO_STORE);
            headers.append(header::VARY, HeaderValue::from_static(VARY));
        }
    }
}

/// No handler sets these, and appending is cheaper than replacing.
fn protect(headers: &mut HeaderMap, app: &App) {
    for (name, value) in &SECURITY {
        headers.append(name.clone(), value.clone());
    }
    if app.config.is_https() {
        headers.append(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

fn caching<B>(response: &ServiceResponse<B>, app: &App) -> Caching {
    let (path, query) = (response.request().path(), response.request().query_string());
    let is_file = path.starts_with("/static/") && (response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED);
    match response.headers().get(header::CACHE_CONTROL) {
        _ if is_file && app.assets.is_immutable(path, query) => Caching::Public("public, max-age=31536000, immutable"),
        _ if is_file => Caching::Public("no-cache"),
        Some(rule) if rule.as_bytes().starts_with(b"public") => Caching::PublicByHandler,
        Some(_) => Caching::PrivateByHandler,
        None => Caching::NoStore,
    }
}
