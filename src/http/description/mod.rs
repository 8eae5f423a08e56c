//! The OpenAPI 3.1 description of the JSON API, read from the types of its handlers.
//!
//! **How a route is described.** In `json_api()` of `src/routes.rs`, one line a URL: `api("/api/follow").post("Follow somebody",
//! api::follow::create).problems([404, 422])`. The handler has no attributes. What it takes says what it needs ([`Describe`]: `Viewer`, `Json<T>`,
//! `Query<T>`, `Path<T>`), and what it returns says what it answers ([`Answer`]: `Json<T>`, `NoContent`, `Made<T>`, each in a `Result<_,
//! AppError>`); both also name the errors that come with them. `T` derives `ToSchema` with `#[schema(as = Follow)]`, the name in the document; a
//! query derives `IntoParams`. `.problems` names the errors that the handler decides on itself. Three gotchas: an `Option` of an answer is always
//! there, so it is `#[schema(required)]`; one of a query is never null, so it is `#[param(value_type = i64, required = false)]`; a `Stamp` or
//! `Millis` is `#[schema(value_type = i64)]`. An answer of another form gets an `impl Answer` beside it (`poll/answer.rs` is one). Then
//! `make openapi` writes `docs/openapi.json`, and the stories check each answer of an operation against it.

mod answers;
mod api_resource;
mod document;
mod header;
mod inputs;
mod operation;
mod problem;

pub use answers::Answer;
pub use api_resource::{ApiResource, api};
pub use document::ApiDocument;
pub use inputs::Describe;
pub use operation::Operation;
pub use problem::{PROBLEM_JSON, Problem};
