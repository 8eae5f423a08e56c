//! Ends sessions, also while the database cannot be read or written.

use std::time::Duration;

use actix_web::rt;
use actix_web::web::Data;

use crate::app::App;
use crate::auth::pending_revocations::PendingRevocations;
use crate::error::AppError;
use crate::http::viewer::Poller;
use crate::ids::UserId;
use crate::model::sessions::{self, TokenHash};

/// The pause between two tries to revoke what could not be revoked.
const RETRY_DELAY: Duration = Duration::from_secs(2);

/// Revokes the sessions of `pollers` now; or, where that cannot be written, as soon as it can. The browser may forget its cookie in either case.
/// Whether the sessions are alive is not asked first: that would be a read, which may fail as well.
pub async fn end_sessions(app: &Data<App>, pollers: &[Poller]) {
    for poller in pollers {
        let (user, token) = (poller.user, poller.token_hash());
        if let Err(error) = revoke(app, user, token).await {
            log_delay(app, error);
            if app.pending_revocations.add(user, token) {
                rt::spawn(revoke_pending(app.clone()));
            }
        }
    }
}

async fn revoke(app: &App, user: UserId, token: TokenHash) -> Result<(), AppError> {
    app.change(move |tx| Ok(sessions::revoke_token(tx, user, &token)?)).await
}

/// Logged once per outage: otherwise every press would say the same.
fn log_delay(app: &App, error: AppError) {
    let is_logged = matches!(error, AppError::Outage(_));
    let cause = error.into_cause().to_string();
    if !is_logged && app.database.health().writing.failed(&cause) {
        log::warn!("signed-out sessions will be revoked later: {cause}");
    }
}

/// One task for all of them. They wait in memory: if the process is stopped meanwhile, they live until they expire.
async fn revoke_pending(app: Data<App>) {
    let pending: &PendingRevocations = &app.pending_revocations;
    while let Some((user, token)) = pending.first() {
        match revoke(&app, user, token).await {
            Ok(()) => pending.done(&token),
            Err(_) => rt::time::sleep(RETRY_DELAY).await,
        }
    }
}
