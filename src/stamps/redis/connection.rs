//! A connection to Redis, a single server or a cluster, and the few commands that are sent over it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, Cmd, ConnectionInfo, FromRedisValue, InfoDict, Pipeline, RedisError, RedisFuture, RedisResult, Script, Value};

use super::timeouts::CONNECTION_TIMEOUT;
use super::url::RedisUrl;
use crate::clock::{HOUR, Millis, SECOND};
use crate::ids::{Stamp, UserId};

/// How long a copy lives, in milliseconds. It bounds what idle users cost Redis, and how old a copy from a restored snapshot can be.
pub const EXPIRY: Millis = HOUR;

/// Sets the new stamp, then puts the old one back if that was newer. So a copy never goes back, in whatever order instances write.
/// It is a script, because another instance could write between a GET and a SET. A value that is no number is overwritten.
static SET_IF_NEWER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local old = redis.pcall('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'GET') \
         if type(old) == 'table' and old.err then \
           if string.find(old.err, 'WRONGTYPE') then return redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end \
           return old \
         end \
         local before = old and tonumber(old) \
         if before and before > tonumber(ARGV[1]) then redis.call('SET', KEYS[1], old, 'EX', ARGV[2]) end \
         return 1",
    )
});

/// Sets the stamp if the copy is still what it was when it was compared with its row.
static SET_IF_EQUAL: LazyLock<Script> =
    LazyLock::new(|| Script::new("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end return 1"));

/// Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct RedisConnection {
    /// Unique within the process, so that a late error is not blamed on a newer connection.
    pub id: u64,
    transport: Transport,
}

#[derive(Clone)]
enum Transport {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl RedisConnection {
    /// Connects. The connection lives on the runtime that this is called on.
    ///
    /// # Errors
    /// If Redis is out of reach, or refuses the password or the TLS certificate.
    pub async fn open(url: &RedisUrl) -> RedisResult<RedisConnection> {
        let transport = Transport::open(url).await?;
        Ok(RedisConnection { id: NEXT_ID.fetch_add(1, Ordering::Relaxed), transport })
    }

