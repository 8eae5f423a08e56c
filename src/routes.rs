//! Every URL, on one page.

use std::sync::LazyLock;

use actix_files::Files;
use actix_web::HttpResponse;
use actix_web::guard::{Any, Get, Head};
use actix_web::web::{self, Data, ServiceConfig};

use crate::assets::Assets;
use crate::error::AppError;
use crate::http::description::{ApiDocument, ApiResource, api};
use crate::http::resource::resource;
use crate::{api, pages, poll};

/// Registers all of them, and a 404 for any other.
#[rustfmt::skip]
pub fn routes(server: &mut ServiceConfig, assets: &Assets) {
    // These come first, because URLs are matched in this order, and theirs is the poll.
    for resource in json_api() {
        server.service(resource);
    }
    server
        .app_data(description().clone())
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
        .service(resource("/people/{username}/notify").post(pages::notify::set))
        // Posts
        .service(resource("/posts").get(pages::posts::home).post(pages::posts::create))
        .service(resource("/posts/{id}").get(pages::post::show))
        .service(resource("/posts/{id}/delete").post(pages::posts::delete))
        // My notifications
        .service(resource("/notifications").get(pages::notifications::show))
        .service(resource("/notifications/read").post(pages::notifications::read_all))
        .service(resource("/notifications/{id}/read").post(pages::notifications::read))
        .service(resource("/notifications/{id}/unread").post(pages::notifications::unread))
        .service(resource("/notifications/{id}/delete").post(pages::notifications::delete))
        // My account
        .service(resource("/settings").get(pages::settings::show))
        .service(resource("/.well-known/change-password").get(pages::settings::well_known))
        .service(resource("/settings/password").post(pages::settings::password::change))
        .service(resource("/settings/delete").post(pages::settings::account::delete))
        .service(resource("/settings/sessions/others/revoke").post(pages::settings::sessions::revoke_others))
        .service(resource("/settings/sessions/{id}/revoke").post(pages::settings::sessions::revoke))
        .service(resource("/settings/tokens").get(pages::settings::tokens::moved).post(pages::settings::tokens::submit))
        .service(resource("/settings/tokens/{id}/revoke").post(pages::settings::tokens::revoke))
        .service(resource("/settings/feeds/{feed}").post(pages::settings::feeds::replace))
        .service(resource("/settings/feeds/{feed}/remove").post(pages::settings::feeds::remove))
        // My feeds, for whoever has their address
        .service(resource("/feeds/{secret}/notifications.atom").get(pages::feeds::notifications))
        .service(resource("/feeds/{secret}/posts.atom").get(pages::feeds::posts))
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

/// The JSON API, with what each method is for, and the errors that its handler decides on (`http/description/mod.rs` says how a route is described).
#[rustfmt::skip]
pub fn json_api() -> Vec<ApiResource> {
    vec![
        // The poll comes first: URLs with braces are matched by regular expressions.
        api("/api/stream").get("Has anything happened to me?", poll::stream),
        // Sessions
        api("/api/session").post("Sign in", api::session::create).problems([401, 429]).delete("Revoke the token that this is called with", api::session::delete),
        // Tokens of programs
        api("/api/tokens").get("My tokens, newest first", api::tokens::list).post("Make a token", api::tokens::create).problems([422]),
        api("/api/tokens/{id}").delete("Revoke a token", api::tokens::delete),
        // People
        api("/api/me").get("My account", api::people::me),
        api("/api/people").get("The directory", api::people::list),
        api("/api/follow").post("Follow somebody", api::follow::create).problems([404, 422, 429]),
        api("/api/follow/{userId}").get("How somebody and I stand", api::follow::show).problems([422]).put("Whether to be told of somebody's posts", api::follow::update).problems([422]).delete("Unfollow somebody", api::follow::delete).problems([422]),
        // Posts
        api("/api/posts").get("The feed, or the posts of one author, newest first", api::posts::list).problems([404]).post("Post something", api::posts::create).problems([409, 422, 429]),
        api("/api/posts/{id}").get("One post", api::posts::show).delete("Delete a post of my own", api::posts::delete),
        // My notifications
        api("/api/notifications").get("My inbox, newest first", api::notifications::list),
        api("/api/notifications/read").post("Mark notifications as read", api::notifications::read_all),
        // This
        api("/api/openapi.json").get("This description", api::openapi::show),
    ]
}

/// The description of the JSON API, made once.
pub fn description() -> &'static Data<ApiDocument> {
    static DESCRIPTION: LazyLock<Data<ApiDocument>> = LazyLock::new(|| Data::new(ApiDocument::of(&json_api())));
    &DESCRIPTION
}

async fn not_found() -> Result<HttpResponse, AppError> {
    Err(AppError::NotFound)
}
