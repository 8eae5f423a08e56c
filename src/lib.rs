//! Tidings: follow people, and hear about it within ten seconds, on any host, without sockets.
//!
//! Modules are layers, and imports only go down: see `ARCHITECTURE.md`, and `tests/architecture.rs`, which checks it.

pub mod accounts;
pub mod api;
pub mod app;
pub mod assets;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod domain;
pub mod error;
pub mod hex;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod lru;
pub mod metrics;
pub mod middleware;
pub mod model;
pub mod pages;
pub mod poll;
pub mod poll_url;
pub mod routes;
#[allow(missing_docs)]
pub mod schema;
pub mod server;
pub mod stamps;
pub mod store;
pub mod views;
