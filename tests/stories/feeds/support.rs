//! What feed readers do, and how their users come to an address.

use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;
use serde_json::{Value, json};

use super::atom::Feed;
use crate::support::http::Answer;
use crate::support::person::Person;
use crate::support::program::Program;
use crate::support::town::Town;

/// The path of the feed as the settings show it; `None` where they show none.
pub async fn shown_address(person: &Person, feed: &str) -> Option<String> {
    let page = person.gets("/settings").await.page();
    let field = format!("#feed-{feed}-address");
    page.exists(&field).then(|| page.attr(&field, "value").strip_prefix(&person.town.site.url).expect("the address is one of this site").to_owned())
}

/// Makes a new address, and returns its path.
pub async fn new_address(person: &Person, feed: &str) -> String {
    let answer = person.posts(&format!("/settings/feeds/{feed}"), &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    shown_address(person, feed).await.expect("there is an address now")
}

/// A request of a feed reader: no cookie, no token.
pub async fn asks(town: &Town, path: &str) -> Answer {
    let reader = town.program();
    reader.sends(reader.request(Method::GET, path)).await
}

/// The same, if it is another than the one with these tags.
pub async fn asks_unless(town: &Town, path: &str, tags: &str) -> Answer {
    let reader = town.program();
    reader.sends(reader.request(Method::GET, path).header(IF_NONE_MATCH, tags)).await
}

/// Reads a feed that keeps the rules.
pub async fn reads(town: &Town, path: &str) -> Feed {
    let answer = asks(town, path).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/atom+xml; charset=utf-8"), "{}", answer.body);
    Feed::read(&answer.body)
}

/// Posts, and returns the id.
pub async fn posts(author: &Program, body: Value) -> i64 {
    let answer = author.posts("/api/posts", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["id"].as_i64().unwrap()
}

/// Posts a text to whoever follows.
pub async fn says(author: &Program, text: &str) -> i64 {
    posts(author, json!({"text": text})).await
}
