//! Is it up, is it ready?

use actix_web::web::Data;

use crate::app::App;
use crate::error::AppError;
use crate::model::secrets::{self, KEY};

/// `GET /healthz`: the process answers. Touches nothing, so that a slow database restarts nobody.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers as well; 503 while it does not.
pub async fn ready(app: Data<App>) -> Result<&'static str, AppError> {
    // A real row: `SELECT 1` would be answered without a look at the file.
    app.read(|db| Ok(secrets::has(db, KEY)?)).await?;
    Ok("ready\n")
}
