//! gzip, where it pays: pages, lists, style and script become a third to a fifth of their size.
//!
//! What is compressed shows its length to whoever listens, also through TLS, and a length tells secrets that stand beside
//! words of an attacker's choice (BREACH). Our pages hold no secret: the session is in a cookie, which is not compressed, and
//! there is no token in the forms, because the border asks where a request comes from ([`super::origin`]). A program's
//! token is handed out in an answer too small to be compressed.

use actix_http::encoding::Encoder;
use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, HeaderMap, HeaderValue};

/// What is smaller goes into one packet in any case, with its headers.
const PAYS_FROM: u64 = 1_024;

/// Compresses the answer if that pays and the caller can read it. Errors stay as they are: compressing takes a thread from
/// those that wait for the database, and in an outage these may all be waiting.
pub fn pack(response: ServiceResponse) -> ServiceResponse {
    if !(pays(&response) && is_welcome(&response)) {
        return response;
    }
    response.map_body(|head, body| {
        weaken(head.headers_mut());
        BoxBody::new(Encoder::response(ContentEncoding::Gzip, head, body))
    })
}

fn pays(response: &ServiceResponse) -> bool {
    let large = matches!(response.response().body().size(), BodySize::Sized(PAYS_FROM..));
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_text = ["text/", "application/json", "application/javascript", "image/svg+xml"].iter().any(|text| kind.starts_with(text));
    response.status() == StatusCode::OK && large && is_text
}

/// Whether the caller prefers it. Who says nothing, or what nobody can read, gets it plain.
fn is_welcome(response: &ServiceResponse) -> bool {
    let welcome = response.request().get_header::<AcceptEncoding>();
    welcome.and_then(|welcome| welcome.negotiate([Encoding::identity(), Encoding::gzip()].iter())) == Some(Encoding::gzip())
}

/// The ETag of a file is that of its bytes, which these are not: they only say the same. Nor can parts of them be asked for.
fn weaken(headers: &mut HeaderMap) {
    headers.remove(header::ACCEPT_RANGES);
    let weak = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| !tag.starts_with("W/")).map(|tag| format!("W/{tag}"));
    if let Some(weak) = weak.and_then(|weak| HeaderValue::try_from(weak).ok()) {
        headers.insert(header::ETAG, weak);
    }
}
