//! What stands in a feed: texts of every kind, and ids that never change.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::support::{asks, new_address, posts, reads, says};
use crate::support::town::Town;

/// A post that no form would take, put in by hand.
fn insert_post(town: &Town, author: i64, text: &str, url: Option<&str>) {
    let url = url.map_or("NULL".to_owned(), |url| format!("'{url}'"));
    let (text, now) = (text.replace('\'', "''"), town.site.app.clock.now());
    let row = format!("INSERT INTO posts (author_id, text, url, direct, created_at) VALUES ({author}, '{text}', {url}, FALSE, {now})");
    town.site.home.shell().batch_execute(&row).unwrap();
}

/// A notification of a newer release's, put in by hand.
fn insert_notification(town: &Town, recipient: i64, actor: &str, kind: &str, post: &str) {
    let row = format!(
        "INSERT INTO notifications (recipient_id, actor_id, kind, created_at, post_id) VALUES ({recipient}, {actor}, '{kind}', {}, {post})",
        town.site.app.clock.now()
    );
    town.site.home.shell().batch_execute(&row).unwrap();
}

#[tokio::test]
async fn any_text_is_shown_as_text() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let path = new_address(&ada, "posts").await;
    for (text, title, content) in [
        ("<script>alert(1)</script> & <b>", "<script>alert(1)</script> & <b>", "&#60;script&#62;alert(1)&#60;/script&#62; &#38; &#60;b&#62;"),
        ("]]> <!-- ' \" <![CDATA[", "]]> <!-- ' \" <![CDATA[", "]]&#62; &#60;!-- &#39; &#34; &#60;![CDATA["),
        ("&lt;&amp;&#0;", "&lt;&amp;&#0;", "&#38;lt;&#38;amp;&#38;#0;"),
        ("\u{1b}[31mred\u{7}\u{c}\u{ffff}\u{fffe}", "[31mred", "[31mred"),
        ("\u{1}\u{2}", "ada posted", ""),
        ("👩\u{200d}👩\u{200d}👧 𝒳 e\u{301}", "👩\u{200d}👩\u{200d}👧 𝒳 e\u{301}", "👩\u{200d}👩\u{200d}👧 𝒳 e\u{301}"),
        ("שלום \u{202e}עולם\u{202c}", "שלום \u{202e}עולם\u{202c}", "שלום \u{202e}עולם\u{202c}"),
        ("one\r\ntwo\n\nthree\rfour", "one", "one<br>\ntwo<br>\n<br>\nthree<br>\nfour"),
        ("\n \nlate", "late", "<br>\n <br>\nlate"),
        ("tab\there\u{85}\u{2028}", "tab here", "tab\there\u{85}\u{2028}"),
    ] {
        insert_post(&town, 1, text, None);
        let feed = reads(&town, &path).await;
        let entry = &feed.entries[0];
        assert_eq!((entry.title.as_str(), entry.content.0.as_str()), (title, "html"), "{text:?}");
        assert_eq!(entry.content.1, format!("<p dir=\"auto\">{content}</p>"), "{text:?}");
    }
}

#[tokio::test]
async fn a_title_is_the_first_line_and_no_longer_than_a_hundred_characters() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let (path, program) = (new_address(&ada, "posts").await, ada.program().await);
    let (exactly, longer) = ("x".repeat(100), "👍🏽".repeat(250));
    for (text, title) in [("First\nsecond", "First".to_owned()), (&format!("{exactly}\nsecond"), exactly), (&longer, format!("{}…", "👍🏽".repeat(49)))] {
        says(&program, text).await;
        assert_eq!(reads(&town, &path).await.titles()[0], title);
    }
}

