//! Carries out the deliveries: batch after batch, each one transaction, beside requests.
//!
//! Any instance may carry on where another died: all that is to be known is in the rows, and the lock on a delivery's row ends with the
//! transaction of whoever held it.

use std::time::Duration;

use actix_web::rt;
use actix_web::web::Data;
use tokio::time::timeout;

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

/// Starts to carry out the deliveries of `app`, on the runtime of the caller.
pub fn start(app: Data<App>) {
    rt::spawn(async move {
        loop {
            if !matches!(work(&app).await, Ok(true)) {
                // Woken by a new one, or in a second: another instance may have died, or what failed may go on.
                let _ = timeout(LOOK_EVERY, app.wake_deliveries.notified()).await;
            }
        }
    });
}

/// One batch, if there is anything to do. An error is logged once for as long as it lasts.
async fn work(app: &App) -> Result<bool, AppError> {
    let worked = batch(app).await;
    if let Err(AppError::Unavailable(cause) | AppError::Outage(cause) | AppError::Unknown(cause) | AppError::Internal(cause)) = &worked
        && app.database.health().writing.failed(&cause.to_string())
    {
        log::warn!("deliveries wait, and go on by themselves: {cause}");
    }
    worked
}

async fn batch(app: &App) -> Result<bool, AppError> {
    // A look first: on SQLite, a change would take the write lock every second.
    if app.query(|conn| Ok(deliveries::backlog(conn)?)).await?.open == 0 {
        return Ok(false);
    }
    let size = if matches!(app.config.database, Address::Sqlite(_)) { BATCH_IN_A_FILE } else { BATCH_ON_A_SERVER };
    app.change_in_bulk(move |tx| Ok(deliver_batch(tx, size)?)).await
}
