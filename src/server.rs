//! The HTTP server: limits, middleware, routes.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::error::JsonPayloadError;
use actix_web::{App as Actix, Error, HttpServer, web};
use socket2::SockRef;

use crate::app::App;
use crate::border::border;
use crate::error::{AppError, LARGEST_BODY};
use crate::routes::routes;

/// How many may wait to be let in, as far as the system allows (`net.core.somaxconn`, 4096 by default). When an instance
/// starts again, every open tab of the one before comes back within one interval, and with the usual 128 those that come
/// in the same instant would be turned away and try again a second later.
const BACKLOG: i32 = 4096;

/// Open connections of one thread. The framework's own bound, 25,000, is meant for busy ones; a tab between two polls is an
/// idle one of some 10 to 20 kB, and half a million of them are what one core can answer. What bounds them really is how many
/// files a process may have open ([`allow_many_connections`]).
const CONNECTIONS: usize = 1_000_000;

/// Opens the port that the settings name.
///
/// # Errors
/// When it cannot be had.
pub fn listen(app: &App) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((app.config.bind, app.config.port))?;
    // To listen again is to change how many may wait.
    SockRef::from(&listener).listen(BACKLOG)?;
    Ok(listener)
}

/// Lets this process have as many files open, and so as many connections, as it may at all: what it is given at its start is
/// usually 1,024, which is as many open tabs. Returns how many that are now.
///
/// # Errors
/// When the system refuses; then it stays with fewer.
pub fn allow_many_connections() -> io::Result<u64> {
    rlimit::increase_nofile_limit(rlimit::INFINITY)
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
        .max_connections(CONNECTIONS)
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
