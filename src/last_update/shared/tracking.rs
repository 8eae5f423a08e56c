//! Connections on which Redis announces every stamp that changes, whoever changed it and whether anybody asked for it: one
//! to the server, or one to every master of a cluster.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, ProtocolVersion, PushInfo, PushKind, RedisError, RedisResult, Value};

use super::RedisUrl;
use super::lease::Lease;
use super::masters::Masters;
use super::wire::{KEYS, LONGEST, owner};
use crate::last_update::memory::Memory;

/// Such connections, and the lease that they hold together.
pub struct Tracking {
    servers: Vec<(ConnectionInfo, MultiplexedConnection)>,
    /// Those of the cluster; `None` where there is one server.
    masters: Option<Masters>,
    lease: Arc<Lease>,
    ticket: u64,
}

impl Tracking {
    /// Asks whoever stamps are written on at `url` for announcements; they take copies in `memory` out of belief in the order
    /// in which they come, before any later answer on the same connection is seen.
    pub async fn open(url: &RedisUrl, lease: &Arc<Lease>, memory: &Arc<Memory>) -> RedisResult<Tracking> {
        let (nodes, masters) = match url.nodes.as_slice() {
            [one] => (vec![one.clone()], None),
            some => {
                let (asked, masters) = masters(some).await?;
                (masters.nodes(asked), Some(masters))
            }
        };
        let servers = try_join_all(nodes.into_iter().map(|node| announcing(node, lease, memory))).await?;
        // Only now: what was copied before may have changed unannounced.
        Ok(Tracking { servers, masters, lease: Arc::clone(lease), ticket: lease.begin() })
    }

    /// Asks every server for a sign of life, and prolongs the lease with it. Whether the lease is still held. In a cluster
    /// that is: by all masters, and all agree who they are. Whoever was cut off from the others still answers, and does not
    /// know that somebody else is written to in its place; those know.
    pub async fn ping(&mut self) -> RedisResult<bool> {
        let (asked, masters) = (Instant::now(), &self.masters);
        let agreed = try_join_all(self.servers.iter_mut().map(async |(node, conn)| match masters {
            None => redis::cmd("PING").exec_async(conn).await.map(|()| true),
            Some(masters) => Ok(Masters::seen_by(conn, node).await? == *masters),
        }));
        Ok(agreed.await?.into_iter().all(|agreed| agreed) && self.lease.prolong(self.ticket, asked))
    }
}

/// The masters, as the first of `nodes` says that answers.
async fn masters(nodes: &[ConnectionInfo]) -> RedisResult<(&ConnectionInfo, Masters)> {
    let mut trouble = RedisError::from((ErrorKind::ClusterConnectionNotFound, "no server knows of any master"));
    for node in nodes {
        let found = async {
            let client = Client::open(node.clone())?;
            let mut conn = client.get_multiplexed_async_connection_with_config(&in_time()).await?;
            Masters::seen_by(&mut conn, node).await
        };
        match found.await {
            Ok(masters) if masters.are_known() => return Ok((node, masters)),
            // Nobody would announce anything, and that must not be taken for silence.
            Ok(_) => {}
            Err(cause) => trouble = cause,
        }
    }
    Err(trouble)
}

fn in_time() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(LONGEST)).set_response_timeout(Some(LONGEST))
}

/// A connection to `node` on which it announces what changes.
async fn announcing(node: ConnectionInfo, lease: &Arc<Lease>, memory: &Arc<Memory>) -> RedisResult<(ConnectionInfo, MultiplexedConnection)> {
    // Over the older protocol the server accepts the command and never announces anything.
    let settings = node.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(node.clone().set_redis_settings(settings))?;
    let (heard_by, voided) = (Arc::clone(memory), Arc::clone(lease));
    let config = in_time().set_push_sender(move |push: PushInfo| -> Result<(), Infallible> {
        hear(&push, &heard_by, &voided);
        Ok(())
    });
    let mut conn = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut tracking = redis::cmd("CLIENT");
    tracking.arg("TRACKING").arg("ON").arg("BCAST").arg("PREFIX").arg(KEYS);
    tracking.exec_async(&mut conn).await?;
    Ok((node, conn))
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
