//! The forms that sign out elsewhere.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use crate::app::App;
use crate::error::AppError;
use crate::http::response::see_other;
use crate::http::viewer::SessionViewer;
use crate::ids::SessionId;
use crate::model::sessions;

/// `POST /settings/sessions/{id}/revoke`
pub async fn revoke(viewer: SessionViewer, session: Path<SessionId>, app: Data<App>) -> Result<HttpResponse, AppError> {
    let session = session.into_inner();
    app.change(move |tx| Ok(sessions::revoke(tx, viewer.id, session)?)).await?;
    Ok(see_other("/settings?done=revoked"))
}

/// `POST /settings/sessions/others/revoke`
pub async fn revoke_others(viewer: SessionViewer, app: Data<App>) -> Result<HttpResponse, AppError> {
    app.change(move |tx| Ok(sessions::revoke_others(tx, viewer.id, viewer.session)?)).await?;
    Ok(see_other("/settings?done=others"))
}
