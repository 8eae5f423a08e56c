//! The JSON API: the same verbs for programs. Errors become problem documents in the middleware.

pub mod follow;
pub mod notifications;
pub mod openapi;
mod page_limit;
pub mod people;
pub mod session;
pub mod tokens;
