//! The Redis client that requests and the sweep use. An outage is a state, not an error: nobody waits for it, and the log has one line
//! at either end.

use std::fmt::{self, Display};
use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::connection::RedisConnection;
use super::lease::Lease;
use super::state::{MendTask, Phase, RedisCommand, RedisState};
use super::timeouts::{HEARTBEAT, REQUEST_TIMEOUT};
use super::url::RedisUrl;
use crate::ids::{Stamp, UserId};
use crate::metrics::Metrics;
use crate::stamps::memory::{Epoch, Memory};

/// The most commands under way at once for one change or one pass of the sweep. They share the connection.
pub(super) const CONCURRENT_COMMANDS: usize = 128;

/// A change on its way to Redis. Dropping it does not stop the write.
#[derive(Debug)]
pub struct Announced {
    client: Arc<RedisClient>,
    write: Option<JoinHandle<()>>,
}

impl Announced {
    /// Waits until Redis has the change. Otherwise a client could be told "done", ask another instance, and be told the old state.
    ///
    /// Waits at most `REQUEST_TIMEOUT` (40 ms), and not at all while Redis is not read.
    pub async fn arrived(self) {
        if let Some(write) = self.write
            && timeout(REQUEST_TIMEOUT, write).await.is_err()
        {
            self.client.pause_reads();
        }
    }

    /// Waits until Redis has the change, or cannot be written.
    pub async fn written(self) {
        if let Some(write) = self.write {
            let _ = write.await;
        }
    }
}

/// Shared by requests, the sweep and the supervisor.
pub struct RedisClient {
    pub(super) url: RedisUrl,
    pub(super) metrics: Arc<Metrics>,
    pub(super) memory: Arc<Memory>,
    pub(super) lease: Arc<Lease>,
    runtime: Handle,
    wake_sweep: SyncSender<()>,
    /// Makes the supervisor check at once.
    pub(super) wake_supervisor: Notify,
    /// Whether requests may read copies: Redis is well, and no request has timed out since the last good ping.
    readable: AtomicBool,
    state: Mutex<RedisState>,
    /// To be locked after `state`, never before.
    connection: RwLock<Option<RedisConnection>>,
}

impl RedisClient {
    /// A client without a connection. Its commands run on `runtime`, which must be driven by another thread than the callers'.
    pub fn new(url: RedisUrl, memory: &Arc<Memory>, metrics: &Arc<Metrics>, wake_sweep: SyncSender<()>, runtime: Handle) -> RedisClient {
        RedisClient {
            url,
            metrics: Arc::clone(metrics),
            memory: Arc::clone(memory),
            lease: Arc::default(),
            runtime,
            wake_sweep,
            wake_supervisor: Notify::new(),
            readable: AtomicBool::new(false),
            state: Mutex::default(),
            connection: RwLock::default(),
        }
    }

