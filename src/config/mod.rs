//! Every setting: read once; one that cannot be used is refused in a sentence that names it.

mod error;
mod public_url;

use std::net::IpAddr;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;

use crate::db::Address;
use crate::stamps::RedisUrl;

pub use error::ConfigError;
use error::refuse;
pub use public_url::PublicUrl;

/// The settings as they are typed: an environment variable or the flag of the same name, and flags win.
#[derive(Args, Debug, Default, Clone)]
pub struct Settings {
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, global = true, env = "BIND", value_name = "ADDRESS", hide_env_values = true)]
    pub bind: Option<String>,
    /// Port to listen on; 0 takes a free one [default: 8080]
    #[arg(long, global = true, env = "PORT", value_name = "PORT", hide_env_values = true)]
    pub port: Option<String>,
    /// Where the data lives, sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE [default: sqlite:data/tidings.db]
    #[arg(long, global = true, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where instances share their stamps, redis://HOST or rediss://HOST; several, comma-separated, are a cluster
    #[arg(long, global = true, env = "REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<String>,
    /// Poll interval of the pages in seconds, 1 to 3600 [default: 10]
    #[arg(long, global = true, env = "POLL_SECONDS", value_name = "SECONDS", hide_env_values = true)]
    pub poll_seconds: Option<String>,
    /// How many people's stamps an instance keeps in memory, 1000 to 100000000 [default: 1000000]
    #[arg(long, global = true, env = "REMEMBERED_STAMPS", value_name = "NUMBER", hide_env_values = true)]
    pub remembered_stamps: Option<String>,
    /// The address people type, such as `https://tidings.example`; https makes cookies Secure and sends HSTS
    #[arg(long, global = true, env = "PUBLIC_URL", value_name = "URL", hide_env_values = true)]
    pub public_url: Option<String>,
    /// Whether strangers may make accounts, open or closed [default: open]
    #[arg(long, global = true, env = "SIGNUP", value_name = "open|closed", hide_env_values = true)]
    pub signup: Option<String>,
    /// New accounts an hour from one address (an IPv6 /64 counts as one); 0 means no limit [default: 20]
    #[arg(long, global = true, env = "SIGNUPS_PER_HOUR", value_name = "NUMBER", hide_env_values = true)]
    pub signups_per_hour: Option<String>,
    /// New follows an hour by one person; 0 means no limit [default: 200]
    #[arg(long, global = true, env = "FOLLOWS_PER_HOUR", value_name = "NUMBER", hide_env_values = true)]
    pub follows_per_hour: Option<String>,
    /// New posts an hour by one author; 0 means no limit [default: 60]
    #[arg(long, global = true, env = "POSTS_PER_HOUR", value_name = "NUMBER", hide_env_values = true)]
    pub posts_per_hour: Option<String>,
    /// After how many days a notification that was read is deleted; 0 keeps all [default: 90]
    #[arg(long, global = true, env = "RETENTION_DAYS", value_name = "DAYS", hide_env_values = true)]
    pub retention_days: Option<String>,
    /// Addresses or networks, comma-separated, whose X-Forwarded-For is believed
    #[arg(long, global = true, env = "TRUSTED_PROXIES", value_name = "ADDRESSES", hide_env_values = true)]
    pub trusted_proxies: Option<String>,
    /// What to log: error, warn, info, debug, or a filter per module [default: info]
    #[arg(long, global = true, env = "RUST_LOG", value_name = "FILTER", hide_env_values = true)]
    pub rust_log: Option<String>,
}

/// The settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on.
    pub bind: IpAddr,
    /// Port to listen on; 0 = any free one.
    pub port: u16,
    /// Where the data lives.
    pub database: Address,
    /// Where the stamps are shared, if anywhere.
    pub redis: Option<RedisUrl>,
    /// The poll interval in seconds, 1–3600.
    pub poll_seconds: u32,
    /// How many people's stamps this process remembers.
    pub remembered_stamps: usize,
    /// The origin people see, if the operator said so.
    pub public_url: Option<PublicUrl>,
    /// Whether strangers may make accounts.
    pub signup_open: bool,
    /// New accounts an hour from one network; 0: no limit.
    pub signups_per_hour: u32,
    /// New follows an hour by one person; 0: no limit.
    pub follows_per_hour: u32,
    /// New posts an hour by one author; 0: no limit.
    pub posts_per_hour: u32,
    /// After how many days a notification that was read goes; 0: never.
    pub retention_days: u32,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Config {
    /// Whether people reach this service over https.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.https)
    }

    /// How often the sweep asks the database while Redis does not announce changes: twenty times per poll interval.
    pub fn sweep_interval(&self) -> Duration {
        Duration::from_millis(u64::from(self.poll_seconds) * 50)
    }
}

