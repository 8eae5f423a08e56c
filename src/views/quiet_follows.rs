//! Whom one follows quietly, in the settings.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use crate::db::Connection;
use crate::ids::UserId;
use crate::model::follows;

/// How many are listed. As soon as one is told of somebody again, the next one shows.
const MOST: i64 = 100;

/// Those whose posts the viewer is not told of, although they follow them.
#[derive(Debug, Template)]
#[template(path = "parts/quiet_follows.html")]
pub struct QuietFollows {
    names: Vec<String>,
    has_more: bool,
}

impl HtmlSafe for QuietFollows {}

impl QuietFollows {
    /// Those of `viewer`, newest follow first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(conn: &mut Connection, viewer: UserId) -> QueryResult<QuietFollows> {
        let mut names = follows::quiet(conn, viewer, MOST + 1)?;
        let has_more = names.len() as i64 > MOST;
        names.truncate(MOST as usize);
        Ok(QuietFollows { names, has_more })
    }
}
