//! The setting `REDIS_URL`, parsed.

use std::fmt;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

/// The address of one Redis server, or of several of one cluster. It holds passwords; `Display` and `Debug` leave them out.
#[derive(Clone)]
pub struct RedisUrl {
    pub(super) nodes: Vec<ConnectionInfo>,
}

impl RedisUrl {
    /// Parses `redis://…` or `rediss://…`, or several of them separated by commas.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence that begins with the name of the setting. It never repeats the value, which may hold a
    /// password.
    pub fn parse(value: &str) -> Result<RedisUrl, &'static str> {
        let wrong = "must be redis://HOST or rediss://HOST (with TLS), such as redis://:PASSWORD@127.0.0.1:6379/0; several, comma-separated, are a cluster.";
        let items: Vec<&str> = value.split(',').map(str::trim).collect();
        if !items.iter().all(|item| item.starts_with("redis://") || item.starts_with("rediss://")) {
            return Err(wrong);
        }
        let nodes: Vec<ConnectionInfo> = items.iter().map(|item| item.into_connection_info()).collect::<Result<_, _>>().map_err(|_| wrong)?;
        let encrypted = |node: &ConnectionInfo| matches!(node.addr(), ConnectionAddr::TcpTls { .. });
        if nodes.iter().any(encrypted) && !nodes.iter().all(encrypted) {
            return Err("names some servers with TLS and some without; a cluster has it everywhere or nowhere.");
        }
        if nodes.len() > 1 && nodes.iter().any(|node| node.redis_settings().db() != 0) {
            return Err("names a cluster and a database number, but a cluster has only database 0.");
        }
        Ok(RedisUrl { nodes })
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, node) in self.nodes.iter().enumerate() {
            write!(f, "{}{}", if n == 0 { "" } else { "," }, node.addr())?;
        }
        Ok(())
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_shown_without_its_password() {
        let url = RedisUrl::parse("rediss://ada:hunter2@cache.example:6380/3").unwrap();
        assert_eq!((url.to_string(), format!("{url:?}")), ("cache.example:6380".into(), "cache.example:6380".into()));
        assert_eq!(RedisUrl::parse("redis://a, redis://b:7000").unwrap().to_string(), "a:6379,b:7000");
    }

    #[test]
    fn a_url_that_contradicts_itself_or_cannot_be_read_is_refused() {
        for wrong in ["redis://a,rediss://b", "redis://a/1,redis://b/1", "redis://", "unix:///run/redis", "redis://a,", "redis://a/x"] {
            assert!(RedisUrl::parse(wrong).is_err(), "{wrong}");
        }
    }
}
