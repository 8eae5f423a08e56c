//! `DATABASE_URL`: read, and shown without its password.

use std::fmt;
use std::path::PathBuf;

/// The database that `DATABASE_URL` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(PostgresUrl),
}

/// A `postgres://…` URL as libpq reads it. It holds a password, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

/// Parameters that libpq gets unless the URL sets them. With the system's own time limits, a server that went silent would be noticed after two
/// hours.
const DEFAULTS: [(&str, &str); 6] = [
    ("connect_timeout", "3"),
    ("application_name", "tidings"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "3"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "10000"),
];

impl Address {
    /// Reads `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// What is wrong with it, as the rest of a sentence that begins with the name of the setting. It does not repeat
    /// the value, which may hold a password.
    pub fn parse(value: &str) -> Result<Address, &'static str> {
        match value.split_once(':') {
            Some(("sqlite", path)) => sqlite(path),
            Some(("postgres" | "postgresql", _)) => PostgresUrl::parse(value).map(Address::Postgres),
            _ => Err("must be sqlite:PATH, such as sqlite:data/tidings.db, or postgres://USER:PASSWORD@HOST/DATABASE."),
        }
    }

    /// `text` with the passwords of this address replaced: libpq quotes in its errors what it could not read.
    pub fn without_secrets(&self, text: &str) -> String {
        match self {
            Address::Sqlite(_) => text.to_owned(),
            Address::Postgres(url) => url.secrets().iter().fold(text.to_owned(), |text, secret| text.replace(secret, "…")),
        }
    }
}

fn sqlite(path: &str) -> Result<Address, &'static str> {
    match path.strip_prefix("//").unwrap_or(path) {
        "" => Err("must name a file: sqlite:PATH, such as sqlite:data/tidings.db."),
        ":memory:" => Err("must name a file: a database in memory would be lost with its connection."),
        // Other programs read these as a URI, and would open another file than we: one site would be two.
        path if path.contains(['?', '#']) || path.starts_with("file:") => {
            Err("must name a file by its path alone, without ?, # or file:, such as sqlite:data/tidings.db.")
        }
        path => Ok(Address::Sqlite(PathBuf::from(path))),
    }
}

impl PostgresUrl {
    fn parse(value: &str) -> Result<PostgresUrl, &'static str> {
        let wrong = "must look like postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters in the password percent-encoded.";
        let Some((_, rest)) = value.split_once("://") else { return Err(wrong) };
        let (authority, beyond) = split_at_first(rest, &['/', '?', '#']);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // Anything else is part of a password that was not percent-encoded. libpq would take it for a host, a port or a database, and quote
        // it in its error.
        let is_port = |port: &str| port.chars().all(|c| c.is_ascii_digit());
        let ports = host.split(',').all(|host| host.ends_with(']') || host.rsplit_once(':').is_none_or(|(_, port)| is_port(port)));
        let plain = !value.contains(|c: char| c.is_whitespace() || c == '#') && is_percent_encoded(rest);
        if authority.matches('@').count() > 1 || beyond.contains('@') || !ports || !plain {
            return Err(wrong);
        }
        Ok(PostgresUrl(value.to_owned()))
    }

    /// What stands before the path: user, password, host and port.
    fn authority(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        split_at_first(rest, &['/', '?']).0
    }

    /// The URL with [`DEFAULTS`] for whatever it does not say itself.
    pub(super) fn with_defaults(&self) -> String {
        let said = self.0.split_once('?').map_or("", |(_, query)| query);
        // Of several servers, the one that takes writes: the others are its replicas.
        let writable = self.authority().contains(',').then_some(("target_session_attrs", "read-write"));
        let missing = DEFAULTS.iter().chain(&writable).filter(|(name, _)| !said.split('&').any(|pair| pair.split('=').next() == Some(*name)));
        missing.fold(self.0.clone(), |url, (name, value)| {
            let joint = if url.contains('?') { '&' } else { '?' };
            format!("{url}{joint}{name}={value}")
        })
    }

    /// The passwords in it, encoded and decoded.
    fn secrets(&self) -> Vec<String> {
        let written = self.authority().rsplit_once('@').and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password.to_owned());
        let asked = self.0.split_once('?').map_or("", |(_, query)| query);
        let named = asked.split('&').filter_map(|pair| pair.strip_prefix("password=").or_else(|| pair.strip_prefix("sslpassword="))).map(str::to_owned);
        let written: Vec<String> = written.into_iter().chain(named).filter(|secret| !secret.is_empty()).collect();
        let meant = written.iter().map(|secret| decoded(secret)).collect::<Vec<_>>();
        written.into_iter().chain(meant).collect()
    }
}

