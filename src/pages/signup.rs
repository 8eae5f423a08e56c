//! Making an account.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;
use serde::Deserialize;

use super::signin::Next;
use crate::app::App;
use crate::entry::sign_up;
use crate::error::AppError;
use crate::frame::Frame;
use crate::model::Username;
use crate::password;
use crate::place::landing;
use crate::reply::{Page, Refusal, see_other, see_other_with};
use crate::viewer::{Caller, cookie};

#[derive(Template)]
#[template(path = "signup.html")]
struct Signup {
    frame: Frame,
    username: String,
    next: String,
    username_objection: Option<String>,
    password_objection: Option<&'static str>,
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

/// `GET /signup`
pub async fn show(caller: Caller, next: Query<Next>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    is_open(&app)?;
    if let Caller::Member(_) = caller {
        return Ok(see_other(landing(&next.next)));
    }
    let next = next.into_inner().next;
    Ok(Page(Signup { frame: frame(&app), username: String::new(), next, username_objection: None, password_objection: None }).respond_to(&req))
}

/// `POST /signup`
pub async fn submit(typed: Form<Typed>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    is_open(&app)?;
    let Typed { username, password, next } = typed.into_inner();
    let parsed = Username::parse(&username).map_err(|objection| objection.to_string());
    let password_objection = password::objection(&password);
    let objection = match (parsed, password_objection) {
        (Ok(name), None) => match sign_up(&app, name, password).await? {
            Some(token) => return Ok(see_other_with(landing(&next), &cookie(&app, &token))),
            None => Some("Somebody has that name already. Please choose another.".to_owned()),
        },
        (parsed, _) => parsed.err(),
    };
    let page = Signup { frame: frame(&app), username, next, username_objection: objection, password_objection };
    Ok(Refusal { status: StatusCode::UNPROCESSABLE_ENTITY, retry_after: None, page }.respond_to(&req))
}

fn is_open(app: &App) -> Result<(), AppError> {
    if app.config.signup_open {
        Ok(())
    } else {
        Err(AppError::Forbidden("Nobody can sign up here at present: whoever runs this site has closed it to newcomers."))
    }
}

fn frame(app: &App) -> Frame {
    Frame::visitor(app, "Sign up")
}
