//! The program itself, as an operator starts it.

use std::process::{ExitStatus, Output, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::support::Home;

/// The program with no settings but these.
pub fn tidings(args: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    for name in ["BIND", "PORT", "DATABASE_URL", "REDIS_URL", "POLL_SECONDS", "REMEMBERED_STAMPS", "PUBLIC_URL", "SIGNUP", "TRUSTED_PROXIES", "RUST_LOG"] {
        command.env_remove(name);
    }
    command.args(args).envs(settings.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// What a program at home there is told by its environment.
pub fn environment(home: &Home) -> Vec<(&str, &str)> {
    let mut named = vec![("PORT", "0"), ("DATABASE_URL", home.database_url.as_str())];
    named.extend(home.redis_url.as_deref().map(|url| ("REDIS_URL", url)));
    named
}

/// Runs it to its end.
pub async fn ends(args: &[&str], settings: &[(&str, &str)]) -> Output {
    tidings(args, settings).output().await.unwrap()
}

/// A running program.
pub struct Running {
    pub child: Child,
    pub url: String,
    pub said: Vec<String>,
    log: Lines<BufReader<ChildStderr>>,
}

impl Running {
    /// Starts it on a free port and waits until it says where it is.
    pub async fn start(mut command: Command) -> Running {
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        loop {
            let line = log.next_line().await.unwrap().unwrap_or_else(|| panic!("it ended: {said:?}"));
            said.push(line.clone());
            if let Some((_, url)) = line.split_once(" is at ") {
                return Running { child, url: url.trim().to_owned(), said, log };
            }
        }
    }

    /// At home there, on a free port.
    pub async fn serve(home: &Home) -> Running {
        Running::start(tidings(&[], &environment(home))).await
    }

    /// The same, by a shell that allows it only so many open files for a start.
    pub async fn serve_with_files(home: &Home, files: u32) -> Running {
        let settings = environment(home);
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -Sn {files} && exec \"$0\"")).arg(env!("CARGO_BIN_EXE_tidings")).envs(settings);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Running::start(command).await
    }

    /// Everything it says until it ends, and how it ends.
    pub async fn ends(mut self) -> (Vec<String>, ExitStatus) {
        while let Some(line) = self.log.next_line().await.unwrap() {
            self.said.push(line);
        }
        (self.said, self.child.wait().await.unwrap())
    }
}
