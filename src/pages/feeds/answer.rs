//! The answers of a feed, and their validators.

use actix_web::http::header::{self, CacheControl, CacheDirective, ETag, EntityTag};
use actix_web::{HttpResponse, HttpResponseBuilder};
use base64_simd::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::ids::Stamp;

/// Bytes of a hash that tell one document from another.
const HASH: usize = 16;

/// The validator of what is as new as `stamp`. Weak: the same inbox may be written otherwise, for another host or by another release.
pub fn stamp_etag(stamp: Stamp) -> EntityTag {
    EntityTag::new_weak(stamp.to_string())
}

/// The validator of this very document. Weak, because it is the same where it is compressed.
pub fn content_etag(document: &[u8]) -> EntityTag {
    let hash: Vec<u8> = Sha256::digest(document).into_iter().take(HASH).collect();
    EntityTag::new_weak(URL_SAFE_NO_PAD.encode_to_string(hash))
}

/// 200: the feed.
pub fn atom(etag: EntityTag, document: Vec<u8>) -> HttpResponse {
    with_headers(HttpResponse::Ok(), etag).content_type("application/atom+xml; charset=utf-8").body(document)
}

/// 304: nothing is new since the answer with this validator.
pub fn not_modified(etag: EntityTag) -> HttpResponse {
    with_headers(HttpResponse::NotModified(), etag).finish()
}

/// Whoever finds the address in a list of links must not find what is there in a search engine.
fn with_headers(mut answer: HttpResponseBuilder, etag: EntityTag) -> HttpResponseBuilder {
    answer
        .insert_header(ETag(etag))
        .insert_header(CacheControl(vec![CacheDirective::Private, CacheDirective::NoCache]))
        .insert_header((header::HeaderName::from_static("x-robots-tag"), "noindex"));
    answer
}
