//! The cause of an error.

/// Kept for the log, and never shown.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;
