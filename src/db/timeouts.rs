//! How long a request waits for the database.

use std::time::Duration;

/// How long a statement waits for a lock, and a request for a free connection, before it fails as busy (503 to the caller).
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(3);
