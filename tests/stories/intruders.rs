//! Those who should not get in: other sites, other people, old cookies.

use reqwest::Method;

use crate::support::http;
use crate::support::person::Person;
use crate::support::town::{PASSWORD, Town};

async fn follow_from(ada: &Person, headers: &[(&str, &str)]) -> u16 {
    let client = http::client();
    let mut request = client.post(ada.town.url("/people/bob/follow")).header("cookie", ada.cookie().unwrap());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn only_our_own_pages_change_anything_in_somebodys_name() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let own = town.site.url.clone();
    let elsewhere = own.replace("http://127.0.0.1", "http://127.0.0.2");
    for foreign in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", &elsewhere)],
        &[("origin", &format!("{own}.evil.example"))],
        &[("origin", &own), ("origin", "https://evil.example")],
    ] {
        assert_eq!(follow_from(&ada, foreign).await, 403, "{foreign:?}");
    }
    bob.sees([]).await;
    for ours in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("sec-fetch-site", "none")],
        &[("origin", &own)],
        &[("origin", &own.to_uppercase().replace("HTTP", "http"))],
    ] {
        assert_eq!(follow_from(&ada, ours).await, 303, "{ours:?}");
    }
    bob.sees(["ada follows you"]).await;
    let answer = ada.sends(ada.request(Method::POST, "/signout").header("sec-fetch-site", "cross-site")).await;
    answer.is_a_page_that_says(403, "another site");
    ada.sends(ada.request(Method::DELETE, "/api/session").header("sec-fetch-site", "cross-site")).await.is_a_problem(403);
}

#[tokio::test]
async fn behind_a_proxy_our_origin_is_the_one_people_see() {
    let town = Town::with(|settings| settings.public_url = Some("http://tidings.example".into())).await;
    let stranger = town.stranger("ada");
    let from = |origin: &'static str| {
        let client = http::client();
        client.post(town.url("/signup")).header("origin", origin).form(&[("username", "ada"), ("password", PASSWORD)]).send()
    };
    assert_eq!(from("https://tidings.example").await.unwrap().status(), 403);
    assert_eq!(from("http://evil.example").await.unwrap().status(), 403, "nobody is signed up or in from elsewhere either");
    assert_eq!(from("http://tidings.example").await.unwrap().status(), 303);
    drop(stranger);
}

#[tokio::test]
async fn a_program_without_cookies_needs_no_origin() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let (program, bob) = (ada.program().await, town.signs_up("bob").await);
    let follow = |extra: Option<(&'static str, &'static str)>| {
        let request = program.request(Method::POST, "/api/follow");
        extra.into_iter().fold(request, |request, (name, value)| request.header(name, value))
    };
    let body = serde_json::json!({"userId": bob.id().await});
    assert_eq!(program.sends(follow(None).json(&body)).await.status, 201);
    assert_eq!(program.sends(follow(Some(("origin", "https://a-program.example"))).json(&body)).await.status, 200);
    let with_cookie = follow(None).header("cookie", ada.cookie().unwrap()).json(&body);
    assert_eq!(program.sends(with_cookie).await.status, 403);
}

#[tokio::test]
async fn somebody_elses_notification_is_not_there() {
    let town = Town::new().await;
    let (ada, bob, eve) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("eve").await);
    ada.follows(&bob).await;
    let id = bob.inbox().await[0].id.to_string();
    bob.opens("/people").await;
    for id in [id.as_str(), "999999", "-1", "0", "x", "1e3", "99999999999999999999", "%00", "1%2F2"] {
        let says = if id.parse::<i64>().is_ok() { "no longer there" } else { "nothing at this address" };
        for verb in ["read", "unread", "delete"] {
            eve.posts(&format!("/notifications/{id}/{verb}"), &[]).await.is_a_page_that_says(404, says);
        }
    }
    eve.posts("/notifications/read", &[("through", &id)]).await;
    bob.polls_and_hears_nothing().await;
    bob.sees(["ada follows you"]).await;
}

#[tokio::test]
async fn every_answer_carries_the_protecting_headers() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    for path in ["/", "/people", "/nowhere", "/api/me", "/api/nowhere", "/static/style.css", "/static/nowhere.css", "/people/ada/picture.svg", "/healthz"] {
        let answer = ada.gets(path).await;
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        assert_eq!((answer.header("x-content-type-options"), answer.header("referrer-policy")), ("nosniff", "no-referrer"));
    }
    for path in ["/", "/people", "/notifications", "/settings", "/api/me"] {
        assert_eq!(ada.gets(path).await.header("cache-control"), "no-store", "{path}");
    }
    let set = town.stranger("x").posts("/signin", &[("username", "ada"), ("password", PASSWORD)]).await;
    let cookie = set.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
}

#[tokio::test]
async fn files_are_kept_by_their_version_and_nothing_else_is_served() {
    let town = Town::new().await;
    let anybody = town.stranger("x");
    let page = town.signs_up("ada").await.gets("/").await.page();
    let htmx = page.attr("script", "src");
    assert_eq!(htmx, "/static/vendor/htmx-4.0.1.min.js");
    let style = page.attr("link[rel=stylesheet]", "href");
    for (file, kind) in [(htmx, "javascript"), (style, "text/css")] {
        let answer = anybody.gets(&file).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "public, max-age=31536000, immutable"), "{file}");
        assert!(answer.header("content-type").contains(kind));
    }
    let plain = anybody.gets("/static/icon.svg").await;
    assert_eq!(plain.header("cache-control"), "no-cache");
    let again = anybody.sends(anybody.request(Method::GET, "/static/icon.svg").header("if-none-match", plain.header("etag"))).await;
    assert_eq!(again.status, 304);
    for outside in
        ["/static/../Cargo.toml", "/static/%2e%2e/Cargo.toml", "/static/..%2fCargo.toml", "/static/%00", "/static/%FF", "/static/", "/static/vendor/"]
    {
        let answer = anybody.gets(outside).await;
        assert!([308, 400, 404].contains(&answer.status.as_u16()), "{outside}: {}", answer.status);
        assert!(!answer.body.contains("[package]"), "{outside}");
    }
    assert_eq!(anybody.gets("/static/vendor/htmx-9.min.js").await.header("cache-control"), "no-store", "a missing file is not missing for a year");
}

#[tokio::test]
async fn a_forged_or_damaged_cookie_is_no_cookie() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let good = ada.cookie().unwrap();
    let damaged = format!("{}x", &good[..good.len() - 1]);
    let (name, token) = good.split_once('=').unwrap();
    for value in ["", "x", damaged.split_once('=').unwrap().1, &format!("A{token}"), &"A".repeat(118)] {
        let cookie = format!("{name}={value}");
        ada.takes_cookie(Some(cookie.clone()));
        assert_eq!(ada.gets("/notifications").await.status, 303, "{cookie}");
        assert_eq!(ada.gets("/api/stream").await.status, 401, "{cookie}");
    }
    // Another town's cookie, signed with another key.
    let other = Town::new().await.signs_up("ada").await;
    ada.takes_cookie(other.cookie());
    assert_eq!(ada.gets("/api/stream?since=0").await.status, 401);
}
