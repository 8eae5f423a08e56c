//! Posts as people see them: the feed, the page of a post, profiles, lines of the inbox, and whom one follows quietly.

use reqwest::Method;
use reqwest::header::HeaderName;
use tidings::domain::post::{Audience, delete, post};
use tidings::ids::{PostId, UserId};
use tidings::model::posts::NewPost;

use crate::support::html::Dom;
use crate::support::person::Person;
use crate::support::town::Town;

/// Posts something; returns its id.
async fn says(author: &Person, text: &str) -> i64 {
    says_with(author, text, None, &[]).await
}

/// The same, with a link, or for those named only.
async fn says_with(author: &Person, text: &str, url: Option<&str>, named: &[&Person]) -> i64 {
    let mut ids = Vec::new();
    for person in named {
        ids.push(UserId(person.id().await));
    }
    let new = NewPost { author: UserId(author.id().await), text: text.into(), url: url.map(str::to_owned), direct: !ids.is_empty(), collapse: None };
    let audience = if ids.is_empty() { Audience::Followers } else { Audience::Named { seen_by: ids.clone(), told: ids } };
    author.town.site.app.change(move |tx| Ok(post(tx, &new, &audience)?)).await.unwrap().0
}

async fn takes_back(author: &Person, id: i64) {
    let me = UserId(author.id().await);
    author.town.site.app.change(move |tx| Ok(delete(tx, me, PostId(id))?)).await.unwrap();
}

#[tokio::test]
async fn the_feed_has_ones_own_posts_and_those_of_whom_one_follows_newest_first() {
    let town = Town::new().await;
    let (ada, bob, eve) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("eve").await);
    assert!(bob.gets("/").await.page().text_of(".no-posts").contains("Your feed begins with whom you follow."));
    bob.follows(&ada).await;
    assert!(bob.gets("/").await.page().text_of(".no-posts").contains("Nobody you follow has posted so far."));
    says(&ada, "first").await;
    says(&eve, "unheard").await;
    says(&bob, "my own").await;
    says(&ada, "last").await;
    assert_eq!(bob.gets("/").await.page().posts(), ["last", "my own", "first"]);
    assert_eq!(eve.gets("/").await.page().posts(), ["unheard"]);
    for (reader, author, posts) in [(&eve, "ada", vec!["last", "first"]), (&bob, "bob", vec!["my own"])] {
        assert_eq!(reader.gets(&format!("/people/{author}")).await.page().posts(), posts);
    }
    town.signs_up("mute").await;
    assert_eq!(bob.gets("/people/mute").await.page().text_of(".no-posts"), "mute has not posted anything yet.");
    bob.unfollows(&ada).await;
    assert_eq!(bob.gets("/").await.page().posts(), ["my own"]);
}

#[tokio::test]
async fn every_post_is_reached_page_by_page_once() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    for n in 0..45 {
        says(if n % 3 == 0 { &bob } else { &ada }, &format!("post {n}")).await;
    }
    for (start, nth) in [("/", 0..45), ("/people/ada", 0..45)] {
        let wanted: Vec<String> = nth.rev().filter(|n| start == "/" || n % 3 != 0).map(|n| format!("post {n}")).collect();
        let (mut seen, mut url, mut pages) = (Vec::new(), start.to_owned(), 0);
        loop {
            let page = bob.opens(&url).await;
            seen.extend(page.posts());
            pages += 1;
            let Some(older) = page.pager_link("Older") else { break };
            url = older;
            if pages == 1 {
                // What is posted meanwhile moves nothing from one page to another.
                let late = says(&ada, "late").await;
                takes_back(&ada, late).await;
            }
        }
        assert_eq!(seen, wanted, "{start}");
        assert_eq!(bob.opens(&url).await.pager_link("Newest").as_deref(), Some(start));
    }
    bob.gets("/?before=1").await.is_a_page_that_says(200, "nothing older here");
    for wrong in ["/?before=x", "/people/ada?before=x"] {
        bob.gets(wrong).await.is_a_page_that_says(400, "could not be read");
    }
}

