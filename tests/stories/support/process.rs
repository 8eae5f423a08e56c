//! Tidings as a process, as an operator starts it.

use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::site::Home;

/// Every setting that the environment of the tests might hold.
pub const SETTINGS: [&str; 14] = [
    "BIND",
    "PORT",
    "DATABASE_URL",
    "REDIS_URL",
    "POLL_SECONDS",
    "REMEMBERED_STAMPS",
    "PUBLIC_URL",
    "SIGNUP",
    "SIGNUPS_PER_HOUR",
    "FOLLOWS_PER_HOUR",
    "POSTS_PER_HOUR",
    "RETENTION_DAYS",
    "TRUSTED_PROXIES",
    "RUST_LOG",
];

/// `tidings ARGS` with no settings but these.
pub fn command(args: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(args);
    prepared(command, settings)
}

/// The same, by a shell that first does `limits`: `ulimit`s, for example.
pub fn command_within(limits: &str, args: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limits} && exec \"$0\" \"$@\"")).arg(env!("CARGO_BIN_EXE_tidings")).args(args);
    prepared(command, settings)
}

fn prepared(mut command: Command, settings: &[(&str, &str)]) -> Command {
    for name in SETTINGS {
        command.env_remove(name);
    }
    command.envs(settings.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// The settings for a free port and the data of `home`, without limits per hour.
pub fn environment(home: &Home) -> Vec<(&str, &str)> {
    let unlimited = [("SIGNUPS_PER_HOUR", "0"), ("FOLLOWS_PER_HOUR", "0"), ("POSTS_PER_HOUR", "0")];
    let mut settings = vec![("PORT", "0"), ("DATABASE_URL", home.database_url.as_str())];
    settings.extend(unlimited);
    settings.extend(home.redis_url.as_deref().map(|url| ("REDIS_URL", url)));
    settings
}

/// A database file as a setting.
pub fn sqlite_url(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

/// A process that has ended, and what it printed.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `tidings ARGS` to its end.
pub async fn run(args: &[&str], settings: &[(&str, &str)]) -> Ended {
    command(args, settings).output().await.unwrap().into()
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// A process that serves.
pub struct Process {
    pub child: Child,
    pub url: String,
    /// What it logged until it served.
    pub log: Vec<String>,
    rest: Lines<BufReader<ChildStderr>>,
}

impl Process {
    /// Starts it and waits until it says where it is.
    pub async fn start(mut command: Command) -> Process {
        let mut child = command.spawn().unwrap();
        let mut rest = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = Vec::new();
        loop {
            let line = rest.next_line().await.unwrap().unwrap_or_else(|| panic!("it ended: {log:?}"));
            log.push(line.clone());
            if let Some((_, url)) = line.split_once(" is at ") {
                return Process { child, url: url.trim().to_owned(), log, rest };
            }
        }
    }

    /// On the data of `home` and a free port.
    pub async fn serve(home: &Home) -> Process {
        Process::start(command(&[], &environment(home))).await
    }

    /// On a database file and a free port.
    pub async fn serve_file(file: &Path) -> Process {
        Process::start(command(&[], &[("PORT", "0"), ("DATABASE_URL", &sqlite_url(file))])).await
    }

    /// Its resident memory in MiB.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        kib.trim().trim_end_matches(" kB").parse::<usize>().unwrap() / 1024
    }

    /// How many files and connections it has open.
    #[cfg(target_os = "linux")]
    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id().unwrap())).unwrap().count()
    }

    /// Asks it to stop, and returns everything it has logged.
    pub async fn stops(self) -> Vec<String> {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.ends().await.0
    }

    /// Everything it has logged when it ends, and how it ends.
    pub async fn ends(mut self) -> (Vec<String>, ExitStatus) {
        while let Some(line) = self.rest.next_line().await.unwrap() {
            self.log.push(line);
        }
        (self.log, self.child.wait().await.unwrap())
    }
}
