//! The supervisor of the Redis client: connects, checks its health, renews the lease, and notices when another server answers.

use std::fmt::Display;
use std::sync::Weak;
use std::time::{Duration, Instant};

use redis::RedisError;
use tokio::time::timeout;

use super::client::RedisClient;
use super::connection::RedisConnection;
use super::timeouts::{HEARTBEAT, REQUEST_TIMEOUT};
use super::tracking::Tracking;

/// The pause after a first failure, and between two checks while requests do not ask Redis.
const RETRY: Duration = Duration::from_millis(100);
/// The longest that a ping waits for its answer.
const PING_TIMEOUT: Duration = Duration::from_millis(500);
/// Every so many pings, Redis is asked whether it is still the same server.
const PINGS_PER_IDENTITY: u32 = 3;
/// So many slow pings in a row count as an outage.
const SLOW_PINGS: u32 = 5;
/// The pause after a refusal of tracking (some hosted services forbid it).
const TRACKING_RETRY: Duration = Duration::from_secs(60);

/// What the client's own thread knows from one check to the next.
#[derive(Default)]
pub struct Supervisor {
    tracking: Option<Tracking>,
    /// Set while tracking is refused: when to try again. The refusal is in the log.
    tracking_retry_at: Option<Instant>,
    /// Failed attempts to connect, or slow pings, in a row.
    failures: u32,
    /// All pings so far.
    pings: u32,
}

impl Supervisor {
    /// Supervises the client until nobody else holds it, and returns at most one pause and one check later.
    pub async fn run(mut self, client: &Weak<RedisClient>) {
        loop {
            let Some(client) = client.upgrade() else { return };
            let pause = self.check(&client).await;
            let _ = timeout(pause, client.wake_supervisor.notified()).await;
        }
    }

    /// Connects, or checks the connection. Returns the pause before the next time.
    async fn check(&mut self, client: &RedisClient) -> Duration {
        let Some(connection) = client.connection() else {
            self.tracking = None;
            return self.connect(client).await;
        };
        self.ensure_tracking(client).await;
        match self.ping(client, connection.clone()).await {
            Ok(took) if took <= REQUEST_TIMEOUT => {
                self.failures = 0;
                client.resume_reads();
                HEARTBEAT
            }
            // Slow, but no request has timed out: nothing changes.
            Ok(_) if !client.are_reads_paused() => HEARTBEAT,
            Ok(took) => {
                self.failures += 1;
                if self.failures >= SLOW_PINGS {
                    client.record_fault(Some(&connection), &too_slow(took));
                }
                RETRY
            }
            Err(cause) => {
                client.record_fault(Some(&connection), &cause);
                RETRY
            }
        }
    }

    async fn connect(&mut self, client: &RedisClient) -> Duration {
        let opened = timeout(HEARTBEAT, async {
            let mut connection = RedisConnection::open(&client.url).await?;
            let begun = Instant::now();
            connection.ping().await?;
            let took = begun.elapsed();
            let identity = identity(client, &mut connection).await;
            Ok::<_, RedisError>((connection, took, identity))
        });
        match opened.await {
            Ok(Ok((_, took, _))) if took > REQUEST_TIMEOUT => self.connect_failed(client, &too_slow(took)),
            Ok(Ok((connection, _, identity))) => {
                self.failures = 0;
                client.connected(connection, identity);
                HEARTBEAT
            }
            Ok(Err(cause)) => self.connect_failed(client, &cause),
            Err(_) => self.connect_failed(client, &"it does not answer"),
        }
    }

    fn connect_failed(&mut self, client: &RedisClient, cause: &dyn Display) -> Duration {
        client.record_fault(None, cause);
        self.failures += 1;
        (RETRY * self.failures).min(HEARTBEAT)
    }

    /// Turns tracking on, unless it is on or was refused lately.
    async fn ensure_tracking(&mut self, client: &RedisClient) {
        if self.tracking.is_some() || self.tracking_retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        match timeout(HEARTBEAT, Tracking::open(&client.url, &client.lease, &client.memory)).await {
            Ok(Ok(tracking)) => (self.tracking, self.tracking_retry_at) = (Some(tracking), None),
            Ok(Err(cause)) if cause.code().is_some() => {
                if self.tracking_retry_at.replace(Instant::now() + TRACKING_RETRY).is_none() {
                    log::info!("Redis at {} does not announce changes, so every poll asks it once: {cause}", client.url);
                }
            }
            // No answer: the ping that follows finds out why.
            Ok(Err(_)) | Err(_) => {}
        }
    }

    /// Pings Redis, renews the lease with it, and now and then checks which server answers. Returns how long the ping took.
    async fn ping(&mut self, client: &RedisClient, mut connection: RedisConnection) -> Result<Duration, String> {
        let mut begun = Instant::now();
        if !self.renew_lease(client).await {
            begun = Instant::now();
            let pong = timeout(PING_TIMEOUT, connection.ping()).await.map_err(|_| no_sign_of_life())?;
            client.metrics.redis("ping", &pong);
            pong.map_err(|cause| cause.to_string())?;
        }
        let took = begun.elapsed();
        self.pings = self.pings.wrapping_add(1);
        if self.pings.is_multiple_of(PINGS_PER_IDENTITY) {
            let identity = timeout(PING_TIMEOUT, identity(client, &mut connection)).await.map_err(|_| no_sign_of_life())?;
            if !client.state().is_same_server(identity) {
                return Err("another server answers in its place, or its data has been replaced".to_owned());
            }
        }
        Ok(took)
    }

    /// Pings the tracking connections, which renews the lease. If that fails they are closed, and the lease ends with them.
    async fn renew_lease(&mut self, client: &RedisClient) -> bool {
        let Some(tracking) = &mut self.tracking else { return false };
        let pong = timeout(PING_TIMEOUT, tracking.ping()).await;
        match &pong {
            Ok(answer) => client.metrics.redis("ping", answer),
            Err(_) => client.metrics.redis_timeout("ping"),
        }
        let renewed = matches!(pong, Ok(Ok(true)));
        if !renewed {
            self.tracking = None;
        }
        renewed
    }
}

/// Which server answers. `None` where INFO is forbidden (some hosted services): then every connection counts as one to another server.
async fn identity(client: &RedisClient, connection: &mut RedisConnection) -> Option<String> {
    let answer = connection.identity().await;
    client.metrics.redis("info", &answer);
    answer.ok().filter(|identity| !identity.trim().is_empty())
}

fn no_sign_of_life() -> String {
    format!("no sign of life for {} ms", PING_TIMEOUT.as_millis())
}

fn too_slow(took: Duration) -> String {
    format!("it takes {} ms to answer, longer than the {} ms that a request may wait", took.as_millis(), REQUEST_TIMEOUT.as_millis())
}
