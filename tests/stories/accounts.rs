//! Accounts and sessions: signing up, in and out, passwords, and the redirect after it.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use futures_util::future::join_all;

use crate::support::person::Person;
use crate::support::town::{PASSWORD, Town};

#[tokio::test]
async fn what_is_wrong_stands_beside_the_field_and_what_was_typed_stays() {
    let town = Town::new().await;
    town.signs_up("taken").await;
    let long = "x".repeat(201);
    let tries: [(&str, &str, &str, &str); 9] = [
        ("taken", "another secret", "username", "username is taken"),
        ("TAKEN", "another secret", "username", "username is taken"),
        ("ab", PASSWORD, "username", "at least 3"),
        ("", PASSWORD, "username", "at least 3"),
        ("a23456789012345678901234567890x", PASSWORD, "username", "at most 30"),
        ("<b>ada</b>", PASSWORD, "username", "letters a to z"),
        ("ad\0a", PASSWORD, "username", "letters a to z"),
        ("ada", "1234567", "password", "at least 8"),
        ("ada", &long, "password", "at most 200"),
    ];
    for (username, password, field, reason) in tries {
        let answer = town.stranger("x").posts("/signup", &[("username", username), ("password", password)]).await;
        answer.is_a_page_that_says(422, reason);
        let page = answer.page();
        let objection = page.text_of(&format!("p#{field}-error"));
        assert!(objection.contains(reason), "{objection}");
        assert!(page.exists(&format!("#{field}[aria-invalid=true][aria-describedby~='{field}-error']")), "{}", answer.body);
        assert_eq!(page.count("[aria-invalid], p.error"), 2, "nothing else is objected to");
        assert!(!page.exists("b"), "markup");
        assert!(!answer.body.contains(password) || password.len() < 4, "a password is never shown");
        if !username.contains('\0') {
            assert_eq!(page.attr("#username", "value"), username);
        }
    }
    let empty = town.stranger("x").posts("/signup", &[]).await;
    let page = empty.page();
    assert!(empty.status == 422 && page.exists("p#username-error") && page.exists("p#password-error"));
}

#[tokio::test]
async fn passwords_of_eight_to_two_hundred_characters_of_any_kind() {
    let town = Town::new().await;
    for (name, password) in [("eight", "k7f2q9zx".to_owned()), ("many", "é🦜 ".repeat(66) + "no"), ("blanks", "  k  x  ".to_owned())] {
        let person = town.stranger(name);
        assert_eq!(person.posts("/signup", &[("username", name), ("password", &password)]).await.status, 303);
        let again = town.stranger(name);
        assert_eq!(again.posts("/signin", &[("username", name), ("password", &password)]).await.status, 303);
    }
}

#[tokio::test]
async fn two_sign_ups_with_one_name_at_once_one_wins_and_the_other_is_told() {
    let town = Town::new().await;
    let tries: Vec<(Person, String)> = (0..6).map(|number| (town.stranger("ada"), format!("{PASSWORD} {number}"))).collect();
    let answers = join_all(tries.iter().map(async |(person, password)| person.posts("/signup", &[("username", "ada"), ("password", password)]).await)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1);
    assert!(
        answers
            .iter()
            .filter(|answer| answer.status != 303)
            .all(|answer| answer.status == 422 && answer.page().text_of("p#username-error").contains("username is taken"))
    );
}

