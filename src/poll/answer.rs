//! The answer to a poll, and what a program is told of it in the description of the API.

use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, Responder};
use utoipa::PartialSchema;
use utoipa::openapi::schema::AnyOfBuilder;

use super::program::PollJson;
use crate::http::description::{Answer, Operation};

/// A fragment for htmx, JSON for everybody else. Only the latter is described.
#[derive(Debug)]
pub struct StreamAnswer(pub(super) HttpResponse);

impl Responder for StreamAnswer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

impl Answer for StreamAnswer {
    fn answer(operation: &mut Operation) {
        operation.secured();
        let since = AnyOfBuilder::new().item(i64::schema()).item(String::schema());
        operation.query_parameter("since", since, "The `lastUpdate` that the caller has seen; 0 if it is missing. What is no stamp differs from any.");
        operation.header_parameter("If-None-Match", "The `ETag` of the last answer.");
        operation.answers_json::<PollJson>(200, "The present state.");
        operation.answers(304, "Nothing has happened since the answer with this `ETag`.");
        for status in [200, 304] {
            operation.answer_header::<String>(status, "ETag", "The stamp, to be sent back as `If-None-Match`.");
            operation.answer_header::<u32>(status, "X-Poll-Interval", "Seconds to wait before the next poll.");
        }
    }
}
