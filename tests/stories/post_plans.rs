//! Query plans of posts, of their delivery and of feeds, on a site where many have posted for long.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidings::db::Connection;
use tidings::domain::limits;
use tidings::domain::post::{Audience, delete, deliver_batch, post};
use tidings::ids::{PostId, UserId};
use tidings::model::posts::NewPost;
use tidings::model::{deliveries, follows, idempotency_keys, notifications, posts, users};

use crate::plans::{change, query};
use crate::support::query_plan::Recorder;
use crate::support::town::Town;

/// Half of the site follows this user, who has posted a lot.
const KNOWN_TO_MANY: UserId = UserId(1);
/// Ten follow this user, who follows ten.
const LIKE_ANYBODY: UserId = UserId(3_333);
/// The post of the first, which is in 2,500 inboxes.
const TO_MANY: PostId = PostId(1);

/// Steps that are fine: where, which, and why.
const ALLOWED: [(&str, &[&str]); 6] = [
    // A page of each source, which an index gives in order, merged: as many rows as a page has, for each.
    (
        "feed|feed, next page|own posts|posts of an author|posts of one of many|names in direct posts",
        &["SCAN source", "SCAN posts_of_all", "USE TEMP B-TREE FOR ORDER BY", "Index Scan using users_pkey on public.users"],
    ),
    // The newest of each of those whom one follows, or those named, who are few.
    ("feed|feed, next page|named", &["USE TEMP B-TREE FOR ORDER BY"]),
    // The first of those in order.
    ("next batch|next batch that removes", &["SCAN deliveries USING INDEX deliveries_by_touch", "Index Scan using deliveries_by_touch on public.deliveries"]),
    // What is inserted.
    ("post to some", &["SCAN 2-ROW VALUES CLAUSE", "Values Scan on \"*VALUES*\""]),
    // Nearly always empty.
    ("inbox|badge|read by its page", &["Index Only Scan using posts_deleted on public.posts deleted"]),
    // Deliveries are few; and an author whose posts are in half of the inboxes is known to half of the users.
    ("leave", &["Index Scan using deliveries_pkey on public.deliveries", "Index Scan using users_pkey on public.users"]),
];

fn is_fine(fault: &str) -> bool {
    let (name, rest) = fault.split_once(": ").unwrap();
    let step = rest.split(['\n', '|']).next().unwrap().trim();
    ALLOWED.iter().any(|(names, steps)| names.split('|').any(|known| known == name) && steps.contains(&step))
}

/// 5,000 people who follow ten each, and half of whom follow the first; 25,000 posts, of which the first is in many inboxes, one in five is direct,
/// and a few were deleted a moment ago.
fn fill(conn: &mut Connection, now: i64) {
    let blob = if matches!(conn, Connection::Postgres(_)) { "BYTEA" } else { "BLOB" };
    let numbers =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000), k (j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM k WHERE j < 10)";
    let rows = format!(
        "{numbers} INSERT INTO users (username, password_hash, last_update, created_at) SELECT 'guest_' || i, '-', i, i FROM n;
         {numbers} INSERT INTO follows (follower_id, followee_id, created_at) SELECT i, (i + j * 97) % 5000 + 1, i FROM n, k;
         {numbers} INSERT INTO follows (follower_id, followee_id, created_at) SELECT i, 1, i FROM n WHERE i > 2500 ON CONFLICT DO NOTHING;
         INSERT INTO posts (author_id, text, created_at) VALUES (1, 'To many', 1);
         {numbers} INSERT INTO posts (author_id, text, direct, collapse, created_at) SELECT CASE WHEN j = 1 THEN 1 ELSE i END, 'Hello', i % 5 = 4, 'c', i FROM n, k WHERE j < 6;
         INSERT INTO post_recipients (post_id, user_id) SELECT id, (id * 31) % 5000 + 1 FROM posts WHERE direct;
         INSERT INTO post_recipients (post_id, user_id) SELECT id, 3333 FROM posts WHERE direct AND id % 10 = 0 ON CONFLICT DO NOTHING;
         UPDATE posts SET deleted_at = 1 WHERE id IN (100, 101, 102);
         INSERT INTO deliveries (post_id, touched_at, created_at) SELECT id, id, id FROM posts WHERE id BETWEEN 100 AND 130;
         INSERT INTO notifications (recipient_id, actor_id, kind, created_at, post_id) SELECT follower_id, 1, 'post', 1, 1 FROM follows WHERE followee_id = 1;
         INSERT INTO notifications (recipient_id, actor_id, kind, group_key, created_at, post_id) SELECT (id * 7) % 5000 + 1, author_id, 'post', 'post:' || author_id || ':c' || id, 1, id FROM posts WHERE id > 1;
         {numbers} INSERT INTO idempotency_keys (author_id, key, body_hash, answer, created_at) SELECT i, 'key-' || j, CAST('x' AS {blob}), '', {now} FROM n, k WHERE j < 3;
         {numbers} INSERT INTO limited_actions (actor, created_at) SELECT 'post:' || i, {now} - j * 1000 FROM n, k WHERE j < 4"
    );
    conn.batch_execute(&rows).unwrap();
}

