//! Is it up, is it ready?

use actix_web::web::Data;
use diesel::RunQueryDsl;

use crate::app::App;
use crate::error::AppError;

/// `GET /healthz`: the process answers. Touches nothing, so that a slow database restarts nobody.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers as well; 503 while it does not.
pub async fn ready(app: Data<App>) -> Result<&'static str, AppError> {
    app.read(|db| Ok(diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1")).get_result::<i32>(db)?)).await?;
    Ok("ready\n")
}
