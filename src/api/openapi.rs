//! The description of the JSON API.

use actix_web::body::BoxBody;
use actix_web::http::header::{self, ETag};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};

use crate::http::description::{Answer, ApiDocument, Operation};
use crate::http::request::has_etag;

/// How long caches keep the description. Only another release has another one.
const CACHING: &str = "public, max-age=3600";

/// The description, or that the caller has it.
#[derive(Debug)]
pub struct DescriptionAnswer(Data<ApiDocument>);

/// `GET /api/openapi.json`
pub async fn show(document: Data<ApiDocument>) -> DescriptionAnswer {
    DescriptionAnswer(document)
}

impl Responder for DescriptionAnswer {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        let DescriptionAnswer(document) = self;
        let is_known = has_etag(req, &document.etag);
        let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        answer.insert_header(ETag(document.etag.clone())).insert_header((header::CACHE_CONTROL, CACHING));
        if is_known { answer.finish() } else { answer.content_type("application/json").body(document.json.clone()) }
    }
}

impl Answer for DescriptionAnswer {
    fn answer(operation: &mut Operation) {
        operation.header_parameter("If-None-Match", "The `ETag` of the last answer.");
        operation.answers_object(200, "An OpenAPI 3.1 document.");
        operation.answers(304, "It has not changed since the answer with this `ETag`.");
        for status in [200, 304] {
            operation.answer_header::<String>(status, "ETag", "Changes with the document.");
        }
    }
}
