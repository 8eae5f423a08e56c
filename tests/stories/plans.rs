//! Query plans: every query and every change of the model is served by an index, whatever the size of the site. Each is run
//! on a site of some size, and what it sent to the database is then explained by the engine.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidings::auth::session_token::SessionToken;
use tidings::db::{Change, Connection};
use tidings::domain::follow::{follow, unfollow};
use tidings::domain::limits;
use tidings::ids::{FollowId, NotificationId, SessionId, TokenId, UserId};
use tidings::model::notifications::{self, Show};
use tidings::model::people::{self, Search, Side};
use tidings::model::sessions::{self, NewSession, SessionKind};
use tidings::model::tokens::{self, Scope};
use tidings::model::{TokenName, Username, follows, known_networks, users};
use tidings::stamps::sweep;

use crate::support::query_plan::{Recorder, Statement};
use crate::support::town::Town;

/// Half of the site follows this user, who has read none of the notifications.
const KNOWN_TO_MANY: UserId = UserId(1);
/// Ten follow this user, who follows ten, and has read half of the notifications.
const LIKE_ANYBODY: UserId = UserId(3_333);

/// Scans and sorts that are fine: in which query, which step, and why.
const ALLOWED: [(&str, &str); 3] = [
    // A user has few sessions, and a hundred tokens at most.
    ("sessions", "Sort"),
    ("tokens", "Sort"),
    // Of the posts of whoever leaves, few are in delivery.
    ("leave", "Sort"),
];

/// 5,000 people who follow ten each, and the notifications of that; and half of them follow the first. All but a few of their sessions live.
fn fill(conn: &mut Connection, now: i64) {
    let blob = if matches!(conn, Connection::Postgres(_)) { "BYTEA" } else { "BLOB" };
    let numbers =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000), k (j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM k WHERE j < 10)";
    let rows = format!(
        "{numbers} INSERT INTO users (username, password_hash, last_update, created_at) SELECT 'guest_' || i, '-', i, i FROM n;
         {numbers} INSERT INTO follows (follower_id, followee_id, created_at) SELECT i, (i + j * 97) % 5000 + 1, i FROM n, k;
         {numbers} INSERT INTO follows (follower_id, followee_id, created_at) SELECT i, 1, i FROM n WHERE i > 2500 ON CONFLICT DO NOTHING;
         INSERT INTO notifications (recipient_id, actor_id, kind, group_key, created_at, read_at)
             SELECT followee_id, follower_id, 'follow', CASE WHEN id % 3 > 0 THEN 'follow:' || follower_id END, created_at, CASE WHEN followee_id > 1 AND id % 2 = 0 THEN created_at END FROM follows;
         {numbers} INSERT INTO sessions (token_hash, user_id, kind, created_at, seen_at, idle_expires_at, expires_at)
             SELECT CAST(i || '-' || j AS {blob}), i, 'browser', i, i, {now} + (i - 3) * 60000, {now} + (i - 3) * 60000 FROM n, k WHERE j < 3;
         {numbers} INSERT INTO tokens (token_hash, user_id, name, scope, created_at) SELECT CAST(i || '-' || j AS {blob}), i, 'CI', 'read', i FROM n, k WHERE j < 3;
         {numbers} INSERT INTO posts (author_id, text, created_at) SELECT i, 'Hello', i FROM n, k WHERE j < 4;
         INSERT INTO deliveries (post_id, touched_at, created_at) SELECT id, id, id FROM posts WHERE id % 3 = 0;
         {numbers} INSERT INTO idempotency_keys (author_id, key, body_hash, answer, created_at) SELECT i, 'key ' || j, CAST('body' AS {blob}), '', i FROM n, k;
         INSERT INTO revocations (user_id, stamp) SELECT id, last_update FROM users;
         {numbers} INSERT INTO known_networks (user_id, network, seen_at) SELECT i, CAST('here ' || j AS {blob}), j FROM n, k;
         {numbers} INSERT INTO limited_actions (actor, created_at) SELECT 'follow:' || i, {now} - j * 1000 FROM n, k WHERE j < 4"
    );
    conn.batch_execute(&rows).unwrap();
}

