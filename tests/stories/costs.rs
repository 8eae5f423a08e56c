//! What a page costs: how many statements it sends to the database, however much there is to show.

use crate::support::crowd::crowd_follows;
use crate::support::http::Answer;
use crate::support::person::Person;
use crate::support::town::Town;

/// Every GET that asks the database, and its statements. A page reads the session (1), then in a transaction (2)
/// the badge's number (1) and whatever it shows.
const PAGES: [(&str, u64); 19] = [
    // Whose posts, which posts, these; whether anybody is followed, as there are none; and who is new.
    ("/", 1 + 2 + 1 + 3 + 1 + 1),
    ("/people", 1 + 2 + 1 + 1),
    ("/people?q=crowd", 1 + 2 + 1 + 1),
    // No name begins like that, so nobody is looked for.
    ("/people?q=%25", 1 + 2 + 1),
    // The person, the two counts, which posts, and these.
    ("/people/bob", 1 + 2 + 1 + 3 + 2),
    // Who that is, and the list.
    ("/people/bob/followers", 1 + 2 + 1 + 2),
    ("/people/bob/following", 1 + 2 + 1 + 2),
    ("/notifications", 1 + 2 + 1 + 1),
    ("/notifications?show=unread", 1 + 2 + 1 + 1),
    // The sessions, the tokens, who is followed quietly, and the addresses of feeds.
    ("/settings", 1 + 2 + 1 + 4),
    // Redirected, being signed in.
    ("/signin", 1),
    ("/api/me", 1 + 1),
    ("/api/people?limit=100", 1 + 1),
    // How they stand to each other, and whether the caller is told, in a transaction.
    ("/api/follow/2", 1 + 2 + 2),
    ("/api/notifications?limit=100", 1 + 2 + 1 + 1),
    ("/api/tokens", 1 + 1),
    // With a stamp that is not the current one.
    ("/api/stream?since=-1", 1),
    ("/people/bob/picture.svg", 0),
    ("/static/style.css", 0),
];

/// Statements that `ask` costs. A connection that was idle for a second is pinged first, which is one more: on a busy
/// machine that may happen in one try, but not in all.
async fn cost(town: &Town, mut ask: impl AsyncFnMut() -> Answer) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..4 {
        let before = town.site.app.statements();
        let answer = ask().await;
        assert!(answer.status.is_success() || answer.status.is_redirection(), "{}", answer.body);
        least = least.min(town.site.app.statements() - before);
    }
    least
}

/// A poll of a tab that knows a stamp which never was.
async fn polls_with_another_stamp(bob: &Person, query: &str) -> Answer {
    let answer = bob.polls_at(&format!("/api/stream?since=-1{query}")).await;
    assert!(answer.fragment().poll_url().is_some(), "{}", answer.body);
    answer
}

#[tokio::test]
async fn a_page_costs_the_same_however_much_is_on_it() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    for people in [1, 40] {
        crowd_follows(&bob, people).await;
        for (path, statements) in PAGES {
            let cost = cost(&town, async || bob.gets(path).await).await;
            assert_eq!(cost, statements, "{path} with {people} people");
        }
        // Session, then number and list in a transaction: on the inbox the list, elsewhere its top for what is announced.
        for query in ["", "&show=unread", "&title=People"] {
            let cost = cost(&town, async || polls_with_another_stamp(&bob, query).await).await;
            assert_eq!(cost, 2 + 3, "a poll of {query:?} with {people} people");
        }
    }
}

#[tokio::test]
async fn the_sweep_is_not_counted_as_anybodys_statement() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    crowd_follows(&bob, 1).await;
    let before = town.site.app.statements();
    // Long enough for several sweeps.
    tokio::time::sleep(3 * town.site.app.config.sweep_interval()).await;
    assert_eq!(town.site.app.statements(), before);
}
