//! One's own account: the password, where one is signed in, and leaving.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::entry::sign_in;
use crate::error::AppError;
use crate::frame::{Frame, with_badge};
use crate::model::sessions::{self, Listed};
use crate::model::{SessionId, users};
use crate::password;
use crate::reply::{Page, Refusal, see_other, see_other_with};
use crate::viewer::{Viewer, address, no_cookie};
use crate::when::When;

#[derive(Template)]
#[template(path = "settings.html")]
struct Settings {
    frame: Frame,
    username: String,
    sessions: Vec<Place>,
    others: bool,
    done: &'static str,
    objections: Objections,
}

/// What was wrong with what was typed.
#[derive(Default)]
struct Objections {
    current: Option<String>,
    new: Option<&'static str>,
    delete: Option<String>,
}

/// One place where somebody is signed in.
struct Place {
    id: SessionId,
    what: &'static str,
    is_this: bool,
    since: When,
    /// When a page was last opened with it; programs open none.
    seen: Option<When>,
}

/// What was just done, to say so after the redirect.
#[derive(Debug, Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// `GET /settings`
pub async fn show(viewer: Viewer, done: Query<Done>, app: Data<App>) -> Result<Page<impl Template>, AppError> {
    let done = match done.done.as_str() {
        "password" => "Your password is changed, and every other place is signed out.",
        "revoked" => "That place is signed out.",
        "others" => "Every other place is signed out.",
        _ => "",
    };
    Ok(Page(page(&viewer, &app, done, Objections::default()).await?))
}

async fn page(viewer: &Viewer, app: &App, done: &'static str, objections: Objections) -> Result<Settings, AppError> {
    let (id, now) = (viewer.id, app.clock.now());
    let (unread, listed) = with_badge(app, viewer, move |db| Ok(sessions::list(db, id, now)?)).await?;
    let place = |Listed { id, kind, created_at, seen_at }| Place {
        id,
        what: if kind == "program" { "A program" } else { "A browser" },
        is_this: id == viewer.session,
        since: When { at: created_at, now },
        seen: (kind != "program").then_some(When { at: seen_at, now }),
    };
    Ok(Settings {
        frame: Frame::member(app, viewer, "Settings", unread),
        username: viewer.username.clone(),
        others: listed.len() > 1,
        sessions: listed.into_iter().map(place).collect(),
        done,
        objections,
    })
}

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct NewPassword {
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
}

/// `POST /settings/password`, fields `current` and `password`: a new password signs out every other place, because
/// whoever changes it may have lost the old one to somebody.
pub async fn change_password(viewer: Viewer, typed: Form<NewPassword>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    let NewPassword { current, password } = typed.into_inner();
    if let Some(objection) = password::objection(&password) {
        return refuse(&viewer, &req, &app, Objections { new: Some(objection), ..Objections::default() }, None).await;
    }
    let address = address(&req, &app.config);
    let known = match sign_in(&app, &viewer.username, current, address).await {
        Ok(known) => known,
        Err(refusal) => {
            // Pressed twice: the first one has done it already.
            if matches!(refusal, AppError::WrongPassword) && sign_in(&app, &viewer.username, password, address).await.is_ok() {
                return Ok(see_other("/settings?done=password"));
            }
            let current = Some(spoken(&refusal));
            return refuse(&viewer, &req, &app, Objections { current, ..Objections::default() }, Some(refusal)).await;
        }
    };
    let (hash, now) = (app.passwords.hash(password).await?, app.clock.now());
    app.change(move |db| {
        // Of two that change it at once, the second has been signed out by the first.
        if !users::has_password(db, viewer.id, &known.password_hash)? {
            return Err(AppError::SignedOut);
        }
        users::set_password(db, viewer.id, &hash)?;
        Ok(((), sessions::revoke_others(db, viewer.id, viewer.session, now)?))
    })
    .await?;
    Ok(see_other("/settings?done=password"))
}

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct Goodbye {
    #[serde(default)]
    password: String,
}

/// `POST /settings/delete`, field `password`: the account goes, with everything that others have of it.
pub async fn delete_account(viewer: Viewer, typed: Form<Goodbye>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    let known = match sign_in(&app, &viewer.username, typed.into_inner().password, address(&req, &app.config)).await {
        Ok(known) => known,
        Err(refusal) => {
            let delete = Some(spoken(&refusal));
            return refuse(&viewer, &req, &app, Objections { delete, ..Objections::default() }, Some(refusal)).await;
        }
    };
    let now = app.clock.now();
    app.change(move |db| {
        // Not on a password that was changed a moment ago, by somebody who may have had reason to.
        let news = users::delete(db, viewer.id, &known.password_hash, now)?;
        Ok(((), news.ok_or(AppError::SignedOut)?))
    })
    .await?;
    Ok(see_other_with("/", &no_cookie(&app.config)))
}

/// The page again with what was wrong; trouble that is nobody's mistake stays trouble.
async fn refuse(viewer: &Viewer, req: &HttpRequest, app: &App, objections: Objections, refusal: Option<AppError>) -> Result<HttpResponse, AppError> {
    let (status, retry_after) = match refusal {
        None | Some(AppError::WrongPassword) => (StatusCode::UNPROCESSABLE_ENTITY, None),
        Some(wait @ AppError::TooMany(_)) => (wait.status_code(), wait.retry_after()),
        Some(trouble) => return Err(trouble),
    };
    let page = page(viewer, app, "", objections).await?;
    Ok(Refusal { status, retry_after, page }.respond_to(req))
}

fn spoken(refusal: &AppError) -> String {
    match refusal {
        AppError::WrongPassword => "That is not your password.".to_owned(),
        other => other.to_string(),
    }
}

/// `POST /settings/sessions/{id}/revoke`
pub async fn revoke(viewer: Viewer, path: Path<SessionId>, app: Data<App>) -> Result<HttpResponse, AppError> {
    let (session, now) = (path.into_inner(), app.clock.now());
    app.change(move |db| Ok(((), sessions::revoke(db, viewer.id, session, now)?))).await?;
    Ok(see_other("/settings?done=revoked"))
}

/// `POST /settings/sessions/others/revoke`
pub async fn revoke_others(viewer: Viewer, app: Data<App>) -> Result<HttpResponse, AppError> {
    let now = app.clock.now();
    app.change(move |db| Ok(((), sessions::revoke_others(db, viewer.id, viewer.session, now)?))).await?;
    Ok(see_other("/settings?done=others"))
}
