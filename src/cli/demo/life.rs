//! What happens while you look.

use std::time::Duration;

use actix_web::rt;
use actix_web::web::Data;

use super::history::say;
use super::people::{FOLLOWED, PEOPLE, ROBOT, SAYINGS, YOU, user};
use crate::app::App;
use crate::db::{Change, Connection};
use crate::domain::follow::{follow, unfollow};
use crate::error::AppError;
use crate::ids::PostId;
use crate::model::{follows, posts};

/// What has happened so far.
#[derive(Debug, Clone, Copy)]
struct Life {
    /// The number of the next build.
    build: u32,
    /// Which saying is next.
    saying: usize,
    /// Your newest post that somebody has answered by following you.
    answered: Option<PostId>,
}

/// Starts it, on the runtime of the caller.
pub(super) fn start(app: Data<App>) {
    rt::spawn(async move {
        let mut life = Life { build: 418, saying: 7, answered: newest_of_yours(&app).await.unwrap_or_default() };
        loop {
            rt::time::sleep(Duration::from_millis(2_500 + u64::from(random_below(3_500)))).await;
            match app.change(move |tx| go_on(tx, life)).await {
                Ok(next) => life = next,
                Err(cause) => log::warn!("the demo could not go on: {cause}"),
            }
        }
    });
}

async fn newest_of_yours(app: &App) -> Result<Option<PostId>, AppError> {
    app.query(newest_post).await
}

fn newest_post(conn: &mut Connection) -> Result<Option<PostId>, AppError> {
    let you = user(conn, YOU)?;
    Ok(posts::by_author(conn, you, you, None, 1)?.rows.first().map(|post| post.id))
}

/// One thing more: an answer to what you posted; or else, by chance, a post, a build, somebody who follows you or stops.
fn go_on(tx: &mut Change<'_>, life: Life) -> Result<Life, AppError> {
    let newest = newest_post(tx.conn())?;
    if newest > life.answered {
        follow_or_unfollow(tx, true)?;
        return Ok(Life { answered: newest, ..life });
    }
    match random_below(6) {
        0 | 1 => speak(tx, life),
        2 | 3 => build(tx, life),
        _ => follow_or_unfollow(tx, false).map(|()| life),
    }
}

/// Somebody whom you follow says something.
fn speak(tx: &mut Change<'_>, life: Life) -> Result<Life, AppError> {
    let people = FOLLOWED.iter().filter(|name| **name != ROBOT).collect::<Vec<_>>();
    let (Some(name), Some(text)) = (people.get(life.saying % people.len().max(1)), SAYINGS.get(life.saying % SAYINGS.len())) else { return Ok(life) };
    let author = user(tx.conn(), name)?;
    say(tx, author, text, None, None)?;
    Ok(Life { saying: life.saying + 1, ..life })
}

/// The robot says how a build went. Only its newest is unread.
fn build(tx: &mut Change<'_>, life: Life) -> Result<Life, AppError> {
    let how = if random_below(4) == 0 { "failed: 1 of 343 tests" } else { "is green" };
    let robot = user(tx.conn(), ROBOT)?;
    let url = format!("https://builds.example/{}", life.build);
    say(tx, robot, &format!("Build {} {how}.", life.build), Some(&url), Some("build"))?;
    Ok(Life { build: life.build + 1, ..life })
}

/// Somebody follows you who does not yet; or, unless it must be a follow, somebody who does stops.
fn follow_or_unfollow(tx: &mut Change<'_>, must_follow: bool) -> Result<(), AppError> {
    let you = user(tx.conn(), YOU)?;
    let first = random_below(PEOPLE.len() as u32) as usize;
    for name in PEOPLE.iter().cycle().skip(first).take(PEOPLE.len()).filter(|name| **name != ROBOT) {
        let actor = user(tx.conn(), name)?;
        if !follows::is_following(tx.conn(), actor, you)? {
            follow(tx, actor, you)?;
            return Ok(());
        } else if !must_follow {
            unfollow(tx, actor, you)?;
            return Ok(());
        }
    }
    Ok(())
}

fn random_below(limit: u32) -> u32 {
    getrandom::u32().unwrap_or(0) % limit
}
