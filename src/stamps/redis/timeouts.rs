//! How long Redis may take: the durations that several files need.

use std::time::Duration;

/// The longest that a request waits for Redis. After one that timed out, none asks until a ping is answered in this time: otherwise an
/// outage would delay every poll.
pub const REQUEST_TIMEOUT: Duration = Duration::from_millis(40);

/// The longest that a connection waits to be made, or for the answer to one command.
pub const CONNECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// The pause between two health checks, and the longest between two attempts to connect.
pub const HEARTBEAT: Duration = Duration::from_secs(1);