#[tokio::test]
async fn after_signing_in_people_are_redirected_to_where_they_were_going() {
    let town = Town::new().await;
    town.signs_up("bob").await;
    let somebody = town.signs_up("ada").await;
    somebody.takes_cookie(None);
    let answer = somebody.gets("/people?q=b&after=a").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/signin?next=%2Fpeople%3Fq%3Db%26after%3Da"));
    let form = somebody.gets(answer.header("location")).await;
    let next = form.page().attr("input[name=next]", "value");
    assert_eq!(next, "/people?q=b&after=a");
    let wrong = somebody.posts("/signin", &[("username", "ada"), ("password", "wrong"), ("next", &next)]).await;
    assert_eq!(wrong.page().attr("input[name=next]", "value"), next, "a mistake does not forget the way");
    let landed = somebody.posts("/signin", &[("username", "ada"), ("password", PASSWORD), ("next", &next)]).await;
    assert_eq!(landed.header("location"), "/people?q=b&after=a");

    somebody.takes_cookie(None);
    for (pressed, back) in [("/people/bob/follow", "/people/bob"), ("/notifications/1/read", "/notifications"), ("/settings/password", "/settings")] {
        let answer = somebody.posts(pressed, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, format!("/signin?next={}", back.replace('/', "%2F")).as_str()));
    }
    for foreign in ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\nb"] {
        let landed = town.stranger("ada").posts("/signin", &[("username", "ada"), ("password", PASSWORD), ("next", foreign)]).await;
        assert_eq!(landed.header("location"), "/");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_page_in_the_same_time() {
    let town = Town::new().await;
    town.signs_up("ada").await;
    let attempt = async |name: &str| {
        let (begun, stranger) = (Instant::now(), town.stranger("x"));
        let answer = stranger.posts("/signin", &[("username", name), ("password", "wrong password")]).await;
        let took = begun.elapsed();
        answer.is_a_page_that_says(401, "Wrong username or password");
        (answer.body.replace(name, "NAME"), took)
    };
    let (mut known, mut unknown, mut impossible) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..4 {
        let (page, took) = attempt("ada").await;
        let (other, other_took) = attempt(&format!("unknown_{n}")).await;
        let (third, third_took) = attempt(&format!("no/name/{n}")).await;
        assert!(page == other && page == third, "{page}\n{other}\n{third}");
        known.push(took);
        unknown.push(other_took);
        impossible.push(third_took);
    }
    // The hashing is the same by construction. Skipping it would be ten times faster, and that is caught here.
    let fastest = |times: Vec<Duration>| times.into_iter().min().unwrap();
    let (known, unknown, impossible) = (fastest(known), fastest(unknown), fastest(impossible));
    assert!(unknown > known / 3 && impossible > known / 3, "{known:?} {unknown:?} {impossible:?}");
}

#[tokio::test]
async fn who_keeps_failing_is_slowed_down_and_told_for_how_long() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for _ in 0..5 {
        assert_eq!(town.stranger("x").posts("/signin", &[("username", "ada"), ("password", "wrong password")]).await.status, 401);
    }
    let refused = town.stranger("x").posts("/signin", &[("username", "Ada"), ("password", PASSWORD)]).await;
    refused.is_a_page_that_says(429, "Please wait");
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait));
    let program = town.program();
    let refused = program.posts("/api/session", &serde_json::json!({"username": "ada", "password": PASSWORD})).await;
    refused.is_a_problem(429);
    assert_ne!(refused.header("retry-after"), "");
    // Who is signed in stays so.
    ada.opens("/people").await;
    ada.polls_and_hears_nothing().await;
    town.site.app.clock.shift(wait * 1_000);
    assert_eq!(town.stranger("x").posts("/signin", &[("username", "ada"), ("password", PASSWORD)]).await.status, 303);
}

