//! The link's own thread: connects, listens for signs of life, and notices when another server answers than before.

use std::fmt::Display;
use std::sync::Weak;
use std::time::{Duration, Instant};

use redis::RedisError;
use tokio::time::timeout;

use super::link::{Link, PATIENCE};
use super::tracking::Tracking;
use super::wire::Wire;

/// Between two signs of life, and the longest between two tries to connect.
pub const BEAT: Duration = Duration::from_secs(1);
/// After the first failure, and between two signs of life while somebody suspects that there are none.
const SOON: Duration = Duration::from_millis(100);
/// How long Redis may take to show that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);
/// Every so many beats it is asked whether it is still the same server.
const BEATS_TO_IDENTITY: u32 = 3;
/// So many slow signs of life in a row are no accident any longer.
const SLOW: u32 = 5;

/// Where changes are not announced (some hosted services forbid it), it is tried again after this.
const UNANNOUNCED: Duration = Duration::from_secs(60);

/// What the link's thread keeps for itself.
#[derive(Default)]
struct Keeper {
    tracking: Option<Tracking>,
    /// No announcements before this; and the log says so.
    refused_until: Option<Instant>,
}

/// Looks after the link for as long as anybody holds it.
pub async fn keep_up(link: &Weak<Link>) {
    let mut keeper = Keeper::default();
    loop {
        let Some(link) = link.upgrade() else { return };
        let pause = link.beat(&mut keeper).await;
        // Held no longer than needed; a beat is the longest that a closed site keeps this thread.
        let _ = timeout(pause, link.look.notified()).await;
    }
}

impl Link {
    /// Looks after the link once; returns how long to wait before the next time.
    async fn beat(&self, keeper: &mut Keeper) -> Duration {
        let Some(wire) = self.wire() else {
            keeper.tracking = None;
            return self.connect().await;
        };
        self.track(keeper).await;
        match self.sign_of_life(wire.clone(), keeper).await {
            Ok(took) if took <= PATIENCE => {
                self.standing().failures = 0;
                self.trust();
                BEAT
            }
            // Nobody has to wait for it; but it must not be tried on one request after another either.
            Ok(_) if !self.is_suspected() => BEAT,
            Ok(took) => {
                let failures = self.count_failure();
                if failures >= SLOW {
                    self.trouble(Some(&wire), &too_slow(took));
                }
                SOON
            }
            Err(cause) => {
                self.trouble(Some(&wire), &cause);
                SOON
            }
        }
    }

    /// Sees to it that changes are announced.
    async fn track(&self, keeper: &mut Keeper) {
        if keeper.tracking.is_some() || keeper.refused_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        match timeout(BEAT, Tracking::open(&self.url, &self.lease, &self.memory)).await {
            Ok(Ok(tracking)) => (keeper.tracking, keeper.refused_until) = (Some(tracking), None),
            Ok(Err(cause)) if cause.code().is_some() => {
                if keeper.refused_until.replace(Instant::now() + UNANNOUNCED).is_none() {
                    log::info!("Redis at {} does not announce changes, so every poll asks it once: {cause}", self.url);
                }
            }
            // No answer: what that means, the sign of life will tell.
            Ok(Err(_)) | Err(_) => {}
        }
    }

    /// How long Redis took to answer.
    async fn sign_of_life(&self, mut wire: Wire, keeper: &mut Keeper) -> Result<Duration, String> {
        let late = |_| format!("no sign of life for {} ms", SIGN_OF_LIFE.as_millis());
        let mut begun = Instant::now();
        if !self.prolong(keeper).await {
            begun = Instant::now();
            let pong = timeout(SIGN_OF_LIFE, wire.ping()).await.map_err(late)?;
            self.metrics.redis("ping", &pong);
            pong.map_err(|trouble| trouble.to_string())?;
        }
        let took = begun.elapsed();
        let due = {
            let mut standing = self.standing();
            standing.beats += 1;
            standing.beats.is_multiple_of(BEATS_TO_IDENTITY)
        };
        if due {
            let identity = timeout(SIGN_OF_LIFE, self.identity(&mut wire)).await.map_err(late)?;
            if !self.standing().is_still(identity) {
                return Err("another server answers in its place, or it has other memories".to_owned());
            }
        }
        Ok(took)
    }

    /// A sign of life on the connection that announces changes: it prolongs the lease. Without one there is no such
    /// connection any longer, and no lease.
    async fn prolong(&self, keeper: &mut Keeper) -> bool {
        let Some(tracking) = &mut keeper.tracking else { return false };
        let pong = timeout(SIGN_OF_LIFE, tracking.ping()).await;
        match &pong {
            Ok(answer) => self.metrics.redis("ping", answer),
            Err(_) => self.metrics.redis_timeout("ping"),
        }
        let lives = matches!(pong, Ok(Ok(true)));
        if !lives {
            keeper.tracking = None;
        }
        lives
    }

    async fn connect(&self) -> Duration {
        let opened = timeout(BEAT, async {
            let mut wire = Wire::open(&self.url).await?;
            let begun = Instant::now();
            wire.ping().await?;
            let took = begun.elapsed();
            let identity = self.identity(&mut wire).await;
            Ok::<_, RedisError>((wire, took, identity))
        });
        match opened.await {
            Ok(Ok((_, took, _))) if took > PATIENCE => self.not_connected(&too_slow(took)),
            Ok(Ok((wire, _, identity))) => {
                self.connected(wire, identity);
                BEAT
            }
            Ok(Err(cause)) => self.not_connected(&cause),
            Err(_) => self.not_connected(&"it does not answer"),
        }
    }

    /// Where it may not be asked (some hosted services), every connection counts as one to another server.
    async fn identity(&self, wire: &mut Wire) -> Option<String> {
        let answer = wire.identity().await;
        self.metrics.redis("info", &answer);
        answer.ok().filter(|identity| !identity.trim().is_empty())
    }

    fn not_connected(&self, cause: &dyn Display) -> Duration {
        self.trouble(None, cause);
        (SOON * self.count_failure()).min(BEAT)
    }

    fn count_failure(&self) -> u32 {
        let mut standing = self.standing();
        standing.failures += 1;
        standing.failures
    }
}

fn too_slow(took: Duration) -> String {
    format!("it takes {} ms to answer, and nobody is made to wait for more than {}", took.as_millis(), PATIENCE.as_millis())
}
