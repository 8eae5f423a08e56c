//! Operators at their command line, beside a site that serves.

use std::process::Stdio;

use diesel::connection::SimpleConnection;
use tokio::io::AsyncWriteExt;

use crate::site::Home;
use crate::support::process::{Ended, command, environment};
use crate::support::town::{PASSWORD, Town};

/// Runs `tidings user …` on the site's database, with `typed` on standard input.
async fn user(home: &Home, args: &[&str], typed: &str) -> Ended {
    operates(home, &[&["user"], args].concat(), typed).await
}

/// Runs `tidings token …` on the site's database.
async fn token(home: &Home, args: &[&str]) -> Ended {
    operates(home, &[&["token"], args].concat(), "").await
}

async fn operates(home: &Home, args: &[&str], typed: &str) -> Ended {
    let mut command = command(args, &environment(home));
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).await.unwrap();
    Ended::from(child.wait_with_output().await.unwrap())
}

#[tokio::test]
async fn a_forgotten_password_is_not_the_end_of_an_account() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    ada.follows(&bob).await;
    bob.opens("/people").await;
    let changed = user(&town.site.home, &["password", "@Bob"], "").await;
    assert!(changed.status.success(), "{}", changed.stderr);
    let password = changed.stdout.trim();
    assert!(password.len() >= 20 && password.lines().count() == 1, "{password}");
    // Whoever had the old one is signed out, also in a tab that is open.
    assert_eq!(bob.gets("/people").await.status, 303);
    let signs_in = async |password: &str| town.stranger("bob").posts("/signin", &[("username", "bob"), ("password", password)]).await.status.as_u16();
    assert_eq!((signs_in(PASSWORD).await, signs_in(password).await), (401, 303));
    let typed = user(&town.site.home, &["password", "bob"], "a new password\n").await;
    assert!(typed.status.success() && typed.stdout.is_empty(), "{}", typed.stdout);
    assert_eq!((signs_in(password).await, signs_in("a new password").await), (401, 303));
}

#[tokio::test]
async fn accounts_are_listed_made_and_deleted_beside_a_site_that_serves() {
    let town = Town::with(|settings| settings.signup = Some("closed".into())).await;
    let home = &town.site.home;
    let made = user(home, &["add", "Ada"], PASSWORD).await;
    assert!(made.status.success() && made.stdout.is_empty(), "{}{}", made.stdout, made.stderr);
    let ada = town.signs_in("ada").await;
    assert!(!user(home, &["add", "ada"], PASSWORD).await.status.success(), "the name is taken");
    assert!(user(home, &["add", "bob"], PASSWORD).await.status.success());
    let bob = town.signs_in("bob").await;
    assert_eq!(user(home, &["list"], "").await.stdout, "ada\nbob\n");
    ada.follows(&bob).await;
    bob.sees(["ada follows you"]).await;
    assert!(user(home, &["delete", "ada"], "").await.status.success());
    bob.hears_within(10, "").await;
    bob.sees([]).await;
    assert_eq!(user(home, &["list"], "").await.stdout, "bob\n");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_a_sentence() {
    let town = Town::new().await;
    let home = &town.site.home;
    town.signs_up("ada").await;
    for (args, typed, said) in [
        (vec!["add", "ada"], PASSWORD, "ada is taken."),
        (vec!["add", "a b"], PASSWORD, "no username"),
        (vec!["add", "bob"], "password", "guessed first"),
        (vec!["password", "nobody"], PASSWORD, "there is no nobody."),
        (vec!["delete", "nobody"], "", "there is no nobody."),
    ] {
        let refused = user(home, &args, typed).await;
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{args:?}");
        assert!(refused.stderr.starts_with("tidings: ") && refused.stderr.contains(said) && refused.stderr.trim().lines().count() == 1, "{}", refused.stderr);
    }
    assert!(!user(home, &["dance"], "").await.status.success());
}

#[tokio::test]
async fn a_token_is_made_beside_a_site_that_serves_and_printed_alone() {
    let town = Town::new().await;
    let (ada, home) = (town.signs_up("ada").await, &town.site.home);
    let made = token(home, &["add", "@Ada", "--name", "Backups on the server", "--scope", "read"]).await;
    assert!(made.status.success() && made.stderr.is_empty(), "{}", made.stderr);
    let printed = made.stdout.strip_suffix('\n').unwrap();
    assert!(printed.starts_with("tdg_") && printed.len() == 75, "{printed}");
    let program = town.program().with_token(printed);
    assert_eq!(program.gets("/api/me").await.json()["username"], "ada");
    program.posts("/api/follow", &serde_json::json!({"userId": 1})).await.is_a_problem(403);
    let listed = ada.gets("/api/tokens").await.json();
    assert_eq!((&listed["tokens"][0]["name"], &listed["tokens"][0]["scope"]), (&"Backups on the server".into(), &"read".into()));
    // Whoever has lost the password to somebody may have lost tokens as well.
    assert!(user(home, &["password", "ada"], "a new password").await.status.success());
    program.gets("/api/me").await.is_a_problem(401);
    assert_eq!(town.stranger("ada").posts("/signin", &[("username", "ada"), ("password", "a new password")]).await.status, 303);
}

#[tokio::test]
async fn a_token_that_cannot_be_made_is_refused_in_a_sentence() {
    let town = Town::new().await;
    town.signs_up("ada").await;
    let long = "a".repeat(61);
    for (name, what, scope, said) in [
        ("nobody", "x", "read", "there is no nobody."),
        ("a b", "x", "read", "no username"),
        ("ada", " ", "read", "Say what the token is for."),
        ("ada", "a\nb", "read", "control characters"),
        ("ada", &long, "read", "at most 60"),
        ("ada", "x", "root", "Use read, post or all."),
        ("ada", "x", "", "Use read, post or all."),
    ] {
        let refused = token(&town.site.home, &["add", name, "--name", what, "--scope", scope]).await;
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{name} {what:?} {scope}");
        assert!(refused.stderr.starts_with("tidings: ") && refused.stderr.contains(said) && refused.stderr.trim().lines().count() == 1, "{}", refused.stderr);
    }
    for args in [&["add", "ada"][..], &["add", "ada", "--name", "x"], &["add", "ada", "--scope", "read"], &["dance"]] {
        let refused = token(&town.site.home, args).await;
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{args:?}");
    }
}

/// What a visitor would be told, that they may try again, is of no use to an operator.
#[tokio::test]
async fn an_operator_is_told_the_cause() {
    let town = Town::new().await;
    town.site.home.shell().batch_execute("ALTER TABLE users RENAME TO people").unwrap();
    for args in [&["list"][..], &["add", "bob"], &["password", "bob"], &["delete", "bob"]] {
        let failed = user(&town.site.home, args, "").await;
        assert!(!failed.status.success() && failed.stderr.contains("users"), "{args:?}: {}", failed.stderr);
    }
}
