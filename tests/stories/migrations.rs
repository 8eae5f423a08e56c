//! Migrations: from a filled database of the release before, which also goes on working on the new schema.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use tidings::auth::password::Passwords;
use tidings::db::Connection;

use crate::site::Home;
use crate::support::town::{PASSWORD, Town};

macro_rules! migration {
    ($name:literal) => {
        (include_str!(concat!("../../migrations/sqlite/", $name, ".sql")), include_str!(concat!("../../migrations/postgres/", $name, ".sql")))
    };
}
const FIRST: (&str, &str) = migration!("0001_people_and_their_news/up");
const SECOND: (&str, &str) = migration!("0002_notifications_of_any_kind/up");
const SECOND_DOWN: (&str, &str) = migration!("0002_notifications_of_any_kind/down");
const THIRD: (&str, &str) = migration!("0003_clients_and_limits/up");
const THIRD_DOWN: (&str, &str) = migration!("0003_clients_and_limits/down");
const FOURTH: (&str, &str) = migration!("0004_notification_stamp/up");
const FIFTH: (&str, &str) = migration!("0005_posts_tokens_and_feeds/up");
const FIFTH_DOWN: (&str, &str) = migration!("0005_posts_tokens_and_feeds/down");

fn run(conn: &mut Connection, (sqlite, postgres): (&str, &str)) {
    let sql = if matches!(conn, Connection::Sqlite(_)) { sqlite } else { postgres };
    conn.batch_execute(&format!("BEGIN; {sql}; COMMIT")).unwrap();
}

/// What the release before left: ada, bob, cleo, dora and eve are 1 to 5, and all know the tests' password. Bob has not read that ada follows him, has
/// read that cleo does, and has deleted his newest line.
async fn of_the_release_before() -> Home {
    let (home, hash) = (Home::new(), Passwords::new().unwrap().hash(PASSWORD.to_owned()).await.unwrap());
    let mut shell = home.shell();
    run(&mut shell, FIRST);
    let rows = format!(
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
         INSERT INTO __diesel_schema_migrations (version) VALUES ('0001');
         INSERT INTO users (username, password_hash, last_update, created_at)
             VALUES ('ada', '{hash}', 0, 1), ('bob', '{hash}', 30, 1), ('cleo', '{hash}', 0, 1), ('dora', '{hash}', 0, 1), ('eve', '{hash}', 0, 1);
         INSERT INTO follows (follower_id, followee_id, created_at) VALUES (1, 2, 10), (3, 2, 20), (4, 2, 30);
         INSERT INTO notifications (recipient_id, actor_id, kind, created_at, read_at)
             VALUES (2, 1, 'follow', 10, NULL), (2, 3, 'follow', 20, 25), (2, 4, 'follow', 30, NULL);
         DELETE FROM notifications WHERE actor_id = 4"
    );
    shell.batch_execute(&rows).unwrap();
    home
}

/// As the release before tells somebody: it knows no group key. Returns whether the line was there to be inserted.
fn tells_as_before(town: &Town, recipient: i64, actor: i64) -> bool {
    let insert =
        format!("INSERT INTO notifications (recipient_id, actor_id, kind, created_at) VALUES ({recipient}, {actor}, 'follow', 40) ON CONFLICT DO NOTHING");
    diesel::sql_query(insert).execute(&mut town.site.home.shell()).unwrap() > 0
}

#[derive(QueryableByName, Debug, PartialEq, Eq)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    about: String,
}

fn rows(conn: &mut Connection) -> Vec<Row> {
    let query = "SELECT id, kind || ' by ' || actor_id || ', read ' || coalesce(CAST(read_at AS TEXT), 'never') AS about FROM notifications ORDER BY id";
    diesel::sql_query(query).load(conn).unwrap()
}

#[tokio::test]
async fn a_filled_database_is_carried_over_and_goes_on() {
    let home = of_the_release_before().await;
    let before = rows(&mut home.shell());
    let town = Town::at(home).await;
    assert_eq!(rows(&mut town.site.home.shell()), before);
    let (ada, bob, cleo, eve) = (town.signs_in("ada").await, town.signs_in("bob").await, town.signs_in("cleo").await, town.signs_in("eve").await);
    bob.sees(["cleo follows you", "ada follows you"]).await;
    ada.unfollows(&bob).await;
    bob.sees(["cleo follows you"]).await;
    cleo.unfollows(&bob).await;
    bob.sees(["cleo follows you"]).await;
    cleo.follows(&bob).await;
    eve.follows(&bob).await;
    bob.sees(["eve follows you", "cleo follows you"]).await;
    assert!(bob.inbox().await.iter().all(|line| line.id > 3 && line.unread), "an id is never used twice, not that of a deleted line either");
}

