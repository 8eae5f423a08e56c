//! The stamp: when did anything that this user would see last change?
//!
//! `users.last_update` is the truth; [`advance()`] moves it in the transaction of the change. The [`StampCache`] holds copies, so that a poll
//! need not ask the database. The [`sweep`] mends copies that lag.

mod advance;
mod cache;
mod id_hasher;
mod memory;
mod redis;
mod restored;
mod revocations;
pub mod sweep;

pub use advance::{AdvanceStatement, SERVER_CLOCK, advance, advance_if, advance_rows, advance_with_recipients, database_now, lock};
pub use cache::StampCache;
pub use memory::Window;
pub use redis::{Announced, RedisClient, RedisUrl};
pub use revocations::REVOKED_FOR;
pub use revocations::TokenMark;
