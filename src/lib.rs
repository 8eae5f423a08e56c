//! Tidings: follow people, and hear about it within ten seconds, on any host, without sockets.
//!
//! Imports run one way: [`pages`] and [`api`] use [`viewer`], [`reply`] and [`app`]; those use [`last_update`] and
//! [`model`]; those use [`db`]. `ARCHITECTURE.md` walks through a follow and a poll.

pub mod api;
pub mod app;
pub mod assets;
pub mod at;
pub mod border;
pub mod clock;
pub mod config;
pub mod db;
pub mod demo;
pub mod entry;
pub mod error;
pub mod frame;
pub mod ids;
pub mod last_update;
pub mod metrics;
pub mod model;
pub mod pages;
pub mod password;
pub mod place;
pub mod recent;
pub mod reply;
pub mod routes;
#[allow(missing_docs)]
pub mod schema;
pub mod server;
pub mod slowdown;
pub mod token;
pub mod viewer;
pub mod when;
