//! For operators: is it up, is it ready, what do the metrics say?

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::app::App;
use crate::error::AppError;
use crate::metrics;
use crate::model::secrets::{self, SESSION_KEY};

/// `GET /healthz`: the process answers. It touches nothing, so that a slow database does not get the process restarted.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers as well; 503 while it does not. Trouble with Redis is shown, and is no reason to send people elsewhere:
/// without it everything works.
pub async fn ready(app: Data<App>) -> Result<String, AppError> {
    // A real row: `SELECT 1` would be answered without a look at the file.
    app.query(|conn| Ok(secrets::exists(conn, SESSION_KEY)?)).await?;
    let redis = match app.stamps.redis() {
        None => "not used",
        Some(redis) if redis.is_well() => "ok",
        Some(_) => "out of use, and not needed: stamps come from memory and the database",
    };
    Ok(format!("ready\ndatabase: ok\nredis: {redis}\n"))
}

/// `GET /metrics`: counters and gauges in Prometheus's text format. It asks neither the database nor Redis, so that it answers in an outage too.
pub async fn metrics(app: Data<App>) -> Result<HttpResponse, AppError> {
    app.metrics.remembered.set(i64::try_from(app.stamps.number_remembered()).unwrap_or(i64::MAX));
    let text = app.metrics.text(app.database_gauges()).map_err(AppError::internal)?;
    Ok(HttpResponse::Ok().content_type(metrics::CONTENT_TYPE).body(text))
}
