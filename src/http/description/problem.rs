//! Errors of the JSON API: the problem document of RFC 9457, and each status that has one.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

use super::header::header;

/// What went wrong (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem<'a> {
    /// What kind of problem it is, as a URI reference. "about:blank": `status` says that.
    pub r#type: &'static str,
    /// The name of the status.
    pub title: &'a str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// A sentence for whoever asked.
    pub detail: &'a str,
}

/// The media type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The answer of `status`, as the operations refer to it.
pub fn reference(status: u16) -> Ref {
    Ref::from_response_name(component_name(status))
}

/// The name of this answer among the components: `NotFound` for 404.
pub fn component_name(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.unwrap_or("Problem").split(' ').collect()
}

/// The answer of `status`, among the components.
pub fn component(status: u16) -> RefOr<Response> {
    let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
    let answer = ResponseBuilder::new().description(meaning(status)).content(PROBLEM_JSON, content);
    match status {
        401 => answer.header("WWW-Authenticate", header::<String>("The scheme of the token: `Bearer`.")).into(),
        429 | 503 => answer.header("Retry-After", header::<u32>("Seconds to wait before trying again.")).into(),
        _ => answer.into(),
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read, or a parameter is out of its range.",
        401 => "There is no token, or it has ended; when signing in: wrong username or password.",
        403 => "The scope of the token does not cover it; or a page of another site sent it.",
        404 => "It does not exist, or the caller may not see it.",
        408 => "The request took too long to arrive.",
        409 => "Something else is under way at this moment; `detail` says what. It is worth another try.",
        413 => "The body is larger than 16 KiB.",
        415 => "The body is of a type that is not read here, or compressed.",
        422 => "Well-formed, but not possible; `detail` says why.",
        429 => "Too many in too short a time.",
        500 => "A fault of ours. It has been logged.",
        503 => "It cannot be done at the moment; `detail` says whether anything was changed.",
        _ => "`detail` says what went wrong.",
    }
}
