//! The buttons Follow and Unfollow. Both are idempotent.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use crate::accounts::follow::follow_within_limit;
use crate::app::App;
use crate::db::Change;
use crate::domain::follow;
use crate::error::AppError;
use crate::http::request::is_htmx;
use crate::http::response::FormAnswer;
use crate::http::urls::safe_redirect;
use crate::http::viewer::Viewer;
use crate::ids::UserId;
use crate::model::{Username, people, users};
use crate::views::follow_button::FollowButton;
use crate::views::profile_header::ProfileHeader;

/// Where the button was, so that the answer fits. It is in the URL and not in the body, because the body may be empty.
#[derive(Debug, Deserialize)]
pub struct FollowQuery {
    /// "profile": the answer for htmx is the profile's header, not the button alone.
    on: Option<String>,
    /// Where to go back to without JavaScript.
    #[serde(default)]
    back: String,
}

/// What htmx swaps in.
#[derive(Template)]
#[template(source = "{% match self %}{% when Self::Button(button) %}{{ button }}{% when Self::Profile(header) %}{{ header }}{% endmatch %}", ext = "html")]
#[allow(clippy::large_enum_variant)]
pub enum Pressed {
    /// In a list.
    Button(FollowButton),
    /// On a profile.
    Profile(ProfileHeader),
}

/// `POST /people/{username}/follow`
pub async fn follow(
    viewer: Viewer,
    followee: Path<Username>,
    query: Query<FollowQuery>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<FormAnswer<Pressed>, AppError> {
    if followee.as_str() == viewer.username {
        return Err(AppError::unprocessable("You cannot follow yourself."));
    }
    let per_hour = app.follow_limit(viewer.id);
    press(move |tx, me, followee| follow_within_limit(tx, me, followee, per_hour), viewer, followee.into_inner(), query.into_inner(), &req, &app).await
}

/// `POST /people/{username}/unfollow`
pub async fn unfollow(
    viewer: Viewer,
    followee: Path<Username>,
    query: Query<FollowQuery>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<FormAnswer<Pressed>, AppError> {
    press(|tx, me, followee| Ok(follow::unfollow(tx, me, followee)?), viewer, followee.into_inner(), query.into_inner(), &req, &app).await
}

/// Does it, and reads what the answer shows in the same transaction. A read after the commit could fail, and then the answer would say that
/// nothing was changed.
async fn press<Verb>(verb: Verb, viewer: Viewer, username: Username, query: FollowQuery, req: &HttpRequest, app: &App) -> Result<FormAnswer<Pressed>, AppError>
where
    Verb: FnOnce(&mut Change<'_>, UserId, UserId) -> Result<bool, AppError> + Send + 'static,
{
    let (me, is_htmx) = (viewer.id, is_htmx(req));
    let back = safe_redirect(&query.back).map_or_else(|| format!("/people/{username}"), str::to_owned);
    app.change(move |tx| {
        let followee = users::by_username(tx.conn(), &username)?;
        verb(tx, me, followee)?;
        Ok(match query.on.as_deref() {
            _ if !is_htmx => FormAnswer::SeeOther(back),
            Some("profile") => FormAnswer::Fragment(Pressed::Profile(ProfileHeader::new(people::profile(tx.conn(), me, &username)?, me).pressed())),
            _ => FormAnswer::Fragment(Pressed::Button(FollowButton::in_list(&people::by_username(tx.conn(), me, &username)?, back).pressed())),
        })
    })
    .await
}
