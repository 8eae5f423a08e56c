//! Carries out the deliveries: batch after batch, each one transaction, beside requests.
//!
//! Any instance may carry on where another died: all that is to be known is in the rows, and the lock on a delivery's row ends with the
//! transaction of whoever held it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use tokio::time::timeout;

use super::watch::Watch;
use crate::app::App;
use crate::db::Address;
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
            let (looked, is_open) = look(watch, &app).await;
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

/// Whether there are any, which is also told to the metrics.
async fn look(watch: Watch, app: &Arc<App>) -> (Watch, bool) {
    let (watch, backlog) = watch.look(app, deliveries::backlog).await;
    let Some(backlog) = backlog else { return (watch, false) };
    app.metrics.set_deliveries(backlog.open, backlog.oldest.map_or(0, |oldest| app.clock.now() - oldest));
    (watch, backlog.open > 0)
}

/// One batch of one delivery, if one is there that no other instance works on. An error is logged once for as long as it lasts.
async fn work(app: &App) -> Result<bool, AppError> {
    let size = if matches!(app.config.database, Address::Sqlite(_)) { BATCH_IN_A_FILE } else { BATCH_ON_A_SERVER };
    let worked = app.change_in_bulk(move |tx| Ok(deliver_batch(tx, size)?)).await;
    app.log_failure("deliveries wait, and go on by themselves", &worked);
    worked
}
