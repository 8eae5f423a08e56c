//! A first minute: a throw-away site where somebody follows you, unfollows or comes back every few seconds.

use std::io::Write;
use std::time::Duration;

use actix_web::rt;
use actix_web::web::Data;
use diesel::prelude::*;

use crate::app::App;
use crate::config::Config;
use crate::db::{Address, Connection, sqlite};
use crate::error::AppError;
use crate::last_update::News;
use crate::model::{UserId, Username, follows, secrets, users};
use crate::schema;

/// Where the demo lives unless told otherwise: not where the real site does.
pub const DATABASE: &str = "sqlite:data/demo.db";
/// What marks a database as the demo's own.
const MARK: &str = "demo";

/// Who you are in the demo.
pub const YOU: &str = "robin";
/// Everybody's password in the demo.
pub const PASSWORD: &str = "high-tide";
/// Everybody else: a dozen, all invented.
pub const CAST: [&str; 12] =
    ["juniper", "marlow", "old_salt", "pip_squeak", "tamsin", "wren_42", "captain_bo", "dilys", "ferryman", "isolde", "quill", "zephyr"];

/// Why there is no demo, in a sentence.
#[derive(Debug)]
pub struct NoDemo(String);

impl std::fmt::Display for NoDemo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoDemo {}

/// Opens the demo's own database and puts the cast on its stage.
///
/// # Errors
/// When the database that is named is not the demo's own, which is then not touched; or cannot be opened.
pub async fn open(config: Config) -> Result<App, Box<dyn std::error::Error>> {
    let Address::Sqlite(path) = &config.database else {
        return Err(Box::new(NoDemo("DATABASE_URL names a server, but the demo keeps to a file of its own: unset it.".to_owned())));
    };
    if sqlite::exists(path) && !is_own(&config.database) {
        return Err(Box::new(NoDemo(format!(
            "{} holds something that is not the demo's, so it was left alone; unset DATABASE_URL or name a file that does not exist yet.",
            path.display()
        ))));
    }
    // Nor does it share anything: the ids of its people are those of other people in a real site's Redis.
    let app = App::open(Config { redis: None, ..config })?;
    let (hash, now) = (app.passwords.hash(PASSWORD.to_owned()).await?, app.clock.now());
    app.change(move |db| {
        set_the_stage(db, &hash, now)?;
        Ok(((), News::none()))
    })
    .await?;
    Ok(app)
}

/// Whether a demo's database is at `address`. Looks without writing: whatever cannot be read as a demo is somebody else's.
pub fn is_own(address: &Address) -> bool {
    match address {
        Address::Sqlite(path) => sqlite::look_into(path).is_ok_and(|mut db| secrets::has(&mut db, MARK).unwrap_or(false)),
        Address::Postgres(_) => false,
    }
}

fn set_the_stage(db: &mut Connection, hash: &str, now: i64) -> Result<(), AppError> {
    secrets::keep(db, MARK, b"throw-away")?;
    diesel::delete(schema::users::table).execute(db)?;
    let mut cast = Vec::new();
    for name in CAST.into_iter().chain([YOU]) {
        let name = Username::parse(name).map_err(|wrong| AppError::Internal(wrong.to_string().into()))?;
        cast.extend(users::create(db, &name, hash, now)?);
    }
    // Everybody but the last, who is you, follows the next two; nobody hears of what was so before the curtain.
    for (n, follower) in cast.iter().take(CAST.len()).enumerate() {
        for followee in [(n + 1) % CAST.len(), (n + 5) % CAST.len()].iter().filter_map(|at| cast.get(*at)) {
            let _before_the_curtain = follows::follow(db, *follower, *followee, now)?;
        }
    }
    Ok(())
}

/// Tells where to look, and begins.
pub fn perform(app: &Data<App>, url: &str) {
    let greeting = format!(
        "\n  The demo is at {url}\n  Sign in as     {YOU}\n  with password  {PASSWORD}\n\n  \
         Leave a page open and somebody will follow you within seconds. (The others have the same\n  \
         password, if you want to be two: {}, …) Ctrl-C ends it.\n",
        CAST.first().copied().unwrap_or_default()
    );
    // A closed stdout is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "{greeting}");
    let app = app.clone();
    rt::spawn(async move {
        loop {
            rt::time::sleep(Duration::from_millis(2_500 + u64::from(below(3_500)))).await;
            if let Err(cause) = act(&app).await {
                log::warn!("the demo missed a beat: {cause}");
            }
        }
    });
}

/// Somebody by chance follows you, or, if they did, changes their mind.
async fn act(app: &App) -> Result<(), AppError> {
    let now = app.clock.now();
    let actor = usize::try_from(below(12)).ok().and_then(|n| CAST.get(n)).copied().unwrap_or_default();
    app.change(move |db| {
        let (actor, you) = (named(db, actor)?, named(db, YOU)?);
        let (_, news) = match follows::exists(db, actor, you)? {
            true => follows::unfollow(db, actor, you, now)?,
            false => follows::follow(db, actor, you, now)?,
        };
        Ok(((), news))
    })
    .await
}

fn named(db: &mut Connection, name: &str) -> Result<UserId, AppError> {
    let name = Username::parse(name).map_err(|_| AppError::NotFound)?;
    Ok(users::by_username(db, &name)?)
}

fn below(limit: u32) -> u32 {
    getrandom::u32().unwrap_or(0) % limit
}
