//! Operators at their command line, beside a site that serves.

use std::process::Stdio;

use diesel::connection::SimpleConnection;
use tokio::io::AsyncWriteExt;

use crate::site::Home;
use crate::support::process::{Ended, command, environment};
use crate::support::town::{PASSWORD, Town};

/// Runs `tidings user …` on the site's database, with `typed` on standard input.
async fn user(home: &Home, args: &[&str], typed: &str) -> Ended {
    let mut command = command(&[&["user"], args].concat(), &environment(home));
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
