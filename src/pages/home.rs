//! The front page: an invitation for visitors, people to follow for members.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::error::AppError;
use crate::http::response::Html;
use crate::http::viewer::{Caller, Viewer};
use crate::model::people;
use crate::views::badge::with_unread;
use crate::views::layout::Layout;
use crate::views::person_card::PersonCard;

const SUGGESTIONS: usize = 6;

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage {
    layout: Layout,
    poll_seconds: u32,
    /// Whether an account has just been deleted.
    deleted: bool,
}

/// What was just done, to say so after the redirect.
#[derive(Debug, Deserialize)]
pub struct HomeQuery {
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    layout: Layout,
    username: String,
    newcomers: Vec<PersonCard>,
    poll_seconds: u32,
}

/// `GET /`
pub async fn show(caller: Caller, query: Query<HomeQuery>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    Ok(match caller {
        Caller::Visitor => {
            let (layout, poll_seconds) = (Layout::visitor(&app, "Hear about it"), app.config.poll_seconds);
            Html(WelcomePage { layout, poll_seconds, deleted: query.done == "deleted" }).respond_to(&req)
        }
        Caller::Member(viewer) => Html(home(&viewer, &app).await?).respond_to(&req),
    })
}

async fn home(viewer: &Viewer, app: &App) -> Result<HomePage, AppError> {
    let me = viewer.id;
    let (unread, newcomers) = with_unread(app, viewer, move |conn| Ok(people::newcomers(conn, me, SUGGESTIONS)?)).await?;
    Ok(HomePage {
        layout: Layout::member(app, viewer, "Home", unread),
        username: viewer.username.clone(),
        newcomers: newcomers.into_iter().map(|person| PersonCard::new(person, me, "/")).collect(),
        poll_seconds: app.config.poll_seconds,
    })
}
