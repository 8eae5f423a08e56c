//! What only SQLite has: a file with a mode, on a disk that may be full or in the place of something else; and the demo.

mod moved;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::site::Home;
use crate::support::guest::Guest;
use crate::support::http::{self, Answer};
use crate::support::process::{self, Process};
use crate::support::town::PASSWORD;
use crate::support::until::until;

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::in_a_file();
    Process::serve(&home).await;
    assert_eq!(std::fs::metadata(home.file()).unwrap().permissions().mode() & 0o777, 0o600, "it holds a key and password hashes");
}

#[tokio::test]
async fn a_database_that_is_none_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "these are my notes, and no database at all".repeat(50)).unwrap();
    let before = std::fs::read(&file).unwrap();
    for command in ["serve", "demo"] {
        let refused = process::run(&[command, "--port", "0", "--database-url", &process::sqlite_url(&file)], &[]).await;
        assert!(!refused.status.success());
        assert_eq!(refused.stderr.trim().lines().count(), 1, "{}", refused.stderr);
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }
}

#[tokio::test]
async fn a_full_disk_is_a_503_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.db");
    // A limit on the size of a file stands in for a full disk: the write fails in the same place. 512-byte blocks.
    let settings = [("PORT", "0"), ("DATABASE_URL", &process::sqlite_url(&file))];
    let site = Process::start(process::command_within("trap '' XFSZ; ulimit -f 800", &[], &settings)).await;
    let bob = Guest::signs_up(&site.url, "bob").await;
    let http = http::client();
    let mut full = None;
    for n in 0..200 {
        let form = [("username", format!("guest_{n}")), ("password", PASSWORD.to_owned())];
        let answer = Answer::of(http.post(format!("{}/signup", site.url)).form(&form).send().await.unwrap()).await;
        if answer.status != 303 {
            full = Some((n, answer));
            break;
        }
    }
    let (refused, answer) = full.expect("the disk never got full");
    // The disk failed within COMMIT. (ENOSPC, SQLite's "disk is full", would mean that nothing was changed; this error may also come later.)
    answer.is_a_page_that_says(503, "We do not know whether");
    assert_eq!(answer.header("retry-after"), "5");
    assert!(bob.inbox(&site.url).await.is_empty(), "reading goes on");
    drop(site);
    let site = Process::serve_file(&file).await;
    let name = format!("guest_{refused}");
    let guest = Guest::signs_up(&site.url, &name).await;
    assert_eq!(guest.posts(format!("{}/people/bob/follow", site.url)).await.unwrap(), 303);
    assert_eq!(bob.inbox(&site.url).await, [format!("{name} follows you")]);
}

#[tokio::test]
async fn the_demo_is_live_at_once_and_starts_afresh_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let url = process::sqlite_url(&folder.path().join("demo.db"));
    for _ in 0..2 {
        let demo = Process::start(process::command(&["demo"], &[("PORT", "0"), ("DATABASE_URL", &url)])).await;
        let you = Guest::submits(&format!("{}/signin", demo.url), tidings::cli::demo::YOU, tidings::cli::demo::PASSWORD).await;
        let before = you.gets(&format!("{}/notifications", demo.url)).await.page().notifications();
        assert!(before.iter().any(|line| line.unread) && before.iter().any(|line| !line.unread), "a little history");
        until("something happens", async || you.inbox(&demo.url).await != before.iter().map(|line| line.text.clone()).collect::<Vec<_>>()).await;
        let people = you.gets(&format!("{}/people", demo.url)).await.page().people();
        assert_eq!(people.len(), tidings::cli::demo::PEOPLE.len() + 1);
    }
}

#[tokio::test]
async fn nobody_is_served_from_the_demos_database_for_real() {
    let folder = tempfile::tempdir().unwrap();
    let url = process::sqlite_url(&folder.path().join("demo.db"));
    drop(Process::start(process::command(&["demo"], &[("PORT", "0"), ("DATABASE_URL", &url)])).await);
    let refused = process::run(&[], &[("PORT", "0"), ("DATABASE_URL", &url)]).await;
    assert!(!refused.status.success() && refused.stderr.contains("belongs to the demo"), "{}", refused.stderr);
}

/// Every file in a folder, byte for byte. SQLite's `-shm` holds no data and is left out.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let named = files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()));
    named.filter(|(name, _)| !name.ends_with("-shm")).collect()
}

#[tokio::test]
async fn the_demo_does_not_touch_what_a_killed_site_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("the real one%20&%3Fmode=rw.db");
    let mut site = Process::serve_file(&file).await;
    Guest::signs_up(&site.url, "ada").await;
    site.child.kill().await.unwrap();
    let before = contents(folder.path());
    assert!(before.len() == 2 && before.values().all(|bytes| !bytes.is_empty()), "a database and its log: {:?}", before.keys());
    let refused = process::run(&["demo"], &[("PORT", "0"), ("DATABASE_URL", &process::sqlite_url(&file))]).await;
    assert!(refused.stderr.contains("left alone"), "{}", refused.stderr);
    assert!(contents(folder.path()) == before, "something was changed: {:?}", contents(folder.path()).keys());
}

#[tokio::test]
async fn the_demo_leaves_a_real_site_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("real.db");
    {
        let site = Process::serve_file(&file).await;
        Guest::signs_up(&site.url, "ada").await;
    }
    let refused = process::run(&["demo"], &[("PORT", "0"), ("DATABASE_URL", &process::sqlite_url(&file))]).await;
    assert!(!refused.status.success());
    assert!(refused.stderr.contains("left alone"), "{}", refused.stderr);
    let site = Process::serve_file(&file).await;
    // Ada is still there.
    Guest::signs_in(&site.url, "ada").await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_one_line_in_the_log_at_each_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.db");
    let settings = [("PORT", "0"), ("DATABASE_URL", &process::sqlite_url(&file))];
    // A soft limit, which can be lifted while the process runs.
    let site = Process::start(process::command_within("trap '' XFSZ; ulimit -S -f 800", &[], &settings)).await;
    let (ada, _bob) = (Guest::signs_up(&site.url, "ada").await, Guest::signs_up(&site.url, "bob").await);
    let mut refused = 0;
    for n in 0..400 {
        let verb = if n % 2 == 0 { "follow" } else { "unfollow" };
        refused += u32::from(ada.posts(format!("{}/people/bob/{verb}", site.url)).await.unwrap() == 503);
        if refused == 100 {
            break;
        }
    }
    assert_eq!(refused, 100);
    let pid = site.child.id().unwrap().to_string();
    let ready = reqwest::get(format!("{}/readyz", site.url)).await.unwrap();
    assert!(ready.status() == 200 && ready.text().await.unwrap().contains("but writes fail;"), "what is there can be read");
    assert!(std::process::Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap().success());
    assert_eq!(ada.posts(format!("{}/people/bob/follow", site.url)).await.unwrap(), 303);
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let (log, status) = site.ends().await;
    assert!(status.success(), "{log:#?}");
    let troubles: Vec<_> = log.iter().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    assert!(troubles.len() == 1 && troubles[0].contains("answered 503: disk I/O error"), "{log:#?}");
    let over: Vec<_> = log.iter().filter(|line| line.contains("can be written again")).collect();
    assert!(over.len() == 1 && over[0].contains("100 failures"), "{log:#?}");
}
