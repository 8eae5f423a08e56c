//! A connection for looking whether there is anything to do, beside the pool of the requests.

use std::sync::Arc;

use actix_web::web;
use diesel::QueryResult;

use crate::app::App;
use crate::db::Connection;

/// Looks without a change: on SQLite, that would take the write lock each time. And what is counted as a statement is what requests asked.
#[derive(Default)]
pub(super) struct Watch {
    /// `None` after a failure.
    conn: Option<Connection>,
}

impl Watch {
    /// What `look` finds; `None` in an outage, which requests notice and log.
    pub(super) async fn look<T, F>(mut self, app: &Arc<App>, look: F) -> (Watch, Option<T>)
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> QueryResult<T> + Send + 'static,
    {
        let connector = app.database.connector().clone();
        let looked = web::block(move || {
            let conn = self.conn.take().filter(|_| connector.check_file().is_ok());
            let Some(mut conn) = conn.or_else(|| connector.connect_to_read().ok()) else { return (self, None) };
            match look(&mut conn) {
                Ok(found) => (Watch { conn: Some(conn) }, Some(found)),
                Err(_) => (self, None),
            }
        });
        looked.await.unwrap_or_default()
    }
}
