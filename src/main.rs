//! The command line.

use std::future::Future;
use std::pin::pin;
use std::process::ExitCode;

use actix_web::rt::signal::unix::{SignalKind, signal};
use actix_web::web::{self, Data};
use clap::{Parser, Subcommand};
use futures_util::future::{Either, select};
use tidings::app::App;
use tidings::config::Settings;
use tidings::{demo, server};

/// Follow people, and hear about it within ten seconds, on any host, without sockets.
#[derive(Parser)]
#[command(version, about, after_help = "Every setting is an environment variable of the same name as well; flags win.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (what happens without a command, too)
    Serve,
    /// Serve a throw-away site with invented people who follow you while you watch
    Demo,
}

#[actix_web::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        None | Some(Command::Serve) => serve(cli.settings).await,
        Some(Command::Demo) => demo(cli.settings).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("tidings: {reason}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

async fn serve(settings: Settings) -> Outcome {
    let config = settings.check()?;
    start_logging(&settings);
    if demo::is_own(&config.database) {
        return Err(format!("{} belongs to the demo, which forgets everybody at its next start; DATABASE_URL must name another file.", config.database).into());
    }
    let app = until_stopped(web::block(move || App::open(config))).await??;
    run(app?, |_, _| {}).await
}

/// What comes of `opening`; the end, if the operator stops us first. The server listens to signals once it serves, but
/// before that a database may be waited for, and in a container (as process 1) a signal that nobody handles is ignored.
async fn until_stopped<F: Future>(opening: F) -> std::io::Result<F::Output> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stopped = async { select(pin!(terminate.recv()), pin!(interrupt.recv())).await.factor_first().0 };
    match select(pin!(opening), pin!(stopped)).await {
        Either::Left((opened, _)) => Ok(opened),
        Either::Right(_) => {
            log::info!("stopped before it served");
            // The thread that waits for the database cannot be told, and nothing that it does is worth waiting for.
            std::process::exit(0)
        }
    }
}

async fn demo(settings: Settings) -> Outcome {
    let settings = settings.with_default_database(demo::DATABASE);
    let config = settings.check()?;
    start_logging(&settings);
    run(demo::open(config).await?, demo::perform).await
}

/// Serves `app` until told to stop; `begin` is called once the port is open.
async fn run(app: App, begin: impl FnOnce(&Data<App>, &str)) -> Outcome {
    let app = Data::new(app);
    match server::allow_many_connections() {
        Ok(files) => log::debug!("up to {files} open files, connections included"),
        Err(cause) => log::warn!("there will be few open tabs, because this process may have few open files: {cause}"),
    }
    let listener = server::listen(&app)
        .map_err(|cause| format!("cannot listen on {}:{} ({cause}); BIND and PORT choose another place", app.config.bind, app.config.port))?;
    let url = format!("http://{}", listener.local_addr()?);
    log::info!("Tidings {} is at {url}", env!("CARGO_PKG_VERSION"));
    begin(&app, &url);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    server::serve(app, listener, cores)?.await?;
    log::info!("stopped");
    Ok(())
}

fn start_logging(settings: &Settings) {
    env_logger::Builder::new()
        // The server's own remarks about its threads are of no use to an operator, and those about requests that are
        // no HTTP would let any stranger fill the log.
        .filter_module("actix_server", log::LevelFilter::Warn)
        .filter_module("actix_http", log::LevelFilter::Off)
        // An outage of Redis is told once, by the link to it, and not at every try of the client's.
        .filter_module("redis", log::LevelFilter::Off)
        .parse_filters(settings.log_filter())
        .init();
}