#[tokio::test]
async fn one_address_that_tries_many_names_is_slowed_down_unless_a_trusted_proxy_says_they_are_many() {
    let town = Town::with(|settings| settings.trusted_proxies = Some("127.0.0.1, 10.0.0.0/8".into())).await;
    let attempt = async |n: u8, forwarded: String| {
        let stranger = town.stranger("x");
        let request = stranger.request(reqwest::Method::POST, "/signin").header("X-Forwarded-For", forwarded);
        stranger.sends(request.form(&[("username", format!("name_{n}")), ("password", "wrong password".to_owned())])).await.status.as_u16()
    };
    // The client is the rightmost address that is no trusted proxy. What it claims further left is ignored.
    for n in 0..40 {
        assert_eq!(attempt(n, format!("1.1.1.1, 198.51.100.{n}, 10.0.0.7")).await, 401);
    }
    let mut statuses = Vec::new();
    for n in 0..35 {
        statuses.push(attempt(100 + n, format!("9.9.9.{n}, 203.0.113.5, 10.0.0.7")).await);
    }
    assert_eq!(statuses[..30], [401; 30]);
    assert!(statuses[30..].contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn signing_out_ends_the_session_for_good_also_for_a_copied_cookie() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let cookie = ada.cookie();
    let answer = ada.posts("/signout", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
    assert_eq!(ada.cookie(), None);
    ada.takes_cookie(cookie);
    assert_eq!(ada.gets("/notifications").await.header("location"), "/signin?next=%2Fnotifications");
    assert!(ada.gets("/").await.page().exists("a[href='/signup']"), "the front page greets a visitor");
    assert_eq!(ada.posts("/signout", &[]).await.status, 303, "twice is no error");
}

#[tokio::test]
async fn settings_show_where_one_is_signed_in_and_end_it() {
    let town = Town::new().await;
    let (here, there, third) = (town.signs_up("ada").await, town.signs_in("ada").await, town.signs_in("ada").await);
    let stranger = town.signs_up("bob").await;
    let page = here.opens("/settings").await;
    assert_eq!(page.sessions(), 3);
    assert_eq!(page.text_of(".sessions .tag"), "This session");
    let id = page.revocable_sessions().remove(0);
    stranger.posts(&format!("/settings/sessions/{id}/revoke"), &[]).await;
    assert_eq!(here.opens("/settings").await.sessions(), 3, "nobody ends another's session");
    there.opens("/people").await;
    for _pressed_twice in 0..2 {
        assert_eq!(here.posts(&format!("/settings/sessions/{id}/revoke"), &[]).await.header("location"), "/settings?done=revoked");
    }
    assert_eq!(here.posts("/settings/sessions/others/revoke", &[]).await.header("location"), "/settings?done=others");
    assert_eq!((there.polls().await.status.as_u16(), third.gets("/people").await.status.as_u16()), (401, 303));
    assert_eq!(here.opens("/settings").await.sessions(), 1);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_signs_out_everywhere_else() {
    let town = Town::new().await;
    let (here, there) = (town.signs_up("ada").await, town.signs_in("ada").await);
    let change = async |current: &str, new: &str| {
        let form = [("username", "ada"), ("current", current), ("password", new)];
        here.posts("/settings/password", &form).await
    };
    change("wrong password", "new password").await.is_a_page_that_says(422, "That is not your password.");
    change(PASSWORD, "short").await.is_a_page_that_says(422, "at least 8");
    assert_eq!(there.gets("/people").await.status, 200);
    change("wrong password", PASSWORD).await.is_a_page_that_says(422, "That is not your password.");
    let before = here.cookie();
    assert_eq!(change(PASSWORD, "new password").await.header("location"), "/settings?done=password");
    let after = here.cookie();
    here.takes_cookie(before.clone());
    assert_eq!(here.gets("/people").await.status, 303, "a copy of the cookie has ended");
    here.takes_cookie(before);
    assert_eq!(change(PASSWORD, "new password").await.header("location"), "/settings?done=password", "pressed twice");
    assert_eq!(here.gets("/people").await.status, 200, "the second press is a sign-in");
    here.takes_cookie(after);
    assert_eq!((here.gets("/people").await.status.as_u16(), there.gets("/people").await.status.as_u16()), (200, 303));
    assert_eq!(town.stranger("x").posts("/signin", &[("username", "ada"), ("password", PASSWORD)]).await.status, 401);
    assert_eq!(town.stranger("x").posts("/signin", &[("username", "ada"), ("password", "new password")]).await.status, 303);
}

/// Five failures are free. Counted twice, the third mistake would already be one too many.
#[tokio::test]
async fn one_mistake_in_the_settings_is_one_failed_try() {
    let town = Town::new().await;
    for (name, path, form) in [
        ("ada", "/settings/password", [("current", "wrong password"), ("password", "new password")]),
        ("bob", "/settings/delete", [("password", "wrong password"), ("", "")]),
    ] {
        let person = town.signs_up(name).await;
        for _ in 0..5 {
            person.posts(path, &form).await.is_a_page_that_says(422, "That is not your password.");
        }
        assert_eq!(person.posts(path, &form).await.status, 429, "{path}: the sixth has to wait");
    }
}

#[tokio::test]
async fn signing_up_twice_is_signing_up_once_and_in_once() {
    let town = Town::new().await;
    let double_click = join_all((0..2).map(async |_| {
        let browser = town.stranger("ada");
        let answer = browser.posts("/signup", &[("username", "ada"), ("password", PASSWORD)]).await;
        (answer.status.as_u16(), browser.gets("/people").await.status.as_u16())
    }));
    assert_eq!(double_click.await, [(303, 200), (303, 200)]);
    let later = town.stranger("ada");
    assert_eq!(later.posts("/signup", &[("username", "ADA"), ("password", PASSWORD)]).await.status, 303, "a repeat after a lost answer");
    let somebody_else = town.stranger("ada");
    let taken = somebody_else.posts("/signup", &[("username", "ada"), ("password", "another password")]).await;
    taken.is_a_page_that_says(422, "username is taken");
    // Each is a try of ada's password, and counts as one.
    let mut statuses = Vec::new();
    for n in 0..8 {
        statuses.push(somebody_else.posts("/signup", &[("username", "ada"), ("password", &format!("guess number {n}"))]).await.status.as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn deleting_the_account_twice_ends_on_the_front_page_that_says_so() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let cookie = ada.cookie();
    for _ in 0..2 {
        ada.takes_cookie(cookie.clone());
        let gone = ada.posts("/settings/delete", &[("password", PASSWORD)]).await;
        assert_eq!((gone.status.as_u16(), ada.cookie()), (303, None));
        ada.gets(gone.header("location")).await.is_a_page_that_says(200, "Your account has been deleted.");
    }
    let bob = town.signs_up("bob").await;
    let cookie = bob.cookie();
    bob.posts("/signout", &[]).await;
    bob.takes_cookie(cookie);
    let signed_out = bob.posts("/settings/delete", &[("password", PASSWORD)]).await;
    assert_eq!(signed_out.header("location"), "/signin?next=%2Fsettings", "an account that is there has to sign in");
}

/// é can be one character or two; keyboards differ.
#[tokio::test]
async fn a_password_is_the_same_however_its_letters_are_composed() {
    let town = Town::new().await;
    let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
    for (name, first, then) in [("ada", composed, decomposed), ("bob", decomposed, composed)] {
        assert_eq!(town.stranger(name).posts("/signup", &[("username", name), ("password", first)]).await.status, 303);
        for typed in [first, then] {
            assert_eq!(town.stranger(name).posts("/signin", &[("username", name), ("password", typed)]).await.status, 303, "{typed}");
        }
    }
    // A hash that an earlier release made of what was typed.
    let as_typed = argon2_of(decomposed);
    town.site.home.shell().batch_execute(&format!("UPDATE users SET password_hash = '{as_typed}' WHERE username = 'ada'")).unwrap();
    assert_eq!(town.stranger("ada").posts("/signin", &[("username", "ada"), ("password", decomposed)]).await.status, 303);
    assert_eq!(town.stranger("ada").posts("/signin", &[("username", "ada"), ("password", composed)]).await.status, 401);
}

fn argon2_of(password: &str) -> String {
    use argon2::PasswordHasher;
    argon2::Argon2::default().hash_password(password.as_bytes()).unwrap().to_string()
}

#[tokio::test]
async fn what_is_guessed_first_is_no_password() {
    let town = Town::new().await;
    for password in ["password", "ada_lovelace", "12345678", "letmein123", "Ada_Lovelace1815"] {
        let answer = town.stranger("x").posts("/signup", &[("username", "ada_lovelace"), ("password", password)]).await;
        assert_eq!(answer.status, 422, "{password}");
        assert!(!answer.page().text_of("#password-error").is_empty(), "{password}");
    }
    let bob = town.signs_up("bob").await;
    let answer = bob.posts("/settings/password", &[("current", PASSWORD), ("password", "password123")]).await;
    answer.is_a_page_that_says(422, "guessed first");
    // Nothing is cut without a word: 210 characters are too many, and that is said.
    let answer = bob.posts("/settings/password", &[("current", PASSWORD), ("password", &"long enough ".repeat(18))]).await;
    answer.is_a_page_that_says(422, "at most 200");
    for page in [bob.opens("/settings").await, town.stranger("x").gets("/signup").await.page()] {
        assert!(!page.exists("input[type=password][maxlength]"));
    }
}

#[tokio::test]
async fn a_name_is_known_however_it_was_pasted() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    town.signs_up("ada").await;
    for name in ["@ada", "ada\u{a0}", " @Ada "] {
        assert_eq!(town.stranger("x").posts("/signin", &[("username", name), ("password", PASSWORD)]).await.status, 303, "{name:?}");
    }
    for q in ["%40ada", "%40AD", "%C2%A0ada"] {
        assert_eq!(bob.gets(&format!("/people?q={q}")).await.page().people(), ["ada"], "{q}");
    }
}

#[tokio::test]
async fn who_leaves_takes_everything_along_and_the_others_see_it_go() {
    let town = Town::new().await;
    let (ada, bob, cleo) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("cleo").await);
    ada.follows(&bob).await;
    cleo.follows(&bob).await;
    bob.follows(&ada).await;
    let other_tab = town.signs_in("ada").await;
    other_tab.opens("/people").await;
    bob.opens("/notifications").await;
    ada.posts("/settings/delete", &[("password", "wrong password")]).await.is_a_page_that_says(422, "That is not your password.");
    ada.posts("/settings/delete", &[]).await.is_a_page_that_says(422, "That is not your password.");
    bob.polls_and_hears_nothing().await;
    let gone = ada.posts("/settings/delete", &[("password", PASSWORD)]).await;
    assert_eq!((gone.status.as_u16(), gone.header("location"), ada.cookie()), (303, "/?done=deleted", None));
    assert_eq!(bob.polls_and_hears("").await.badge(), 1);
    bob.sees(["cleo follows you"]).await;
    let poll = other_tab.polls().await;
    assert_eq!((poll.status.as_u16(), poll.header("hx-redirect")), (401, "/signin"));
    assert_eq!(bob.gets("/people/ada").await.status, 404);
    assert_eq!(bob.gets("/people/bob").await.page().text_of(".counts"), "1 follower 0 following");
    let newcomer = town.signs_up("ada").await;
    newcomer.sees([]).await;
}

#[tokio::test]
async fn a_closed_site_lets_nobody_sign_up_and_everybody_in() {
    let town = Town::with(|settings| settings.signup = Some("closed".into())).await;
    let stranger = town.stranger("ada");
    stranger.gets("/signup").await.is_a_page_that_says(403, "Sign-ups are closed");
    stranger.posts("/signup", &[("username", "ada"), ("password", PASSWORD)]).await.is_a_page_that_says(403, "Sign-ups are closed");
    assert!(!stranger.gets("/").await.page().exists("a[href^='/signup']"));
    assert!(!stranger.gets("/signin").await.page().exists("a[href^='/signup']"));
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host_and_the_browser_told_to_stay() {
    let town = Town::with(|settings| settings.public_url = Some("https://tidings.example".into())).await;
    let ada = town.stranger("ada");
    let request = ada.request(reqwest::Method::POST, "/signup").header("Sec-Fetch-Site", "same-origin");
    let answer = ada.sends(request.form(&[("username", "ada"), ("password", PASSWORD)])).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-tidings-") && cookie.contains("; Secure") && cookie.contains("Path=/"), "{cookie}");
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    assert_eq!(ada.gets("/people").await.status, 200);
    let plain = Town::new().await.signs_up("ada").await;
    assert!(plain.cookie().unwrap().starts_with("tidings-") && plain.gets("/").await.header("strict-transport-security").is_empty());
}

#[tokio::test]
async fn whoever_is_signed_in_is_redirected_from_the_sign_in_pages() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for (form, landing) in [("/signin", "/"), ("/signup", "/"), ("/signin?next=%2Fnotifications", "/notifications")] {
        let answer = ada.gets(form).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, landing));
    }
}
