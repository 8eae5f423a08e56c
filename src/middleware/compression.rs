//! gzip for what is large: pages, lists, style and script shrink to a third or a fifth.
//!
//! The length of a compressed answer is visible through TLS, and tells a secret that stands beside text of an attacker's choice (BREACH). Our
//! pages hold no secret. The session is in a cookie, which is not compressed. There are no CSRF tokens, because [`super::csrf`] reads
//! headers. A program's token is sent in an answer too small to be compressed. A feed, which strangers write in, does not hold its own address; the
//! settings hold it, and nobody else writes in them.

use actix_http::encoding::Encoder;
use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, HeaderMap, HeaderValue};
use actix_web::http::{StatusCode, Version};

/// Smallest body that is compressed, in bytes. A smaller one fits into one packet with its headers anyway.
const SMALLEST: u64 = 1_024;

/// Compresses the answer if that pays and the caller accepts it. Errors are not compressed: that takes a thread of the pool that waits for the
/// database, and in an outage all of its threads may be waiting.
pub fn compress(response: ServiceResponse) -> ServiceResponse {
    if !(is_worth_it(&response) && is_accepted(&response) && takes_chunks(&response)) {
        return response;
    }
    response.map_body(|head, body| {
        weaken_etag(head.headers_mut());
        BoxBody::new(Encoder::response(ContentEncoding::Gzip, head, body))
    })
}

fn is_worth_it(response: &ServiceResponse) -> bool {
    let large = matches!(response.response().body().size(), BodySize::Sized(SMALLEST..));
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_text =
        ["text/", "application/json", "application/javascript", "application/atom+xml", "image/svg+xml"].iter().any(|text| content_type.starts_with(text));
    response.status() == StatusCode::OK && large && is_text
}

/// Whether the caller prefers gzip. Without a header, or with one that names nothing of ours, the answer is plain.
fn is_accepted(response: &ServiceResponse) -> bool {
    let accepted = response.request().get_header::<AcceptEncoding>();
    accepted.and_then(|accepted| accepted.negotiate([Encoding::identity(), Encoding::gzip()].iter())) == Some(Encoding::gzip())
}

/// Some proxies that compress (Apache) mark the ETag of what they compressed, `"abc-gzip"`, and pass on what browsers then ask with.
pub fn restore_etags(headers: &mut HeaderMap) {
    let asked = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let restored = asked.filter(|tags| tags.contains("-gzip\"")).map(|tags| tags.replace("-gzip\"", "\""));
    if let Some(restored) = restored.and_then(|tags| HeaderValue::try_from(tags).ok()) {
        headers.insert(header::IF_NONE_MATCH, restored);
    }
}

/// A compressed answer is sent in chunks, which HTTP/1.0 does not have.
fn takes_chunks(response: &ServiceResponse) -> bool {
    response.request().head().version >= Version::HTTP_11
}

/// A strong ETag and byte ranges are those of the file, and these bytes are compressed.
fn weaken_etag(headers: &mut HeaderMap) {
    headers.remove(header::ACCEPT_RANGES);
    let weak = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| !tag.starts_with("W/")).map(|tag| format!("W/{tag}"));
    if let Some(weak) = weak.and_then(|weak| HeaderValue::try_from(weak).ok()) {
        headers.insert(header::ETAG, weak);
    }
}
