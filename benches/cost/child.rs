//! A server as a process of its own, kept on one core, and what it costs: CPU time and memory, as the kernel counts them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

/// A running server.
pub struct Server {
    process: Child,
    pub port: u16,
}

/// The core that servers run on, and the one that the load comes from.
pub const SERVER_CORE: usize = 0;
pub const LOAD_CORE: usize = 1;

/// The thread that asks.
const MYSELF: Pid = Pid::from_raw(0);

/// Keeps this thread, and what it starts from now on, on `core`.
pub fn stay_on(core: usize) {
    let mut set = CpuSet::new();
    set.set(core).expect("a core of that number");
    sched_setaffinity(MYSELF, &set).expect("a machine with two cores");
}

/// Lets this thread, and what it starts from now on, use all cores.
pub fn stay_anywhere() {
    let mut set = CpuSet::new();
    for core in 0..CpuSet::count() {
        // Those that there are not do no harm.
        let _ = set.set(core);
    }
    sched_setaffinity(MYSELF, &set).expect("a machine with cores");
}

/// What is started meanwhile stays there; this thread comes back.
fn on_the_server_core(start: impl FnOnce() -> Server) -> Server {
    let before = sched_getaffinity(MYSELF).expect("an affinity");
    stay_on(SERVER_CORE);
    let server = start();
    sched_setaffinity(MYSELF, &before).expect("the affinity of before");
    server
}

impl Server {
    /// Tidings itself, as it is shipped, with these settings beside the defaults, on a core of its own. One person follows as many as they like.
    pub fn tidings(settings: &[(&str, &str)]) -> Server {
        on_the_server_core(|| Server::tidings_anywhere(settings))
    }

    /// The same, wherever this thread may run.
    pub fn tidings_anywhere(settings: &[(&str, &str)]) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
        command.env_clear().env("PORT", "0").env("RUST_LOG", "info").envs(settings.iter().copied());
        Server::start(command)
    }

    /// A baseline: this program again, as the server `what`, on a core of its own.
    pub fn bare(what: &[&str]) -> Server {
        let mut command = Command::new(std::env::current_exe().expect("a program"));
        command.arg("serve").args(what);
        on_the_server_core(|| Server::start(command))
    }

    /// The port is what it says at its start.
    fn start(mut command: Command) -> Server {
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a server");
        let mut lines = BufReader::new(process.stderr.take().expect("its log")).lines();
        let mut said = Vec::new();
        let port = loop {
            let line = lines.next().unwrap_or_else(|| panic!("the server ended: {said:?}")).expect("its log");
            if let Some((_, port)) = line.split_once("http://127.0.0.1:") {
                break port.trim().parse().expect("a port");
            }
            said.push(line);
        };
        // A log that nobody reads stops the writer in the end.
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| {
                if line.contains("ERROR") || line.contains("panicked") {
                    eprintln!("{line}")
                }
            })
        });
        Server { process, port }
    }

    /// CPU time of all its threads so far, also of those that have ended.
    pub fn cpu(&self) -> Duration {
        let process = Pid::from_raw(i32::try_from(self.process.id()).expect("an id"));
        clock_getcpuclockid(process).and_then(|clock| clock.now()).expect("its clock").into()
    }

    /// Memory that is really there, in bytes.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
