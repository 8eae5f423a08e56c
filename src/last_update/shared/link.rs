//! The link to Redis: well, or not. An outage is a state, not an error: one line in the log at each end.
//!
//! ```text
//!            connected                 every copy that lags is mended
//!   down ───────────────▶ mending ──────────────────────────────────▶ well
//!    ▲                       │ trouble                      trouble    │
//!    └───────────────────────┴─────────────────────────────────────────┘
//! ```
//! Reads are answered only while it is well: what Redis remembers from before an outage may be older than what was
//! promised since. Writes go out as soon as there is a connection.

use std::fmt::{self, Display};
use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use redis::{RedisError, RedisResult};
use tokio::runtime::{self, Handle};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::RedisUrl;
use super::wire::Wire;
use crate::ids::UserId;
use crate::last_update::Stamp;
use crate::metrics::Metrics;

/// The longest that a request waits for Redis. After that it is answered without, and so is everybody else until
/// Redis has shown that it lives: an outage may cost one poll this much, and the others nothing.
const PATIENCE: Duration = Duration::from_millis(40);

/// Between two signs of life, and between two tries to connect.
const BEAT: Duration = Duration::from_secs(1);
/// After the first failure.
const SOON: Duration = Duration::from_millis(100);
/// How long Redis may take to show that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);
/// Every so many beats it is asked whether it is still the same server.
const BEATS_TO_IDENTITY: u32 = 3;
/// Commands under way at once where one change or one sweep concerns many people; they share the connection.
const AT_ONCE: usize = 128;

/// A change on its way to the other instances.
#[derive(Debug)]
pub struct Announced {
    link: Arc<Link>,
    writing: Option<JoinHandle<()>>,
}

impl Announced {
    /// Waits until the change is there, so that whoever is told next that it is done and asks another instance hears of
    /// it; not longer than a healthy Redis takes, and not at all while it is not well.
    pub async fn arrived(self) {
        if let Some(writing) = self.writing
            && timeout(PATIENCE, writing).await.is_err()
        {
            self.link.suspect();
        }
    }
}

/// The link, from the inside of requests, of the sweep and of its own thread.
pub struct Link {
    url: RedisUrl,
    runtime: Handle,
    metrics: Arc<Metrics>,
    /// Rung when there is something to mend.
    bell: SyncSender<()>,
    /// Whether copies may be read: the state is well, and nobody suspects otherwise.
    readable: AtomicBool,
    wire: RwLock<Option<Wire>>,
    standing: Mutex<Standing>,
    /// Woken when the link's thread should look at once.
    look: Notify,
}

#[derive(Debug, Default)]
struct Standing {
    state: State,
    /// Counts everything that went wrong. Mending counts only if nothing did meanwhile.
    troubles: u64,
    /// Whether the log already says that it is down.
    told: bool,
    /// Which server it was; `None` before the first.
    identity: Option<String>,
    /// Whether the server may hold copies from before it was started or replaced.
    replaced: bool,
    /// What was refused: mending begins with it, because as long as it is refused, Redis is of no use, however well it
    /// answers to other things (a server without memory, a replica, a cluster with a part missing).
    refused: Option<Command>,
    failures: u32,
    beats: u32,
}

#[derive(Debug, Clone, Copy)]
enum Command {
    Get(UserId),
    Forward(UserId, Stamp),
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Down,
    Mending,
    Well,
}

/// What stands between mending and well. See [`Link::debt`].
#[derive(Debug, Clone, Copy)]
pub struct Debt {
    troubles: u64,
    /// Whether copies may be as old as copies can be, rather than as old as the trouble.
    pub replaced: bool,
}

