//! Every URL on one page.

use actix_files::Files;
use actix_web::HttpResponse;
use actix_web::guard::{Any, Get, Head};
use actix_web::web::{self, ServiceConfig};

use crate::assets::Assets;
use crate::at::at;
use crate::error::AppError;
use crate::{api, pages};

/// All of them, and a clear no for any other.
#[rustfmt::skip]
pub fn routes(server: &mut ServiceConfig, assets: &Assets) {
    server
        // Asked by every open tab every few seconds, so it comes first: URLs are compared in this order, and those with
        // a part in braces by regular expressions.
        .service(at(pages::stream::PATH).get(pages::stream::poll))
        // Anybody
        .service(at("/").get(pages::home::show))
        .service(at("/signup").get(pages::signup::show).post(pages::signup::submit))
        .service(at("/signin").get(pages::signin::show).post(pages::signin::submit))
        .service(at("/signout").post(pages::signin::leave))
        // People
        .service(at("/people").get(pages::people::browse))
        .service(at("/people/{username}").get(pages::profile::show))
        .service(at("/people/{username}/followers").get(pages::profile::followers))
        .service(at("/people/{username}/following").get(pages::profile::following))
        .service(at("/people/{username}/follow").post(pages::follow::follow))
        .service(at("/people/{username}/unfollow").post(pages::follow::unfollow))
        .service(at("/people/{username}/picture.svg").get(pages::picture::show))
        // My notifications
        .service(at("/notifications").get(pages::notifications::show))
        .service(at("/notifications/read").post(pages::notifications::read_all))
        .service(at("/notifications/{id}/read").post(pages::notifications::read))
        .service(at("/notifications/{id}/unread").post(pages::notifications::unread))
        .service(at("/notifications/{id}/delete").post(pages::notifications::delete))
        // My account
        .service(at("/settings").get(pages::settings::show))
        .service(at("/settings/password").post(pages::settings::change_password))
        .service(at("/settings/delete").post(pages::settings::delete_account))
        .service(at("/settings/sessions/others/revoke").post(pages::settings::revoke_others))
        .service(at("/settings/sessions/{id}/revoke").post(pages::settings::revoke))
        // Programs
        .service(at("/api/session").post(api::session::create).delete(api::session::end))
        .service(at("/api/me").get(api::people::me))
        .service(at("/api/people").get(api::people::list))
        .service(at("/api/follow").post(api::follow::create))
        .service(at("/api/follow/{userId}").get(api::follow::show).delete(api::follow::end))
        .service(at("/api/notifications").get(api::notifications::list))
        .service(at("/api/notifications/read").post(api::notifications::read_all))
        // Operators
        .service(at("/healthz").get(pages::health::alive))
        .service(at("/readyz").get(pages::health::ready))
        .service(at("/metrics").get(pages::health::metrics))
        // Files
        .service(Files::new("/static", &assets.folder).guard(Any(Get()).or(Head())))
        .service(at("/static/{file:.*}").get(nothing_here))
        .service(at("/favicon.ico").get(pages::picture::favicon))
        .default_service(web::to(nothing_here));
}

async fn nothing_here() -> Result<HttpResponse, AppError> {
    Err(AppError::NotFound)
}
