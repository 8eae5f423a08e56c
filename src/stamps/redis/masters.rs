//! The masters of a Redis cluster, as one of its servers lists them.

use std::collections::BTreeMap;

use redis::aio::MultiplexedConnection;
use redis::{ConnectionAddr, ConnectionInfo, RedisResult, Value};

/// Every server that slots are written on: its id, which never changes, with its host and port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masters(BTreeMap<String, (String, u16)>);

impl Masters {
    /// Asks the server behind `conn`, which was reached as `node`, with CLUSTER SLOTS. What it lists in another form is left out.
    ///
    /// # Errors
    /// If it does not answer, or is no member of a cluster.
    pub async fn seen_by(conn: &mut MultiplexedConnection, node: &ConnectionInfo) -> RedisResult<Masters> {
        let slots: Value = redis::cmd("CLUSTER").arg("SLOTS").query_async(conn).await?;
        let Value::Array(ranges) = slots else { return Ok(Masters::default()) };
        Ok(Masters(ranges.iter().filter_map(|range| master(range, node)).collect()))
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How to reach each of them: like `node`, with the same TLS settings and password.
    pub fn nodes(&self, node: &ConnectionInfo) -> Vec<ConnectionInfo> {
        self.0.values().map(|(host, port)| node.clone().set_addr(with_host(node.addr(), host, *port))).collect()
    }
}

/// The master of one range of slots: `[from, to, [host, port, id, …], replicas …]`.
fn master(range: &Value, node: &ConnectionInfo) -> Option<(String, (String, u16))> {
    let Value::Array(range) = range else { return None };
    let Some(Value::Array(master)) = range.get(2) else { return None };
    let [host, Value::Int(port), id, ..] = master.as_slice() else { return None };
    // A server that does not know its own host leaves it out: it is the one that was asked.
    let host = text(host).filter(|host| !host.is_empty() && host != "?").or_else(|| host_of(node.addr()))?;
    Some((text(id)?, (host, u16::try_from(*port).ok()?)))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}

fn host_of(addr: &ConnectionAddr) -> Option<String> {
    match addr {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => Some(host.clone()),
        _ => None,
    }
}

/// `addr` with another host and port.
fn with_host(addr: &ConnectionAddr, host: &str, port: u16) -> ConnectionAddr {
    match addr {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host: host.to_owned(), port, insecure: *insecure, tls_params: tls_params.clone() }
        }
        _ => ConnectionAddr::Tcp(host.to_owned(), port),
    }
}

#[cfg(test)]
mod tests {
    use redis::IntoConnectionInfo;

    use super::*;

    fn word(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn the_master_is_the_first_server_of_a_range_and_without_a_host_it_is_the_one_that_was_asked() {
        let node = "rediss://:secret@cache.example:7000".into_connection_info().unwrap();
        let server = |host: Value, port, id| Value::Array(vec![host, Value::Int(port), word(id), Value::Array(vec![])]);
        let range = |servers: &[Value]| Value::Array([&[Value::Int(0), Value::Int(99)], servers].concat());
        let one = range(&[server(word("10.0.0.1"), 7001, "a"), server(word("10.0.0.2"), 7002, "b")]);
        assert_eq!(master(&one, &node), Some(("a".into(), ("10.0.0.1".into(), 7001))));
        assert_eq!(master(&range(&[server(Value::Nil, 7003, "c")]), &node), Some(("c".into(), ("cache.example".into(), 7003))));
        assert_eq!(master(&range(&[]), &node), None);
        let masters = Masters([("a".to_owned(), ("10.0.0.1".to_owned(), 7001))].into());
        let [reached] = masters.nodes(&node).try_into().unwrap();
        assert!(matches!(reached.addr(), ConnectionAddr::TcpTls { host, port: 7001, .. } if host == "10.0.0.1"));
        assert_eq!(reached.redis_settings().password(), Some("secret"));
    }
}
