//! Tokens of programs on the page of the settings.

use tidings::clock::{DAY, HOUR};

use crate::support::html::Dom;
use crate::support::http::Answer;
use crate::support::person::Person;
use crate::support::town::{PASSWORD, Town};

/// Fills in the form as the page shows it.
async fn makes(person: &Person, name: &str, scope: &str) -> Answer {
    let key = person.opens("/settings").await.attr("#tokens input[name=key]", "value");
    sends(person, &key, name, scope).await
}

async fn sends(person: &Person, key: &str, name: &str, scope: &str) -> Answer {
    person.posts("/settings/tokens", &[("key", key), ("name", name), ("scope", scope)]).await
}

/// The token that the page shows.
fn shown(answer: &Answer) -> String {
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", answer.body);
    answer.page().text_of(".made .secret")
}

/// The list: a line each, without the exact times.
fn lines(page: &Dom) -> Vec<String> {
    let without_time = |line: String| {
        let (before, time) = line.split_once(" Made ").unwrap();
        format!("{before}: {}", time.split_once(" UTC, ").unwrap().1)
    };
    page.token_lines().into_iter().map(without_time).collect()
}

async fn works(town: &Town, token: &str) -> bool {
    town.program().with_token(token).gets("/api/stream").await.status != 401
}

#[tokio::test]
async fn a_token_is_made_shown_once_listed_and_revoked() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let page = ada.opens("/settings").await;
    assert!(page.exists("#tokens input[name=scope][value=post][checked]") && !page.exists(".tokens") && !page.exists("#password-tokens"));
    drop(page);
    let made = makes(&ada, "  CI of <b>main</b> & co ", "read").await;
    let token = shown(&made);
    assert!(token.starts_with("tdg_") && token.len() == 75, "{token}");
    let page = made.page();
    assert_eq!(page.text_of("#made-title"), "Your new token for CI of <b>main</b> & co");
    assert_eq!(lines(&page), ["CI of <b>main</b> & co Read: never used"]);
    assert_eq!((page.count("[hx-trigger^=every]"), page.inline_code()), (1, vec![]));
    drop(page);
    assert!(!ada.gets("/settings").await.body.contains("tdg_"));
    assert_eq!(town.program().with_token(&token).gets("/api/me").await.json()["username"], "ada");
    makes(&ada, "Backups", "post").await;
    let page = ada.opens("/settings").await;
    assert_eq!(lines(&page)[0], "Backups Post: never used");
    assert_eq!(page.revocable_tokens().len(), 2);
    let id = page.revocable_tokens()[1].clone();
    drop(page);
    for _ in 0..2 {
        let gone = ada.posts(&format!("/settings/tokens/{id}/revoke"), &[]).await;
        assert_eq!((gone.status.as_u16(), gone.header("location")), (303, "/settings?done=token"));
    }
    assert_eq!(ada.opens("/settings?done=token").await.text_of(".done"), "That token is revoked. Programs that use it are refused from now on.");
    town.program().with_token(&token).gets("/api/me").await.is_a_problem(401);
    // Whoever opens the address on which the answer stood gets the page.
    assert_eq!(ada.gets("/settings/tokens").await.header("location"), "/settings#tokens");
}

