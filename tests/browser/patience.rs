//! Waiting: for a condition, with a deadline, never for a time.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Many times the polling interval of these tests, for machines that are busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns as soon as `happens` succeeds; its last error is what a failure shows.
pub async fn eventually(what: &str, mut happens: impl AsyncFnMut() -> Result<(), String>) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = happens().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}; in the end: {error}");
        sleep(Duration::from_millis(40)).await;
    }
}
