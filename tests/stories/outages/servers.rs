//! Redis and PostgreSQL servers that a test starts, kills, freezes and restarts.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use redis::{Connection, FromRedisValue};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Sends a signal to a process.
pub fn signal(child: &Child, name: &str) {
    let pid = child.id().expect("it runs").to_string();
    assert!(std::process::Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
}

async fn until_it_listens(port: u16) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(Instant::now() < deadline, "nothing listens on {port}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A Redis server.
pub struct Redis {
    pub port: u16,
    pub folder: TempDir,
    options: Vec<String>,
    child: Option<Child>,
}

impl Redis {
    pub async fn start() -> Redis {
        Redis::with(&[]).await
    }

    /// With options as on its command line.
    pub async fn with(options: &[&str]) -> Redis {
        let options = options.iter().map(ToString::to_string).collect();
        let mut redis = Redis { port: free_port(), folder: tempfile::tempdir().unwrap(), options, child: None };
        redis.comes_back().await;
        redis
    }

    /// Starts, with the snapshot that its folder holds, if any.
    pub async fn comes_back(&mut self) {
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--databases", "4096", "--save", ""])
            .arg("--dir")
            .arg(self.folder.path())
            .args(&self.options);
        self.child = Some(command.stdout(Stdio::null()).kill_on_drop(true).spawn().expect("redis-server"));
        until_it_listens(self.port).await;
        // It also listens while it still reads its snapshot.
        let deadline = Instant::now() + Duration::from_secs(20);
        while redis::cmd("PING").exec(&mut self.connection()).is_err() {
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// kill -9.
    pub async fn is_killed(&mut self) {
        self.child.take().expect("it runs").kill().await.unwrap();
    }

    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// SIGSTOP: connections stay open, and nothing is answered.
    pub fn freezes(&self) {
        signal(self.child.as_ref().expect("it runs"), "STOP");
    }

    pub fn thaws(&self) {
        signal(self.child.as_ref().expect("it runs"), "CONT");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn connection(&self) -> Connection {
        redis::Client::open(self.url()).unwrap().get_connection().expect("a connection to Redis")
    }

    /// Asks it, as an operator with `redis-cli` would.
    pub fn asked<T: FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut asked = redis::cmd(words.next().unwrap());
        for word in words {
            asked.arg(word);
        }
        asked.query(&mut self.connection()).unwrap()
    }

    /// The copy of somebody's stamp.
    pub fn stamp(&self, user: i64) -> Option<i64> {
        self.asked(&format!("GET notifications:{user}:lastUpdate"))
    }

    /// How often each command was called since the last reset.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        let stats: String = self.asked("INFO commandstats");
        let calls = stats.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
        });
        calls.collect()
    }
}

impl Drop for Postgres {
    /// A test may end while the server is frozen: its stopped children would not notice that it is gone, and stay for ever.
    fn drop(&mut self) {
        if self.child.is_some() {
            let _ = self.signals("CONT");
        }
    }
}

/// A PostgreSQL server.
pub struct Postgres {
    pub port: u16,
    pub folder: TempDir,
    options: Vec<String>,
    child: Option<Child>,
}

impl Postgres {
    pub async fn start() -> Postgres {
        Postgres::with(|_| Vec::new()).await
    }

    /// With options as on its command line, which may name files in its folder.
    pub async fn with(options: impl FnOnce(&Path) -> Vec<String>) -> Postgres {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::PermissionsExt::set_mode(&mut std::fs::metadata(folder.path()).unwrap().permissions(), 0o755);
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let options = options(folder.path());
        let mut postgres = Postgres { port: free_port(), folder, options, child: None };
        postgres.comes_back().await;
        postgres
    }

    pub async fn comes_back(&mut self) {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres"));
        command.arg(self.folder.path().join("data")).arg(self.port.to_string()).args(&self.options);
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("PostgreSQL"));
        until_it_listens(self.port).await;
        let deadline = Instant::now() + Duration::from_secs(20);
        while <diesel::PgConnection as diesel::Connection>::establish(&format!("{}/postgres", self.url())).is_err() {
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Fast shutdown (SIGINT): everything is on disk.
    pub async fn stops(&mut self) {
        let mut child = self.child.take().expect("it runs");
        signal(&child, "INT");
        child.wait().await.unwrap();
    }

    /// A hot standby with the data of `primary`, which has stopped: it can be read, and refuses writes.
    pub async fn standby_of(primary: &Postgres) -> Postgres {
        let folder = tempfile::tempdir().unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let data = folder.path().join("data");
        assert!(std::process::Command::new("cp").arg("-a").arg(primary.folder.path().join("data")).arg(&data).status().unwrap().success());
        std::fs::write(data.join("standby.signal"), "").unwrap();
        let mut standby = Postgres { port: free_port(), folder, options: Vec::new(), child: None };
        standby.comes_back().await;
        standby
    }

    /// Immediate shutdown (SIGQUIT): its children go with it, and it recovers at its next start, as after a crash.
    pub async fn is_killed(&mut self) {
        let mut child = self.child.take().expect("it runs");
        signal(&child, "QUIT");
        child.wait().await.unwrap();
    }

    /// SIGSTOP to all of its processes, as by a disk that hangs: the kernel still acknowledges what they are sent.
    pub fn freezes(&self) {
        // Again, if a child ended while they were listed; and once more when the parent has stopped, for a child that was
        // forked in that moment.
        while !self.signals("STOP") {}
        std::thread::sleep(Duration::from_millis(20));
        while !self.signals("STOP") {}
    }

    pub fn thaws(&self) {
        while !self.signals("CONT") {}
    }

    /// Whether all still existed: its children come and go.
    fn signals(&self, name: &str) -> bool {
        let pid = self.child.as_ref().expect("it runs").id().expect("it runs").to_string();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let everybody = children.split_whitespace().map(str::to_owned).chain([pid]);
        std::process::Command::new("kill").arg(format!("-{name}")).args(everybody).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    pub fn url(&self) -> String {
        format!("postgres://tidings@127.0.0.1:{}", self.port)
    }
}

/// A PgBouncer with `pool_mode=transaction` and two sessions for each database.
pub struct PgBouncer {
    pub port: u16,
    _folder: TempDir,
    _child: Child,
}

impl PgBouncer {
    pub async fn before(postgres: &Postgres) -> PgBouncer {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/pgbouncer"));
        command.arg(folder.path()).arg(port.to_string()).arg(postgres.port.to_string());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("PgBouncer");
        until_it_listens(port).await;
        PgBouncer { port, _folder: folder, _child: child }
    }

    pub fn url(&self) -> String {
        format!("postgres://tidings@127.0.0.1:{}", self.port)
    }
}
