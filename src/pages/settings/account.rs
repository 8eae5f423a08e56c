//! The form that deletes the account.

use actix_web::web::Data;
use actix_web::{Error, HttpRequest, HttpResponse};
use serde::Deserialize;

use super::page::{Said, error_text, refuse};
use crate::accounts::sign_in::check_own_password;
use crate::app::App;
use crate::error::AppError;
use crate::http::client_ip::client_ip;
use crate::http::form::Form;
use crate::http::response::see_other_with;
use crate::http::session_cookie;
use crate::http::viewer::{Poller, SessionViewer};
use crate::model::users;

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct DeleteForm {
    #[serde(default)]
    password: String,
}

/// The front page, which says that the account has been deleted.
const DELETED: &str = "/?done=deleted";

/// `POST /settings/delete`, field `password`: deletes the account, and everything about it that others have. Pressed twice, the second finds no
/// account, and is answered like the first.
pub async fn delete(
    viewer: Result<SessionViewer, AppError>,
    form: Result<Form<DeleteForm>, Error>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Error> {
    let viewer = match viewer {
        Err(AppError::SignedOut) if is_deleted(&req, &app).await? => return Ok(see_other_with(DELETED, &session_cookie::removal(&app))),
        viewer => viewer?,
    };
    let known = match check_own_password(&app, &viewer, form?.0.password, client_ip(&req, &app.config)).await {
        Ok(known) => known,
        Err(error) => {
            let delete = Some(error_text(&error));
            return Ok(refuse(&viewer, &req, &app, Said { delete, ..Said::default() }, Some(error)).await?);
        }
    };
    app.change(move |tx| {
        // Not if the password was changed a moment ago: that may have been done to shut this session out.
        if users::delete(tx, viewer.id, &known.password_hash)? { Ok(()) } else { Err(AppError::SignedOut) }
    })
    .await?;
    Ok(see_other_with(DELETED, &session_cookie::removal(&app)))
}

/// Whether the request has a token of ours, of an account that is gone.
async fn is_deleted(req: &HttpRequest, app: &App) -> Result<bool, AppError> {
    let Ok(poller) = Poller::of(req, app) else { return Ok(false) };
    Ok(app.query(move |conn| Ok(users::last_update(conn, poller.user)?)).await?.is_none())
}
