//! Pairs of names read from the database behind a site's back: who, and whom.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use tidings::db::Connection;

type Pairs = BTreeSet<(String, String)>;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    other: String,
}

/// Who follows whom.
pub fn follows(db: &mut Connection) -> Pairs {
    select(db, "SELECT a.username AS actor, b.username AS other FROM follows f JOIN users a ON a.id = f.follower_id JOIN users b ON b.id = f.followee_id")
}

/// About whom there is a notification, and for whom.
pub fn notifications(db: &mut Connection) -> Pairs {
    select(db, "SELECT a.username AS actor, b.username AS other FROM notifications n JOIN users a ON a.id = n.actor_id JOIN users b ON b.id = n.recipient_id")
}

/// Who has a notification, but still the stamp of somebody to whom nothing has happened; the second name is empty.
pub fn unstamped(db: &mut Connection) -> Pairs {
    select(db, "SELECT username AS actor, '' AS other FROM users WHERE last_update = 0 AND id IN (SELECT recipient_id FROM notifications)")
}

fn select(db: &mut Connection, query: &str) -> Pairs {
    let rows: Vec<Row> = diesel::sql_query(query).load(db).unwrap();
    rows.into_iter().map(|row| (row.actor, row.other)).collect()
}
