//! The SQLite file is moved, replaced, or gone with its folder while the site runs.

use std::fs;
use std::path::Path;

use crate::support::guest::Guest;
use crate::support::process::Process;
use crate::support::until::until;

async fn readiness(site: &Process) -> (u16, String) {
    let answer = reqwest::get(format!("{}/readyz", site.url)).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Takes the file away by `take`, looks what the site does, brings it back by `bring`, and looks again.
async fn noticed(file: &Path, take: impl FnOnce(), bring: impl FnOnce()) {
    let site = Process::serve_file(file).await;
    let (ada, bob) = (Guest::signs_up(&site.url, "ada").await, Guest::signs_up(&site.url, "bob").await);
    let tab = bob.opens_inbox(&site.url).await;
    let follow = format!("{}/people/bob/follow", site.url);
    take();
    // The very next write, before any sweep.
    assert_eq!(ada.posts(follow.clone()).await.unwrap(), 503);
    let (status, said) = readiness(&site).await;
    assert!(status == 503 && said.contains("database: cannot be reached"), "{said}");
    for _ in 0..20 {
        assert_eq!(ada.posts(follow.clone()).await.unwrap(), 503);
    }
    ada.gets(&format!("{}/people", site.url)).await.is_a_page_that_says(503, "try again");
    assert_eq!(bob.polls(&site.url, &tab).await.status, 204, "polls go on");
    bring();
    until("it is ready again", async || readiness(&site).await.0 == 200).await;
    assert!(bob.inbox(&site.url).await.is_empty(), "nothing of what was refused was done");
    assert_eq!(ada.posts(follow).await.unwrap(), 303);
    assert_eq!(bob.inbox(&site.url).await, ["ada follows you"]);
    let pid = site.child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let (log, _) = site.ends().await;
    let troubles: Vec<_> = log.iter().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    assert!(troubles.len() == 1 && troubles[0].contains("cannot be reached"), "{log:#?}");
    assert_eq!(log.iter().filter(|line| line.contains("is back")).count(), 1, "{log:#?}");
    // It is all in the file that came back.
    let site = Process::serve_file(file).await;
    assert_eq!(bob.inbox(&site.url).await, ["ada follows you"]);
}

#[tokio::test]
async fn moved_and_moved_back() {
    let folder = tempfile::tempdir().unwrap();
    let (file, aside) = (folder.path().join("t.db"), folder.path().join("aside.db"));
    noticed(&file, || fs::rename(&file, &aside).unwrap(), || fs::rename(&aside, &file).unwrap()).await;
    assert!(!aside.exists());
}

#[tokio::test]
async fn replaced_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let (file, aside, other) = (folder.path().join("t.db"), folder.path().join("aside.db"), folder.path().join("other.db"));
    drop(Process::serve_file(&other).await);
    let before = fs::read(&other).unwrap();
    let take = || {
        fs::rename(&file, &aside).unwrap();
        fs::copy(&other, &file).unwrap();
    };
    let bring = || {
        assert!(fs::read(&file).unwrap() == before, "nothing was written into a file that this site did not open");
        fs::rename(&aside, &file).unwrap();
    };
    noticed(&file, take, bring).await;
}

#[tokio::test]
async fn gone_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (data, aside) = (folder.path().join("data"), folder.path().join("aside"));
    let file = data.join("t.db");
    noticed(&file, || fs::rename(&data, &aside).unwrap(), || fs::rename(&aside, &data).unwrap()).await;
}

#[tokio::test]
async fn noticed_also_where_nobody_writes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.db");
    let site = Process::serve_file(&file).await;
    fs::rename(&file, folder.path().join("aside.db")).unwrap();
    let up = async || reqwest::get(format!("{}/metrics", site.url)).await.unwrap().text().await.unwrap();
    until("the metrics show it", async || up().await.contains("tidings_database_up 0")).await;
    assert!(!file.exists(), "no empty one is made in its place");
}
