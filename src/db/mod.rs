//! The database: which one, its pool, and the three ways to use it: a query, a snapshot, a transaction. What differs between the engines is
//! in [`sqlite`] and [`postgres`]; everything else is written once.

mod address;
mod cause;
mod change;
mod connection;
mod connector;
mod database;
mod file_identity;
mod health;
mod migration_error;
mod one_line;
mod open_error;
mod outage;
mod pool;
pub mod postgres;
pub mod sqlite;
mod timeouts;

pub use address::Address;
pub use cause::Cause;
pub use change::{Change, Effects};
pub use connection::AnyConnection as Connection;
pub(crate) use connection::{load_unlocked, on_either};
pub use connector::Connector;
pub use database::{Database, NoConnection};
pub use health::Health;
pub use one_line::one_line;
pub use open_error::OpenError;
pub use outage::Outage;
pub use timeouts::BUSY_TIMEOUT;
