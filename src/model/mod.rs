//! Rows and queries, one table a file: functions that return a `QueryResult`. What reads takes `&mut Connection`; what writes takes
//! `&mut Change`. No HTTP, no JSON, and no rule about who may do what.

mod count;
pub mod deliveries;
pub mod feed_addresses;
pub mod follows;
pub mod idempotency_keys;
mod insert_for_many;
pub mod insert_for_told;
pub mod known_networks;
mod latest_authors;
pub mod limited_actions;
mod new_notification;
mod newest_posts;
pub mod notifications;
pub mod people;
pub mod posts;
pub mod revocations;
pub mod secrets;
pub mod sessions;
mod slice;
mod token_name;
pub mod tokens;
mod username;
pub mod users;
pub mod visible;

pub use slice::Slice;
pub use token_name::{LONGEST as LONGEST_TOKEN_NAME, NotATokenName, TokenName};
pub use username::{LONGEST as LONGEST_USERNAME, NotAUsername, Username};