#[tokio::test]
async fn whatever_is_asked_of_posts_an_index_answers() {
    let town = Town::new().await;
    let mut recorder = Recorder::of(&town.site);
    fill(&mut recorder.conn, town.site.app.clock.now());
    // These tables are too small for it to use an index for a batch of 500, or for thirty deliveries: with this, it reads all of a table only where
    // no index would do.
    if matches!(recorder.conn, Connection::Postgres(_)) {
        recorder.conn.batch_execute("SET enable_seqscan = off").unwrap();
    }
    let statistics = if matches!(recorder.conn, Connection::Postgres(_)) { ["VACUUM ANALYZE", "SELECT 1"] } else { ["SELECT 1", "ANALYZE"] };
    let mut faults = Vec::new();
    for step in statistics {
        recorder.conn.batch_execute(step).unwrap();
        for me in [KNOWN_TO_MANY, LIKE_ANYBODY] {
            faults.extend(reading(&mut recorder, me));
            faults.extend(changing(&mut recorder, me));
        }
    }
    faults.retain(|fault| !is_fine(fault));
    assert!(faults.is_empty(), "{} are slow:\n{}", faults.len(), faults.join("\n"));
}

fn reading(recorder: &mut Recorder, me: UserId) -> Vec<String> {
    let next = Some(PostId(12_000));
    [
        query(recorder, "feed", LIKE_ANYBODY, |conn| posts::feed(conn, me, None, 20)),
        query(recorder, "feed, next page", LIKE_ANYBODY, |conn| posts::feed(conn, me, next, 100)),
        query(recorder, "own posts", LIKE_ANYBODY, |conn| posts::by_author(conn, me, me, None, 20)),
        query(recorder, "posts of an author", LIKE_ANYBODY, |conn| posts::by_author(conn, me, UserId(77), next, 20)),
        query(recorder, "posts of one of many", LIKE_ANYBODY, |conn| posts::by_author(conn, UserId(5), UserId(1), next, 20)),
        query(recorder, "post", LIKE_ANYBODY, |conn| posts::find(conn, me, TO_MANY)),
        query(recorder, "names in direct posts", LIKE_ANYBODY, |conn| {
            let page = posts::by_author(conn, me, me, None, 20)?.rows;
            posts::recipients(conn, me, &page)
        }),
        query(recorder, "delivered", LIKE_ANYBODY, |conn| posts::delivered(conn, TO_MANY)),
        query(recorder, "is by", LIKE_ANYBODY, |conn| posts::is_by(conn, me, TO_MANY)),
        query(recorder, "told", LIKE_ANYBODY, |conn| follows::told(conn, me, UserId(2_000), 500)),
        query(recorder, "is told", LIKE_ANYBODY, |conn| follows::is_told(conn, me, UserId(77))),
        query(recorder, "named", LIKE_ANYBODY, |conn| follows::named(conn, me, &["guest_77", "guest_4000", "nobody"])),
        query(recorder, "recipients of a post", LIKE_ANYBODY, |conn| notifications::recipients_of(conn, TO_MANY, UserId(2_600), 500)),
        query(recorder, "inbox", LIKE_ANYBODY, |conn| notifications::list(conn, me, notifications::Show::All, None, 20)),
        query(recorder, "badge", LIKE_ANYBODY, |conn| notifications::count_unread_up_to_many(conn, me)),
    ]
    .concat()
}

fn changing(recorder: &mut Recorder, me: UserId) -> Vec<String> {
    let new = |collapse: Option<&str>| NewPost { author: me, text: "Hello".into(), url: None, direct: false, collapse: collapse.map(str::to_owned) };
    let direct = NewPost { direct: true, ..new(Some("c")) };
    let named = Audience::Named { seen_by: vec![me, UserId(4_000)], told: vec![me, UserId(4_000)] };
    [
        change(recorder, "post", LIKE_ANYBODY, |tx| post(tx, &new(None), &Audience::Followers)),
        change(recorder, "post in place of another", LIKE_ANYBODY, |tx| post(tx, &new(Some("c")), &Audience::Followers)),
        change(recorder, "post to some", LIKE_ANYBODY, |tx| post(tx, &direct, &named)),
        change(recorder, "next batch", LIKE_ANYBODY, |tx| deliver_batch(tx, 500)),
        change(recorder, "next batch that removes", LIKE_ANYBODY, |tx| deliveries::turn_back(tx, PostId(100)).and_then(|()| deliver_batch(tx, 500))),
        change(recorder, "delete a post", LIKE_ANYBODY, |tx| {
            let mine = post(tx, &new(None), &Audience::Nobody)?;
            delete(tx, me, mine)
        }),
        change(recorder, "delete a post to many", LIKE_ANYBODY, |tx| delete(tx, KNOWN_TO_MANY, TO_MANY)),
        change(recorder, "delete the row of a post", LIKE_ANYBODY, |tx| posts::delete_row(tx, PostId(5_000))),
        change(recorder, "told no more", LIKE_ANYBODY, |tx| follows::set_notify(tx, me, UserId(77), false)),
        change(recorder, "read by its page", LIKE_ANYBODY, |tx| notifications::mark_post_read(tx, me, TO_MANY)),
        change(recorder, "claim", LIKE_ANYBODY, |tx| idempotency_keys::claim(tx, me, "key-1", &[7; 32])),
        change(recorder, "claim a new key", LIKE_ANYBODY, |tx| {
            idempotency_keys::claim(tx, me, "new", &[7; 32])?;
            idempotency_keys::keep_answer(tx, me, "new", "{}")
        }),
        change(recorder, "post within the limit", LIKE_ANYBODY, |tx| limits::post(tx, me, 60)),
        change(recorder, "leave", LIKE_ANYBODY, |tx| users::delete(tx, me, "-")),
        // Foreign keys cascade without a statement of ours, by these columns.
        change(recorder, "cascade", LIKE_ANYBODY, |tx| {
            for condition in [
                "post_recipients WHERE user_id",
                "post_recipients WHERE post_id",
                "notifications WHERE post_id",
                "deliveries WHERE post_id",
                "posts WHERE author_id",
            ] {
                diesel::sql_query(format!("DELETE FROM {condition} = {}", me.0)).execute(tx.conn())?;
            }
            Ok(())
        }),
    ]
    .concat()
}
