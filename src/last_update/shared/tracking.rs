//! A connection on which Redis announces every stamp that changes, whoever changed it and whether anybody asked for it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisResult, Value};

use super::lease::Lease;
use super::wire::{KEYS, LONGEST, owner};
use crate::last_update::memory::Memory;

/// Such a connection, and the lease that it holds.
pub struct Tracking {
    conn: MultiplexedConnection,
    lease: Arc<Lease>,
    ticket: u64,
}

impl Tracking {
    /// Asks the server at `node` for announcements; they take copies in `memory` out of belief in the order in which they
    /// come, before any later answer on this connection is seen.
    pub async fn open(node: &ConnectionInfo, lease: &Arc<Lease>, memory: &Arc<Memory>) -> RedisResult<Tracking> {
        // Over the older protocol the server accepts the command and never announces anything.
        let settings = node.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(node.clone().set_redis_settings(settings))?;
        let (heard_by, voided) = (Arc::clone(memory), Arc::clone(lease));
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(LONGEST)).set_response_timeout(Some(LONGEST)).set_push_sender(
            move |push: PushInfo| -> Result<(), Infallible> {
                hear(&push, &heard_by, &voided);
                Ok(())
            },
        );
        let mut conn = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut tracking = redis::cmd("CLIENT");
        tracking.arg("TRACKING").arg("ON").arg("BCAST").arg("PREFIX").arg(KEYS);
        tracking.exec_async(&mut conn).await?;
        // Only now: what was copied before may have changed unannounced.
        Ok(Tracking { conn, lease: Arc::clone(lease), ticket: lease.begin() })
    }

    /// Asks for a sign of life, and prolongs the lease with it. Whether the lease is still held.
    pub async fn ping(&mut self) -> RedisResult<bool> {
        let asked = Instant::now();
        redis::cmd("PING").exec_async(&mut self.conn).await?;
        Ok(self.lease.prolong(self.ticket, asked))
    }
}

impl Drop for Tracking {
    fn drop(&mut self) {
        self.lease.end(self.ticket);
    }
}

fn hear(push: &PushInfo, memory: &Memory, lease: &Lease) {
    match (&push.kind, push.data.first()) {
        (PushKind::Invalidate, Some(Value::Array(keys))) => {
            for user in keys.iter().filter_map(owner) {
                memory.invalidate(user);
            }
        }
        // Everything was thrown away, or the connection is lost and with it who knows what.
        (PushKind::Invalidate | PushKind::Disconnection, _) => lease.void(),
        _ => {}
    }
}