impl Settings {
    /// The same, with `url` as the database where none was named.
    #[must_use]
    pub fn with_default_database(mut self, url: &str) -> Settings {
        if non_empty(&self.database_url).is_none() {
            self.database_url = Some(url.to_owned());
        }
        self
    }

    /// The filter of the log, as env_logger reads it.
    pub fn log_filter(&self) -> &str {
        non_empty(&self.rust_log).unwrap_or("info")
    }

    /// Checks everything.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn check(&self) -> Result<Config, ConfigError> {
        log_filter(self.log_filter())?;
        Ok(Config {
            bind: bind(non_empty(&self.bind).unwrap_or("127.0.0.1"))?,
            port: port(non_empty(&self.port).unwrap_or("8080"))?,
            database: database(non_empty(&self.database_url).unwrap_or("sqlite:data/tidings.db"))?,
            redis: non_empty(&self.redis_url).map(redis).transpose()?,
            poll_seconds: poll_seconds(non_empty(&self.poll_seconds).unwrap_or("10"))?,
            remembered_stamps: remembered_stamps(non_empty(&self.remembered_stamps).unwrap_or("1000000"))?,
            public_url: non_empty(&self.public_url).map(PublicUrl::parse).transpose()?,
            signup_open: signup(non_empty(&self.signup).unwrap_or("open"))?,
            signups_per_hour: per_hour("SIGNUPS_PER_HOUR", non_empty(&self.signups_per_hour).unwrap_or("20"))?,
            follows_per_hour: per_hour("FOLLOWS_PER_HOUR", non_empty(&self.follows_per_hour).unwrap_or("200"))?,
            posts_per_hour: per_hour("POSTS_PER_HOUR", non_empty(&self.posts_per_hour).unwrap_or("60"))?,
            retention_days: retention_days(non_empty(&self.retention_days).unwrap_or("90"))?,
            trusted_proxies: trusted_proxies(non_empty(&self.trusted_proxies).unwrap_or_default())?,
        })
    }
}

/// An empty value means unset, as `NAME=` in an env file does.
fn non_empty(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|value| !value.is_empty())
}

fn bind(value: &str) -> Result<IpAddr, ConfigError> {
    value.parse().or_else(|_| refuse(format!("BIND must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1, not {value:?}.")))
}

/// env_logger itself would print a warning, and then log something other than what was asked for.
fn log_filter(value: &str) -> Result<(), ConfigError> {
    let read = env_filter::Builder::new().try_parse(value).map(drop);
    read.or_else(|_| refuse(format!("RUST_LOG must be error, warn, info, debug, trace, off, or such a level per module (tidings=debug), not {value:?}.")))
}

fn port(value: &str) -> Result<u16, ConfigError> {
    value.parse().or_else(|_| refuse(format!("PORT must be a number from 0 to 65535, not {value:?}.")))
}

fn poll_seconds(value: &str) -> Result<u32, ConfigError> {
    match value.parse() {
        Ok(seconds @ 1..=3600) => Ok(seconds),
        _ => refuse(format!("POLL_SECONDS must be a whole number of seconds from 1 to 3600, not {value:?}.")),
    }
}

fn remembered_stamps(value: &str) -> Result<usize, ConfigError> {
    match value.parse() {
        Ok(number @ 1_000..=100_000_000) => Ok(number),
        _ => refuse(format!("REMEMBERED_STAMPS must be a whole number from 1000 to 100000000, not {value:?}.")),
    }
}

fn signup(value: &str) -> Result<bool, ConfigError> {
    match value {
        "open" => Ok(true),
        "closed" => Ok(false),
        _ => refuse(format!("SIGNUP must be open or closed, not {value:?}.")),
    }
}

fn per_hour(name: &str, value: &str) -> Result<u32, ConfigError> {
    match value.parse() {
        Ok(number @ 0..=100_000) => Ok(number),
        _ => refuse(format!("{name} must be a whole number from 0 (no limit) to 100000, not {value:?}.")),
    }
}

fn retention_days(value: &str) -> Result<u32, ConfigError> {
    match value.parse() {
        Ok(days @ 0..=36_500) => Ok(days),
        _ => refuse(format!("RETENTION_DAYS must be a whole number of days from 0 (all are kept) to 36500, not {value:?}.")),
    }
}