#[tokio::test]
async fn a_direct_post_is_seen_by_its_author_and_those_named_only() {
    let town = Town::new().await;
    let (ada, bob, cleo) = (town.signs_up("ada").await, town.signs_up("bob").await, town.signs_up("cleo").await);
    for follower in [&bob, &cleo] {
        follower.follows(&ada).await;
    }
    let id = says_with(&ada, "only for bob", None, &[&bob]).await;
    let page = format!("/posts/{id}");
    for (reader, sees) in [(&ada, true), (&bob, true), (&cleo, false)] {
        let wanted = if sees { vec!["only for bob"] } else { vec![] };
        for list in ["/", "/people/ada"] {
            assert_eq!(reader.gets(list).await.page().posts(), wanted, "{} on {list}", reader.name);
        }
        let answer = reader.gets(&page).await;
        if sees { answer.is_a_page_that_says(200, "only for bob") } else { answer.is_a_page_that_says(404, "nothing at this address") }
    }
    assert_eq!(ada.gets(&page).await.page().text_of(".post-named"), "Direct Only bob and you can see this.");
    assert_eq!(bob.gets(&page).await.page().text_of(".post-named"), "Direct Only you and those whom ada has named can see this.");
    bob.sees(["ada posted"]).await;
    cleo.sees([]).await;
}

#[tokio::test]
async fn to_open_a_post_is_to_read_its_line() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    let (other, id) = (says(&ada, "one").await, says(&ada, "two").await);
    let path = format!("/posts/{id}");
    let elsewhere = town.signs_in("bob").await;
    elsewhere.opens("/people").await;

    let head = bob.sends(bob.request(Method::HEAD, &path)).await;
    assert_eq!((head.status.as_u16(), bob.badge().await), (200, 2));
    for (name, value) in [("sec-purpose", "prefetch"), ("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("x-moz", "prefetch")] {
        let early = bob.sends(bob.request(Method::GET, &path).header(HeaderName::from_static(name), value)).await.page();
        assert_eq!((early.badge(), bob.badge().await), (2, 2), "{name}: {value}");
    }
    for feed in ["/", "/people/ada", "/notifications"] {
        bob.gets(feed).await;
    }
    elsewhere.polls_and_hears_nothing().await;

    let page = bob.opens(&path).await;
    assert_eq!((page.badge(), page.title().as_str()), (1, "(1) Post by ada · Tidings"));
    bob.polls_and_hears_nothing().await;
    assert_eq!(elsewhere.polls_and_hears("").await.badge(), 1);
    let lines = bob.inbox().await;
    assert_eq!(lines.iter().map(|line| line.unread).collect::<Vec<_>>(), [false, true]);
    assert_eq!(bob.opens(&path).await.badge(), 1);
    assert_eq!(bob.opens(&format!("/posts/{other}")).await.badge(), 0);
}

#[tokio::test]
async fn a_post_can_be_read_while_nothing_can_be_written() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    let id = says(&ada, "Hello").await;
    let lock = town.site.home.locked();
    bob.gets(&format!("/posts/{id}")).await.is_a_page_that_says(200, "Hello");
    drop(lock);
    bob.opens("/people").await;
    assert_eq!(bob.opens(&format!("/posts/{id}")).await.badge(), 0);
}

#[tokio::test]
async fn a_line_shows_the_beginning_of_a_post_and_leads_to_it() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    bob.opens("/people").await;
    let long = format!("The build\n is <b>green</b> {}", "again ".repeat(70));
    let id = says_with(&ada, long.trim_end(), Some("https://ci.example/7"), &[]).await;
    let heard = bob.polls().await.fragment();
    let said = heard.announced();
    assert!(said.starts_with("ada posted: The build is <b>green</b> again") && said.ends_with("again…") && said.len() < 110, "{said}");
    bob.sees(["ada posted"]).await;
    let page = bob.opens("/notifications").await;
    let text = page.text_of(".line-post");
    assert!(text.starts_with("The build is <b>green</b> again") && text.ends_with("again…") && text.chars().count() <= 200, "{text}");
    assert_eq!(page.attr(".line-post a", "href"), format!("/posts/{id}"));
    assert_eq!((page.attr(".line-link a", "href"), page.text_of(".line-link")), ("https://ci.example/7".into(), "ci.example/7".into()));
    assert_eq!(page.attr(".line-link a", "rel"), "noopener nofollow ugc");
    says(&ada, "Again").await;
    bob.polls_and_hears("ada posted: Again").await;
}

