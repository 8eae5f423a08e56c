//! Making an account.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use askama::Template;

use super::sign_in::{CredentialsForm, NextQuery, landing, pollers};
use crate::accounts::sign_out::end_sessions;
use crate::accounts::sign_up::sign_up;
use crate::app::App;
use crate::auth::password_rules;
use crate::error::AppError;
use crate::http::client_info::ClientInfo;
use crate::http::form::Form;
use crate::http::response::{Html, RefusedForm, see_other, see_other_with};
use crate::http::session_cookie;
use crate::http::urls::{after_sign_in, printable};
use crate::http::viewer::Caller;
use crate::model::Username;
use crate::views::layout::Layout;

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    layout: Layout,
    username: String,
    next: String,
    errors: SignUpErrors,
}

/// What was wrong with what was typed.
#[derive(Default)]
struct SignUpErrors {
    username: Option<String>,
    password: Option<&'static str>,
    /// What is not about a field.
    form: Option<String>,
}

/// `GET /signup`
pub async fn show(caller: Caller, query: Query<NextQuery>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    check_open(&app)?;
    let next = query.into_inner().next;
    if let Caller::Member(_) = caller {
        return Ok(see_other(after_sign_in(&next)));
    }
    Ok(Html(SignUpPage { layout: layout(&app), username: String::new(), next: printable(&next), errors: SignUpErrors::default() }).respond_to(&req))
}

/// `POST /signup`
///
/// As at sign-in, the sessions of the cookies that come along end.
pub async fn submit(form: Form<CredentialsForm>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    check_open(&app)?;
    let CredentialsForm { username, password, next, check } = form.0;
    let parsed = Username::parse(&username);
    let mut errors =
        SignUpErrors { username: parsed.as_ref().err().map(|error| error.to_string()), password: password_rules::objection(&password, &username), form: None };
    let client = ClientInfo::of(&req, &app.config);
    let (mut status, mut retry_after) = (StatusCode::UNPROCESSABLE_ENTITY, None);
    if let (Ok(name), None) = (parsed, errors.password) {
        match sign_up(&app, name, password, client.clone()).await {
            Ok(Some(token)) => {
                end_sessions(&app, &pollers(&req, &app)).await;
                return Ok(see_other_with(&landing((&next, &check), &req, &app), &session_cookie::carrying(&app, &token)));
            }
            Ok(None) => errors.username = Some("That username is taken. Please choose another.".to_owned()),
            Err(wait @ (AppError::TooMany(_) | AppError::LimitReached(..))) => {
                if let AppError::LimitReached(limit, _) = wait {
                    log::info!("POST /signup answered 429: address {}", client.address);
                    app.metrics.limited(limit);
                }
                (status, retry_after) = (wait.status_code(), wait.retry_after());
                errors.form = Some(wait.to_string());
            }
            Err(trouble) => return Err(trouble),
        }
    }
    let page = SignUpPage { layout: layout(&app), username: printable(&username), next: printable(&next), errors };
    Ok(RefusedForm { status, retry_after, page }.respond_to(&req))
}

fn check_open(app: &App) -> Result<(), AppError> {
    if app.config.signup_open { Ok(()) } else { Err(AppError::forbidden("Sign-ups are closed at the moment.")) }
}

fn layout(app: &App) -> Layout {
    Layout::visitor(app, "Sign up")
}
