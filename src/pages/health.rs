//! For operators: is it up, is it ready, what do the metrics say?

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;

use crate::app::App;
use crate::error::{AppError, RETRY_SECONDS};
use crate::metrics;

/// `GET /healthz`: the process answers. It touches nothing, so that a slow database does not get the process restarted.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers as well, and is no read-only replica; otherwise 503. Trouble with Redis is shown, but is no reason to send
/// people elsewhere: without it everything works. Nor is a disk that is full: what is there can be read.
pub async fn ready(app: Data<App>) -> HttpResponse {
    let redis = match app.stamps.redis() {
        None => "not used",
        Some(redis) if redis.is_well() => "ok",
        Some(_) => "out of use, and not needed: stamps come from memory and the database",
    };
    match app.check_database().await {
        Ok(()) => {
            let writes = if app.database.health().writing.is_ongoing() { ", but writes fail; the log says why" } else { "" };
            text(StatusCode::OK, format!("ready\ndatabase: ok{writes}\nredis: {redis}\n"))
        }
        Err(error) => not_ready(&app, error, redis),
    }
}

/// The cause is for the log. It may name hosts and files, and a proxy may show this address to anybody.
fn not_ready(app: &App, error: AppError, redis: &str) -> HttpResponse {
    let (is_outage, cause) = (matches!(error, AppError::Outage(_)), error.into_cause().to_string());
    if !is_outage && app.database.health().reading.failed(&cause) {
        log::warn!("GET /readyz answered 503: {cause}");
    }
    let database = if is_outage { "cannot be reached" } else { "cannot be used" };
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready\ndatabase: {database}; the log says why\nredis: {redis}\n"));
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(RETRY_SECONDS));
    response
}

fn text(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(body)
}

/// `GET /metrics`: counters and gauges in Prometheus's text format. It asks neither the database nor Redis, so that it answers in an outage too.
pub async fn metrics(app: Data<App>) -> Result<HttpResponse, AppError> {
    app.metrics.remembered.set(i64::try_from(app.stamps.number_remembered()).unwrap_or(i64::MAX));
    let text = app.metrics.text(app.database_gauges()).map_err(AppError::internal)?;
    Ok(HttpResponse::Ok().content_type(metrics::CONTENT_TYPE).body(text))
}