/// The steps that are slow in how the engine does what was sent, but for those that are [`ALLOWED`].
fn slow_steps(recorder: &mut Recorder, name: &str, whose: UserId, statements: Vec<Statement>) -> Vec<String> {
    let planned = recorder.plans_of(statements);
    assert!(!planned.is_empty(), "{name} sent nothing");
    let mut slow = Vec::new();
    for (statement, plan) in planned.iter().flat_map(|(statement, plans)| plans.iter().map(move |plan| (statement, plan))) {
        let wrong = plan.iter().filter(|step| is_slow(step, whose) && !ALLOWED.contains(&(name, step.split(" | ").next().unwrap())));
        slow.extend(wrong.map(|step| format!("{name}: {step}\n  {statement}\n    {}", plan.join("\n    "))));
    }
    slow
}

pub fn query<T>(recorder: &mut Recorder, name: &str, whose: UserId, work: impl FnOnce(&mut Connection) -> QueryResult<T>) -> Vec<String> {
    let statements = recorder.statements_of(work);
    slow_steps(recorder, name, whose, statements)
}

pub fn change<T>(recorder: &mut Recorder, name: &str, whose: UserId, work: impl FnOnce(&mut Change<'_>) -> QueryResult<T>) -> Vec<String> {
    let statements = recorder.statements_of_change(work);
    slow_steps(recorder, name, whose, statements)
}

/// Whether a step costs more the larger the table is, or the list of a user with many followers. (PostgreSQL prefers to
/// sort the ten rows of other users rather than to read them in index order.)
fn is_slow(step: &str, whose: UserId) -> bool {
    let walks = step.contains("Scan") && step.contains(" on ") && !step.contains("Index Cond") && !step.contains("Bitmap Heap Scan");
    // Rows that the statement itself has just made are few, and a subquery reads what the steps below it do, which are judged themselves.
    let walks = walks && !step.starts_with("CTE Scan") && !step.starts_with("Subquery Scan");
    // This index has only the posts that are just being deleted.
    let walks = walks && !step.contains("using posts_deleted");
    let sorts = step.contains("TEMP B-TREE") || (whose == KNOWN_TO_MANY && step.contains("Sort Key"));
    // It would read all whom a user follows to say of a few whether they are among them.
    let hashes = step.contains("hashed SubPlan");
    walks || sorts || hashes || (step.starts_with("SCAN") && !["SCAN CONSTANT ROW", "SCAN counted"].contains(&step))
}

#[tokio::test]
async fn whatever_is_asked_an_index_answers() {
    let town = Town::new().await;
    let mut conn = town.site.home.shell();
    fill(&mut conn, town.site.app.clock.now());
    // SQLite has no statistics unless an operator runs ANALYZE: plans have to be good without and with.
    let mut faults = Vec::new();
    let statistics = if matches!(conn, Connection::Postgres(_)) { ["VACUUM ANALYZE", "SELECT 1"] } else { ["SELECT 1", "ANALYZE"] };
    let mut recorder = Recorder::of(&town.site);
    for step in statistics {
        recorder.conn.batch_execute(step).unwrap();
        for me in [KNOWN_TO_MANY, LIKE_ANYBODY] {
            faults.extend(reading(&mut recorder, me));
            faults.extend(changing(&mut recorder, me));
        }
    }
    assert!(faults.is_empty(), "{} are slow:\n{}", faults.len(), faults.join("\n"));
}

fn reading(recorder: &mut Recorder, me: UserId) -> Vec<String> {
    let name = || Username::parse("guest_77").unwrap();
    let token = SessionToken::fresh(me, 0).unwrap();
    [
        query(recorder, "newcomers", me, |conn| people::newcomers(conn, me, 6)),
        query(recorder, "directory", me, |conn| Search::new("", "").run(conn, me, 20)),
        query(recorder, "directory, next page", me, |conn| Search::new("", "guest_2").run(conn, me, 20)),
        query(recorder, "search", me, |conn| Search::new("guest_1", "").run(conn, me, 100)),
        query(recorder, "search, next page", me, |conn| Search::new("guest_1", "guest_12").run(conn, me, 20)),
        query(recorder, "somebody by id", me, |conn| people::by_id(conn, me, UserId(77))),
        query(recorder, "profile", me, |conn| people::profile(conn, me, &name())),
        query(recorder, "profile of many", me, |conn| people::profile(conn, me, &Username::parse("guest_1").unwrap())),
        query(recorder, "followers", me, |conn| people::list(conn, me, me, Side::Followers, None, 20)),
        query(recorder, "followers, next page", me, |conn| people::list(conn, me, me, Side::Followers, Some(FollowId(40_000)), 20)),
        query(recorder, "following", me, |conn| people::list(conn, me, me, Side::Following, None, 20)),
        query(recorder, "following, next page", me, |conn| people::list(conn, me, me, Side::Following, Some(FollowId(40_000)), 20)),
        query(recorder, "badge", me, |conn| notifications::count_unread_up_to_many(conn, me)),
        query(recorder, "unread", me, |conn| notifications::count_unread(conn, me)),
        query(recorder, "inbox", me, |conn| notifications::list(conn, me, Show::All, None, 20)),
        query(recorder, "inbox, next page", me, |conn| notifications::list(conn, me, Show::All, Some(NotificationId(40_000)), 20)),
        query(recorder, "unread part", me, |conn| notifications::list(conn, me, Show::Unread, None, 20)),
        query(recorder, "unread part, next page", me, |conn| notifications::list(conn, me, Show::Unread, Some(NotificationId(40_000)), 20)),
        query(recorder, "session", me, |conn| sessions::find(conn, &token.hash(), 0)),
        query(recorder, "sessions", me, |conn| sessions::list(conn, me, 0)),
        query(recorder, "session still there", me, |conn| sessions::exists(conn, me, SessionId(7))),
        query(recorder, "token", me, |conn| tokens::find(conn, &token.hash())),
        query(recorder, "tokens", me, |conn| tokens::list(conn, me)),
        query(recorder, "taken", me, |conn| users::is_taken(conn, &name())),
        query(recorder, "credentials", me, |conn| users::credentials(conn, &name())),
        query(recorder, "is known there", me, |conn| known_networks::is_known(conn, &name(), b"here")),
        query(recorder, "id by name", me, |conn| users::by_username(conn, &name())),
        query(recorder, "stamp", me, |conn| users::last_update(conn, me)),
        query(recorder, "does follow", me, |conn| follows::is_following(conn, me, UserId(77))),
        query(recorder, "sweep", me, |conn| sweep::moved_since(conn, 4_990)),
        query(recorder, "sweep, revoked", me, |conn| sweep::revoked_since(conn, 4_990)),
    ]
    .concat()
}

fn changing(recorder: &mut Recorder, me: UserId) -> Vec<String> {
    let stranger = UserId(me.0 + 1);
    let mut mine = Vec::new();
    recorder.statements_of(|conn| {
        mine = notifications::list(conn, me, Show::Unread, None, 1)?.rows;
        Ok(())
    });
    let line = mine[0].id;
    let actor = mine[0].actor.as_ref().unwrap().id;
    let token = SessionToken::fresh(me, 20_000).unwrap();
    let session = NewSession {
        user: me,
        kind: SessionKind::Browser,
        token_hash: token.hash(),
        idle_expires_at: token.idle_expires_at,
        expires_at: token.expires_at,
        client: Some("Chrome on Linux".to_owned()),
    };
    [
        change(recorder, "follow", me, |tx| follow(tx, me, stranger)),
        change(recorder, "follow again", me, |tx| unfollow(tx, actor, me).and_then(|_| follow(tx, actor, me))),
        change(recorder, "follow again once it was read", me, |tx| {
            notifications::mark_all_read(tx, me, line)?;
            unfollow(tx, actor, me).and_then(|_| follow(tx, actor, me))
        }),
        change(recorder, "unfollow", me, |tx| unfollow(tx, actor, me)),
        change(recorder, "mark read", me, |tx| notifications::mark_read(tx, me, line)),
        change(recorder, "mark unread", me, |tx| notifications::mark_read(tx, me, line).and_then(|_| notifications::mark_unread(tx, me, line))),
        change(recorder, "mark all read", me, |tx| notifications::mark_all_read(tx, me, line)),
        change(recorder, "delete", me, |tx| notifications::delete(tx, me, line)),
        change(recorder, "sign in", me, |tx| users::lock_if_password(tx, me, "-").and_then(|_| sessions::insert(tx, &session))),
        change(recorder, "known network", me, |tx| known_networks::remember(tx, me, b"here")),
        change(recorder, "follow within the limit", me, |tx| follow(tx, me, stranger).and_then(|_| limits::follow(tx, me, 200))),
        change(recorder, "sign up within the limit", me, |tx| limits::sign_up(tx, [7; 16], 20)),
        change(recorder, "renew", me, |tx| sessions::renew(tx, SessionId(7), 2)),
        change(recorder, "revoke", me, |tx| sessions::revoke(tx, me, SessionId(7))),
        change(recorder, "revoke others", me, |tx| sessions::revoke_others(tx, me, SessionId(7))),
        change(recorder, "make token", me, |tx| tokens::insert(tx, me, &TokenName::parse("CI").unwrap(), Scope::Read, &token.hash())),
        change(recorder, "use token", me, |tx| tokens::record_use(tx, TokenId(7))),
        change(recorder, "revoke token", me, |tx| tokens::revoke(tx, me, TokenId(7))),
        change(recorder, "revoke tokens", me, |tx| tokens::revoke_all(tx, me)),
        change(recorder, "change password", me, |tx| users::set_password(tx, me, "-")),
        change(recorder, "leave", me, |tx| users::delete(tx, me, "-")),
        // Foreign keys cascade without a statement of ours, by these columns.
        change(recorder, "cascade", me, |tx| {
            for column in [
                "follows WHERE follower_id",
                "follows WHERE followee_id",
                "sessions WHERE user_id",
                "tokens WHERE user_id",
                "known_networks WHERE user_id",
                "notifications WHERE actor_id",
                "notifications WHERE recipient_id",
            ] {
                diesel::sql_query(format!("DELETE FROM {column} = {}", me.0)).execute(tx.conn())?;
            }
            Ok(())
        }),
    ]
    .concat()
}

#[tokio::test]
async fn somebody_in_forty_thousand_inboxes_can_leave() {
    let town = Town::new().await;
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40001)";
    let rows = format!(
        "{numbers} INSERT INTO users (username, password_hash, last_update, created_at) SELECT 'guest_' || i, '-', 0, i FROM n;
         {numbers} INSERT INTO follows (follower_id, followee_id, created_at) SELECT 1, i, i FROM n WHERE i > 1;
         {numbers} INSERT INTO notifications (recipient_id, actor_id, kind, created_at) SELECT i, 1, 'follow', i FROM n WHERE i > 1"
    );
    town.site.home.shell().batch_execute(&rows).unwrap();
    let gone = town.site.app.change(|tx| Ok(users::delete(tx, UserId(1), "-")?)).await;
    assert!(gone.unwrap());
    let told = sweep::moved_since(&mut town.site.home.shell(), 0).unwrap();
    assert_eq!(told.len(), 40_000, "everybody in whose inbox a line is missing");
}
