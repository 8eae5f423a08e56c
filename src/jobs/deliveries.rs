//! Carries out the deliveries: batch after batch, each one transaction, beside requests.
//!
//! Any instance may carry on where another died: all that is to be known is in the rows, and the lock on a delivery's row ends with the
//! transaction of whoever held it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Data};
use tokio::time::timeout;

use crate::app::App;
use crate::db::{Address, Connection};
use crate::domain::post::deliver_batch;
use crate::error::AppError;
use crate::model::deliveries;

/// How often an instance looks for deliveries that another began and did not finish.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Recipients in a batch on SQLite, whose one write lock a batch holds for about 20 ms.
const BATCH_IN_A_FILE: i64 = 500;
/// Recipients in a batch on PostgreSQL, where a batch holds only the locks on its own recipients.
const BATCH_ON_A_SERVER: i64 = 1_000;

/// Starts to carry out the deliveries of `app`, on the runtime of the caller, until nobody else uses `app`.
pub(super) fn start(app: &Data<App>) {
    let (app, wake) = (Arc::downgrade(&Arc::clone(app)), Arc::clone(&app.wake_deliveries));
    tokio::spawn(async move {
        let mut watch = Watch::default();
        while let Some(app) = app.upgrade() {
            let (looked, is_open) = watch.look(&app).await;
            watch = looked;
            let worked = is_open && matches!(work(&app).await, Ok(true));
            drop(app);
            if !worked {
                // Woken by a new one, or in a second: another instance may have died, or what failed may go on.
                let _ = timeout(LOOK_EVERY, wake.notified()).await;
            }
        }
    });
}

/// Looks whether there are deliveries, on a connection of its own: on SQLite, a change would take the write lock every second; and what is counted
/// as a statement is what requests asked.
#[derive(Default)]
struct Watch {
    /// `None` after a failure.
    conn: Option<Connection>,
}

impl Watch {
    /// Whether there are any, which is also told to the metrics. An outage is none: requests notice and log it.
    async fn look(mut self, app: &Arc<App>) -> (Watch, bool) {
        let (app, connector) = (Arc::clone(app), app.database.connector().clone());
        let looked = web::block(move || {
            let conn = self.conn.take().filter(|_| connector.check_file().is_ok());
            let Some(mut conn) = conn.or_else(|| connector.connect_to_read().ok()) else { return (self, false) };
            let Ok(backlog) = deliveries::backlog(&mut conn) else { return (self, false) };
            app.metrics.set_deliveries(backlog.open, backlog.oldest.map_or(0, |oldest| app.clock.now() - oldest));
            (Watch { conn: Some(conn) }, backlog.open > 0)
        });
        looked.await.unwrap_or_default()
    }
}

/// One batch of one delivery, if one is there that no other instance works on. An error is logged once for as long as it lasts.
async fn work(app: &App) -> Result<bool, AppError> {
    let size = if matches!(app.config.database, Address::Sqlite(_)) { BATCH_IN_A_FILE } else { BATCH_ON_A_SERVER };
    let worked = app.change_in_bulk(move |tx| Ok(deliver_batch(tx, size)?)).await;
    if let Err(AppError::Unavailable(cause) | AppError::Outage(cause) | AppError::Unknown(cause) | AppError::Internal(cause)) = &worked
        && app.database.health().writing.failed(&cause.to_string())
    {
        log::warn!("deliveries wait, and go on by themselves: {cause}");
    }
    worked
}
