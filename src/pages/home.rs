//! The front page: an invitation to visitors, people to follow for members.

use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};
use askama::Template;

use super::people::Card;
use crate::app::App;
use crate::error::AppError;
use crate::frame::{Frame, with_badge};
use crate::model::people;
use crate::reply::Page;
use crate::viewer::{Caller, Viewer};

const SUGGESTIONS: usize = 6;

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    frame: Frame,
    poll_seconds: u32,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    username: String,
    newcomers: Vec<Card>,
    poll_seconds: u32,
}

/// `GET /`
pub async fn show(caller: Caller, app: Data<App>, req: actix_web::HttpRequest) -> Result<HttpResponse, AppError> {
    Ok(match caller {
        Caller::Visitor => Page(Welcome { frame: Frame::visitor(&app, "Hear about it"), poll_seconds: app.config.poll_seconds }).respond_to(&req),
        Caller::Member(viewer) => Page(home(&viewer, &app).await?).respond_to(&req),
    })
}

async fn home(viewer: &Viewer, app: &App) -> Result<Home, AppError> {
    let id = viewer.id;
    let (unread, newcomers) = with_badge(app, viewer, move |db| Ok(people::newcomers(db, id, SUGGESTIONS)?)).await?;
    Ok(Home {
        frame: Frame::member(app, viewer, "Home", unread),
        username: viewer.username.clone(),
        newcomers: newcomers.into_iter().map(|person| Card::new(person, viewer, "/")).collect(),
        poll_seconds: app.config.poll_seconds,
    })
}
