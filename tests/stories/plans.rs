//! How the engines find what they are asked for: by an index, whatever the size of the site. Every query and every change of
//! the model is run on a site of some size, and what it sent to the database is then explained.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::{Integer, Text};
use tidings::db::Connection;
use tidings::last_update::sweep;
use tidings::model::notifications::{self, Show};
use tidings::model::people::{self, Search, Side};
use tidings::model::sessions::{self, Kind};
use tidings::model::{FollowId, NotificationId, SessionId, UserId, Username, follows, users};
use tidings::token::Token;

use crate::town::Town;

/// Everybody knows her, and she has read nothing.
const KNOWN_TO_MANY: UserId = UserId(1);
/// Ten follow him, he follows ten, and has read half of it.
const LIKE_ANYBODY: UserId = UserId(3_333);

/// Whatever needs a scan or a sort, and why it may.
const ALLOWED: [(&str, &str); 1] = [
    // One's own.
    ("sessions", "Sort"),
];

/// 5,000 people who follow ten each, and the notifications of that; and half of them follow the first.
fn fill(conn: &mut Connection) {
    let blob = if matches!(conn, Connection::Postgres(_)) { "BYTEA" } else { "BLOB" };
    let numbers =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000), k (j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM k WHERE j < 10)";
    let rows = format!(
        "{numbers} INSERT INTO users (username, password_hash, last_update, created_at) SELECT 'guest_' || i, '-', i, i FROM n;
         {numbers} INSERT INTO follows (follower_id, followee_id, created_at) SELECT i, (i + j * 97) % 5000 + 1, i FROM n, k;
         {numbers} INSERT INTO follows (follower_id, followee_id, created_at) SELECT i, 1, i FROM n WHERE i > 2500 ON CONFLICT DO NOTHING;
         INSERT INTO notifications (recipient_id, actor_id, kind, created_at, read_at)
             SELECT followee_id, follower_id, 'follow', created_at, CASE WHEN followee_id > 1 AND id % 2 = 0 THEN created_at END FROM follows;
         {numbers} INSERT INTO sessions (token_hash, user_id, kind, created_at, seen_at, idle_expires_at, expires_at)
             SELECT CAST(i || '-' || j AS {blob}), i, 'browser', i, i, i + 10000, i + 10000 FROM n, k WHERE j < 3"
    );
    conn.batch_execute(&rows).unwrap();
}

/// A connection that writes down what passes over it.
struct Listener {
    conn: Connection,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn on(mut conn: Connection) -> Listener {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let listen = move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                ear.lock().unwrap().push(query.to_string());
            }
        };
        match &mut conn {
            Connection::Postgres(conn) => conn.set_instrumentation(listen),
            Connection::Sqlite(conn) => conn.set_instrumentation(listen),
        }
        Listener { conn, heard }
    }

    /// What `work` sends, which is then taken back.
    fn hears<T>(&mut self, work: impl FnOnce(&mut Connection) -> QueryResult<T>) -> Vec<Statement> {
        self.heard.lock().unwrap().clear();
        let done = self.conn.transaction::<(), _, _>(|conn| {
            work(conn)?;
            Err(DieselError::RollbackTransaction)
        });
        assert_eq!(done, Err(DieselError::RollbackTransaction));
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.iter().filter_map(|said| Statement::read(said)).collect()
    }

    /// What is wrong with how the engine does what `work` sends, if it is not [`ALLOWED`].
    fn explains<T>(&mut self, name: &str, whose: UserId, work: impl FnOnce(&mut Connection) -> QueryResult<T>) -> Vec<String> {
        let statements = self.hears(work);
        assert!(!statements.is_empty(), "{name} asked nothing");
        let mut faults = Vec::new();
        for statement in statements {
            for plan in plans(&mut self.conn, &statement) {
                let wrong = plan.iter().filter(|step| is_slow(step, whose) && !ALLOWED.contains(&(name, step.split(" | ").next().unwrap())));
                faults.extend(wrong.map(|step| format!("{name}: {step}\n  {}\n    {}", statement.text, plan.join("\n    "))));
            }
        }
        faults
    }
}

/// What was sent, and with which values, as literals.
struct Statement {
    text: String,
    values: Vec<String>,
}

impl Statement {
    /// As Diesel shows it; `None` for the brackets of transactions.
    fn read(said: &str) -> Option<Statement> {
        let (text, values) = said.split_once(" -- binds: [")?;
        let (mut depth, mut parts) = (0, vec![String::new()]);
        for c in values.trim_end().strip_suffix(']')?.chars() {
            depth += i32::from("[(".contains(c)) - i32::from("])".contains(c));
            match c {
                ',' if depth == 0 => parts.push(String::new()),
                c => parts.last_mut()?.push(c),
            }
        }
        Some(Statement { text: text.to_owned(), values: parts.iter().map(|part| literal(part.trim())).filter(|part| !part.is_empty()).collect() })
    }
}

