//! What there is only where the data lives in a file: its mode, a full disk, what is no database, the demo.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;

use crate::command::text;
use crate::guest::Guest;
use crate::html;
use crate::program::{Running, ends, tidings};
use crate::support::Home;
use crate::town::PASSWORD;

async fn serve(file: &Path) -> Running {
    let url = format!("sqlite:{}", file.display());
    Running::start(tidings(&[], &[("PORT", "0"), ("DATABASE_URL", &url)])).await
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::in_a_file();
    Running::serve(&home).await;
    assert_eq!(std::fs::metadata(home.file()).unwrap().permissions().mode() & 0o777, 0o600, "it holds a key and password hashes");
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
async fn a_full_disk_is_a_503_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.db");
    // A limit on the size of a file stands in for a full disk: the write fails in the same place. 512-byte blocks.
    let mut command = tidings(&[], &[]);
    let program = command.as_std().get_program().to_owned();
    command = tokio::process::Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\""]).arg(program).args(["--port", "0", "--database-url"]);
    command.arg(format!("sqlite:{}", file.display())).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).kill_on_drop(true);
    let site = Running::start(command).await;
    let bob = Guest::comes(&site.url, "/signup", "bob").await;
    let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let mut full = None;
    for n in 0..200 {
        let answer =
            http.post(format!("{}/signup", site.url)).form(&[("username", format!("guest_{n}")), ("password", PASSWORD.to_owned())]).send().await.unwrap();
        if answer.status() != 303 {
            full = Some((n, answer));
            break;
        }
    }
    let (refused, answer) = full.expect("the disk never got full");
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "5"));
    assert!(answer.text().await.unwrap().contains("Nothing was changed"));
    assert!(bob.inbox(&site.url).await.is_empty(), "reading goes on");
    drop(site);
    let site = serve(&file).await;
    let name = format!("guest_{refused}");
    let guest = Guest::comes(&site.url, "/signup", &name).await;
    assert_eq!(guest.posts(format!("{}/people/bob/follow", site.url)).await.unwrap(), 303);
    assert_eq!(bob.inbox(&site.url).await, [format!("{name} follows you")]);
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
    let mut site = serve(&file).await;
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
        let site = serve(&file).await;
        let answer = reqwest::Client::new().post(format!("{}/signup", site.url)).form(&[("username", "ada"), ("password", PASSWORD)]).send().await;
        assert!(answer.is_ok());
    }
    let refused = ends(&["demo"], &[("PORT", "0"), ("DATABASE_URL", &format!("sqlite:{}", file.display()))]).await;
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("left alone"), "{}", text(&refused.stderr));
    let site = serve(&file).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.post(format!("{}/signin", site.url)).form(&[("username", "ada"), ("password", PASSWORD)]).send().await.unwrap();
    assert_eq!(answer.status(), 303, "ada is still there");
}
