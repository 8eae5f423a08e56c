//! The JSON API: the same verbs for programs. Errors become problem documents in the middleware.

mod draft_body;
mod draft_form;
pub mod follow;
pub mod notifications;
pub mod openapi;
mod page_limit;
pub mod people;
pub mod posts;
pub mod session;
pub mod tokens;
