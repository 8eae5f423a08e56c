//! Making an account.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;
use serde::Deserialize;

use super::sign_in::NextQuery;
use crate::accounts::sign_up::sign_up;
use crate::app::App;
use crate::auth::password;
use crate::error::AppError;
use crate::http::response::{Html, RefusedForm, see_other, see_other_with};
use crate::http::session_cookie;
use crate::http::urls::after_sign_in;
use crate::http::viewer::Caller;
use crate::model::Username;
use crate::views::layout::Layout;

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    layout: Layout,
    username: String,
    next: String,
    username_error: Option<String>,
    password_error: Option<&'static str>,
}

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct SignUpForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// `GET /signup`
pub async fn show(caller: Caller, query: Query<NextQuery>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    check_open(&app)?;
    let next = query.into_inner().next;
    if let Caller::Member(_) = caller {
        return Ok(see_other(after_sign_in(&next)));
    }
    Ok(Html(SignUpPage { layout: layout(&app), username: String::new(), next, username_error: None, password_error: None }).respond_to(&req))
}

/// `POST /signup`
pub async fn submit(form: Form<SignUpForm>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    check_open(&app)?;
    let SignUpForm { username, password, next } = form.into_inner();
    let parsed = Username::parse(&username).map_err(|error| error.to_string());
    let password_error = password::objection(&password);
    let username_error = match (parsed, password_error) {
        (Ok(name), None) => match sign_up(&app, name, password).await? {
            Some(token) => return Ok(see_other_with(after_sign_in(&next), &session_cookie::carrying(&app, &token))),
            None => Some("That username is taken. Please choose another.".to_owned()),
        },
        (parsed, _) => parsed.err(),
    };
    let page = SignUpPage { layout: layout(&app), username, next, username_error, password_error };
    Ok(RefusedForm { status: StatusCode::UNPROCESSABLE_ENTITY, retry_after: None, page }.respond_to(&req))
}

fn check_open(app: &App) -> Result<(), AppError> {
    if app.config.signup_open { Ok(()) } else { Err(AppError::forbidden("Sign-ups are closed at the moment.")) }
}

fn layout(app: &App) -> Layout {
    Layout::visitor(app, "Sign up")
}
