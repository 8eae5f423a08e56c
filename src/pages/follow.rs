//! Follow and unfollow: two buttons that may be pressed as often as one likes.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;

use super::profile::{About, named};
use crate::app::App;
use crate::error::AppError;
use crate::model::people::{self, Person};
use crate::model::{Username, follows, users};
use crate::place::{local, with_query};
use crate::reply::{Answer, Fragment};
use crate::viewer::{Viewer, is_htmx};

/// The button beside a person.
#[derive(Debug, Template)]
#[template(path = "parts/follow.html")]
pub struct FollowButton {
    username: String,
    following: bool,
    on_profile: bool,
    back: String,
}

impl HtmlSafe for FollowButton {}

impl FollowButton {
    /// In a list; without JavaScript one comes back to the place `back`.
    pub fn new(person: &Person, back: String) -> FollowButton {
        FollowButton { username: person.username.clone(), following: person.following, on_profile: false, back }
    }

    /// On the person's own page, where it changes the counts as well.
    pub fn on_profile(person: &Person) -> FollowButton {
        FollowButton { on_profile: true, ..FollowButton::new(person, String::new()) }
    }

    fn action(&self) -> String {
        let verb = if self.following { "unfollow" } else { "follow" };
        let on = if self.on_profile { "profile" } else { "" };
        with_query(&format!("/people/{}/{verb}", self.username), &[("on", on), ("back", &self.back)])
    }
}

/// Where the button was, so that the answer fits. In the URL and not in the body, because the body may be empty.
#[derive(Debug, Deserialize)]
pub struct Pressed {
    /// "profile": the answer for htmx is the profile's upper part, not the button alone.
    on: Option<String>,
    /// Where to go back to without JavaScript.
    #[serde(default)]
    back: String,
}

/// What htmx gets: the button, or more of a profile.
#[derive(Template)]
#[template(source = "{% match self %}{% when Self::Button(button) %}{{ button }}{% when Self::Profile(about) %}{{ about }}{% endmatch %}", ext = "html")]
#[allow(clippy::large_enum_variant)]
enum Part {
    Button(FollowButton),
    Profile(About),
}

/// `POST /people/{username}/follow`
pub async fn follow(viewer: Viewer, path: Path<String>, pressed: Query<Pressed>, req: HttpRequest, app: Data<App>) -> Result<Answer<impl Template>, AppError> {
    let (me, username, now) = (viewer.id, named(&path)?, app.clock.now());
    if username.as_str() == viewer.username {
        return Err(AppError::Unprocessable("Following oneself leads nowhere new: everything you do, you know already."));
    }
    let whom = username.clone();
    app.change(move |db| {
        let followee = users::by_username(db, &whom)?;
        let (_, news) = follows::follow(db, me, followee, now)?;
        Ok(((), news))
    })
    .await?;
    answer(viewer, username, &pressed, &req, &app).await
}

/// `POST /people/{username}/unfollow`
pub async fn unfollow(
    viewer: Viewer,
    path: Path<String>,
    pressed: Query<Pressed>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<Answer<impl Template>, AppError> {
    let (me, username, now) = (viewer.id, named(&path)?, app.clock.now());
    let whom = username.clone();
    app.change(move |db| {
        let followee = users::by_username(db, &whom)?;
        let (_, news) = follows::unfollow(db, me, followee, now)?;
        Ok(((), news))
    })
    .await?;
    answer(viewer, username, &pressed, &req, &app).await
}

async fn answer(viewer: Viewer, username: Username, pressed: &Pressed, req: &HttpRequest, app: &App) -> Result<Answer<Part>, AppError> {
    let back = local(&pressed.back).map_or_else(|| format!("/people/{username}"), str::to_owned);
    if !is_htmx(req) {
        return Ok(Answer::SeeOther(back));
    }
    let id = viewer.id;
    let part = if pressed.on.as_deref() == Some("profile") {
        let profile = app.read(move |db| Ok(people::profile(db, id, &username)?)).await?;
        Part::Profile(About::new(profile, &viewer))
    } else {
        let person = app.read(move |db| Ok(people::by_name(db, id, &username)?)).await?;
        Part::Button(FollowButton::new(&person, back))
    };
    Ok(Answer::Fragment(Fragment { part, extras: None }))
}
