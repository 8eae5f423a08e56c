//! A Chromium for one test: a chromedriver, a browser and a profile that all go away again, also after a panic.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use thirtyfour::{Capabilities, ChromeCapabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel, WebDriver};

const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,800",
];

/// How a browser differs from the usual one.
#[derive(Debug, Default)]
pub struct Options {
    /// JavaScript is switched off.
    pub no_javascript: bool,
    /// More flags.
    pub flags: Vec<&'static str>,
}

/// A running browser.
pub struct Chromium {
    /// The way to steer it.
    pub driver: WebDriver,
    // In the order in which they have to go: the browser first, and then the folder that it writes to.
    _chromedriver: Chromedriver,
    _folder: TempDir,
}

impl Chromium {
    /// Starts one with a fresh profile.
    pub async fn start(options: &Options) -> Chromium {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let chromedriver = Chromedriver::start(&folder);
        let driver = WebDriver::new(format!("http://127.0.0.1:{}", chromedriver.port), capabilities(options, &folder)).await;
        let driver = driver.unwrap_or_else(|cause| panic!("Chromium does not start (Debian: apt-get install chromium chromium-driver): {cause}"));
        Chromium { driver, _chromedriver: chromedriver, _folder: folder }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // chromedriver ends the session when it is shut down; otherwise the driver would end it first, and wait.
        drop(self.driver.clone().leak());
    }
}

fn capabilities(options: &Options, folder: &TempDir) -> Capabilities {
    let mut capabilities = ChromeCapabilities::new();
    for flag in FLAGS.iter().chain(&options.flags) {
        capabilities.add_arg(flag).unwrap();
    }
    capabilities.add_arg(&format!("--user-data-dir={}", folder.path().join("profile").display())).unwrap();
    if options.no_javascript {
        capabilities.add_experimental_option("prefs", json!({"profile.managed_default_content_settings.javascript": 2})).unwrap();
    }
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
    capabilities.into()
}

/// A running chromedriver.
struct Chromedriver {
    process: Child,
    port: u16,
}

impl Chromedriver {
    /// Starts one on a free port of its own choice, which it prints. Whatever it and its browsers leave behind in
    /// temporary and home folders goes into `folder`.
    fn start(folder: &TempDir) -> Chromedriver {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").env("TMPDIR", folder.path()).env("HOME", folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = command.spawn();
        let process = started
            .unwrap_or_else(|cause| panic!("The browser tests need Chromium and its driver (Debian: apt-get install chromium chromium-driver): {cause}"));
        // Owned from here on, so that the process ends also if the port is never printed.
        let mut chromedriver = Chromedriver { process, port: 0 };
        let mut lines = BufReader::new(chromedriver.process.stdout.take().unwrap()).lines();
        chromedriver.port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ChromeDriver was started successfully on port ")?.trim_end_matches('.').parse().ok())
            .expect("chromedriver says on which port it listens");
        // Reads its output to the end on a thread: a closed pipe would be an error for it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        chromedriver
    }

    /// Asks it to close its browsers and end.
    fn shuts_down(&self) -> std::io::Result<()> {
        let mut link = TcpStream::connect(("127.0.0.1", self.port))?;
        link.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(link, "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", self.port)?;
        link.read(&mut [0; 64]).map(drop)
    }
}

impl Drop for Chromedriver {
    /// Killing chromedriver outright would leave its browsers running, so that comes last.
    fn drop(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        if self.shuts_down().is_ok() {
            while Instant::now() < deadline && matches!(self.process.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