impl Link {
    /// Connects in the background, on a thread and runtime of its own: a busy handler must not keep answers from being
    /// read. Rings `bell` when there is something to mend.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(url: RedisUrl, metrics: &Arc<Metrics>, bell: SyncSender<()>) -> std::io::Result<Arc<Link>> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let link = Arc::new(Link {
            url,
            runtime: runtime.handle().clone(),
            metrics: Arc::clone(metrics),
            bell,
            readable: AtomicBool::new(false),
            wire: RwLock::default(),
            standing: Mutex::default(),
            look: Notify::new(),
        });
        let weak = Arc::downgrade(&link);
        thread::Builder::new().name("redis".to_owned()).spawn(move || runtime.block_on(keep_up(&weak)))?;
        Ok(link)
    }

    /// Waits until it is known whether Redis is there, so that a start beside a healthy Redis begins with it; not long.
    pub fn await_first_word(&self) {
        let patience = Instant::now() + BEAT;
        while Instant::now() < patience && !self.is_well() && !self.standing().told {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The copy of the stamp of `user`; `None` if there is none, or if Redis is not to be asked at the moment.
    pub async fn get(&self, user: UserId) -> Option<Stamp> {
        if !self.readable.load(Ordering::Acquire) {
            return None;
        }
        let mut wire = self.wire()?;
        match timeout(PATIENCE, wire.get(user)).await {
            Ok(answer) => {
                self.metrics.redis("get", &answer);
                answer.unwrap_or_else(|trouble| {
                    self.refused(Command::Get(user), &trouble);
                    None
                })
            }
            Err(_) => {
                self.metrics.redis_timeout("get");
                self.suspect();
                None
            }
        }
    }

    /// Moves the copies of `stamps` forward, many at once if they are many. Runs to its end whether anybody waits for
    /// it or not; what cannot be written now, the sweep mends later.
    pub fn announce(self: &Arc<Self>, stamps: Vec<(UserId, Stamp)>) -> Announced {
        let awaited = self.readable.load(Ordering::Acquire);
        let link = Arc::clone(self);
        let writing = self.runtime.spawn(async move {
            let Some(wire) = link.wire() else { return };
            let writes = stream::iter(stamps).map(|(user, stamp)| link.forward(wire.clone(), user, stamp));
            // The first failure has told the state; the others need not be tried.
            let _ = writes.buffer_unordered(AT_ONCE).try_for_each(|()| ready(Ok(()))).await;
        });
        Announced { link: Arc::clone(self), writing: awaited.then_some(writing) }
    }

    async fn forward(&self, mut wire: Wire, user: UserId, stamp: Stamp) -> Result<(), ()> {
        let answer = wire.forward(user, stamp).await;
        self.metrics.redis("set", &answer);
        answer.map_err(|trouble| self.refused(Command::Forward(user, stamp), &trouble))
    }

    /// What must be mended before copies may be read again; `None` if nothing must or nothing can.
    pub fn debt(&self) -> Option<Debt> {
        let standing = self.standing();
        (standing.state == State::Mending).then_some(Debt { troubles: standing.troubles, replaced: standing.replaced })
    }

    /// Counts what went wrong: an unchanged number means that nothing did.
    pub fn troubles(&self) -> u64 {
        self.standing().troubles
    }

    /// Raises every copy that lags behind its row in `rows`. Reads before it writes, so that a healthy Redis sees no
    /// write; where there is no copy, none is made. Returns how many it raised; `None` if it could not. Blocks.
    pub fn mend(&self, rows: &[(UserId, Stamp)]) -> Option<u64> {
        let wire = self.wire()?;
        self.runtime.block_on(async {
            self.repeat(wire.clone()).await.ok()?;
            let raised = stream::iter(rows.iter().copied()).map(|(user, stamp)| self.raise(wire.clone(), user, stamp));
            let raised = raised.buffer_unordered(AT_ONCE).try_fold(0, |sum, raised| ready(Ok(sum + u64::from(raised)))).await;
            raised.ok()
        })
    }

    /// What was refused last is tried again.
    async fn repeat(&self, mut wire: Wire) -> Result<(), ()> {
        let refused = self.standing().refused;
        match refused {
            None => Ok(()),
            Some(Command::Forward(user, stamp)) => self.forward(wire, user, stamp).await,
            Some(Command::Get(user)) => {
                let answer = wire.get(user).await;
                self.metrics.redis("get", &answer);
                answer.map(drop).map_err(|trouble| self.trouble(&trouble))
            }
        }
    }

    async fn raise(&self, mut wire: Wire, user: UserId, stamp: Stamp) -> Result<bool, ()> {
        let answer = wire.get(user).await;
        self.metrics.redis("get", &answer);
        match answer {
            Ok(Some(copy)) if copy < stamp => self.forward(wire, user, stamp).await.map(|()| true),
            Ok(_) => Ok(false),
            Err(trouble) => {
                self.refused(Command::Get(user), &trouble);
                Err(())
            }
        }
    }

    /// Everything that [`Link::debt`] named is mended: copies may be read again, unless something went wrong meanwhile.
    pub fn settle(&self, debt: Debt, mended: u64) {
        let mut standing = self.standing();
        if standing.state != State::Mending || standing.troubles != debt.troubles {
            return;
        }
        let again = if standing.told { "again" } else { "now" };
        log::info!("Redis at {} carries the stamps {again} ({mended} mended)", self.url);
        *standing = Standing { state: State::Well, identity: standing.identity.take(), troubles: standing.troubles, ..Standing::default() };
        self.readable.store(true, Ordering::Release);
        self.metrics.redis_up.set(1);
    }

    /// Whether copies are read and written.
    pub fn is_well(&self) -> bool {
        self.standing().state == State::Well
    }

    /// A request waited in vain. Nobody else shall, until Redis has shown that it lives.
    fn suspect(&self) {
        if self.readable.swap(false, Ordering::AcqRel) {
            self.look.notify_one();
        }
    }

    fn refused(&self, command: Command, cause: &RedisError) {
        let mut standing = self.standing();
        // A server that reads may still not write, but hardly the other way about.
        if !matches!((standing.refused, command), (Some(Command::Forward(..)), Command::Get(_))) {
            standing.refused = Some(command);
        }
        drop(standing);
        self.trouble(cause);
    }

    fn trouble(&self, cause: &dyn Display) {
        let mut standing = self.standing();
        standing.troubles += 1;
        self.readable.store(false, Ordering::Release);
        self.metrics.redis_up.set(0);
        *self.wire.write().unwrap_or_else(PoisonError::into_inner) = None;
        if standing.state == State::Well {
            // Otherwise it is being looked after already, and would be asked without pause.
            self.look.notify_one();
        }
        standing.state = State::Down;
        if !std::mem::replace(&mut standing.told, true) {
            log::warn!("Redis at {} is out of use, so polls are answered from memory and the database: {cause}", self.url);
        }
    }

    fn wire(&self) -> Option<Wire> {
        self.wire.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks after the link once; returns how long to wait before the next time.
    async fn beat(&self) -> Duration {
        let Some(wire) = self.wire() else { return self.connect().await };
        match self.sign_of_life(wire).await {
            Ok(()) => {
                let standing = self.standing();
                if standing.state == State::Well {
                    self.readable.store(true, Ordering::Release);
                }
                BEAT
            }
            Err(cause) => {
                self.trouble(&cause);
                SOON
            }
        }
    }

    async fn sign_of_life(&self, mut wire: Wire) -> Result<(), String> {
        let late = |_| format!("no sign of life for {} ms", SIGN_OF_LIFE.as_millis());
        let pong = timeout(SIGN_OF_LIFE, wire.ping()).await.map_err(late)?;
        self.metrics.redis("ping", &pong);
        pong.map_err(|trouble| trouble.to_string())?;
        let due = {
            let mut standing = self.standing();
            standing.beats += 1;
            standing.beats.is_multiple_of(BEATS_TO_IDENTITY)
        };
        if due {
            let identity = timeout(SIGN_OF_LIFE, self.identity(&mut wire)).await.map_err(late)?;
            if self.standing().identity != identity {
                return Err("another server answers in its place".to_owned());
            }
        }
        Ok(())
    }

    async fn connect(&self) -> Duration {
        let opened = timeout(BEAT, async {
            let mut wire = Wire::open(&self.url).await?;
            wire.ping().await?;
            let identity = self.identity(&mut wire).await;
            Ok::<_, RedisError>((wire, identity))
        });
        match opened.await {
            Ok(Ok((wire, identity))) => {
                self.connected(wire, identity);
                BEAT
            }
            Ok(Err(cause)) => self.not_connected(&cause),
            Err(_) => self.not_connected(&"it does not answer"),
        }
    }

    /// Where it may not be asked (some hosted services), every connection counts as one to another server.
    async fn identity(&self, wire: &mut Wire) -> Option<String> {
        let answer: RedisResult<String> = wire.identity().await;
        self.metrics.redis("info", &answer);
        answer.ok().filter(|identity| !identity.is_empty())
    }

    fn connected(&self, wire: Wire, identity: Option<String>) {
        let mut standing = self.standing();
        standing.replaced |= identity.is_none() || standing.identity != identity;
        (standing.identity, standing.state, standing.failures) = (identity, State::Mending, 0);
        *self.wire.write().unwrap_or_else(PoisonError::into_inner) = Some(wire);
        // Full: it has been rung already.
        let _ = self.bell.try_send(());
    }

    fn not_connected(&self, cause: &dyn Display) -> Duration {
        self.trouble(cause);
        let mut standing = self.standing();
        standing.failures += 1;
        (SOON * standing.failures).min(BEAT)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("url", &self.url).field("standing", &self.standing).finish_non_exhaustive()
    }
}

/// The link's own thread, for as long as anybody holds the link.
async fn keep_up(link: &Weak<Link>) {
    loop {
        let Some(link) = link.upgrade() else { return };
        let pause = link.beat().await;
        // Held no longer than needed; a beat is the longest that a closed site keeps this thread.
        let _ = timeout(pause, link.look.notified()).await;
    }
}
