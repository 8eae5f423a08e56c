//! Integration tests on actix's own test tools. `server` has the application listen on a port (`actix_test`), and asks it with actix's client.
//! All others call the application without a socket (`actix_web::test`): tables of many small cases, for which a server would be slow.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod support;

mod accounts;
mod caching;
mod callers;
mod csrf;
mod errors;
mod names;
mod poll;
mod redirects;
mod security_headers;
mod server;
mod urls;
