//! The command line: settings and refusals.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::site::Home;
use crate::support::process::{self, Process};

#[tokio::test]
async fn help_names_every_command_and_setting() {
    let help = process::run(&["--help"], &[]).await.stdout;
    for word in ["serve", "demo"].into_iter().chain(process::SETTINGS) {
        assert!(help.contains(word), "{word}: {help}");
    }
    let sample = include_str!("../../.env.sample");
    for name in help.lines().filter_map(|line| line.split_once("[env: ")?.1.split(['=', ']']).next()) {
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
        ("SIGNUPS_PER_HOUR", "many"),
        ("FOLLOWS_PER_HOUR", "-1"),
        ("RETENTION_DAYS", "-1"),
        ("POSTS_PER_HOUR", "1e3"),
        ("RUST_LOG", "tidings=loud"),
        ("PUBLIC_URL", "tidings.example"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/x"),
        ("TRUSTED_PROXIES", "me"),
        ("DATABASE_URL", "postgres://root:hunter2@x@localhost/x"),
        ("REDIS_URL", "redis://:hunter2@localhost/x"),
    ] {
        let refused = process::run(&[], &[(name, value)]).await;
        let said = refused.stderr;
        assert!(!refused.status.success());
        assert!(said.starts_with(&format!("tidings: {name} ")) && said.trim().lines().count() == 1, "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let refused = process::run(&["--poll-seconds", "0"], &[("POLL_SECONDS", "10")]).await;
    assert!(refused.stderr.contains("POLL_SECONDS"), "flags win");
    assert!(!process::run(&["dance"], &[]).await.status.success());
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (port, url) = (taken.local_addr().unwrap().port().to_string(), process::sqlite_url(&folder.path().join("new/t.db")));
    let refused = process::run(&[], &[("PORT", &port), ("DATABASE_URL", &url)]).await;
    assert!(refused.stderr.contains("cannot listen on 127.0.0.1") && !refused.status.success());
    assert!(folder.path().join("new/t.db").exists(), "the folder and the file are created");
}

#[tokio::test]
async fn a_missing_htmx_is_logged_once_with_the_command_that_fetches_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("static")).unwrap();
    std::fs::write(folder.path().join("static/style.css"), "").unwrap();
    let mut command = process::command(&[], &[("PORT", "0"), ("DATABASE_URL", "sqlite:t.db")]);
    command.current_dir(folder.path());
    let running = Process::start(command).await;
    let said: Vec<_> = running.log.iter().filter(|line| line.contains("htmx")).collect();
    assert!(said.len() == 1 && said[0].contains("make assets"), "{said:?}");
}

#[tokio::test]
async fn several_that_start_at_once_on_an_empty_database_all_serve() {
    let home = Home::new();
    let sites = join_all((0..4).map(|_| Process::serve(&home))).await;
    for site in &sites {
        assert_eq!(reqwest::get(format!("{}/readyz", site.url)).await.unwrap().status(), 200);
    }
}

/// The soft limit on open files is usually 1,024: unless it is raised, the 1,025th tab is turned away.
#[tokio::test]
async fn more_tabs_stay_open_than_files_were_allowed_at_the_start() {
    let home = Home::new();
    let site = Process::start(process::command_within("ulimit -Sn 64", &[], &process::environment(&home))).await;
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