#[tokio::test]
async fn the_release_before_works_on_the_same_database() {
    let town = Town::at(of_the_release_before().await).await;
    let (bob, dora, eve) = (town.signs_in("bob").await, town.signs_in("dora").await, town.signs_in("eve").await);
    // One line per actor, whichever release wrote it.
    assert!(tells_as_before(&town, 2, 4) && !tells_as_before(&town, 2, 4));
    eve.follows(&bob).await;
    assert!(!tells_as_before(&town, 2, 5));
    bob.sees(["eve follows you", "dora follows you", "cleo follows you", "ada follows you"]).await;
    // What it wrote is replaced and taken back like a line of this release.
    let id = bob.inbox().await[1].id;
    bob.posts(&format!("/notifications/{id}/read"), &[]).await;
    dora.unfollows(&bob).await;
    dora.follows(&bob).await;
    bob.sees(["dora follows you", "eve follows you", "cleo follows you", "ada follows you"]).await;
    bob.posts(&format!("/notifications/{}/delete", bob.inbox().await[0].id), &[]).await;
    assert!(tells_as_before(&town, 2, 4));
    dora.unfollows(&bob).await;
    bob.sees(["eve follows you", "cleo follows you", "ada follows you"]).await;
}

#[tokio::test]
async fn a_migration_is_taken_back_and_made_again() {
    let home = of_the_release_before().await;
    let mut shell = home.shell();
    let before = rows(&mut shell);
    run(&mut shell, SECOND);
    run(&mut shell, SECOND_DOWN);
    assert_eq!(rows(&mut shell), before);
    run(&mut shell, SECOND);
    run(&mut shell, THIRD);
    run(&mut shell, THIRD_DOWN);
    run(&mut shell, THIRD);
    shell.batch_execute("INSERT INTO notifications (recipient_id, actor_id, kind, created_at) VALUES (2, 5, 'follow', 50)").unwrap();
    assert_eq!(rows(&mut shell).last().map(|row| row.id), Some(4), "ids go on where they were");
}

#[tokio::test]
async fn posts_are_taken_back_without_a_trace_and_made_again() {
    let home = of_the_release_before().await;
    let mut shell = home.shell();
    [SECOND, THIRD, FOURTH].into_iter().for_each(|up| run(&mut shell, up));
    let before = rows(&mut shell);
    for round in 0..2 {
        run(&mut shell, FIFTH);
        assert_eq!(rows(&mut shell), before, "round {round}");
        shell
            .batch_execute(
                "INSERT INTO posts (author_id, text, created_at) VALUES (2, 'Hello', 60);
                 INSERT INTO notifications (recipient_id, actor_id, kind, created_at, post_id) SELECT 1, 2, 'post', 60, id FROM posts;
                 INSERT INTO post_recipients (post_id, user_id) SELECT id, 1 FROM posts;
                 INSERT INTO deliveries (post_id, touched_at, created_at) SELECT id, 60, 60 FROM posts;
                 UPDATE follows SET notify = (follower_id = 1)",
            )
            .unwrap();
        assert_eq!(rows(&mut shell).len(), before.len() + 1);
        run(&mut shell, FIFTH_DOWN);
        assert_eq!(rows(&mut shell), before, "round {round}");
    }
    run(&mut shell, FIFTH);
    shell.batch_execute("INSERT INTO notifications (recipient_id, actor_id, kind, created_at) VALUES (2, 5, 'follow', 50)").unwrap();
    assert_eq!(rows(&mut shell).last().map(|row| row.id), Some(6), "ids go on where they were");
    // What a follow is about is there once, as before.
    let twice = "INSERT INTO notifications (recipient_id, actor_id, kind, created_at) VALUES (2, 5, 'follow', 50)";
    assert!(shell.batch_execute(twice).is_err());
}

/// The release before knows neither posts nor who is told of them.
#[tokio::test]
async fn the_release_before_works_beside_posts() {
    let town = Town::at(of_the_release_before().await).await;
    let (bob, cleo) = (town.signs_in("bob").await, town.signs_in("cleo").await);
    let keyed = "INSERT INTO follows (follower_id, followee_id, created_at) VALUES (5, 2, 40);
                 INSERT INTO notifications (recipient_id, actor_id, kind, group_key, created_at, stamp) VALUES (2, 5, 'follow', 'follow:5', 40, 40) ON CONFLICT DO NOTHING";
    town.site.home.shell().batch_execute(keyed).unwrap();
    bob.program().await.posts("/api/posts", &serde_json::json!({"text": "Hello"})).await;
    let eve = town.signs_in("eve").await;
    for follower in [&cleo, &eve] {
        follower.sees(["bob posted"]).await;
    }
    assert!(!tells_as_before(&town, 2, 5), "one line per actor");
    // It deletes an account by itself; what belongs to it goes.
    town.site.home.shell().batch_execute("DELETE FROM users WHERE username = 'bob'").unwrap();
    cleo.sees([]).await;
}
