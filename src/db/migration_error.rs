//! The error of a migration's transaction.

use super::Cause;

/// A transaction wants one error type, and Diesel's migrations have another than Diesel.
pub(super) struct MigrationError(pub(super) Cause);

impl From<diesel::result::Error> for MigrationError {
    fn from(cause: diesel::result::Error) -> Self {
        MigrationError(Box::new(cause))
    }
}
