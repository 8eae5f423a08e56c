//! The forms that make and revoke tokens of programs.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Deserialize;

use super::page::{Said, page, refuse};
use super::tokens_section::{MadeToken, TokenForm};
use crate::accounts::tokens::{self as accounts, create, create_once};
use crate::app::App;
use crate::error::AppError;
use crate::http::form::Form;
use crate::http::response::{Html, see_other};
use crate::http::urls::printable;
use crate::http::viewer::SessionViewer;
use crate::ids::TokenId;
use crate::model::TokenName;
use crate::model::tokens::Scope;

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct NewTokenForm {
    /// What our own form sends along, and nobody else can guess.
    #[serde(default)]
    key: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    scope: String,
}

/// Characters of the hidden key of our own form.
const KEY_LENGTH: usize = 32;

/// `POST /settings/tokens`, fields `name` and `scope`. The answer is the page itself, with the token: in a redirect it would stand in a URL.
pub async fn submit(viewer: SessionViewer, form: Form<NewTokenForm>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    let typed = form.0;
    let (name, scope) = match (TokenName::parse(&typed.name), typed.scope.parse()) {
        (Ok(name), Ok(scope)) => (name, scope),
        (name, scope) => {
            let name_error = name.err().map(|why| why.to_string());
            let scope_error = scope.is_err().then_some("Choose one of these.");
            return again(&viewer, &req, &app, TokenForm { name_error, scope_error, ..shown(&typed) }).await;
        }
    };
    match make(&app, &viewer, name.clone(), scope, typed.key.clone()).await {
        Ok(token) => {
            let said = Said { made: Some(MadeToken { name: name.as_str().to_owned(), token }), ..Said::default() };
            Ok(Html(page(&viewer, &req, &app, said).await?).respond_to(&req))
        }
        Err(AppError::Refused(StatusCode::UNPROCESSABLE_ENTITY, why)) => {
            again(&viewer, &req, &app, TokenForm { error: Some(why.into_owned()), ..shown(&typed) }).await
        }
        Err(trouble) => Err(trouble),
    }
}

async fn make(app: &App, viewer: &SessionViewer, name: TokenName, scope: Scope, key: String) -> Result<String, AppError> {
    if key.len() == KEY_LENGTH {
        return create_once(app, viewer, name, scope, key).await;
    }
    Ok(create(app, viewer, name, scope).await?.token)
}

/// The form with what was typed.
fn shown(typed: &NewTokenForm) -> TokenForm {
    TokenForm { name: printable(&typed.name), scope: typed.scope.parse().ok(), ..TokenForm::default() }
}

async fn again(viewer: &SessionViewer, req: &HttpRequest, app: &App, token: TokenForm) -> Result<HttpResponse, AppError> {
    refuse(viewer, req, app, Said { token, ..Said::default() }, None).await
}

/// `GET /settings/tokens`: where the answer to the form stood.
pub async fn moved(_: SessionViewer) -> HttpResponse {
    see_other("/settings#tokens")
}

/// `POST /settings/tokens/{id}/revoke`
pub async fn revoke(viewer: SessionViewer, token: Path<TokenId>, app: Data<App>) -> Result<HttpResponse, AppError> {
    accounts::revoke(&app, viewer.id, token.into_inner()).await?;
    Ok(see_other("/settings?done=token"))
}
