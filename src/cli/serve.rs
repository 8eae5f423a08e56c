//! `tidings serve`

use std::future::Future;
use std::pin::pin;

use actix_web::rt::signal::unix::{SignalKind, signal};
use actix_web::web;
use futures_util::future::{Either, select};

use super::command_result::CommandResult;
use super::demo;
use super::listen::serve;
use super::logging::start_logging;
use crate::app::App;
use crate::config::Settings;

pub(super) async fn run(settings: Settings) -> CommandResult {
    let config = settings.check()?;
    start_logging(&settings);
    if demo::is_own(&config.database) {
        let sentence = format!("{} belongs to the demo, which deletes everybody at its next start; DATABASE_URL must name another file.", config.database);
        return Err(sentence.into());
    }
    let app = until_stopped(web::block(move || App::open(config))).await??;
    serve(app?, |_, _| {}).await
}

/// The output of `opening`; or the process ends, if the operator stops it first. Once the server runs it listens to signals itself. Before that,
/// the database may have to be waited for, and in a container (as process 1) a signal without a handler is ignored.
async fn until_stopped<F: Future>(opening: F) -> std::io::Result<F::Output> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stopped = async { select(pin!(terminate.recv()), pin!(interrupt.recv())).await.factor_first().0 };
    match select(pin!(opening), pin!(stopped)).await {
        Either::Left((opened, _)) => Ok(opened),
        Either::Right(_) => {
            log::info!("stopped before it served");
            // The thread that waits for the database cannot be cancelled, and nothing that it does is worth waiting for.
            std::process::exit(0)
        }
    }
}
