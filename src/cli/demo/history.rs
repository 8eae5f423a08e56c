//! What happened before you came: the last three days.

use super::people::{FOLLOWED, PEOPLE, ROBOT, SAYINGS, YOU, user};
use crate::app::App;
use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::db::Change;
use crate::domain::follow::follow;
use crate::domain::post::{Audience, post};
use crate::error::AppError;
use crate::ids::{NotificationId, UserId};
use crate::model::posts::NewPost;
use crate::model::{Username, notifications, secrets, users};

/// The secret that marks a database as the demo's own.
pub(super) const MARK: &str = "demo";

/// Something that happened.
enum Happened {
    /// Everybody came, and follows some of the others.
    Everybody,
    /// This one followed you.
    Followed(&'static str),
    /// This one posted, with a link perhaps.
    Posted(&'static str, &'static str, Option<&'static str>),
    /// You read everything.
    Read,
}

/// How long ago, and what.
const HISTORY: [(Millis, Happened); 13] = [
    (3 * DAY, Happened::Everybody),
    (2 * DAY + 5 * HOUR, Happened::Followed("juniper")),
    (2 * DAY + HOUR, Happened::Posted("marlow", SAYINGS[1], None)),
    (DAY + 7 * HOUR, Happened::Followed("tamsin")),
    (DAY + 2 * HOUR, Happened::Posted(ROBOT, "Build 412 is green.", Some("https://builds.example/412"))),
    (22 * HOUR, Happened::Read),
    (21 * HOUR, Happened::Posted(YOU, "Rowed to the island and back. My arms have resigned.", None)),
    (20 * HOUR, Happened::Followed("dilys")),
    (9 * HOUR, Happened::Posted("juniper", SAYINGS[0], None)),
    (3 * HOUR, Happened::Followed("old_salt")),
    (50 * MINUTE, Happened::Posted("dilys", SAYINGS[3], None)),
    (26 * MINUTE, Happened::Posted(ROBOT, "Build 417 failed: 2 of 341 tests.\nBoth of them are about time zones.", Some("https://builds.example/417"))),
    (4 * MINUTE, Happened::Posted("tamsin", SAYINGS[6], None)),
];

/// Deletes everybody, and lets all of it happen again: the clock is set back, and moves forward from one to the next. `hash` is that of everybody's
/// password.
///
/// # Errors
/// Those of the database.
pub async fn invents_history(app: &App, hash: String) -> Result<(), AppError> {
    let now = app.clock.now();
    app.change(|tx| {
        secrets::get_or_insert(tx, MARK, b"throw-away")?;
        Ok(users::delete_everybody(tx)?)
    })
    .await?;
    for (ago, happened) in HISTORY {
        app.clock.jump(now - ago - app.clock.now());
        let hash = hash.clone();
        app.change(move |tx| let_happen(tx, &happened, &hash)).await?;
    }
    app.clock.jump(now - app.clock.now());
    Ok(())
}

fn let_happen(tx: &mut Change<'_>, happened: &Happened, hash: &str) -> Result<(), AppError> {
    let you = user(tx.conn(), YOU);
    match happened {
        Happened::Everybody => everybody(tx, hash),
        Happened::Followed(name) => {
            let follower = user(tx.conn(), name)?;
            follow(tx, follower, you?).map(drop).map_err(AppError::from)
        }
        Happened::Posted(name, text, url) => {
            let author = user(tx.conn(), name)?;
            say(tx, author, text, *url, None)
        }
        Happened::Read => Ok(notifications::mark_all_read(tx, you?, NotificationId(i64::MAX))?),
    }
}

/// `author` posts something.
pub(super) fn say(tx: &mut Change<'_>, author: UserId, text: &str, url: Option<&str>, collapse: Option<&str>) -> Result<(), AppError> {
    let (url, collapse) = (url.map(str::to_owned), collapse.map(str::to_owned));
    post(tx, &NewPost { author, text: text.to_owned(), url, direct: false, collapse }, &Audience::Followers)?;
    Ok(())
}

/// Makes the people. Each follows the next two of them, and you follow some.
fn everybody(tx: &mut Change<'_>, hash: &str) -> Result<(), AppError> {
    let mut people = Vec::new();
    for name in PEOPLE.into_iter().chain([YOU]) {
        let name = Username::parse(name).map_err(AppError::internal)?;
        people.extend(users::insert(tx, &name, hash)?);
    }
    for (n, follower) in people.iter().take(PEOPLE.len()).enumerate() {
        for followee in [(n + 1) % PEOPLE.len(), (n + 5) % PEOPLE.len()].iter().filter_map(|at| people.get(*at)) {
            follow(tx, *follower, *followee)?;
        }
    }
    let you = user(tx.conn(), YOU)?;
    for name in FOLLOWED {
        let followee = user(tx.conn(), name)?;
        follow(tx, you, followee)?;
    }
    Ok(())
}

/// Somebody posts something, and commits it.
///
/// # Errors
/// `NotFound` if there is nobody of that name; those of the database.
pub async fn says(app: &App, name: &'static str, text: &'static str, url: Option<&'static str>) -> Result<(), AppError> {
    app.change(move |tx| {
        let author = user(tx.conn(), name)?;
        say(tx, author, text, url, None)
    })
    .await
}
