//! Why the database could not be opened.

use std::fmt::Display;

use super::{Address, one_line};

/// A sentence for the operator. It holds no password.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the database {0}")]
pub struct OpenError(String);

impl OpenError {
    /// The database at `address` cannot be opened because of `cause`.
    pub fn new(address: &Address, cause: impl Display) -> OpenError {
        OpenError(format!("{address}: {}", one_line(&address.without_secrets(&cause.to_string()))))
    }
}