#[tokio::test]
async fn addresses_are_links_and_line_breaks_are_kept() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let (path, program) = (new_address(&ada, "posts").await, ada.program().await);
    posts(&program, json!({"text": "See https://a.example/?x=1&y=2.\nBye", "url": "https://b.example/c?d=1&e=<"})).await;
    let feed = reads(&town, &path).await;
    let (entry, html) = (&feed.entries[0], &feed.entries[0].content.1);
    assert!(html.contains("<a href=\"https://a.example/?x=1&#38;y=2\"") && html.contains(".<br>\nBye</p>"), "{html}");
    assert!(html.contains("<a href=\"https://b.example/c?d=1&#38;e="), "{html}");
    assert!(entry.link("related").starts_with("https://b.example/c?d=1&e="), "{:?}", entry.links);
    insert_post(&town, 1, "javascript:alert(1)", Some("javascript:alert(1)"));
    let feed = reads(&town, &path).await;
    assert_eq!((feed.entries[0].link("related"), feed.entries[0].content.1.as_str()), ("", "<p dir=\"auto\">javascript:alert(1)</p>"));
}

#[tokio::test]
async fn a_kind_from_a_newer_release_is_shown_plainly() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    let path = new_address(&bob, "notifications").await;
    let post = says(&ada.program().await, "Hello").await;
    insert_notification(&town, 2, "1", "dance", "NULL");
    insert_notification(&town, 2, "NULL", "maintenance", "NULL");
    insert_notification(&town, 2, "1", "mention", &post.to_string());
    let feed = reads(&town, &path).await;
    assert_eq!(feed.titles(), ["ada: something new", "Something new", "ada: something new"]);
    let pages: Vec<&str> = feed.entries.iter().map(|entry| entry.link("alternate").strip_prefix(&town.site.url).unwrap()).collect();
    assert_eq!(pages, [&*format!("/posts/{post}"), "/notifications", "/people/ada"]);
    assert_eq!(feed.entries.iter().map(|entry| entry.author.as_str()).collect::<Vec<_>>(), ["ada", "", "ada"]);
}

#[tokio::test]
async fn ids_do_not_depend_on_where_the_site_is_nor_on_the_address() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    ada.follows(&bob).await;
    says(&ada.program().await, "Hello").await;
    let public = town.another_instance_with(|settings| settings.public_url = Some("https://tidings.example".into())).await;
    for feed in ["notifications", "posts"] {
        let path = new_address(&bob, feed).await;
        let (here, there) = (reads(&town, &path).await, reads(&public, &path).await);
        let ids = |feed: &super::atom::Feed| feed.entries.iter().map(|entry| entry.id.clone()).chain([feed.id.clone()]).collect::<Vec<_>>();
        assert_eq!(ids(&here), ids(&there));
        assert!(here.link("alternate").starts_with(&town.site.url) && there.link("alternate").starts_with("https://tidings.example/"));
        assert!(there.entries.iter().all(|entry| entry.link("alternate").starts_with("https://tidings.example/")));
        let again = reads(&town, &new_address(&bob, feed).await).await;
        assert_eq!(ids(&here), ids(&again));
    }
    let (mine, theirs) = (new_address(&bob, "posts").await, new_address(&ada, "posts").await);
    assert_ne!(reads(&town, &mine).await.id, reads(&town, &theirs).await.id);
}

#[tokio::test]
async fn the_settings_show_the_address_that_the_site_has_outside() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let path = new_address(&ada, "posts").await;
    let public = town.another_instance_with(|settings| settings.public_url = Some("http://tidings.example".into())).await;
    let there = public.stranger("ada");
    there.takes_cookie(ada.cookie());
    assert_eq!(there.gets("/settings").await.page().attr("#feed-posts-address", "value"), format!("http://tidings.example{path}"));
    // Without the setting, what the request says; and the path where it says nothing that could be a host.
    for (name, value, origin) in [("x-forwarded-proto", "https", town.site.url.replace("http:", "https:")), ("host", "a b", String::new())] {
        let page = ada.sends(ada.request(reqwest::Method::GET, "/settings").header(name, value)).await;
        assert_eq!(page.page().attr("#feed-posts-address", "value"), format!("{origin}{path}"));
    }
    let program = town.program();
    let odd = program.sends(program.request(reqwest::Method::GET, &path).header("host", "a b")).await;
    assert_eq!(odd.status, 200);
    assert!(odd.body.contains("href=\"/\"") && asks(&town, &path).await.body.contains(&format!("href=\"{}/\"", town.site.url)));
}
