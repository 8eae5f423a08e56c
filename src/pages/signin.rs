//! Signing in and out.

use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::entry::enter;
use crate::error::AppError;
use crate::frame::Frame;
use crate::model::sessions::{self, Kind};
use crate::place::landing;
use crate::reply::{Page, Refusal, see_other, see_other_with};
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
    let refusal = match enter(&app, &username, password, viewer::address(&req, &app.config), Kind::Browser).await.map(|(token, _)| token) {
        Ok(token) => return Ok(see_other_with(landing(&next), &viewer::cookie(&app, &token))),
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

fn frame(app: &App) -> Frame {
    Frame::visitor(app, "Sign in")
}
