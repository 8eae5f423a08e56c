//! The log: env_logger.

use crate::config::Settings;

/// Logs from here on, as RUST_LOG says.
pub(super) fn start_logging(settings: &Settings) {
    env_logger::Builder::new()
        // Remarks about the server's threads are of no use to an operator. Those about malformed HTTP would let any stranger fill the log.
        .filter_module("actix_server", log::LevelFilter::Warn)
        .filter_module("actix_http", log::LevelFilter::Off)
        // An outage of Redis is logged once, by our own client, and not at every retry.
        .filter_module("redis", log::LevelFilter::Off)
        .parse_filters(settings.log_filter())
        .init();
}