/// `UserId(7)` is 7, `[1, 2]` an array (or some bytes, as good as others), `"bob"` and `Follow` are texts.
fn literal(shown: &str) -> String {
    let digits = |text: &str| text.chars().filter(|c| c.is_ascii_digit() || "-,".contains(*c)).collect::<String>();
    match shown.chars().next() {
        None => String::new(),
        Some('[') => format!("'{{{}}}'", digits(shown)),
        Some('"') => shown.replace('"', "'"),
        Some(_) if shown == "None" => "NULL".to_owned(),
        Some(c) if c.is_ascii_digit() || shown.ends_with(')') => digits(shown),
        Some(_) => format!("'{}'", shown.to_lowercase()),
    }
}

/// How the engine goes about it, step by step. PostgreSQL plans anew while it learns what a prepared statement is asked for,
/// and may then settle on one plan for all values: both are shown.
fn plans(conn: &mut Connection, statement: &Statement) -> Vec<Vec<String>> {
    let Statement { text, values } = statement;
    match conn {
        Connection::Sqlite(conn) => {
            let steps: Vec<(i32, i32, i32, String)> = sql::<(Integer, Integer, Integer, Text)>(&format!("EXPLAIN QUERY PLAN {text}")).load(conn).unwrap();
            vec![steps.into_iter().map(|step| step.3).collect()]
        }
        Connection::Postgres(conn) => ["force_custom_plan", "force_generic_plan"]
            .map(|mode| {
                let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
                conn.batch_execute(&format!("SET plan_cache_mode = {mode}")).unwrap();
                conn.batch_execute(&format!("PREPARE asked AS {text}")).unwrap_or_else(|refusal| panic!("{refusal}: {text}"));
                let lines: Vec<String> = conn.load_text(&format!("EXPLAIN (COSTS OFF, VERBOSE) EXECUTE asked {values}"));
                conn.batch_execute("DEALLOCATE asked").unwrap();
                steps(&lines)
            })
            .into(),
    }
}

trait LoadText {
    fn load_text(&mut self, query: &str) -> Vec<String>;
}

impl LoadText for PgConnection {
    fn load_text(&mut self, query: &str) -> Vec<String> {
        sql::<Text>(query).load(self).unwrap_or_else(|refusal| panic!("{refusal}: {query}"))
    }
}

/// PostgreSQL's lines, each step with what it is bound by.
fn steps(lines: &[String]) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    for line in lines {
        let is_step = !line.contains(": ") && !line.trim_start().starts_with("SubPlan") && !line.trim_start().starts_with("InitPlan");
        match steps.last_mut() {
            Some(last) if !is_step => last.push_str(&format!(" | {}", line.trim())),
            _ => steps.push(line.trim_start_matches([' ', '-', '>']).to_owned()),
        }
    }
    steps
}

/// Whether a step costs more the more there is in the table, or in the lists of somebody known to many. (Ten lines of
/// somebody else PostgreSQL likes to sort rather than to read in their order.)
fn is_slow(step: &str, whose: UserId) -> bool {
    let walks = step.contains("Scan") && step.contains(" on ") && !step.contains("Index Cond") && !step.contains("Bitmap Heap Scan");
    // What the statement has just made itself.
    let walks = walks && !step.starts_with("CTE Scan") && !step.starts_with("Subquery Scan on counted");
    let sorts = step.contains("TEMP B-TREE") || (whose == KNOWN_TO_MANY && step.contains("Sort Key"));
    // To say of a few whether one knows them, it would read all whom one knows.
    let hashes = step.contains("hashed SubPlan");
    walks || sorts || hashes || (step.starts_with("SCAN") && !["SCAN CONSTANT ROW", "SCAN counted"].contains(&step))
}

#[tokio::test]
async fn whatever_is_asked_an_index_answers() {
    let town = Town::new().await;
    let mut conn = town.site.home.shell();
    fill(&mut conn);
    // A file has no statistics, because nobody makes any; an operator might.
    let mut faults = Vec::new();
    let statistics = if matches!(conn, Connection::Postgres(_)) { ["VACUUM ANALYZE", "SELECT 1"] } else { ["SELECT 1", "ANALYZE"] };
    let mut listener = Listener::on(conn);
    for step in statistics {
        listener.conn.batch_execute(step).unwrap();
        for me in [KNOWN_TO_MANY, LIKE_ANYBODY] {
            faults.extend(reading(&mut listener, me));
            faults.extend(changing(&mut listener, me));
        }
    }
    assert!(faults.is_empty(), "{} are slow:\n{}", faults.len(), faults.join("\n"));
}

