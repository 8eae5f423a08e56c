//! PostgreSQL on two servers, of which one takes writes and the other is its hot standby.

use super::eventually;
use super::servers::Postgres;
use crate::site::Home;
use crate::support::guest::Guest;
use crate::support::process::Process;

#[tokio::test]
async fn what_came_from_the_standby_meanwhile_is_given_up_when_the_other_is_back() {
    let mut primary = Postgres::start().await;
    let mut home = Home::on(&primary.url(), None);
    let only = Process::serve(&home).await;
    let (ada, _bob) = (Guest::signs_up(&only.url, "ada").await, Guest::signs_up(&only.url, "bob").await);
    drop(only);
    primary.stops().await;
    let standby = Postgres::standby_of(&primary).await;
    primary.comes_back().await;
    let both = format!("127.0.0.1:{},127.0.0.1:{}", primary.port, standby.port);
    let only_primary = format!("127.0.0.1:{}", primary.port);
    home.database_url = home.database_url.replace(&only_primary, &both);

    // By default the standby is never used; `any` lets it answer what only reads.
    for (query, reads) in [("", 503), ("?target_session_attrs=any", 200)] {
        let url = format!("{}{query}", home.database_url);
        let site = Process::start(crate::support::process::command(&[], &[("PORT", "0"), ("DATABASE_URL", &url)])).await;
        let asks = async |path: &str| {
            let answer = reqwest::get(format!("{}{path}", site.url)).await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        assert_eq!(asks("/readyz").await.0, 200);
        primary.is_killed().await;
        eventually("the loss is noticed", async || asks("/readyz").await.0 == 503).await;
        eventually("the standby answers, where it may", async || ada.gets(&format!("{}/people", site.url)).await.status == reads).await;
        // Now the pool is full of connections to the standby.
        let people = format!("{}/people", site.url);
        let many = futures_util::future::join_all((0..16).map(|_| ada.gets(&people))).await;
        assert!(many.iter().all(|answer| answer.status == reads), "{many:?}");
        assert_eq!(ada.posts(format!("{}/people/bob/follow", site.url)).await.unwrap(), 503);
        let (status, said) = asks("/readyz").await;
        assert!(status == 503 && said.contains("database: cannot be") && !said.contains("Nothing was changed"), "{said}");

        primary.comes_back().await;
        if reads == 200 {
            // At once, by whoever writes first: its connections are tried until one of them takes it.
            assert_eq!(ada.posts(format!("{}/people/bob/follow", site.url)).await.unwrap(), 303);
        }
        eventually("it is ready", async || asks("/readyz").await.0 == 200).await;
        for verb in ["follow", "unfollow"] {
            assert_eq!(ada.posts(format!("{}/people/bob/{verb}", site.url)).await.unwrap(), 303);
        }
        super::servers::signal(&site.child, "TERM");
        let (log, _) = site.ends().await;
        let troubles: Vec<_> = log.iter().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
        assert!(troubles.len() <= 3, "one for what reads, one for what writes, one for the server: {log:#?}");
    }
}
