//! The form on the home page, by which people post.

use crate::support::html::Dom;
use crate::support::http::Answer;
use crate::support::person::Person;
use crate::support::town::Town;

/// The key of the form on a page.
fn key(page: &Dom) -> String {
    page.attr("#compose input[name=key]", "value")
}

async fn posts(person: &Person, text: &str, url: &str, key: &str) -> Answer {
    person.posts("/posts", &[("text", text), ("url", url), ("key", key)]).await
}

#[tokio::test]
async fn what_somebody_posts_is_on_top_and_their_followers_are_told() {
    let town = Town::new().await;
    let (ada, bob) = (town.signs_up("ada").await, town.signs_up("bob").await);
    bob.follows(&ada).await;
    bob.opens("/people").await;
    let first = key(&ada.opens("/").await);
    let answer = posts(&ada, " Hello,\r\n\r\nworld! ", "https://a.example/b", &first).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
    let page = ada.opens("/").await;
    assert_eq!(page.raw_text_of(".post-text"), "Hello,\n\nworld!");
    assert_eq!((page.attr(".post-link a", "href").as_str(), page.raw_text_of("#text").trim()), ("https://a.example/b", ""));
    assert_ne!(key(&page), first);
    bob.polls_and_hears("ada posted: Hello, world!").await;
    assert!(!ada.opens("/?before=1000").await.exists("#compose"), "older pages have no form");
    assert_eq!(ada.gets("/posts").await.header("location"), "/");
}

#[tokio::test]
async fn htmx_gets_an_empty_form_and_the_post_on_top() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let first = key(&ada.opens("/").await);
    posts(&ada, "one", "", "").await;
    let swapped = ada.presses("/posts", &[("text", "two"), ("url", ""), ("key", &first)]).await.fragment();
    assert!(swapped.starts_with("#feed"));
    assert_eq!((swapped.posts(), swapped.announced().as_str()), (vec!["two".to_owned(), "one".into()], "Posted."));
    assert_eq!((swapped.raw_text_of("#text").trim(), swapped.title().as_str()), ("", "Home · Tidings"));
    assert!(swapped.exists(".posts > li:first-child[autofocus]") && key(&swapped) != first);
}

#[tokio::test]
async fn a_form_pressed_twice_is_one_post_and_another_text_is_another() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let (first, second) = (key(&ada.opens("/").await), key(&ada.opens("/").await));
    for (text, key, count) in [("one", &first, 1), ("one", &first, 1), ("two", &first, 2), ("one", &second, 3), ("one", &second, 3)] {
        assert_eq!(posts(&ada, text, "", key).await.status, 303);
        assert_eq!(ada.opens("/").await.posts().len(), count, "{text}");
    }
    let both = tokio::join!(posts(&ada, "at once", "", &first), posts(&ada, "at once", "", &first));
    assert_eq!((both.0.status.as_u16(), both.1.status.as_u16()), (303, 303));
    assert_eq!(ada.presses("/posts", &[("text", "at once"), ("url", ""), ("key", &first)]).await.fragment().posts().len(), 4);
    for count in [5, 6] {
        posts(&ada, "without a key", "", "").await;
        assert_eq!(ada.opens("/").await.posts().len(), count);
    }
}

#[tokio::test]
async fn what_is_refused_is_said_beside_its_field_and_stays() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let (long, far) = ("é".repeat(501), format!("https://a.example/{}", "b".repeat(2_000)));
    for (text, url, text_error, url_error) in [
        ("", "", "Write something", ""),
        (" \r\n\u{200b}\u{3164}", "https://a.example/", "Write something", ""),
        (&long, "", "These are 501.", ""),
        ("\r\n<b>two\r\nlines</b>\u{1b}[31m", "", "U+001B (ESC)", ""),
        ("fine </textarea>&amp;", "javascript:alert(1)", "", "must begin with https:// or http://"),
        ("fine", "https://ada:secret@a.example/", "", "a name or a password"),
        ("fine", &far, "", "These are 2018."),
        ("", "/relative", "Write something", "must begin with"),
    ] {
        let form = [("text", text), ("url", url), ("key", "k")];
        for answer in [ada.posts("/posts", &form).await, ada.presses("/posts", &form).await] {
            assert_eq!(answer.status, 422, "{text:?} {url}");
            let is_page = answer.body.starts_with("<!doctype");
            let shown = if is_page { answer.page() } else { answer.fragment() };
            let typed = text.replace(['\r', '\u{1b}'], "");
            // A browser drops one line break at the beginning of a text area, and so does the parser.
            assert_eq!((shown.raw_text_of("#text"), shown.attr("#url", "value")), (typed, url.to_owned()));
            assert_eq!(key(&shown), "k");
            for (field, error) in [("text", text_error), ("url", url_error)] {
                let invalid = format!("#{field}[aria-invalid=true][aria-describedby~={field}-error]");
                assert_eq!(shown.exists(&invalid), !error.is_empty(), "{field} of {text:?} {url}");
                assert!(error.is_empty() || shown.text_of(&format!("#{field}-error")).contains(error), "{error}");
            }
            assert_eq!(shown.count("[autofocus]"), 1);
            let hint = if text == "fine" { "Up to 500 characters; 496 left." } else { "Up to 500 characters" };
            assert!(shown.text_of("#text-hint").starts_with(hint), "{}", shown.text_of("#text-hint"));
            assert_eq!(shown.exists("details.compose-link[open]"), !url.is_empty());
            assert_eq!(shown.exists("#stream"), is_page);
        }
    }
    assert!(ada.opens("/").await.posts().is_empty());
}

#[tokio::test]
async fn characters_are_counted_as_people_count_them() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    assert_eq!(ada.opens("/").await.count("#text[maxlength]"), 0, "it would cut, and counts otherwise");
    for text in ["👍".repeat(500), "a\r\n".repeat(250), format!("{}!", "\r\nx".repeat(249))] {
        assert_eq!(posts(&ada, &text, "", "").await.status, 303);
    }
    assert_eq!(ada.opens("/").await.posts().len(), 3);
}

#[tokio::test]
async fn one_post_too_many_keeps_what_was_typed() {
    let town = Town::with(|settings| settings.posts_per_hour = Some("1".into())).await;
    let ada = town.signs_up("ada").await;
    posts(&ada, "one", "", "k").await;
    assert_eq!(posts(&ada, "one", "", "k").await.status, 303, "a repeat is not one more");
    let form = [("text", "two"), ("url", "https://a.example"), ("key", "l")];
    for answer in [ada.posts("/posts", &form).await, ada.presses("/posts", &form).await] {
        assert_eq!(answer.status, 429);
        assert!(answer.header("retry-after").parse::<u32>().unwrap() > 3_000);
        let shown = if answer.body.starts_with("<!doctype") { answer.page() } else { answer.fragment() };
        assert_eq!((shown.raw_text_of("#text").trim(), shown.attr("#url", "value").as_str()), ("two", "https://a.example"));
        assert!(shown.text_of("#compose > .error").starts_with("You have posted a lot in the last hour. Please wait"));
    }
    assert_eq!(ada.opens("/").await.posts(), ["one"]);
}
