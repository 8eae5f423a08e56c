//! The data of a site, new for each test: an SQLite file and no Redis; or a database and a Redis database of its own on the
//! servers that `TEST_POSTGRES` and `TEST_REDIS` name (`scripts/with-servers` starts them).

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, PgConnection};
use tempfile::TempDir;
use tidings::config::Settings;
use tidings::db::{Address, Connection};

static NEXT: AtomicU32 = AtomicU32::new(1);

/// One site's data.
pub struct Home {
    pub database_url: String,
    pub redis_url: Option<String>,
    folder: TempDir,
}

impl Home {
    pub fn new() -> Home {
        match (std::env::var("TEST_POSTGRES"), std::env::var("TEST_REDIS")) {
            (Ok(postgres), Ok(redis)) => Home::on(&postgres, Some(&redis)),
            _ => Home::in_a_file(),
        }
    }

    /// SQLite without Redis.
    pub fn in_a_file() -> Home {
        let home = Home::named(String::new());
        Home { database_url: format!("sqlite:{}", home.file().display()), ..home }
    }

    /// A database that exists already.
    pub fn named(database_url: String) -> Home {
        Home { database_url, redis_url: None, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A new database on the server `postgres`, and an empty one on the server `redis` if there is one.
    pub fn on(postgres: &str, redis: Option<&str>) -> Home {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_{}_{number}", std::process::id());
        let mut server = PgConnection::establish(&format!("{postgres}/postgres")).expect("a PostgreSQL server");
        server.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database");
        let redis_url = redis.map(|redis| {
            let url = format!("{redis}/{number}");
            let mut server = redis::Client::open(url.as_str()).and_then(|client| client.get_connection()).expect("a Redis server");
            redis::cmd("FLUSHDB").exec(&mut server).expect("an empty Redis");
            url
        });
        Home { redis_url, ..Home::named(format!("{postgres}/{name}")) }
    }

    /// The settings that point a site here. It has no limits per hour: everybody in a test comes from one address.
    pub fn settings(&self) -> Settings {
        Settings {
            port: Some("0".into()),
            database_url: Some(self.database_url.clone()),
            redis_url: self.redis_url.clone(),
            signups_per_hour: Some("0".into()),
            follows_per_hour: Some("0".into()),
            posts_per_hour: Some("0".into()),
            ..Settings::default()
        }
    }

    /// The database file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("t.db")
    }

    /// A connection of an operator's, without the timeouts of ours.
    pub fn shell(&self) -> Connection {
        let mut shell = Connection::establish_to(&Address::parse(&self.database_url).expect("an address")).expect("a connection");
        let patience = match shell {
            Connection::Sqlite(_) => "PRAGMA busy_timeout = 5000",
            Connection::Postgres(_) => "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; SET lock_timeout = 0",
        };
        shell.batch_execute(patience).expect("a setting");
        shell
    }

    /// A transaction that blocks all writers, and no reader, until it is committed or rolled back.
    pub fn locked(&self) -> Connection {
        let mut shell = self.shell();
        let begin = match shell {
            Connection::Sqlite(_) => "BEGIN IMMEDIATE",
            Connection::Postgres(_) => "BEGIN; LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE",
        };
        shell.batch_execute(begin).expect("a lock");
        shell
    }
}
