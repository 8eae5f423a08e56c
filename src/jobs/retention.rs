//! Deletes notifications that were read long ago.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;

use super::watch::Watch;
use crate::app::App;
use crate::clock::DAY;
use crate::model::notifications;

/// How long after its start an instance looks for the first time: at first, all open tabs come back.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// How often an instance looks for some.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// The most that are deleted in one transaction.
const BATCH: i64 = 500;

/// Starts to delete what was read more than `RETENTION_DAYS` ago, on the runtime of the caller, until nobody else uses `app`. Several instances
/// may do so at once.
pub(super) fn start(app: &Data<App>) {
    if app.config.retention_days == 0 {
        return;
    }
    let app = Arc::downgrade(&Arc::clone(app));
    tokio::spawn(async move {
        tokio::time::sleep(FIRST_LOOK).await;
        while let Some(app) = app.upgrade() {
            delete_old(&app).await;
            drop(app);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    });
}

/// Deletes batch after batch for as long as there are any. What fails is tried again at the next look.
async fn delete_old(app: &Arc<App>) {
    let before = app.clock.now() - i64::from(app.config.retention_days) * DAY;
    let (_, found) = Watch::default().look(app, move |conn| notifications::has_read_before(conn, before)).await;
    let mut has_more = found == Some(true);
    while has_more {
        let deleted = app.change_in_bulk(move |tx| Ok(notifications::delete_read_before(tx, before, BATCH)?)).await;
        app.log_failure("what was read long ago is not deleted", &deleted);
        has_more = deleted.is_ok_and(|deleted| deleted > 0);
    }
}
