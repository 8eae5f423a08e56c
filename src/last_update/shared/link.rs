//! The link to Redis, as requests and the sweep see it. An outage is a state, not an error: one line in the log at each
//! end, and nobody waits for it.

use std::fmt::{self, Display};
use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::runtime::{self, Handle};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::RedisUrl;
use super::keeper::{BEAT, keep_up};
use super::lease::Lease;
use super::standing::{Command, Standing, State, Task};
use super::wire::Wire;
use crate::ids::UserId;
use crate::last_update::Stamp;
use crate::last_update::memory::Memory;
use crate::metrics::Metrics;

/// The longest that a request waits for Redis. After that it is answered without, and so is everybody else until
/// Redis has shown that it can do better: an outage may cost one poll this much, and the others nothing.
pub const PATIENCE: Duration = Duration::from_millis(40);

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
    pub(super) url: RedisUrl,
    pub(super) metrics: Arc<Metrics>,
    runtime: Handle,
    /// Wakes the sweep.
    bell: SyncSender<()>,
    /// Whether copies may be read: the state is well, and nobody suspects otherwise.
    readable: AtomicBool,
    connection: RwLock<Option<Wire>>,
    /// How long what this process remembers may be believed without asking.
    pub lease: Arc<Lease>,
    pub(super) memory: Arc<Memory>,
    standing: Mutex<Standing>,
    /// Woken when the link's thread should look at once.
    pub(super) look: Notify,
}

impl Link {
    /// Connects in the background, on a thread and runtime of its own: a busy handler must not keep answers from being
    /// read. Rings `bell` when the sweep is needed.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(url: RedisUrl, memory: &Arc<Memory>, metrics: &Arc<Metrics>, bell: SyncSender<()>) -> std::io::Result<Arc<Link>> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let link = Arc::new(Link {
            url,
            metrics: Arc::clone(metrics),
            runtime: runtime.handle().clone(),
            bell,
            readable: AtomicBool::new(false),
            connection: RwLock::default(),
            lease: Arc::default(),
            memory: Arc::clone(memory),
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
        while Instant::now() < patience && !self.is_well() && !self.standing().is_told() {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The copy of the stamp of `user`, if there is one; `None` if Redis is not to be asked at the moment.
    pub async fn get(&self, user: UserId) -> Option<Option<Stamp>> {
        if !self.readable.load(Ordering::Acquire) {
            return None;
        }
        let wire = self.wire()?;
        match timeout(PATIENCE, self.ask(wire, user)).await {
            Ok(answer) => answer.ok(),
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

    async fn ask(&self, mut wire: Wire, user: UserId) -> Result<Option<Stamp>, ()> {
        let answer = wire.get(user).await;
        self.metrics.redis("get", &answer);
        answer.map_err(|cause| self.refused(&wire, Command::Get(user), &cause))
    }

    async fn forward(&self, mut wire: Wire, user: UserId, stamp: Stamp) -> Result<(), ()> {
        let answer = wire.forward(user, stamp).await;
        self.metrics.redis("set", &answer);
        answer.map_err(|cause| self.refused(&wire, Command::Forward(user, stamp), &cause))
    }

    /// What a look of the sweep can do for Redis; `None` while Redis is out of reach, or still refuses what it refused.
    /// Blocks.
    pub fn task(&self) -> Option<Task> {
        let refused = self.standing().refused;
        if let Some((command, wire)) = refused.zip(self.wire()) {
            let repeated = match command {
                Command::Get(user) => self.runtime.block_on(self.ask(wire, user)).map(drop),
                Command::Forward(user, stamp) => self.runtime.block_on(self.forward(wire, user, stamp)),
            };
            repeated.ok()?;
        }
        self.standing().task()
    }

    /// Raises every copy that lags behind its row in `rows`. Reads before it writes, so that a healthy Redis sees no
    /// write; where there is no copy, none is made. Returns how many it raised; `None` if it could not. Blocks.
    pub fn mend(&self, rows: &[(UserId, Stamp)]) -> Option<u64> {
        let wire = self.wire()?;
        let raised = stream::iter(rows.iter().copied()).map(|(user, stamp)| self.raise(wire.clone(), user, stamp));
        let raised = raised.buffer_unordered(AT_ONCE).try_fold(0, |sum, raised| ready(Ok(sum + u64::from(raised))));
        self.runtime.block_on(raised).ok()
    }

    async fn raise(&self, wire: Wire, user: UserId, stamp: Stamp) -> Result<bool, ()> {
        match self.ask(wire.clone(), user).await? {
            Some(copy) if copy < stamp => self.forward(wire, user, stamp).await.map(|()| true),
            _ => Ok(false),
        }
    }

    /// What `task` asked for is done, with `mended` copies raised: Redis lags nowhere. Whether that counts; if it does,
    /// copies may be read from now on.
    pub fn is_done(&self, task: Task, mended: u64) -> bool {
        let mut standing = self.standing();
        if !standing.is_done(task) {
            return false;
        }
        if let Some(again) = standing.settle() {
            log::info!("Redis at {} carries the stamps {again} ({mended} mended)", self.url);
            self.readable.store(true, Ordering::Release);
            self.metrics.redis_up.set(1);
        }
        true
    }

    /// Whether copies are read and written.
    pub fn is_well(&self) -> bool {
        self.standing().state == State::Well
    }

    /// A request waited in vain. Nobody else shall, until Redis has shown that it can do better.
    fn suspect(&self) {
        if self.readable.swap(false, Ordering::AcqRel) {
            self.look.notify_one();
        }
    }

    /// Redis was quick to answer: copies may be read again, if it is well.
    pub(super) fn trust(&self) {
        // Under the lock, so that it cannot come after a trouble that it does not know of.
        let standing = self.standing();
        self.readable.store(standing.state == State::Well, Ordering::Release);
    }

    /// Whether a request waited in vain since [`Link::trust`].
    pub(super) fn is_suspected(&self) -> bool {
        !self.readable.load(Ordering::Acquire) && self.is_well()
    }

    fn refused(&self, wire: &Wire, command: Command, cause: &dyn Display) {
        self.standing().refused(command);
        self.trouble(Some(wire), cause);
    }

    /// Something went wrong on `wire`, or there is none. What was still under way on a connection that has been given up
    /// since says nothing of the new one.
    pub(super) fn trouble(&self, wire: Option<&Wire>, cause: &dyn Display) {
        let mut standing = self.standing();
        let mut connection = self.connection.write().unwrap_or_else(PoisonError::into_inner);
        if let (Some(failed), Some(current)) = (wire, connection.as_ref())
            && failed.number != current.number
        {
            return;
        }
        *connection = None;
        self.readable.store(false, Ordering::Release);
        self.metrics.redis_up.set(0);
        if standing.state == State::Well {
            // Otherwise it is being looked after already, and would be asked without pause.
            self.look.notify_one();
            // From now on the sweep alone brings the news, and it may just have lain down for seconds.
            self.wake_the_sweep();
        }
        if standing.trouble() {
            log::warn!("Redis at {} is out of use, so polls are answered from memory and the database: {cause}", self.url);
        }
    }

    pub(super) fn connected(&self, wire: Wire, identity: Option<String>) {
        let mut standing = self.standing();
        standing.connected(identity);
        *self.connection.write().unwrap_or_else(PoisonError::into_inner) = Some(wire);
        self.wake_the_sweep();
    }

    fn wake_the_sweep(&self) {
        // Full: it has been rung already.
        let _ = self.bell.try_send(());
    }

    pub(super) fn wire(&self) -> Option<Wire> {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("url", &self.url).field("standing", &self.standing).finish_non_exhaustive()
    }
}
