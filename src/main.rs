//! The program `tidings`; see [`tidings::cli`].

use std::process::ExitCode;

#[actix_web::main]
async fn main() -> ExitCode {
    tidings::cli::run().await
}
