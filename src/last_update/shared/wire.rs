//! A connection to Redis, to one server or to a cluster, and the few commands that are sent over it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, InfoDict, Pipeline, RedisError, RedisFuture, RedisResult, Script, Value};

use super::RedisUrl;
use crate::clock::{HOUR, Millis, SECOND};
use crate::ids::UserId;
use crate::last_update::Stamp;

/// How long a copy lives, in milliseconds: whoever nobody wrote to for so long costs Redis nothing, and a stale copy that
/// came back from an old snapshot is gone by then in any case.
pub const EXPIRY: Millis = HOUR;

/// The longest that anything sent over a wire waits for its answer. What a request waits for is far less.
pub const LONGEST: Duration = Duration::from_secs(1);

/// Writes the new stamp and takes it back if the old one was newer: whatever the order in which instances write, a
/// copy only moves forward. One command, because between a GET and a SET another instance could write. What is no
/// number, or no string at all, was not written by us and gives way.
static FORWARD: LazyLock<Script> = LazyLock::new(|| {
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

/// Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct Wire {
    /// No two connections of this process have the same.
    pub number: u64,
    conn: Conn,
}

#[derive(Clone)]
enum Conn {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Wire {
    /// Connects. The connection is driven by the runtime that this is called on.
    pub async fn open(url: &RedisUrl) -> RedisResult<Wire> {
        let conn = Conn::open(url).await?;
        Ok(Wire { number: NEXT.fetch_add(1, Ordering::Relaxed), conn })
    }
    /// The copy of the stamp of `user`; `None` if there is none, which means unknown and never unchanged.
    pub async fn get(&mut self, user: UserId) -> RedisResult<Option<Stamp>> {
        match Cmd::get(key(user)).query_async::<Option<Vec<u8>>>(self).await {
            Ok(found) => Ok(found.and_then(|digits| std::str::from_utf8(&digits).ok()?.parse().ok())),
            Err(foreign) if foreign.code() == Some("WRONGTYPE") => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Moves the copy of the stamp of `user` forward to `stamp`, or leaves it where it is if it is further.
    pub async fn forward(&mut self, user: UserId, stamp: Stamp) -> RedisResult<()> {
        FORWARD.key(key(user)).arg(stamp).arg(EXPIRY / SECOND).invoke_async(self).await
    }

    /// Whether Redis answers.
    pub async fn ping(&mut self) -> RedisResult<()> {
        redis::cmd("PING").exec_async(self).await
    }

    /// Which servers these are, since which start of theirs, and whose memories they have: another answer than before
    /// means that copies may have gone back in time (a restart from a snapshot, a replica that took over).
    pub async fn identity(&mut self) -> RedisResult<String> {
        let (server, replication) = (self.info("server", "run_id").await?, self.info("replication", "master_replid").await?);
        Ok(format!("{server} {replication}"))
    }

    /// One field of one section of INFO, of every master.
    async fn info(&mut self, section: &str, field: &str) -> RedisResult<String> {
        let mut info = redis::cmd("INFO");
        info.arg(section);
        let read = |info: InfoDict| info.get::<String>(field).unwrap_or_default();
        match &mut self.conn {
            Conn::One(conn) => Ok(read(info.query_async(conn).await?)),
            Conn::Cluster(conn) => {
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

impl Conn {
    async fn open(url: &RedisUrl) -> RedisResult<Conn> {
        // Without it a small command waits for the acknowledgement of the one before.
        let tcp = TcpSettings::default().set_nodelay(true);
        match url.nodes.as_slice() {
            [one] => {
                let client = Client::open(one.clone().set_tcp_settings(tcp))?;
                let config = AsyncConnectionConfig::new().set_connection_timeout(Some(LONGEST)).set_response_timeout(Some(LONGEST));
                client.get_multiplexed_async_connection_with_config(&config).await.map(Conn::One)
            }
            nodes => {
                let client = ClusterClient::builder(nodes.iter().cloned())
                    .tcp_settings(tcp)
                    .connection_timeout(LONGEST)
                    .response_timeout(LONGEST)
                    // Enough to follow a slot that has moved; a node that is gone is the link's business.
                    .retries(2)
                    .min_retry_wait(1)
                    .max_retry_wait(20)
                    .build()?;
                client.get_async_connection().await.map(Conn::Cluster)
            }
        }
    }
}

/// What all keys begin with.
pub const KEYS: &str = "notifications:";

/// The contract's key.
fn key(user: UserId) -> String {
    format!("{KEYS}{user}:lastUpdate")
}

/// Whose key it is.
pub fn owner(key: &Value) -> Option<UserId> {
    let Value::BulkString(key) = key else { return None };
    let id = std::str::from_utf8(key).ok()?.strip_prefix(KEYS)?.strip_suffix(":lastUpdate")?;
    id.parse().ok().map(UserId)
}

impl ConnectionLike for Wire {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match &mut self.conn {
            Conn::One(conn) => conn.req_packed_command(cmd),
            Conn::Cluster(conn) => conn.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(&'a mut self, pipeline: &'a Pipeline, offset: usize, count: usize) -> RedisFuture<'a, Vec<Value>> {
        match &mut self.conn {
            Conn::One(conn) => conn.req_packed_commands(pipeline, offset, count),
            Conn::Cluster(conn) => conn.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match &self.conn {
            Conn::One(conn) => conn.get_db(),
            Conn::Cluster(conn) => conn.get_db(),
        }
    }
}
