//! The JSON API: the same verbs for programs. Errors become problem documents in the middleware.

pub mod follow;
pub mod notifications;
mod page_limit;
pub mod people;
pub mod session;
