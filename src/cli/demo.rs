//! `tidings demo`: a throw-away site where somebody follows you, unfollows or comes back every few seconds.

use std::io::Write;
use std::time::Duration;

use actix_web::rt;
use actix_web::web::Data;

use super::command_result::CommandResult;
use super::listen::serve;
use super::logging::start_logging;
use crate::app::App;
use crate::config::{Config, Settings};
use crate::db::{Address, Cause, Change, Connection, sqlite};
use crate::domain::follow::{follow, unfollow};
use crate::error::AppError;
use crate::ids::UserId;
use crate::model::{Username, follows, secrets, users};

/// Where the demo lives unless told otherwise: not where the real site does.
const DATABASE: &str = "sqlite:data/demo.db";
/// The secret that marks a database as the demo's own.
const MARK: &str = "demo";

/// Who you are in the demo.
pub const YOU: &str = "robin";
/// Everybody's password in the demo.
pub const PASSWORD: &str = "high-tide";
/// Everybody else: a dozen, all invented.
pub const PEOPLE: [&str; 12] =
    ["juniper", "marlow", "old_salt", "pip_squeak", "tamsin", "wren_42", "captain_bo", "dilys", "ferryman", "isolde", "quill", "zephyr"];

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
    app.change(move |tx| fill(tx, &hash)).await.map_err(AppError::into_cause)?;
    Ok(app)
}

/// Whether a demo's database is at `address`. It is opened read-only: whatever cannot be read as a demo is somebody else's.
pub fn is_own(address: &Address) -> bool {
    match address {
        Address::Sqlite(path) => sqlite::open_read_only(path).is_ok_and(|conn| secrets::exists(&mut Connection::Sqlite(conn), MARK).unwrap_or(false)),
        Address::Postgres(_) => false,
    }
}

/// Deletes everybody, and makes the people, who follow each other.
fn fill(tx: &mut Change<'_>, hash: &str) -> Result<(), AppError> {
    secrets::get_or_insert(tx, MARK, b"throw-away")?;
    users::delete_everybody(tx)?;
    let mut people = Vec::new();
    for name in PEOPLE.into_iter().chain([YOU]) {
        let name = Username::parse(name).map_err(AppError::internal)?;
        people.extend(users::insert(tx, &name, hash)?);
    }
    // Everybody but the last, who is you, follows the next two.
    for (n, follower) in people.iter().take(PEOPLE.len()).enumerate() {
        for followee in [(n + 1) % PEOPLE.len(), (n + 5) % PEOPLE.len()].iter().filter_map(|at| people.get(*at)) {
            follow(tx, *follower, *followee)?;
        }
    }
    Ok(())
}

/// Says where to look, and begins.
fn start(app: &Data<App>, url: &str) {
    let greeting = format!(
        "\n  The demo is at {url}\n  Sign in as     {YOU}\n  with password  {PASSWORD}\n\n  \
         Leave a page open and somebody will follow you within seconds. (The others have the same\n  \
         password, if you want to be two: {}, …) Ctrl-C ends it.\n",
        PEOPLE.first().copied().unwrap_or_default()
    );
    // A closed stdout is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "{greeting}");
    let app = app.clone();
    rt::spawn(async move {
        loop {
            rt::time::sleep(Duration::from_millis(2_500 + u64::from(random_below(3_500)))).await;
            if let Err(cause) = follow_or_unfollow(&app).await {
                log::warn!("the demo could not follow or unfollow: {cause}");
            }
        }
    });
}

/// Somebody drawn by chance follows you; or, if they do already, unfollows you.
async fn follow_or_unfollow(app: &App) -> Result<(), AppError> {
    let actor = usize::try_from(random_below(PEOPLE.len() as u32)).ok().and_then(|n| PEOPLE.get(n)).copied().unwrap_or_default();
    app.change(move |tx| {
        let (actor, you) = (user(tx.conn(), actor)?, user(tx.conn(), YOU)?);
        match follows::is_following(tx.conn(), actor, you)? {
            true => unfollow(tx, actor, you)?,
            false => follow(tx, actor, you)?,
        };
        Ok(())
    })
    .await
}

fn user(conn: &mut Connection, name: &str) -> Result<UserId, AppError> {
    let name = Username::parse(name).map_err(|_| AppError::NotFound)?;
    Ok(users::by_username(conn, &name)?)
}

fn random_below(limit: u32) -> u32 {
    getrandom::u32().unwrap_or(0) % limit
}
