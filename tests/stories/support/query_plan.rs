//! What some work sends to the database, and how the engine plans to do it (`EXPLAIN`).

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::{Integer, Text};
use tidings::db::{Change, Connection, NoConnection};
use tidings::store::Store;

use crate::site::Site;

/// The steps of a query plan.
pub type Plan = Vec<String>;

/// Records what is sent over a connection of its own, and over those of the site's changes.
pub struct Recorder {
    pub conn: Connection,
    store: Store,
    sent: Sent,
}

type Sent = Arc<Mutex<Vec<String>>>;

/// The end of a change that is rolled back.
struct RolledBack;

impl From<DieselError> for RolledBack {
    fn from(cause: DieselError) -> Self {
        panic!("{cause}")
    }
}

impl From<NoConnection> for RolledBack {
    fn from(cause: NoConnection) -> Self {
        panic!("{cause:?}")
    }
}

fn record(conn: &mut Connection, sent: &Sent) {
    let log = Arc::clone(sent);
    let record = move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            log.lock().unwrap().push(query.to_string());
        }
    };
    match conn {
        Connection::Postgres(conn) => conn.set_instrumentation(record),
        Connection::Sqlite(conn) => conn.set_instrumentation(record),
    }
}

impl Recorder {
    pub fn of(site: &Site) -> Recorder {
        let (mut conn, sent) = (site.home.shell(), Sent::default());
        record(&mut conn, &sent);
        Recorder { conn, store: Store::clone(&site.app), sent }
    }

    /// What `work` changes by; it is rolled back.
    pub fn statements_of_change<T>(&mut self, work: impl FnOnce(&mut Change<'_>) -> QueryResult<T>) -> Vec<Statement> {
        let sent = Arc::clone(&self.sent);
        let done = self.store.change::<(), RolledBack>(|tx| {
            record(tx.conn(), &sent);
            sent.lock().unwrap().clear();
            work(tx).unwrap();
            Err(RolledBack)
        });
        assert!(done.is_err());
        self.take_statements()
    }

    /// What `work` sends.
    pub fn statements_of<T>(&mut self, work: impl FnOnce(&mut Connection) -> QueryResult<T>) -> Vec<Statement> {
        self.sent.lock().unwrap().clear();
        let done = self.conn.transaction::<(), _, _>(|conn| {
            work(conn)?;
            Err(DieselError::RollbackTransaction)
        });
        assert_eq!(done, Err(DieselError::RollbackTransaction));
        self.take_statements()
    }

    fn take_statements(&mut self) -> Vec<Statement> {
        let sent = std::mem::take(&mut *self.sent.lock().unwrap());
        sent.iter().filter_map(|shown| Statement::read(shown)).collect()
    }

    /// The statements, each with the engine's plans for it.
    pub fn plans_of(&mut self, statements: Vec<Statement>) -> Vec<(String, Vec<Plan>)> {
        statements.into_iter().map(|statement| (statement.text.clone(), plans(&mut self.conn, &statement))).collect()
    }
}

/// A statement, and the values of its parameters as literals.
pub struct Statement {
    text: String,
    values: Vec<String>,
}

impl Statement {
    /// From Diesel's debug output; `None` for `BEGIN` and its like.
    fn read(shown: &str) -> Option<Statement> {
        let (text, values) = shown.split_once(" -- binds: [")?;
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

/// `UserId(7)` is 7, `[1, 2]` an array (or some bytes, any bytes will do), `"bob"` is a text.
fn literal(shown: &str) -> String {
    let digits = |text: &str| text.chars().filter(|c| c.is_ascii_digit() || "-,".contains(*c)).collect::<String>();
    if let Some(inner) = shown.strip_prefix("Some(").and_then(|inner| inner.strip_suffix(')')) {
        return literal(inner);
    }
    match shown.chars().next() {
        None => String::new(),
        Some('[') if shown.contains('"') => format!("'{{{}}}'", shown.trim_matches(['[', ']'])),
        Some('[') => format!("'{{{}}}'", digits(shown)),
        Some('"') => shown.replace('"', "'"),
        Some(_) if shown == "None" => "NULL".to_owned(),
        Some(c) if c.is_ascii_digit() || shown.ends_with(')') => digits(shown),
        Some(_) => format!("'{}'", shown.to_lowercase()),
    }
}

/// PostgreSQL plans the first executions of a prepared statement for their values (custom), and may then keep one plan for
/// all values (generic): both are shown.
fn plans(conn: &mut Connection, statement: &Statement) -> Vec<Plan> {
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

/// PostgreSQL's lines, those that describe a step (`Index Cond: …`) joined to it.
fn steps(lines: &[String]) -> Plan {
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