#[tokio::test]
async fn text_is_text_and_addresses_are_links() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    let text = "See (https://a.example/b_(c)).\n\n  <script>alert('&amp;')</script>\t\u{202e}right\u{2066} 👍";
    let id = says_with(&bob, text, Some("https://b.example:8080/?a=1&b=\"2\""), &[]).await;
    says_with(&bob, "javascript:alert(1) data:text/html,x https://bank.example@evil.example/", None, &[]).await;
    for (path, css) in [(format!("/posts/{id}"), ".post-page "), (format!("/?before={}", id + 1), ""), (format!("/people/bob?before={}", id + 1), "")] {
        let page = bob.opens(&path).await;
        assert_eq!(page.raw_text_of(&format!("{css}.post-text")), text, "{path}");
        assert_eq!((page.count(".post-text a"), page.attr(".post-text a", "href").as_str()), (1, "https://a.example/b_(c)"), "{path}");
        assert_eq!(page.attr(".post-link a", "href"), "https://b.example:8080/?a=1&b=\"2\"");
        for link in [".post-text a", ".post-link a"] {
            assert_eq!(page.attr(link, "rel"), "noopener nofollow ugc");
        }
        assert!(page.inline_code().is_empty(), "{path}: {:?}", page.inline_code());
    }
    assert_eq!(bob.gets("/").await.page().count(".post-text a"), 1);
}

#[tokio::test]
async fn ones_own_post_is_deleted_and_leaves_inbox_and_badge() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    let ids = [says(&ada, "one").await, says(&ada, "two").await, says(&ada, "three").await, says(&ada, "four").await];
    bob.opens("/notifications").await;
    for stranger in [&bob, &town.signs_up("eve").await] {
        stranger.posts(&format!("/posts/{}/delete", ids[0]), &[]).await.is_a_page_that_says(404, "no longer there");
    }
    assert_eq!(bob.gets("/").await.page().count("[action*='/delete']"), 0, "nobody is offered what is refused");

    let from = ada.opens("/").await.attr(&format!("#post-{}-delete", ids[2]), "hx-post");
    let swapped = ada.presses(&from, &[]).await.fragment();
    assert_eq!((swapped.posts(), swapped.announced().as_str()), (vec!["four".to_owned(), "two".into(), "one".into()], "Post deleted."));
    assert!(swapped.starts_with("#posts") && swapped.exists(&format!("#post-{}[autofocus]", ids[1])));
    assert_eq!(bob.polls_and_hears("").await.badge(), 3);

    let from = ada.opens("/people/ada").await.attr(&format!("#post-{}-delete", ids[0]), "action");
    let answer = ada.posts(&from, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/people/ada#posts"));
    assert_eq!(ada.presses(&from, &[]).await.status, 404);
    let from = ada.opens(&format!("/posts/{}", ids[1])).await.attr(".post-page form", "action");
    assert_eq!(ada.posts(&from, &[]).await.header("location"), "/?done=post-deleted");
    ada.gets("/?done=post-deleted").await.is_a_page_that_says(200, "Your post has been deleted.");
    bob.sees(["ada posted"]).await;
    assert_eq!(bob.gets("/").await.page().posts(), ["four"]);
    bob.gets(&format!("/posts/{}", ids[1])).await.is_a_page_that_says(404, "may have been deleted");

    let last = ada.opens("/people/ada").await.attr(&format!("#post-{}-delete", ids[3]), "hx-post");
    let swapped = ada.presses(&last, &[]).await.fragment();
    assert!(swapped.exists("#posts[autofocus]") && swapped.title() == "(1) ada · Tidings");
}

