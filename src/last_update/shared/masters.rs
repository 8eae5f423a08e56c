//! The masters of a cluster, as one of its servers sees them.

use std::collections::BTreeMap;

use redis::aio::MultiplexedConnection;
use redis::{ConnectionAddr, ConnectionInfo, RedisResult, Value};

/// Every server that slots are written on: its id, which it keeps for life, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masters(BTreeMap<String, (String, u16)>);

impl Masters {
    /// What the server at the other end of `conn`, which was reached as `node`, says of all.
    pub async fn seen_by(conn: &mut MultiplexedConnection, node: &ConnectionInfo) -> RedisResult<Masters> {
        let slots: Value = redis::cmd("CLUSTER").arg("SLOTS").query_async(conn).await?;
        let Value::Array(ranges) = slots else { return Ok(Masters::default()) };
        Ok(Masters(ranges.iter().filter_map(|range| master(range, node)).collect()))
    }

    /// Whether there are any.
    pub fn are_known(&self) -> bool {
        !self.0.is_empty()
    }

    /// How to reach each of them, given how one of the cluster is reached.
    pub fn nodes(&self, one: &ConnectionInfo) -> Vec<ConnectionInfo> {
        self.0.values().map(|(host, port)| one.clone().set_addr(elsewhere(one.addr(), host, *port))).collect()
    }
}

/// Of one range of slots: `[from, to, [host, port, id, …], replicas …]`.
fn master(range: &Value, node: &ConnectionInfo) -> Option<(String, (String, u16))> {
    let Value::Array(range) = range else { return None };
    let Some(Value::Array(master)) = range.get(2) else { return None };
    let [host, Value::Int(port), id, ..] = master.as_slice() else { return None };
    // A server that does not know its own name leaves it out: it is where it was asked.
    let host = text(host).filter(|host| !host.is_empty() && host != "?").or_else(|| own_host(node.addr()))?;
    Some((text(id)?, (host, u16::try_from(*port).ok()?)))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}

fn own_host(addr: &ConnectionAddr) -> Option<String> {
    match addr {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => Some(host.clone()),
        _ => None,
    }
}

fn elsewhere(like: &ConnectionAddr, host: &str, port: u16) -> ConnectionAddr {
    match like {
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
    fn a_master_is_the_first_that_a_range_names_and_nameless_ones_are_where_they_were_asked() {
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
