//! Follow and unfollow: two buttons that may be pressed as often as one likes.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;

use super::profile::{About, named};
use crate::app::App;
use crate::clock::Millis;
use crate::db::Connection;
use crate::error::AppError;
use crate::last_update::News;
use crate::model::people::{self, Person};
use crate::model::{UserId, Username, follows, users};
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

type Verb = fn(&mut Connection, UserId, UserId, Millis) -> diesel::QueryResult<(bool, News)>;

/// `POST /people/{username}/follow`
pub async fn follow(viewer: Viewer, path: Path<String>, pressed: Query<Pressed>, req: HttpRequest, app: Data<App>) -> Result<Answer<impl Template>, AppError> {
    let username = named(&path)?;
    if username.as_str() == viewer.username {
        return Err(AppError::Unprocessable("Following oneself leads nowhere new: everything you do, you know already."));
    }
    press(follows::follow, viewer, username, &pressed, &req, &app).await
}

/// `POST /people/{username}/unfollow`
pub async fn unfollow(
    viewer: Viewer,
    path: Path<String>,
    pressed: Query<Pressed>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<Answer<impl Template>, AppError> {
    press(follows::unfollow, viewer, named(&path)?, &pressed, &req, &app).await
}

/// Where the button was, and so how much is to be shown again.
#[derive(Clone, Copy)]
enum Place {
    /// On a page that will be fetched anew.
    Elsewhere,
    List,
    Profile,
}

/// Does it, and reads what is shown of it, and no more, in the same transaction: a read after the commit could fail, and
/// then the answer would say that nothing was changed.
async fn press(verb: Verb, viewer: Viewer, username: Username, pressed: &Pressed, req: &HttpRequest, app: &App) -> Result<Answer<Part>, AppError> {
    let (me, now) = (viewer.id, app.clock.now());
    let back = local(&pressed.back).map_or_else(|| format!("/people/{username}"), str::to_owned);
    let place = match pressed.on.as_deref() {
        _ if !is_htmx(req) => Place::Elsewhere,
        Some("profile") => Place::Profile,
        _ => Place::List,
    };
    let part = app
        .change(move |db| {
            let other = users::by_username(db, &username)?;
            let (_, news) = verb(db, me, other, now)?;
            let part = match place {
                Place::Elsewhere => None,
                Place::List => Some(Part::Button(FollowButton::new(&people::by_name(db, me, &username)?, back.clone()))),
                Place::Profile => Some(Part::Profile(About::new(people::profile(db, me, &username)?, me))),
            };
            Ok((part.ok_or(back), news))
        })
        .await?;
    Ok(match part {
        Ok(part) => Answer::Fragment(Fragment { part, extras: None }),
        Err(back) => Answer::SeeOther(back),
    })
}
