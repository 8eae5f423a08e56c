//! Signing in and out.

use std::net::IpAddr;

use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use askama::Template;
use serde::Deserialize;

use super::{local, with_query};
use crate::app::App;
use crate::error::AppError;
use crate::frame::Frame;
use crate::last_update::News;
use crate::model::sessions::{self, Kind};
use crate::model::users::{self, Credentials};
use crate::model::{UserId, Username};
use crate::reply::{Page, Refusal, see_other, see_other_with};
use crate::token::Token;
use crate::viewer::{self, Caller};

#[derive(Template)]
#[template(path = "signin.html")]
struct Signin {
    frame: Frame,
    username: String,
    next: String,
    objection: Option<String>,
}

/// Where somebody was going before they had to sign in.
#[derive(Debug, Deserialize)]
pub struct Next {
    /// A place on this site; anything else is ignored.
    #[serde(default)]
    pub next: String,
}

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct Typed {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// The sign-in page for somebody on their way to `place`.
pub fn on_the_way_to(place: &str) -> String {
    with_query("/signin", &[("next", if place == "/" { "" } else { place })])
}

/// Where to go once signed in.
pub fn landing(next: &str) -> &str {
    local(next).unwrap_or("/")
}

/// `GET /signin`
pub async fn show(caller: Caller, next: Query<Next>, req: HttpRequest, app: Data<App>) -> HttpResponse {
    let next = next.into_inner().next;
    if let Caller::Member(_) = caller {
        return see_other(landing(&next));
    }
    Page(Signin { frame: frame(&app), username: String::new(), next, objection: None }).respond_to(&req)
}

/// `POST /signin`
pub async fn submit(typed: Form<Typed>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    let Typed { username, password, next } = typed.into_inner();
    let refusal = match sign_in(&app, &username, password, viewer::address(&req, &app.config)).await {
        Ok(user) => {
            let token = open_session(&app, user.id, Kind::Browser).await?;
            return Ok(see_other_with(landing(&next), &viewer::cookie(&app, &token)));
        }
        Err(refusal @ (AppError::WrongPassword | AppError::TooMany(_))) => refusal,
        Err(trouble) => return Err(trouble),
    };
    let page = Signin { frame: frame(&app), username, next, objection: Some(refusal.to_string()) };
    Ok(Refusal { status: refusal.status_code(), retry_after: refusal.retry_after(), page }.respond_to(&req))
}

/// `POST /signout`: ends this session, everywhere it is open.
pub async fn leave(caller: Caller, app: Data<App>) -> Result<HttpResponse, AppError> {
    if let Caller::Member(viewer) = caller {
        let now = app.clock.now();
        app.change(move |db| Ok(((), sessions::revoke(db, viewer.id, viewer.session, now)?))).await?;
    }
    Ok(see_other_with("/", &viewer::no_cookie(&app.config)))
}

/// Whose name and password these are.
///
/// # Errors
/// [`AppError::WrongPassword`], after the same time whether the name exists, cannot exist, or the password is wrong;
/// [`AppError::TooMany`] after too many failures.
pub async fn sign_in(app: &App, username: &str, password: String, address: IpAddr) -> Result<Credentials, AppError> {
    // What can be no name is tried as one that nobody can have signed up with, so that it costs the same.
    let name = Username::parse(username).ok();
    if let Some(name) = &name {
        app.slowdown.attempt(name, address, app.clock.now()).map_err(AppError::TooMany)?;
    }
    let wanted = name.clone();
    let known = app.read(move |db| Ok(wanted.map(|name| users::credentials(db, &name)).transpose()?.flatten())).await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let matches = app.passwords.matches(password, hash).await?;
    match (known, name) {
        (Some(known), Some(name)) if matches => {
            app.slowdown.forgive(&name, address);
            Ok(known)
        }
        _ => Err(AppError::WrongPassword),
    }
}

/// A new session of `user`.
///
/// # Errors
/// 503 when it cannot be written.
pub async fn open_session(app: &App, user: UserId, kind: Kind) -> Result<Token, AppError> {
    let now = app.clock.now();
    let token = Token::fresh(user, now)?;
    app.change(move |db| Ok((sessions::open(db, user, kind, &token, now)?, News::none()))).await?;
    Ok(token)
}

fn frame(app: &App) -> Frame {
    Frame::visitor(app, "Sign in")
}
