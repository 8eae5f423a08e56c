//! Every URL, on one page.

use actix_files::Files;
use actix_web::HttpResponse;
use actix_web::guard::{Any, Get, Head};
use actix_web::web::{self, ServiceConfig};

use crate::assets::Assets;
use crate::error::AppError;
use crate::http::resource::resource;
use crate::{api, pages, poll};

/// Registers all of them, and a 404 for any other.
#[rustfmt::skip]
pub fn routes(server: &mut ServiceConfig, assets: &Assets) {
    server
        // The poll comes first: URLs are matched in this order, and those with braces by regular expressions.
        .service(resource("/api/stream").get(poll::stream))
        // Anybody
        .service(resource("/").get(pages::home::show))
        .service(resource("/signup").get(pages::sign_up::show).post(pages::sign_up::submit))
        .service(resource("/signin").get(pages::sign_in::show).post(pages::sign_in::submit))
        .service(resource("/signout").post(pages::sign_in::sign_out))
        // People
        .service(resource("/people").get(pages::people::browse))
        .service(resource("/people/{username}").get(pages::profile::show))
        .service(resource("/people/{username}/followers").get(pages::profile::followers))
        .service(resource("/people/{username}/following").get(pages::profile::following))
        .service(resource("/people/{username}/follow").post(pages::follow::follow))
        .service(resource("/people/{username}/unfollow").post(pages::follow::unfollow))
        .service(resource("/people/{username}/picture.svg").get(pages::picture::show))
        // My notifications
        .service(resource("/notifications").get(pages::notifications::show))
        .service(resource("/notifications/read").post(pages::notifications::read_all))
        .service(resource("/notifications/{id}/read").post(pages::notifications::read))
        .service(resource("/notifications/{id}/unread").post(pages::notifications::unread))
        .service(resource("/notifications/{id}/delete").post(pages::notifications::delete))
        // My account
        .service(resource("/settings").get(pages::settings::show))
        .service(resource("/.well-known/change-password").get(pages::settings::well_known))
        .service(resource("/settings/password").post(pages::settings::change_password))
        .service(resource("/settings/delete").post(pages::settings::delete_account))
        .service(resource("/settings/sessions/others/revoke").post(pages::settings::revoke_others))
        .service(resource("/settings/sessions/{id}/revoke").post(pages::settings::revoke))
        // Programs
        .service(resource("/api/session").post(api::session::create).delete(api::session::delete))
        .service(resource("/api/me").get(api::people::me))
        .service(resource("/api/people").get(api::people::list))
        .service(resource("/api/follow").post(api::follow::create))
        .service(resource("/api/follow/{userId}").get(api::follow::show).delete(api::follow::delete))
        .service(resource("/api/notifications").get(api::notifications::list))
        .service(resource("/api/notifications/read").post(api::notifications::read_all))
        // Operators
        .service(resource("/healthz").get(pages::health::alive))
        .service(resource("/readyz").get(pages::health::ready))
        .service(resource("/metrics").get(pages::health::metrics))
        // Files
        .service(Files::new("/static", &assets.folder).guard(Any(Get()).or(Head())))
        .service(resource("/static/{file:.*}").get(not_found))
        .service(resource("/favicon.ico").get(pages::picture::favicon))
        .default_service(web::to(not_found));
}

async fn not_found() -> Result<HttpResponse, AppError> {
    Err(AppError::NotFound)
}