    /// The copy of `user`'s stamp. `None` if there is none, or the value is no stamp: that means unknown, never "unchanged".
    ///
    /// # Errors
    /// If there is no answer, or a refusal.
    pub async fn get(&mut self, user: UserId) -> RedisResult<Option<Stamp>> {
        match Cmd::get(key(user)).query_async::<Option<Vec<u8>>>(self).await {
            Ok(copy) => Ok(copy.and_then(|digits| std::str::from_utf8(&digits).ok()?.parse().ok())),
            Err(foreign) if foreign.code() == Some("WRONGTYPE") => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// Sets the copy of `user`'s stamp to `stamp`, unless it is newer. Either way it lives for another [`EXPIRY`].
    ///
    /// # Errors
    /// If there is no answer, or a refusal.
    pub async fn set_if_newer(&mut self, user: UserId, stamp: Stamp) -> RedisResult<()> {
        SET_IF_NEWER.key(key(user)).arg(stamp).arg(EXPIRY / SECOND).invoke_async(self).await
    }

    /// Sets the copy of `user`'s stamp to `stamp`, which may be smaller, if it is `copy`.
    ///
    /// # Errors
    /// If there is no answer, or a refusal.
    pub async fn set_if_equal(&mut self, user: UserId, copy: Stamp, stamp: Stamp) -> RedisResult<()> {
        SET_IF_EQUAL.key(key(user)).arg(copy).arg(stamp).arg(EXPIRY / SECOND).invoke_async(self).await
    }

    /// Sends PING.
    ///
    /// # Errors
    /// If there is no answer, or a refusal.
    pub async fn ping(&mut self) -> RedisResult<()> {
        redis::cmd("PING").exec_async(self).await
    }

    /// Which servers these are, since which start, with whose data. If it differs from before, copies may have gone back: a restart
    /// from a snapshot, or a replica that was promoted.
    ///
    /// # Errors
    /// If there is no answer, or INFO is forbidden.
    pub async fn identity(&mut self) -> RedisResult<String> {
        let (server, replication) = (self.info("server", "run_id").await?, self.info("replication", "master_replid").await?);
        Ok(format!("{server} {replication}"))
    }

    /// One field of a section of INFO; in a cluster that of every master, sorted.
    async fn info(&mut self, section: &str, field: &str) -> RedisResult<String> {
        let mut info = redis::cmd("INFO");
        info.arg(section);
        let read = |info: InfoDict| info.get::<String>(field).unwrap_or_default();
        match &mut self.transport {
            Transport::Single(conn) => Ok(read(info.query_async(conn).await?)),
            Transport::Cluster(conn) => {
                let masters = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                let answers = conn.route_command(info, masters).await?;
                let Value::Map(answers) = answers else { return Ok(String::new()) };
                let fields = answers.into_iter().map(|(_, answer)| Ok(read(InfoDict::from_redis_value(answer)?)));
                let mut fields: Vec<String> = fields.collect::<Result<_, RedisError>>()?;
                fields.sort();
                Ok(fields.join(" "))
            }
        }
    }
}

impl Transport {
    async fn open(url: &RedisUrl) -> RedisResult<Transport> {
        match url.nodes.as_slice() {
            [node] => Transport::open_single(node).await,
            nodes => Transport::open_cluster(nodes).await,
        }
    }

    async fn open_single(node: &ConnectionInfo) -> RedisResult<Transport> {
        let client = Client::open(node.clone().set_tcp_settings(tcp_settings()))?;
        client.get_multiplexed_async_connection_with_config(&connection_config()).await.map(Transport::Single)
    }

    async fn open_cluster(nodes: &[ConnectionInfo]) -> RedisResult<Transport> {
        let client = ClusterClient::builder(nodes.iter().cloned())
            .tcp_settings(tcp_settings())
            .connection_timeout(CONNECTION_TIMEOUT)
            .response_timeout(CONNECTION_TIMEOUT)
            // Enough to follow a slot that has moved. A node that is gone is left to the supervisor.
            .retries(2)
            .min_retry_wait(1)
            .max_retry_wait(20)
            .build()?;
        client.get_async_connection().await.map(Transport::Cluster)
    }
}

/// Nagle's algorithm off: it would hold back a small command until the one before is acknowledged.
fn tcp_settings() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

/// Timeouts for a connection to one server.
pub fn connection_config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECTION_TIMEOUT)).set_response_timeout(Some(CONNECTION_TIMEOUT))
}

/// What all keys begin with.
pub const KEY_PREFIX: &str = "notifications:";

/// The key of `user`'s copy. Other programs rely on it.
fn key(user: UserId) -> String {
    format!("{KEY_PREFIX}{user}:lastUpdate")
}

/// Whose key this is; `None` for a key that is not ours.
pub fn user_of_key(key: &Value) -> Option<UserId> {
    let Value::BulkString(key) = key else { return None };
    let id = std::str::from_utf8(key).ok()?.strip_prefix(KEY_PREFIX)?.strip_suffix(":lastUpdate")?;
    id.parse().ok().map(UserId)
}

impl ConnectionLike for RedisConnection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match &mut self.transport {
            Transport::Single(conn) => conn.req_packed_command(cmd),
            Transport::Cluster(conn) => conn.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(&'a mut self, pipeline: &'a Pipeline, offset: usize, count: usize) -> RedisFuture<'a, Vec<Value>> {
        match &mut self.transport {
            Transport::Single(conn) => conn.req_packed_commands(pipeline, offset, count),
            Transport::Cluster(conn) => conn.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match &self.transport {
            Transport::Single(conn) => conn.get_db(),
            Transport::Cluster(conn) => conn.get_db(),
        }
    }
}
