//! The HTTP server: limits, middleware, routes.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::JsonPayloadError;
use actix_web::{App as Actix, Error, HttpServer, web};
use socket2::SockRef;

use crate::app::App;
use crate::error::{AppError, LARGEST_BODY};
use crate::jobs;
use crate::middleware::middleware;
use crate::routes::routes;

/// The listen backlog, as far as the system allows (`net.core.somaxconn`, 4096 by default). When an instance restarts, every open tab comes
/// back within one interval. With the usual 128, those that come in the same instant would be refused, and retry a second later.
const BACKLOG: i32 = 4096;

/// How long an idle connection stays open. Longer than the usual proxies keep one to us (Caddy two minutes, nginx one): otherwise we could close
/// it under a request that the proxy has just sent. And longer than the usual poll interval, so that a poll needs no new connection.
const KEEP_ALIVE: Duration = Duration::from_secs(150);

/// The kernel's receive buffer of a connection, in bytes (the kernel takes twice as much): it bounds how many requests a client can send ahead of
/// their answers. actix decodes at once whatever has arrived, up to 128 kB, and each request then takes about 3 kB. With this and
/// [`SEND_BUFFER`], a client that sends 200 requests and reads nothing costs 0.5 MB; without, 1.3 MB, and as much again in the kernel.
const RECEIVE_BUFFER: usize = 4 * 1024;

/// The kernel's send buffer of a connection, in bytes (again, twice as much): larger than any page. Otherwise the kernel would take 4 MB for a
/// client that does not read, and the stall would be noticed only after that.
const SEND_BUFFER: usize = 64 * 1024;

/// How long an answer may wait for a client that does not read, before the kernel closes the connection. actix's timers do not cover writes.
#[cfg(target_os = "linux")]
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// Open connections per thread. actix's own limit, 25,000, is meant for busy ones. A tab between two polls is idle and takes 10 to 20 kB, and
/// one core can answer half a million of them. The real limit is the number of open files ([`raise_file_limit`]).
const CONNECTIONS: usize = 1_000_000;

/// Opens the port that the settings name.
///
/// # Errors
/// When the port is taken, or this process may not use it.
pub fn listen(app: &App) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((app.config.bind, app.config.port))?;
    let socket = SockRef::from(&listener);
    // Every connection inherits these.
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(WRITE_TIMEOUT))?;
    // A second listen() changes the backlog.
    socket.listen(BACKLOG)?;
    Ok(listener)
}

/// Raises the limit of open files, and so of connections, to the most that this process may have. It usually starts with 1,024. Returns the new
/// limit.
///
/// # Errors
/// When the system refuses; then the old limit stays.
pub fn raise_file_limit() -> io::Result<u64> {
    rlimit::increase_nofile_limit(rlimit::INFINITY)
}

/// The actix application: state, limits, middleware, routes. Each thread makes one; so do tests.
pub fn application(app: web::Data<App>) -> Actix<impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()>> {
    let assets = app.assets.clone();
    Actix::new()
        .app_data(app)
        .app_data(web::PayloadConfig::new(LARGEST_BODY))
        .app_data(web::JsonConfig::default().limit(LARGEST_BODY).error_handler(|error, _| json_error(error)))
        .wrap_fn(middleware)
        .configure(|server| routes(server, &assets))
}

/// Serves `app` on `listener` with `workers` threads until it is told to stop, and begins the work that runs beside requests.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(app: web::Data<App>, listener: TcpListener, workers: usize) -> io::Result<Server> {
    jobs::start(&app);
    Ok(HttpServer::new(move || application(app.clone()))
        .workers(workers)
        .max_connections(CONNECTIONS)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(8)
        .listen(listener)?
        .run())
}

/// actix answers 400 to a body of another content type; it should be 415.
fn json_error(error: JsonPayloadError) -> Error {
    match error {
        JsonPayloadError::ContentType => AppError::wrong_type("The body must be application/json.").into(),
        other => other.into(),
    }
}
