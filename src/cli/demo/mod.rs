//! `tidings demo`: a throw-away site with some history, where people and a build robot post, and follow you, while you look.

mod history;
mod life;
mod people;

use std::io::Write;

use actix_web::web::Data;

use super::command_result::CommandResult;
use super::listen::serve;
use super::logging::start_logging;
use crate::app::App;
use crate::config::{Config, Settings};
pub use history::{invents_history, says};
pub use people::{PASSWORD, PEOPLE, YOU};

use crate::db::{Address, Cause, Connection, sqlite};
use crate::error::AppError;
use crate::model::secrets;

/// Where the demo lives unless told otherwise: not where the real site does.
const DATABASE: &str = "sqlite:data/demo.db";

pub(super) async fn run(settings: Settings) -> CommandResult {
    let settings = settings.with_default_database(DATABASE);
    let config = settings.check()?;
    start_logging(&settings);
    serve(open(config).await?, start).await
}

/// Opens the demo's own database, and fills it anew.
async fn open(config: Config) -> Result<App, Cause> {
    let Address::Sqlite(path) = &config.database else {
        return Err("DATABASE_URL names a server, but the demo keeps to a file of its own: unset it.".into());
    };
    if sqlite::exists(path) && !is_own(&config.database) {
        let sentence = format!(
            "{} holds something that is not the demo's, so it was left alone; unset DATABASE_URL or name a file that does not exist yet.",
            path.display()
        );
        return Err(sentence.into());
    }
    // No Redis: a real site may use it, and there the same ids are other people's.
    let app = App::open(Config { redis: None, ..config })?;
    let hash = app.passwords.hash(PASSWORD.to_owned()).await.map_err(AppError::into_cause)?;
    invents_history(&app, hash).await.map_err(AppError::into_cause)?;
    Ok(app)
}

/// Whether a demo's database is at `address`. It is opened read-only: whatever cannot be read as a demo is somebody else's.
pub fn is_own(address: &Address) -> bool {
    match address {
        Address::Sqlite(path) => sqlite::open_read_only(path).is_ok_and(|conn| secrets::exists(&mut Connection::Sqlite(conn), history::MARK).unwrap_or(false)),
        Address::Postgres(_) => false,
    }
}

/// Says where to look, and begins.
fn start(app: &Data<App>, url: &str) {
    let greeting = format!(
        "\n  The demo is at {url}/signin?next=/notifications\n  Sign in as     {YOU}\n  with password  {PASSWORD}\n\n  \
         Leave a page open: people post, and a robot says how its builds went. Tell your followers something,\n  \
         and somebody new will follow you. (The others have the same password, if you want to be two: {}, …)\n  \
         Ctrl-C ends it.\n",
        PEOPLE.first().copied().unwrap_or_default()
    );
    // A closed stdout is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "{greeting}");
    life::start(app.clone());
}