#[tokio::test]
async fn the_list_says_when_a_token_was_last_used() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let token = shown(&makes(&ada, "Backups", "all").await);
    town.program().with_token(&token).gets("/api/me").await;
    for _ in 0..100 {
        if lines(&ada.opens("/settings").await) != ["Backups Everything: never used"] {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(lines(&ada.opens("/settings").await), ["Backups Everything: used within the last hour"]);
    town.site.app.clock.shift(3 * HOUR);
    assert_eq!(lines(&ada.opens("/settings").await), ["Backups Everything: last used 3 hours ago"]);
    town.site.app.clock.shift(4 * DAY);
    assert_eq!(lines(&ada.opens("/settings").await), ["Backups Everything: last used 4 days ago"]);
}

/// A double press sends the form twice, and of the two answers the browser shows the second.
#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_token() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let key = ada.opens("/settings").await.attr("#tokens input[name=key]", "value");
    let (one, other) = tokio::join!(sends(&ada, &key, "Backups", "post"), sends(&ada, &key, "Backups", "post"));
    let token = shown(&one);
    assert_eq!(token, shown(&other));
    assert_eq!(shown(&sends(&ada, &key, "Backups", "post").await), token, "reloaded");
    assert_eq!(lines(&ada.opens("/settings").await), ["Backups Post: never used"]);
    // Another form, or the same one filled in otherwise, makes another.
    for another in [makes(&ada, "Backups", "post").await, sends(&ada, &key, "Backups", "read").await, sends(&ada, &key, "Other", "post").await] {
        assert_ne!(shown(&another), token);
    }
    assert_ne!(shown(&sends(&bob, &key, "Backups", "post").await), token);
    // Without the key that only our own page knows, each is a new one.
    assert_ne!(shown(&sends(&ada, "", "Backups", "post").await), shown(&sends(&ada, "", "Backups", "post").await));
    // What was revoked does not come back, however often the form is sent.
    let ids = ada.opens("/settings").await.revocable_tokens();
    ada.posts(&format!("/settings/tokens/{}/revoke", ids.last().unwrap()), &[]).await;
    assert!(!works(&town, &token).await);
    assert_ne!(shown(&sends(&ada, &key, "Backups", "post").await), token);
    assert!(!works(&town, &token).await);
}

#[tokio::test]
async fn what_cannot_be_made_is_said_beside_the_field_and_what_was_typed_stays() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for (name, scope, error, said) in [
        ("", "read", "#token-name-error", "Say what the token is for."),
        ("\u{3164}", "read", "#token-name-error", "Say what the token is for."),
        ("a\u{1b}[31mb", "read", "#token-name-error", "Use no line breaks, tabs or other control characters."),
        (&"ä".repeat(61), "read", "#token-name-error", "Use at most 60 characters."),
        ("Backups", "", "#token-scope-error", "Choose one of these."),
        ("Backups", "root", "#token-scope-error", "Choose one of these."),
    ] {
        let refused = makes(&ada, name, scope).await;
        assert_eq!(refused.status, 422, "{name:?} {scope:?}");
        let page = refused.page();
        assert_eq!((page.text_of(error).as_str(), page.count(".error")), (said, 1));
        assert_eq!(page.attr("#token-name", "value"), name.replace('\u{1b}', ""));
        assert_eq!(page.exists("#scope-read[checked]"), scope == "read");
    }
    assert_eq!(lines(&ada.opens("/settings").await), [""; 0]);
    for _ in 0..100 {
        assert_eq!(sends(&ada, "", &"👩".repeat(60), "post").await.status, 200);
    }
    let refused = makes(&ada, "Backups", "post").await;
    assert_eq!(refused.status, 422);
    assert!(refused.page().text_of("#tokens .error").contains("at most 100 tokens"));
    assert_eq!(town.stranger("x").posts("/settings/tokens", &[("name", "x"), ("scope", "read")]).await.header("location"), "/signin?next=%2Fsettings");
}

#[tokio::test]
async fn a_new_password_spares_the_tokens_unless_they_are_to_go_as_well() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let token = shown(&makes(&ada, "Backups", "read").await);
    assert!(ada.opens("/settings").await.exists("#password-tokens"));
    let refused = ada.posts("/settings/password", &[("current", "wrong horse"), ("password", "another secret"), ("tokens", "revoke")]).await;
    assert!(refused.status == 422 && refused.page().exists("#password-tokens[checked]") && works(&town, &token).await);
    let changed = ada.posts("/settings/password", &[("current", PASSWORD), ("password", "another secret")]).await;
    assert_eq!((changed.header("location"), works(&town, &token).await), ("/settings?done=password", true));
    let changed = ada.posts("/settings/password", &[("current", "another secret"), ("password", "a third secret"), ("tokens", "revoke")]).await;
    assert_eq!((changed.header("location"), works(&town, &token).await), ("/settings?done=password-tokens", false));
    assert!(ada.opens("/settings?done=password-tokens").await.text_of(".done").contains("your tokens are revoked"));
    assert_eq!(lines(&ada.opens("/settings").await), [""; 0]);
}
