//! Signing in and out.

use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use askama::Template;
use serde::Deserialize;

use crate::accounts::sign_in::sign_in;
use crate::app::App;
use crate::error::AppError;
use crate::http::client_ip::client_ip;
use crate::http::response::{Html, RefusedForm, see_other, see_other_with};
use crate::http::session_cookie;
use crate::http::urls::after_sign_in;
use crate::http::viewer::Caller;
use crate::model::sessions::{self, SessionKind};
use crate::views::layout::Layout;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    username: String,
    next: String,
    error: Option<String>,
}

/// Where somebody was going before they had to sign in.
#[derive(Debug, Deserialize)]
pub struct NextQuery {
    /// A URL of this site; anything else is ignored.
    #[serde(default)]
    pub next: String,
}

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// `GET /signin`
pub async fn show(caller: Caller, query: Query<NextQuery>, req: HttpRequest, app: Data<App>) -> HttpResponse {
    let next = query.into_inner().next;
    if let Caller::Member(_) = caller {
        return see_other(after_sign_in(&next));
    }
    Html(SignInPage { layout: layout(&app), username: String::new(), next, error: None }).respond_to(&req)
}

/// `POST /signin`
pub async fn submit(form: Form<SignInForm>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    let SignInForm { username, password, next } = form.into_inner();
    let refusal = match sign_in(&app, &username, password, client_ip(&req, &app.config), SessionKind::Browser).await {
        Ok((token, _)) => return Ok(see_other_with(after_sign_in(&next), &session_cookie::carrying(&app, &token))),
        Err(refusal @ (AppError::WrongPassword | AppError::TooMany(_))) => refusal,
        Err(trouble) => return Err(trouble),
    };
    let page = SignInPage { layout: layout(&app), username, next, error: Some(refusal.to_string()) };
    Ok(RefusedForm { status: refusal.status_code(), retry_after: refusal.retry_after(), page }.respond_to(&req))
}

/// `POST /signout`: ends this session, everywhere it is open.
pub async fn sign_out(caller: Caller, app: Data<App>) -> Result<HttpResponse, AppError> {
    if let Caller::Member(viewer) = caller {
        app.change(move |tx| Ok(sessions::revoke(tx, viewer.id, viewer.session)?)).await?;
    }
    Ok(see_other_with("/", &session_cookie::removal(&app)))
}

fn layout(app: &App) -> Layout {
    Layout::visitor(app, "Sign in")
}
