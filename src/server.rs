//! The HTTP server: limits, middleware, routes.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::error::JsonPayloadError;
use actix_web::{App as Actix, Error, HttpServer, web};

use crate::app::App;
use crate::border::border;
use crate::error::{AppError, LARGEST_BODY};
use crate::routes::routes;

/// Opens the port that the settings name.
///
/// # Errors
/// When it cannot be had.
pub fn listen(app: &App) -> io::Result<TcpListener> {
    TcpListener::bind((app.config.bind, app.config.port))
}

/// Serves `app` on `listener` with `workers` threads until it is told to stop.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(app: web::Data<App>, listener: TcpListener, workers: usize) -> io::Result<Server> {
    let poll = Duration::from_secs(app.config.poll_seconds.into());
    let factory = move || {
        Actix::new()
            .app_data(app.clone())
            .app_data(web::FormConfig::default().limit(LARGEST_BODY))
            .app_data(web::JsonConfig::default().limit(LARGEST_BODY).error_handler(|error, _| unreadable_json(error)))
            .wrap_fn(border)
            .configure(|server| routes(server, &app.assets))
    };
    Ok(HttpServer::new(factory)
        .workers(workers)
        // Longer than the time between two polls: a poll should not pay for a new connection. But not for hours: who
        // polls so rarely can afford one.
        .keep_alive((poll + Duration::from_secs(15)).min(Duration::from_secs(120)))
        .shutdown_timeout(8)
        .listen(listener)?
        .run())
}

/// The framework calls a body of another type malformed (400); it is of the wrong type (415).
fn unreadable_json(error: JsonPayloadError) -> Error {
    match error {
        JsonPayloadError::ContentType => AppError::WrongType("The body must be application/json.").into(),
        other => other.into(),
    }
}
