//! The command line: settings and refusals.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::follows::futures_of;
use crate::html;
use crate::program::{Running, ends, tidings};
use crate::support::Home;

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn help_names_every_command_and_setting() {
    let help = text(&ends(&["--help"], &[]).await.stdout);
    for word in [
        "serve",
        "demo",
        "BIND",
        "PORT",
        "DATABASE_URL",
        "REDIS_URL",
        "POLL_SECONDS",
        "REMEMBERED_STAMPS",
        "PUBLIC_URL",
        "SIGNUP",
        "TRUSTED_PROXIES",
        "RUST_LOG",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
    let sample = include_str!("../../.env.sample");
    for name in help.lines().filter_map(|line| html::between(line, "[env: ", "=]").or_else(|| html::between(line, "[env: ", "]"))) {
        assert!(sample.contains(&format!("{name}=")), "{name} is not in .env.sample");
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_in_a_sentence_that_names_it() {
    for (name, value) in [
        ("PORT", "http"),
        ("BIND", "here"),
        ("POLL_SECONDS", "0"),
        ("REMEMBERED_STAMPS", "10"),
        ("SIGNUP", "maybe"),
        ("RUST_LOG", "tidings=loud"),
        ("PUBLIC_URL", "tidings.example"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/x"),
        ("TRUSTED_PROXIES", "me"),
        ("DATABASE_URL", "postgres://root:hunter2@x@localhost/x"),
        ("REDIS_URL", "redis://:hunter2@localhost/x"),
    ] {
        let refused = ends(&[], &[(name, value)]).await;
        let said = text(&refused.stderr);
        assert!(!refused.status.success());
        assert!(said.starts_with(&format!("tidings: {name} ")) && said.trim().lines().count() == 1, "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let refused = ends(&["--poll-seconds", "0"], &[("POLL_SECONDS", "10")]).await;
    assert!(text(&refused.stderr).contains("POLL_SECONDS"), "flags win");
    assert!(!ends(&["dance"], &[]).await.status.success());
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_plainly() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (port, url) = (taken.local_addr().unwrap().port().to_string(), format!("sqlite:{}", folder.path().join("new/t.db").display()));
    let refused = ends(&[], &[("PORT", &port), ("DATABASE_URL", &url)]).await;
    assert!(text(&refused.stderr).contains("cannot listen on 127.0.0.1") && !refused.status.success());
    assert!(folder.path().join("new/t.db").exists(), "the folder and the file are created");
}

#[tokio::test]
async fn a_missing_htmx_is_said_once_with_what_brings_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("static")).unwrap();
    std::fs::write(folder.path().join("static/style.css"), "").unwrap();
    let mut command = tidings(&[], &[("PORT", "0"), ("DATABASE_URL", "sqlite:t.db")]);
    command.current_dir(folder.path());
    let running = Running::start(command).await;
    let said: Vec<_> = running.said.iter().filter(|line| line.contains("htmx")).collect();
    assert!(said.len() == 1 && said[0].contains("make assets"), "{said:?}");
}

#[tokio::test]
async fn several_that_start_at_once_on_an_empty_database_all_serve() {
    let home = Home::new();
    let sites = futures_of((0..4).map(|_| Running::serve(&home))).await;
    for site in &sites {
        assert_eq!(reqwest::get(format!("{}/readyz", site.url)).await.unwrap().status(), 200);
    }
}

/// A process is usually given 1,024 open files, and would turn away the 1,025th tab.
#[tokio::test]
async fn more_tabs_stay_open_than_files_were_allowed_at_the_start() {
    let home = Home::new();
    let site = Running::serve_with_files(&home, 64).await;
    let address = site.url.trim_start_matches("http://").to_owned();
    let mut tabs = Vec::new();
    for _ in 0..200 {
        let mut tab = tokio::net::TcpStream::connect(&address).await.unwrap();
        tab.write_all(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        let read = tokio::time::timeout(Duration::from_secs(10), tab.read_exact(&mut answer)).await;
        read.unwrap_or_else(|_| panic!("the tab after {} others waits", tabs.len())).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        tabs.push(tab);
    }
}