fn reading(asks: &mut Listener, me: UserId) -> Vec<String> {
    let name = || Username::parse("guest_77").unwrap();
    let token = Token::fresh(me, 0).unwrap();
    [
        asks.explains("newcomers", me, |db| people::newcomers(db, me, 6)),
        asks.explains("directory", me, |db| Search::new("", "").run(db, me, 20)),
        asks.explains("directory, next page", me, |db| Search::new("", "guest_2").run(db, me, 20)),
        asks.explains("search", me, |db| Search::new("guest_1", "").run(db, me, 100)),
        asks.explains("search, next page", me, |db| Search::new("guest_1", "guest_12").run(db, me, 20)),
        asks.explains("somebody by id", me, |db| people::by_id(db, me, UserId(77))),
        asks.explains("profile", me, |db| people::profile(db, me, &name())),
        asks.explains("profile of many", me, |db| people::profile(db, me, &Username::parse("guest_1").unwrap())),
        asks.explains("followers", me, |db| people::list(db, me, me, Side::Followers, None, 20)),
        asks.explains("followers, next page", me, |db| people::list(db, me, me, Side::Followers, Some(FollowId(40_000)), 20)),
        asks.explains("following", me, |db| people::list(db, me, me, Side::Following, None, 20)),
        asks.explains("following, next page", me, |db| people::list(db, me, me, Side::Following, Some(FollowId(40_000)), 20)),
        asks.explains("badge", me, |db| notifications::unread_up_to_many(db, me)),
        asks.explains("unread", me, |db| notifications::unread(db, me)),
        asks.explains("inbox", me, |db| notifications::list(db, me, Show::All, None, 20)),
        asks.explains("inbox, next page", me, |db| notifications::list(db, me, Show::All, Some(NotificationId(40_000)), 20)),
        asks.explains("unread part", me, |db| notifications::list(db, me, Show::Unread, None, 20)),
        asks.explains("unread part, next page", me, |db| notifications::list(db, me, Show::Unread, Some(NotificationId(40_000)), 20)),
        asks.explains("session", me, |db| sessions::find(db, &token.hash(), 0)),
        asks.explains("sessions", me, |db| sessions::list(db, me, 0)),
        asks.explains("taken", me, |db| users::is_taken(db, &name())),
        asks.explains("credentials", me, |db| users::credentials(db, &name())),
        asks.explains("id by name", me, |db| users::by_username(db, &name())),
        asks.explains("stamp", me, |db| users::last_update(db, me)),
        asks.explains("does follow", me, |db| follows::exists(db, me, UserId(77))),
        asks.explains("sweep", me, |db| sweep::moved_since(db, 4_990)),
    ]
    .concat()
}

fn changing(does: &mut Listener, me: UserId) -> Vec<String> {
    let stranger = UserId(me.0 + 1);
    let mut mine = Vec::new();
    does.hears(|db| {
        mine = notifications::list(db, me, Show::Unread, None, 1)?.rows;
        Ok(())
    });
    let line = mine[0].id;
    let token = Token::fresh(me, 20_000).unwrap();
    [
        does.explains("follow", me, |db| follows::follow(db, me, stranger, 1)),
        does.explains("unfollow", me, |db| follows::unfollow(db, mine[0].actor.id, me, 1)),
        does.explains("mark read", me, |db| notifications::mark_read(db, me, line, 1)),
        does.explains("mark unread", me, |db| notifications::mark_read(db, me, line, 1).and_then(|_| notifications::mark_unread(db, me, line, 1))),
        does.explains("mark all read", me, |db| notifications::mark_all_read(db, me, line, 1)),
        does.explains("delete", me, |db| notifications::delete(db, me, line, 1)),
        does.explains("sign in", me, |db| users::has_password(db, me, "-").and_then(|_| sessions::open(db, me, Kind::Browser, &token, 10_003))),
        does.explains("renew", me, |db| sessions::renew(db, SessionId(7), 1, 2)),
        does.explains("revoke", me, |db| sessions::revoke(db, me, SessionId(7), 1)),
        does.explains("revoke others", me, |db| sessions::revoke_others(db, me, SessionId(7), 1)),
        does.explains("change password", me, |db| users::set_password(db, me, "-")),
        does.explains("leave", me, |db| users::delete(db, me, "-", 1)),
        // What a leaving account takes along is found by the engine itself.
        does.explains("cascade", me, |db| {
            for column in [
                "follows WHERE follower_id",
                "follows WHERE followee_id",
                "sessions WHERE user_id",
                "notifications WHERE actor_id",
                "notifications WHERE recipient_id",
            ] {
                diesel::sql_query(format!("DELETE FROM {column} = {}", me.0)).execute(db)?;
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
    let gone = town.site.app.change(|db| Ok(((), users::delete(db, UserId(1), "-", 1)?.unwrap_or_default()))).await;
    assert!(gone.is_ok(), "{gone:?}");
    let told = sweep::moved_since(&mut town.site.home.shell(), 0).unwrap();
    assert_eq!(told.len(), 40_000, "everybody in whose inbox a line is missing");
}
