//! The command line: settings, refusals, the demo.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::follows::futures_of;
use crate::html;
use crate::program::{Running, ends, tidings};
use crate::town::PASSWORD;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn help_names_every_command_and_setting() {
    let help = text(&ends(&["--help"], &[]).await.stdout);
    for word in ["serve", "demo", "BIND", "PORT", "DATABASE_URL", "REDIS_URL", "POLL_SECONDS", "PUBLIC_URL", "SIGNUP", "TRUSTED_PROXIES", "RUST_LOG"] {
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
        ("SIGNUP", "maybe"),
        ("RUST_LOG", "tidings=loud"),
        ("PUBLIC_URL", "tidings.example"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/x"),
        ("TRUSTED_PROXIES", "me"),
        ("REDIS_URL", "redis://:hunter2@localhost"),
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
async fn a_database_that_is_none_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "these are my notes, and no database at all".repeat(50)).unwrap();
    let before = std::fs::read(&file).unwrap();
    for command in ["serve", "demo"] {
        let refused = ends(&[command, "--port", "0", "--database-url", &format!("sqlite:{}", file.display())], &[]).await;
        assert!(!refused.status.success());
        assert_eq!(text(&refused.stderr).trim().lines().count(), 1, "{}", text(&refused.stderr));
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }
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
async fn the_demo_is_live_at_once_and_starts_afresh_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("demo.db").display());
    for _ in 0..2 {
        let demo = Running::start(tidings(&["demo"], &[("PORT", "0"), ("DATABASE_URL", &url)])).await;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form = [("username", tidings::demo::YOU), ("password", tidings::demo::PASSWORD)];
        let answer = client.post(format!("{}/signin", demo.url)).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let inbox = async || client.get(format!("{}/notifications", demo.url)).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while html::lines(&inbox().await).is_empty() {
            assert!(std::time::Instant::now() < deadline, "nobody came");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let people = client.get(format!("{}/people", demo.url)).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
        assert_eq!(people.matches("<li id=\"person-").count(), tidings::demo::CAST.len() + 1);
    }
}

#[tokio::test]
async fn nobody_is_served_from_the_demos_database_for_real() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("demo.db").display());
    drop(Running::start(tidings(&["demo"], &[("PORT", "0"), ("DATABASE_URL", &url)])).await);
    let refused = ends(&[], &[("PORT", "0"), ("DATABASE_URL", &url)]).await;
    assert!(!refused.status.success() && text(&refused.stderr).contains("belongs to the demo"), "{}", text(&refused.stderr));
}

/// Every file in a folder, byte for byte. What SQLite keeps in shared memory (`-shm`) is no data and is left out.
fn contents(folder: &std::path::Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let named = files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()));
    named.filter(|(name, _)| !name.ends_with("-shm")).collect()
}

#[tokio::test]
async fn the_demo_does_not_touch_what_a_killed_site_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("the real one?mode=rw#1.db");
    let mut site = Running::serve(&file).await;
    reqwest::Client::new().post(format!("{}/signup", site.url)).form(&[("username", "ada"), ("password", PASSWORD)]).send().await.unwrap();
    site.child.kill().await.unwrap();
    let before = contents(folder.path());
    assert!(before.len() == 2 && before.values().all(|bytes| !bytes.is_empty()), "a database and its log: {:?}", before.keys());
    let refused = ends(&["demo"], &[("PORT", "0"), ("DATABASE_URL", &format!("sqlite:{}", file.display()))]).await;
    assert!(text(&refused.stderr).contains("left alone"), "{}", text(&refused.stderr));
    assert!(contents(folder.path()) == before, "something was changed: {:?}", contents(folder.path()).keys());
}

#[tokio::test]
async fn the_demo_leaves_a_real_site_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("real.db");
    {
        let site = Running::serve(&file).await;
        let answer = reqwest::Client::new().post(format!("{}/signup", site.url)).form(&[("username", "ada"), ("password", PASSWORD)]).send().await;
        assert!(answer.is_ok());
    }
    let refused = ends(&["demo"], &[("PORT", "0"), ("DATABASE_URL", &format!("sqlite:{}", file.display()))]).await;
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("left alone"), "{}", text(&refused.stderr));
    let site = Running::serve(&file).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.post(format!("{}/signin", site.url)).form(&[("username", "ada"), ("password", PASSWORD)]).send().await.unwrap();
    assert_eq!(answer.status(), 303, "ada is still there");
}

#[tokio::test]
async fn several_that_start_at_once_on_an_empty_database_all_serve() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new.db");
    let sites = futures_of((0..4).map(|_| Running::serve(&file))).await;
    for site in &sites {
        assert_eq!(reqwest::get(format!("{}/readyz", site.url)).await.unwrap().status(), 200);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "it holds a key and password hashes");
    }
}