#[tokio::test]
async fn one_can_follow_and_not_be_told() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let quiet = |on: &'static str| [("on", on)];
    let refused = bob.posts("/people/ada/notify", &quiet("0")).await;
    refused.is_a_page_that_says(422, "You do not follow ada");
    bob.posts("/people/nobody/notify", &quiet("0")).await.is_a_page_that_says(404, "nothing at this address");
    assert!(!bob.opens("/people/ada").await.exists(".switch"));
    bob.follows(&ada).await;
    bob.posts("/people/ada/notify", &quiet("perhaps")).await.is_a_page_that_says(422, "Please say 1");
    bob.posts("/people/ada/notify", &[]).await.is_a_page_that_says(422, "Please say 1");

    // From the line.
    says(&ada, "one").await;
    says(&ada, "two").await;
    let inbox = bob.opens("/notifications?show=unread").await;
    let id = inbox.notifications()[1].id;
    let elsewhere = town.signs_in("bob").await;
    elsewhere.opens("/notifications").await;
    let swapped = bob.presses(&inbox.attr(&format!("#n{id}-quiet"), "hx-post"), &quiet("0")).await.fragment();
    assert_eq!(elsewhere.polls_and_hears("").await.count(".line-quiet"), 0);
    assert_eq!((swapped.notification_texts().len(), swapped.count(".line-quiet")), (2, 0));
    assert!(swapped.announced().contains("no longer be told") && swapped.exists(&format!("#n{id} > .line-acts[autofocus]")));
    assert!(swapped.attr("#show-unread", "aria-current") == "page");

    says(&ada, "three").await;
    bob.sees(["ada posted", "ada posted"]).await;
    assert_eq!(bob.gets("/").await.page().posts(), ["three", "two", "one"]);

    // In the settings.
    let settings = bob.opens("/settings").await;
    assert_eq!((settings.text_of(".quiet-follow a").as_str(), settings.attr(".quiet-follow input[name=on]", "value").as_str()), ("ada", "1"));
    let answer = bob.posts(&settings.attr(".quiet-follow form", "action"), &quiet("1")).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/settings?done=told"));
    bob.gets("/settings?done=told").await.is_a_page_that_says(200, "You will be told of their posts again.");
    assert!(!bob.opens("/settings").await.exists(".quiet-follow"));
    says(&ada, "four").await;
    bob.sees(["ada posted", "ada posted", "ada posted"]).await;

    // On the profile.
    let checked = |page: &Dom| page.attr(".switch", "aria-checked");
    let profile = bob.opens("/people/ada").await;
    assert_eq!((checked(&profile).as_str(), profile.attr(".told input[name=on]", "value").as_str()), ("true", "0"));
    let swapped = bob.presses("/people/ada/notify", &quiet("0")).await.fragment();
    assert!(swapped.starts_with("#about") && checked(&swapped) == "false" && swapped.exists(".told[autofocus]"));
    let answer = bob.posts("/people/ada/notify", &quiet("1")).await;
    assert_eq!((answer.header("location"), checked(&bob.opens("/people/ada").await).as_str()), ("/people/ada", "true"));
    bob.posts("/people/ada/notify", &quiet("0")).await;
    let answer = bob.posts(&format!("/people/ada/notify?line={id}&show=unread"), &quiet("0")).await;
    assert_eq!(answer.header("location"), format!("/notifications?show=unread#n{id}"));
    // Followed anew, it is as if for the first time.
    bob.unfollows(&ada).await;
    bob.follows(&ada).await;
    assert_eq!(checked(&bob.opens("/people/ada").await), "true");
}

#[tokio::test]
async fn the_home_page_counts_what_is_unread_as_the_badge_does() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let page = bob.opens("/").await;
    assert_eq!(page.text_of("#stream"), "You have no unread notifications.");
    ada.follows(&bob).await;
    let heard = bob.polls_and_hears("ada follows you").await;
    assert_eq!((heard.badge(), heard.text_of("#stream").as_str()), (1, "You have 1 unread notification."));
    assert_eq!(heard.title(), "(1) Home · Tidings");
    bob.polls_and_hears_nothing().await;
    bob.posts("/notifications/read", &[("through", "1000")]).await;
    assert_eq!(bob.polls_and_hears("").await.text_of("#stream"), "You have no unread notifications.");
}