    /// Blocks until Redis is well or its outage is logged, at most `HEARTBEAT` (1 s). So a start beside a healthy Redis uses it at once.
    pub fn wait_for_first_answer(&self) {
        let deadline = Instant::now() + HEARTBEAT;
        while Instant::now() < deadline && !self.is_well() && !self.state().is_outage_logged() {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether copies are read and written.
    pub fn is_well(&self) -> bool {
        self.state().phase == Phase::Well
    }

    /// The epoch whose remembered copies may be believed without asking; `None` while there is no lease.
    pub fn lease_epoch(&self) -> Option<Epoch> {
        self.lease.epoch()
    }

    /// The copy of `user`'s stamp. `Some(None)`: Redis has none. `None`: it is not asked at the moment, or gave no answer within
    /// `REQUEST_TIMEOUT` (40 ms).
    pub async fn get(&self, user: UserId) -> Option<Option<Stamp>> {
        if !self.readable.load(Ordering::Acquire) {
            return None;
        }
        let connection = self.connection()?;
        match timeout(REQUEST_TIMEOUT, self.read(connection, user)).await {
            Ok(answer) => answer.ok(),
            Err(_) => {
                self.metrics.redis_timeout("get");
                self.pause_reads();
                None
            }
        }
    }

    /// Starts to write `stamps`, at most `CONCURRENT_COMMANDS` (128) at once. They run to the end whether or not anybody waits. What cannot be
    /// written now is mended by the sweep.
    pub fn announce(self: &Arc<Self>, stamps: Vec<(UserId, Stamp)>) -> Announced {
        let readable = self.readable.load(Ordering::Acquire);
        let client = Arc::clone(self);
        let write = self.runtime.spawn(async move {
            let Some(connection) = client.connection() else { return };
            let writes = stream::iter(stamps).map(|(user, stamp)| client.write(connection.clone(), user, stamp));
            // Stops at the first failure, which is recorded: the sweep mends the rest.
            let _ = writes.buffer_unordered(CONCURRENT_COMMANDS).try_for_each(|()| ready(Ok(()))).await;
        });
        Announced { client: Arc::clone(self), write: readable.then_some(write) }
    }

    /// What the sweep can do for Redis now. `None` while Redis is out of reach, or still refuses the command that it refused. Blocks,
    /// for at most the connection's timeouts.
    pub fn mend_task(&self) -> Option<MendTask> {
        let refused = self.state().refused;
        if let Some((command, connection)) = refused.zip(self.connection()) {
            let repeated = match command {
                RedisCommand::Read(user) => self.runtime.block_on(self.read(connection, user)).map(drop),
                RedisCommand::Write(user, stamp) => self.runtime.block_on(self.write(connection, user, stamp)),
            };
            repeated.ok()?;
        }
        self.state().mend_task()
    }

    /// Raises every copy that is behind its row in `rows`, and returns how many were; `None` if Redis failed. Makes no copy where there
    /// is none. Reads before it writes, so that nothing is written to a Redis that is up to date. Blocks.
    pub fn mend(&self, rows: &[(UserId, Stamp)]) -> Option<u64> {
        let connection = self.connection()?;
        let raised = stream::iter(rows.iter().copied()).map(|(user, stamp)| self.raise_if_behind(connection.clone(), user, stamp));
        let raised = raised.buffer_unordered(CONCURRENT_COMMANDS).try_fold(0, |sum, raised| ready(Ok(sum + u64::from(raised))));
        self.runtime.block_on(raised).ok()
    }

    async fn raise_if_behind(&self, connection: RedisConnection, user: UserId, stamp: Stamp) -> Result<bool, ()> {
        match self.read(connection.clone(), user).await? {
            Some(copy) if copy < stamp => self.write(connection, user, stamp).await.map(|()| true),
            _ => Ok(false),
        }
    }

    /// `task` is done, and `raised` copies were behind. Returns whether that counts: not if there was a fault since `task` was taken.
    /// If it counts, Redis is well and copies are read.
    pub fn finish_mending(&self, task: MendTask, raised: u64) -> bool {
        let mut state = self.state();
        if !state.is_current(task) {
            return false;
        }
        if let Some(again) = state.mended() {
            log::info!("Redis at {} carries the stamps {again} ({raised} mended)", self.url);
            self.readable.store(true, Ordering::Release);
            self.metrics.redis_up.set(1);
        }
        true
    }

    pub(super) async fn read(&self, mut connection: RedisConnection, user: UserId) -> Result<Option<Stamp>, ()> {
        let answer = connection.get(user).await;
        self.metrics.redis("get", &answer);
        answer.map_err(|cause| self.record_refusal(&connection, RedisCommand::Read(user), &cause))
    }

    async fn write(&self, mut connection: RedisConnection, user: UserId, stamp: Stamp) -> Result<(), ()> {
        let answer = connection.set_if_newer(user, stamp).await;
        self.metrics.redis("set", &answer);
        answer.map_err(|cause| self.record_refusal(&connection, RedisCommand::Write(user, stamp), &cause))
    }

    /// A request timed out: no other asks Redis until the supervisor has seen it answer in time.
    fn pause_reads(&self) {
        if self.readable.swap(false, Ordering::AcqRel) {
            self.wake_supervisor.notify_one();
        }
    }

    /// Redis answered in time: if it is well, copies are read.
    pub(super) fn resume_reads(&self) {
        // Under the lock, or it could overwrite what a fault in between has set.
        let state = self.state();
        self.readable.store(state.phase == Phase::Well, Ordering::Release);
    }

    /// Whether Redis is well, but a request timed out since the last [`RedisClient::resume_reads`].
    pub(super) fn are_reads_paused(&self) -> bool {
        !self.readable.load(Ordering::Acquire) && self.is_well()
    }

    pub(super) fn record_refusal(&self, connection: &RedisConnection, command: RedisCommand, cause: &dyn Display) {
        self.state().record_refusal(command);
        self.record_fault(Some(connection), cause);
    }

    /// Gives up the connection because of `cause`, which came up on `failed`, or while there was none. An error of an older connection
    /// says nothing of the present one and is ignored.
    pub(super) fn record_fault(&self, failed: Option<&RedisConnection>, cause: &dyn Display) {
        let mut state = self.state();
        let mut connection = self.connection.write().unwrap_or_else(PoisonError::into_inner);
        if let (Some(failed), Some(current)) = (failed, connection.as_ref())
            && failed.id != current.id
        {
            return;
        }
        *connection = None;
        self.readable.store(false, Ordering::Release);
        self.metrics.redis_up.set(0);
        // Only when it was well: woken at every failed attempt, the supervisor would connect without a pause.
        if state.phase == Phase::Well {
            self.wake_supervisor.notify_one();
            // It may have just begun its long pause, and is now the only one to find what other instances change.
            self.wake_sweep();
        }
        if state.record_fault() {
            log::warn!("Redis at {} is out of use, so polls are answered from memory and the database: {cause}", self.url);
        }
    }

    /// Uses `connection` from now on; the sweep mends its copies before they are read.
    pub(super) fn connected(&self, connection: RedisConnection, identity: Option<String>) {
        let mut state = self.state();
        state.connected(identity);
        *self.connection.write().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        self.wake_sweep();
    }

    /// Runs `work` on the runtime of the connections. Blocks.
    pub(super) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    fn wake_sweep(&self) {
        // A full channel: it is about to wake in any case.
        let _ = self.wake_sweep.try_send(());
    }

    pub(super) fn connection(&self) -> Option<RedisConnection> {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, RedisState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RedisClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClient").field("url", &self.url).field("state", &self.state).finish_non_exhaustive()
    }
}