fn database(value: &str) -> Result<Address, ConfigError> {
    Address::parse(value).map_err(|wrong| ConfigError(format!("DATABASE_URL {wrong}")))
}

fn redis(value: &str) -> Result<RedisUrl, ConfigError> {
    RedisUrl::parse(value).map_err(|wrong| ConfigError(format!("REDIS_URL {wrong}")))
}

fn trusted_proxies(value: &str) -> Result<Vec<IpNet>, ConfigError> {
    let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let network = item.parse::<IpNet>().ok().or_else(|| item.parse::<IpAddr>().ok().map(IpNet::from));
            network.ok_or_else(|| ConfigError(format!("TRUSTED_PROXIES must be IP addresses or networks such as 10.0.0.0/8, not {item:?}.")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Settings)) -> Result<Config, ConfigError> {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.check()
    }

    #[test]
    fn nothing_set_is_enough() {
        let config = Settings::default().check().unwrap();
        assert_eq!((config.bind.to_string().as_str(), config.port, config.poll_seconds), ("127.0.0.1", 8080, 10));
        assert_eq!(config.database, Address::Sqlite("data/tidings.db".into()));
        assert!(config.redis.is_none());
        assert!(config.signup_open && config.public_url.is_none());
        assert_eq!((config.signups_per_hour, config.follows_per_hour), (20, 200));
    }

    #[test]
    fn an_empty_value_is_no_value() {
        assert!(with(|s| s.redis_url = Some(String::new())).is_ok());
    }

    #[test]
    fn every_refusal_names_its_setting() {
        type Wrong<'a> = (&'a str, fn(&mut Settings, String), &'a [&'a str]);
        let wrong: [Wrong<'_>; 13] = [
            ("BIND", |s, v| s.bind = Some(v), &["localhost", "1.2.3"]),
            ("PORT", |s, v| s.port = Some(v), &["http", "65536", "-1"]),
            (
                "DATABASE_URL",
                |s, v| s.database_url = Some(v),
                &["mysql://x", "data.db", "sqlite:", "sqlite::memory:", "sqlite:/x.db?mode=rwc", "sqlite:x.db#1", "sqlite:file:x.db", "postgres:typo"],
            ),
            (
                "REDIS_URL",
                |s, v| s.redis_url = Some(v),
                &["127.0.0.1", "http://h", "redis://", "redis://h/x", "redis://a,rediss://b", "redis://a/1,redis://b/1"],
            ),
            ("POLL_SECONDS", |s, v| s.poll_seconds = Some(v), &["0", "3601", "1.5", "ten"]),
            ("REMEMBERED_STAMPS", |s, v| s.remembered_stamps = Some(v), &["999", "100000001", "all", "1e6"]),
            ("PUBLIC_URL", |s, v| s.public_url = Some(v), &["tidings.example", "ftp://x", "https://x/path", "https://u:p@x"]),
            ("SIGNUP", |s, v| s.signup = Some(v), &["yes", "OPEN"]),
            ("SIGNUPS_PER_HOUR", |s, v| s.signups_per_hour = Some(v), &["-1", "1.5", "many", "100001"]),
            ("FOLLOWS_PER_HOUR", |s, v| s.follows_per_hour = Some(v), &["-1", "1e3", "unlimited", "4294967296"]),
            ("POSTS_PER_HOUR", |s, v| s.posts_per_hour = Some(v), &["-1", "sixty", "60.5", "100001"]),
            ("RETENTION_DAYS", |s, v| s.retention_days = Some(v), &["-1", "ninety", "1.5", "36501"]),
            ("TRUSTED_PROXIES", |s, v| s.trusted_proxies = Some(v), &["proxy", "10.0.0.0/40"]),
        ];
        for (name, assign, values) in wrong {
            for value in values {
                let refusal = with(|s| assign(s, (*value).to_owned())).unwrap_err().to_string();
                assert!(refusal.starts_with(name), "{name}={value}: {refusal}");
            }
        }
    }

    #[test]
    fn a_refused_url_does_not_show_its_password() {
        for value in ["mysql://root:hunter2@h/d", "postgres://root:hunter2@x@h/d", "postgres://root:100%hunter2@h/d"] {
            let refusal = with(|s| s.database_url = Some(value.into())).unwrap_err().to_string();
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
        let refusal = with(|s| s.redis_url = Some("redis://:hunter2@h/x".into())).unwrap_err().to_string();
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
}
