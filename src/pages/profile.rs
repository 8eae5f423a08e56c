//! A person's page, and the lists of who follows them and whom they follow.

use actix_web::web::{Data, Path, Query};
use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;

use super::follow::FollowButton;
use super::people::{Card, PAGE};
use crate::app::App;
use crate::error::AppError;
use crate::frame::{Frame, with_badge};
use crate::model::people::{self, Side};
use crate::model::{FollowId, UserId, Username, users};
use crate::place::with_query;
use crate::reply::Page;
use crate::viewer::Viewer;

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    frame: Frame,
    about: About,
}

/// The part of a profile that a follow changes: counts and button.
#[derive(Debug, Template)]
#[template(path = "parts/about.html")]
pub struct About {
    username: String,
    follows_you: bool,
    followers: i64,
    following: i64,
    button: Option<FollowButton>,
}

impl HtmlSafe for About {}

impl About {
    /// The profile as `viewer` sees it.
    pub fn new(profile: people::Profile, viewer: UserId) -> About {
        let people::Profile { person, followers, following } = profile;
        let button = (person.id != viewer).then(|| FollowButton::on_profile(&person));
        About { username: person.username, follows_you: person.follows_you, followers, following, button }
    }

    /// "45", "1,050", or "10,000+" where it was not counted any further.
    fn shown(&self, number: &i64) -> String {
        let more = if *number < people::MANY { "" } else { "+" };
        match (number / 1_000, number % 1_000) {
            (0, few) => few.to_string(),
            (thousands, rest) => format!("{thousands},{rest:03}{more}"),
        }
    }
}

#[derive(Template)]
#[template(path = "follows.html")]
struct Follows {
    frame: Frame,
    username: String,
    is_me: bool,
    side: Side,
    cards: Vec<Card>,
    more: Option<String>,
    first_page: bool,
}

/// The name in the path; what can be no name is nobody's.
pub fn named(path: &str) -> Result<Username, AppError> {
    Username::parse(path).map_err(|_| AppError::NotFound)
}

/// `GET /people/{username}`
pub async fn show(viewer: Viewer, path: Path<String>, app: Data<App>) -> Result<Page<impl Template>, AppError> {
    let (id, username) = (viewer.id, named(&path)?);
    let (unread, profile) = with_badge(&app, &viewer, move |db| Ok(people::profile(db, id, &username)?)).await?;
    let frame = Frame::member(&app, &viewer, &profile.person.username, unread);
    Ok(Page(ProfilePage { frame, about: About::new(profile, viewer.id) }))
}

/// From which follow on.
#[derive(Debug, Deserialize)]
pub struct Cursor {
    after: Option<FollowId>,
}

/// `GET /people/{username}/followers?after=`
pub async fn followers(viewer: Viewer, path: Path<String>, cursor: Query<Cursor>, app: Data<App>) -> Result<Page<impl Template>, AppError> {
    list(viewer, named(&path)?, Side::Followers, cursor.after, &app).await
}

/// `GET /people/{username}/following?after=`
pub async fn following(viewer: Viewer, path: Path<String>, cursor: Query<Cursor>, app: Data<App>) -> Result<Page<impl Template>, AppError> {
    list(viewer, named(&path)?, Side::Following, cursor.after, &app).await
}

async fn list(viewer: Viewer, username: Username, side: Side, after: Option<FollowId>, app: &App) -> Result<Page<Follows>, AppError> {
    let (id, of) = (viewer.id, username.clone());
    let (unread, found) = with_badge(app, &viewer, move |db| {
        let of = users::by_username(db, &of)?;
        Ok(people::list(db, id, of, side, after, PAGE)?)
    })
    .await?;
    let (path, name) = match side {
        Side::Followers => (format!("/people/{username}/followers"), format!("Followers of {username}")),
        Side::Following => (format!("/people/{username}/following"), format!("Followed by {username}")),
    };
    let page = |after: Option<FollowId>| with_query(&path, &[("after", &after.map(|id| id.to_string()).unwrap_or_default())]);
    Ok(Page(Follows {
        frame: Frame::member(app, &viewer, &name, unread),
        is_me: username.as_str() == viewer.username,
        username: username.to_string(),
        side,
        more: found.next.map(|next| page(Some(next))),
        cards: found.rows.into_iter().map(|person| Card::new(person, &viewer, &page(after))).collect(),
        first_page: after.is_none(),
    }))
}
