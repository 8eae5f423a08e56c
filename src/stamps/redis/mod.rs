//! The copies that instances share, in Redis: `notifications:{id}:lastUpdate`, decimal milliseconds, for an hour.
//!
//! Redis is never the truth and never required. While the [`RedisClient`] is well, copies are read and written. While it is not,
//! polls are answered from memory and the database, and the sweep finds what other instances change.

mod client;
mod connection;
mod lease;
mod masters;
mod set_back;
mod state;
mod supervisor;
mod timeouts;
mod tracking;
mod url;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

use tokio::runtime::Builder;

use self::supervisor::Supervisor;
use crate::metrics::Metrics;
use crate::stamps::memory::Memory;

pub use client::{Announced, RedisClient};
pub use connection::EXPIRY;
pub use state::MendTask;
pub use url::RedisUrl;

/// Makes the client, and starts the thread that connects and supervises it. Returns before there is a connection.
///
/// The thread has a runtime of its own: on a shared one, a busy handler would keep Redis's answers from being read.
///
/// # Errors
/// If the thread or its runtime cannot be started.
pub fn start(url: RedisUrl, memory: &Arc<Memory>, metrics: &Arc<Metrics>, wake_sweep: SyncSender<()>) -> io::Result<Arc<RedisClient>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let client = Arc::new(RedisClient::new(url, memory, metrics, wake_sweep, runtime.handle().clone()));
    let supervised = Arc::downgrade(&client);
    thread::Builder::new().name("redis".to_owned()).spawn(move || runtime.block_on(Supervisor::default().run(&supervised)))?;
    Ok(client)
}
