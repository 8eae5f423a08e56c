//! The copies that instances share, in Redis: `notifications:{id}:lastUpdate`, decimal milliseconds, for an hour.
//!
//! Redis is never the truth and never needed. While the [`Link`] is well, its copies are read and written; while it is
//! not, polls are answered from memory and the database, and the sweep carries the news.

mod keeper;
mod lease;
mod link;
mod masters;
mod standing;
mod tracking;
mod url;
mod wire;

pub use lease::Epoch;
pub use link::{Announced, Link};
pub use standing::Task;
pub use url::RedisUrl;
pub use wire::EXPIRY;
