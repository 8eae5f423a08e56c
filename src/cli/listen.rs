//! Opens the port, and serves until told to stop.

use actix_web::web::Data;

use super::command_result::CommandResult;
use crate::app::App;
use crate::server;

/// Serves `app` until it is told to stop. `begin` is called once the port is open.
pub(super) async fn serve(app: App, begin: impl FnOnce(&Data<App>, &str)) -> CommandResult {
    let app = Data::new(app);
    match server::raise_file_limit() {
        Ok(files) => log::debug!("up to {files} open files, connections included"),
        Err(cause) => log::warn!("cannot raise the limit of open files, so only few tabs can be open at once: {cause}"),
    }
    let listener = server::listen(&app)
        .map_err(|cause| format!("cannot listen on {}:{} ({cause}); set BIND or PORT to listen elsewhere", app.config.bind, app.config.port))?;
    let url = format!("http://{}", listener.local_addr()?);
    log::info!("Tidings {} is at {url}", env!("CARGO_PKG_VERSION"));
    begin(&app, &url);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    server::serve(app, listener, cores)?.await?;
    log::info!("stopped");
    Ok(())
}
