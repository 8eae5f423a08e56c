//! What runs beside requests, in every instance.

mod deliveries;
mod retention;
mod watch;

use actix_web::web::Data;

use crate::app::App;

/// Starts all of it, on the runtime of the caller.
pub fn start(app: &Data<App>) {
    deliveries::start(app);
    retention::start(app);
}