/// `text` split before the first of `marks`.
fn split_at_first<'a>(text: &'a str, marks: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(marks).unwrap_or(text.len()))
}

/// Whether every % is followed by two hexadecimal digits.
fn is_percent_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|after| after.get(..2).is_some_and(|code| code.chars().all(|c| c.is_ascii_hexdigit())))
}

fn decoded(text: &str) -> String {
    let query = format!("x={}", text.replace('+', "%2B"));
    form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).next().unwrap_or_default()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Sqlite(path) => path.display().fmt(f),
            Address::Postgres(url) => fmt::Debug::fmt(url, f),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    /// Without user, password and options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let (authority, path) = split_at_first(rest, &['/', '?']);
        let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        write!(f, "postgres://{place}{}", split_at_first(path, &['?']).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(url: &str) -> PostgresUrl {
        PostgresUrl::parse(url).unwrap()
    }

    #[test]
    fn a_server_is_shown_without_who_may_enter() {
        let address = Address::parse("postgres://ada:p%40ss@db.example:5433/tidings?sslmode=require").unwrap();
        assert_eq!(address.to_string(), "postgres://db.example:5433/tidings");
        assert_eq!(format!("{address:?}"), "Postgres(postgres://db.example:5433/tidings)");
        assert_eq!(address.without_secrets("no p@ss for p%40ss"), "no … for …");
        let named = Address::parse("postgres:///tidings?host=/run&password=hunter2").unwrap();
        assert_eq!(named.without_secrets("hunter2?"), "…?");
        assert_eq!(named.to_string(), "postgres:///tidings");
    }

    #[test]
    fn what_libpq_would_misread_aloud_is_refused() {
        let unencoded = ["postgres://u:hunter2?ss@h/d", "postgres://u:hunter2/er2@h/d", "postgres://tidings:hunter2/db", "postgres://u:a#b@h/d"];
        for wrong in unencoded.into_iter().chain(["postgres:typo", "postgres://u:p@ss@h/d", "postgres://u:100%@h/d", "postgres://u:pass word@h/d"]) {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_way_to_name_a_server_is_read() {
        for right in ["postgres:///d", "postgres://", "postgresql://h", "postgres://u@[::1]:5432/d", "postgres://u@h1:1,h2:2/d?target_session_attrs=any"] {
            assert!(Address::parse(right).is_ok(), "{right}");
        }
        assert_eq!(Address::parse("postgres://u:p@[::1]:5432/d?x=y").unwrap().to_string(), "postgres://[::1]:5432/d");
    }

    #[test]
    fn of_several_servers_the_writable_one_is_asked_for() {
        assert!(postgres("postgres://a,b:5433/d").with_defaults().contains("target_session_attrs=read-write"));
        assert!(!postgres("postgres://a/d").with_defaults().contains("target_session_attrs"));
        assert!(!postgres("postgres://a,b/d?target_session_attrs=any").with_defaults().contains("read-write"));
    }

    #[test]
    fn what_the_url_says_itself_is_not_said_twice() {
        let url = postgres("postgres://h/d?connect_timeout=9").with_defaults();
        assert_eq!(url.matches("connect_timeout").count(), 1);
        assert!(url.contains("connect_timeout=9&application_name=tidings&"), "{url}");
        assert!(postgres("postgres://h/d").with_defaults().starts_with("postgres://h/d?connect_timeout=3&"));
    }
}
