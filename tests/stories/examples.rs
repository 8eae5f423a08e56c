//! The programs in `examples/`, and the lines of `curl` in README, as somebody would run them.

use std::process::{Output, Stdio};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::person::Person;
use crate::support::town::Town;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
const README: &str = include_str!("../../README.md");

async fn of(person: &Person, scope: &str, program: &str) -> Command {
    let mut command = Command::new(program);
    let token = person.program_with(scope).await.token;
    command.env("TIDINGS_URL", &person.town.site.url).env("TIDINGS_TOKEN", token).env_remove("TIDINGS_TO").stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn tells(person: &Person, to: Option<&str>, command: &[&str]) -> Output {
    let mut program = of(person, "post", &format!("{EXAMPLES}/tell-when-done.sh")).await;
    if let Some(to) = to {
        program.env("TIDINGS_TO", to);
    }
    program.args(command).output().await.unwrap()
}

async fn newest(person: &Person) -> serde_json::Value {
    person.program().await.gets("/api/posts?limit=1").await.json()["posts"][0].clone()
}

#[tokio::test]
async fn whoever_waits_for_a_command_is_told_how_it_ended() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    let done = tells(&ada, None, &["echo", "50% & \"more\""]).await;
    assert!(done.status.success() && done.stdout == b"50% & \"more\"\n" && done.stderr.is_empty(), "{done:?}");
    let text = newest(&bob).await["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("echo 50% & \"more\" is done after ") && text.ends_with(" s"), "{text}");
    bob.sees(["ada posted"]).await;

    let failed = tells(&ada, Some("ada,@Bob"), &["sh", "-c", "exit 3"]).await;
    assert_eq!(failed.status.code(), Some(3));
    let post = newest(&bob).await;
    assert!(post["text"].as_str().unwrap().starts_with("sh -c exit 3 failed with status 3 after ") && post["to"] == json!(["bob"]), "{post}");
    ada.sees(["ada posted", "bob follows you"]).await;
    bob.sees(["ada posted", "ada posted"]).await;

    let nobody = tells(&ada, Some("nobody"), &["true"]).await;
    let said = String::from_utf8(nobody.stderr).unwrap();
    assert!(nobody.status.success() && said.contains("422") && said.contains("nobody was told"), "{said}");
}

#[tokio::test]
async fn a_program_hears_as_it_happens() {
    let town = Town::with(|settings| settings.poll_seconds = Some("1".into())).await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    let posts = ada.program_with("post").await;
    posts.posts("/api/posts", &json!({"text": "before it listens"})).await;
    let mut hearing = of(&bob, "read", "python3").await.arg(format!("{EXAMPLES}/hear.py")).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(hearing.stdout.take().unwrap()).lines();
    let mut hears = async || {
        let line = tokio::time::timeout(std::time::Duration::from_secs(20), lines.next_line()).await;
        line.expect("it heard nothing").unwrap().expect("it ended")
    };
    assert_eq!(hears().await, "Listening.");
    for text in ["one", "two"] {
        posts.posts("/api/posts", &json!({"text": text})).await;
        assert_eq!(hears().await, format!("ada: {text}"));
    }
    ada.follows(&bob).await;
    assert_eq!(hears().await, "ada follows you");
    hearing.kill().await.unwrap();

    let refused = of(&bob, "post", "python3").await.arg(format!("{EXAMPLES}/hear.py")).output().await.unwrap();
    assert!(!refused.status.success() && String::from_utf8(refused.stderr).unwrap().contains("403"));
}

/// Each line that posts, as it stands there.
#[tokio::test]
async fn the_lines_of_curl_in_readme_post() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let token = ada.program_with("post").await.token;
    let lines: Vec<_> = README.lines().filter(|line| line.starts_with("curl ") && line.contains("/api/posts")).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        let line = line.replace("http://127.0.0.1:8080", &town.site.url).replace("curl ", "curl -sS --fail-with-body ");
        let ran = Command::new("sh").arg("-c").arg(&line).env("TOKEN", &token).output().await.unwrap();
        assert!(ran.status.success(), "{line}: {ran:?}");
        let post: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert_eq!(newest(&ada).await, post, "{line}");
    }
    ada.sees(["ada posted"]).await;
}
