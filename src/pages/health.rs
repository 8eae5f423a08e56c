//! What operators ask: is it up, is it ready, how does it do?

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::app::App;
use crate::error::AppError;
use crate::metrics;
use crate::model::secrets::{self, KEY};

/// `GET /healthz`: the process answers. Touches nothing, so that a slow database restarts nobody.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers as well; 503 while it does not. Trouble with Redis is said and is no reason to
/// send people elsewhere: without it everything works.
pub async fn ready(app: Data<App>) -> Result<String, AppError> {
    // A real row: `SELECT 1` would be answered without a look at the file.
    app.look(|db| Ok(secrets::has(db, KEY)?)).await?;
    let redis = match app.stamps.shared() {
        None => "not used",
        Some(link) if link.is_well() => "ok",
        Some(_) => "out of use, and not needed: stamps come from memory and the database",
    };
    Ok(format!("ready\ndatabase: ok\nredis: {redis}\n"))
}

/// `GET /metrics`: counters and gauges in Prometheus's text format. Asks nobody, so that it also answers in an outage.
pub async fn metrics(app: Data<App>) -> Result<HttpResponse, AppError> {
    app.metrics.remembered.set(i64::try_from(app.stamps.number_remembered()).unwrap_or(i64::MAX));
    let text = app.metrics.text(app.database_reading()).map_err(|cause| AppError::Internal(Box::new(cause)))?;
    Ok(HttpResponse::Ok().content_type(metrics::CONTENT_TYPE).body(text))
}
