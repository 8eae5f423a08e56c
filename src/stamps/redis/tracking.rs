//! Client tracking: connections on which Redis announces every stamp that changes, whoever wrote it and whether or not it was asked
//! for. There is one to the server, or one to every master of a cluster.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;
use redis::aio::MultiplexedConnection;
use redis::{Client, ConnectionInfo, ErrorKind, ProtocolVersion, PushInfo, PushKind, RedisError, RedisResult, Value};

use super::connection::{KEY_PREFIX, connection_config, user_of_key};
use super::lease::Lease;
use super::masters::Masters;
use super::url::RedisUrl;
use crate::stamps::memory::Memory;

/// The connections, and the lease that they hold together. Dropping it ends the lease.
pub struct Tracking {
    servers: Vec<(ConnectionInfo, MultiplexedConnection)>,
    /// The masters of the cluster when tracking began; `None` for a single server.
    masters: Option<Masters>,
    lease: Arc<Lease>,
    holder: u64,
}

impl Tracking {
    /// Turns tracking on at every server of `url` that holds stamps. Announcements invalidate copies in `memory`, in the
    /// order in which they come, and before any later answer on the same connection is seen.
    ///
    /// # Errors
    /// If a server is out of reach, or forbids CLIENT TRACKING, as some hosted services do. Only a refusal has an error code.
    pub async fn open(url: &RedisUrl, lease: &Arc<Lease>, memory: &Arc<Memory>) -> RedisResult<Tracking> {
        let (nodes, masters) = match url.nodes.as_slice() {
            [node] => (vec![node.clone()], None),
            nodes => {
                let (node, masters) = find_masters(nodes).await?;
                (masters.nodes(node), Some(masters))
            }
        };
        let servers = try_join_all(nodes.into_iter().map(|node| track(node, lease, memory))).await?;
        // After the last server: a copy made earlier may have changed unannounced.
        Ok(Tracking { servers, masters, lease: Arc::clone(lease), holder: lease.begin() })
    }

    /// Pings every server and renews the lease. Returns whether the lease is still held.
    ///
    /// In a cluster, all masters must also agree who the masters are. One that was cut off from the others still answers, but does not
    /// know that another has taken its place. The others know.
    ///
    /// # Errors
    /// If a server does not answer.
    pub async fn ping(&mut self) -> RedisResult<bool> {
        let (asked, masters) = (Instant::now(), &self.masters);
        let agreed = try_join_all(self.servers.iter_mut().map(async |(node, conn)| match masters {
            None => redis::cmd("PING").exec_async(conn).await.map(|()| true),
            Some(masters) => Ok(Masters::seen_by(conn, node).await? == *masters),
        }));
        Ok(agreed.await?.into_iter().all(|agreed| agreed) && self.lease.renew(self.holder, asked))
    }
}

impl Drop for Tracking {
    fn drop(&mut self) {
        self.lease.end(self.holder);
    }
}

/// The masters according to the first of `nodes` that knows any, and that node.
async fn find_masters(nodes: &[ConnectionInfo]) -> RedisResult<(&ConnectionInfo, Masters)> {
    let mut error = RedisError::from((ErrorKind::ClusterConnectionNotFound, "no server knows of any master"));
    for node in nodes {
        match masters_seen_by(node).await {
            // With no master there would be no announcements, and silence would pass for "nothing changed".
            Ok(masters) if masters.is_empty() => {}
            Ok(masters) => return Ok((node, masters)),
            Err(cause) => error = cause,
        }
    }
    Err(error)
}

async fn masters_seen_by(node: &ConnectionInfo) -> RedisResult<Masters> {
    let client = Client::open(node.clone())?;
    let mut conn = client.get_multiplexed_async_connection_with_config(&connection_config()).await?;
    Masters::seen_by(&mut conn, node).await
}

/// A connection to `node` on which it announces every key of ours that changes.
async fn track(node: ConnectionInfo, lease: &Arc<Lease>, memory: &Arc<Memory>) -> RedisResult<(ConnectionInfo, MultiplexedConnection)> {
    // Over RESP2 the server accepts the command and never announces anything.
    let settings = node.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(node.clone().set_redis_settings(settings))?;
    let (lease, memory) = (Arc::clone(lease), Arc::clone(memory));
    let config = connection_config().set_push_sender(move |push: PushInfo| -> Result<(), Infallible> {
        handle_push(&push, &memory, &lease);
        Ok(())
    });
    let mut conn = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut tracking = redis::cmd("CLIENT");
    tracking.arg("TRACKING").arg("ON").arg("BCAST").arg("PREFIX").arg(KEY_PREFIX);
    tracking.exec_async(&mut conn).await?;
    Ok((node, conn))
}

fn handle_push(push: &PushInfo, memory: &Memory, lease: &Lease) {
    match (&push.kind, push.data.first()) {
        (PushKind::Invalidate, Some(Value::Array(keys))) => {
            for user in keys.iter().filter_map(user_of_key) {
                memory.invalidate(user);
            }
        }
        // Redis was emptied (FLUSHALL), or the connection is lost and announcements with it.
        (PushKind::Invalidate | PushKind::Disconnection, _) => lease.next_epoch(),
        _ => {}
    }
}
