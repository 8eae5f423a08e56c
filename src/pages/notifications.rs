//! The inbox, live on its first page, and what one can do with a notification.

use actix_web::HttpRequest;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;

use crate::app::App;
use crate::clock::Millis;
use crate::db::Connection;
use crate::error::AppError;
use crate::frame::{Extras, Frame, Live};
use crate::last_update::{News, Stamp};
use crate::model::notifications::{self, Kind, Notification, Show};
use crate::model::{NotificationId, Slice, UserId};
use crate::place::with_query;
use crate::reply::{Answer, Fragment, Gone, Page};
use crate::viewer::{Viewer, is_htmx};
use crate::when::When;

/// The inbox's name, in its heading and title.
pub const NAME: &str = "Notifications";

/// Notifications on one page.
const PAGE: i64 = 20;

/// Which part of the inbox somebody looks at.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Part {
    #[serde(default)]
    show: Show,
    before: Option<NotificationId>,
}

impl Part {
    fn query(self) -> String {
        let show = if self.show == Show::Unread { "unread" } else { "" };
        with_query("", &[("show", show), ("before", &self.before.map(|id| id.to_string()).unwrap_or_default())])
    }

    fn url(self) -> String {
        format!("/notifications{}", self.query())
    }
}

#[derive(Template)]
#[template(path = "notifications.html")]
struct InboxPage {
    frame: Frame,
    inbox: Inbox,
}

/// The list and everything about it that changes when something happens.
#[derive(Debug, Template)]
#[template(path = "parts/inbox.html")]
pub struct Inbox {
    /// Set on the first page, which is live.
    live: Option<Live>,
    show: Show,
    unread: i64,
    lines: Vec<Line>,
    /// The newest notification shown: the watermark of "mark all read".
    through: Option<NotificationId>,
    newest: Option<String>,
    older: Option<String>,
}

impl HtmlSafe for Inbox {}

impl Inbox {
    fn new(rows: Rows, part: Part, live: Option<Live>, now: Millis) -> Inbox {
        let Rows { unread, list } = rows;
        Inbox {
            live,
            show: part.show,
            unread,
            through: list.rows.first().map(|line| line.id),
            newest: part.before.map(|_| Part { before: None, ..part }.url()),
            older: list.next.map(|before| Part { before: Some(before), ..part }.url()),
            lines: list.rows.into_iter().map(|line| Line::new(line, part, now)).collect(),
        }
    }

    /// The live first page, as the stream sends it.
    pub fn first(app: &App, rows: Rows, show: Show, stamp: Stamp) -> Inbox {
        let part = Part { show, before: None };
        Inbox::new(rows, part, Some(Live::inbox(app, stamp, show)), app.clock.now())
    }

    /// The watermark of "mark all read", where that is on offer: on the first page, and while anything is unread.
    fn readable_through(&self) -> Option<NotificationId> {
        self.through.filter(|_| self.live.is_some() && self.unread > 0)
    }

    fn is_showing_unread(&self) -> bool {
        self.show == Show::Unread
    }
}

/// What the inbox shows, read on one snapshot, so that the number and the list agree.
pub struct Rows {
    unread: i64,
    list: Slice<Notification, NotificationId>,
}

impl Rows {
    /// The page of `recipient`'s inbox that comes before `before`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(db: &mut Connection, recipient: UserId, show: Show, before: Option<NotificationId>) -> Result<Rows, AppError> {
        Ok(Rows { unread: notifications::unread(db, recipient)?, list: notifications::list(db, recipient, show, before, PAGE)? })
    }

    /// How much is unread, also beyond this page.
    pub fn unread(&self) -> i64 {
        self.unread
    }
}

/// One notification.
#[derive(Debug, Template)]
#[template(path = "parts/line.html")]
pub struct Line {
    id: NotificationId,
    actor: String,
    kind: Kind,
    is_unread: bool,
    when: When,
    query: String,
}

impl HtmlSafe for Line {}

impl Line {
    fn new(line: Notification, part: Part, now: Millis) -> Line {
        Line {
            id: line.id,
            actor: line.actor.username,
            kind: line.kind,
            is_unread: line.read_at.is_none(),
            when: When { at: line.created_at, now },
            query: part.query(),
        }
    }

    /// What the first button does.
    fn verb(&self) -> &'static str {
        if self.is_unread { "read" } else { "unread" }
    }

    fn what(&self) -> &'static str {
        match self.kind {
            Kind::Follow => "follows you",
        }
    }
}

/// `GET /notifications?before=&show=`
pub async fn show(viewer: Viewer, part: Query<Part>, app: Data<App>) -> Result<Page<impl Template>, AppError> {
    let (id, part) = (viewer.id, part.into_inner());
    let rows = app.read(move |db| Rows::load(db, id, part.show, part.before)).await?;
    let frame = Frame::member(&app, &viewer, NAME, rows.unread);
    let live = part.before.is_none().then(|| Live::inbox(&app, viewer.last_update, part.show));
    Ok(Page(InboxPage { frame, inbox: Inbox::new(rows, part, live, app.clock.now()) }))
}

/// Up to where everything is to be marked read.
#[derive(Debug, Deserialize)]
pub struct Watermark {
    through: NotificationId,
}

/// `POST /notifications/read`, field `through`
pub async fn read_all(viewer: Viewer, part: Query<Part>, form: Form<Watermark>, req: HttpRequest, app: Data<App>) -> Result<Answer<impl Template>, AppError> {
    let (id, through, now, part) = (viewer.id, form.through, app.clock.now(), part.into_inner());
    app.change(move |db| Ok(((), notifications::mark_all_read(db, id, through, now)?))).await?;
    if !is_htmx(&req) {
        return Ok(Answer::SeeOther(part.url()));
    }
    // The stamp first, the rows second.
    let stamp = app.last_update(id).await?;
    let rows = app.read(move |db| Rows::load(db, id, part.show, None)).await?;
    let extras = Extras::new(NAME, rows.unread, "Marked as read.".to_owned());
    Ok(Answer::Fragment(Fragment { part: Inbox::first(&app, rows, part.show, stamp), extras: Some(extras) }))
}

/// `POST /notifications/{id}/read`
pub async fn read(viewer: Viewer, path: Path<NotificationId>, part: Query<Part>, req: HttpRequest, app: Data<App>) -> Result<Answer<impl Template>, AppError> {
    let (me, id, now) = (viewer.id, path.into_inner(), app.clock.now());
    mark(viewer, id, part.into_inner(), &req, &app, move |db| notifications::mark_read(db, me, id, now)).await
}

/// `POST /notifications/{id}/unread`
pub async fn unread(
    viewer: Viewer,
    path: Path<NotificationId>,
    part: Query<Part>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<Answer<impl Template>, AppError> {
    let (me, id, now) = (viewer.id, path.into_inner(), app.clock.now());
    mark(viewer, id, part.into_inner(), &req, &app, move |db| notifications::mark_unread(db, me, id, now)).await
}

async fn mark<F>(viewer: Viewer, id: NotificationId, part: Part, req: &HttpRequest, app: &App, change: F) -> Result<Answer<Line>, AppError>
where
    F: FnOnce(&mut Connection) -> diesel::QueryResult<News> + Send + 'static,
{
    let me = viewer.id;
    let (line, unread) = app
        .change(move |db| {
            let news = change(db)?;
            Ok(((notifications::find(db, me, id)?, notifications::unread(db, me)?), news))
        })
        .await?;
    if !is_htmx(req) {
        return Ok(Answer::SeeOther(format!("{}#n{id}", part.url())));
    }
    let extras = Extras::new(NAME, unread, String::new());
    Ok(Answer::Fragment(Fragment { part: Line::new(line, part, app.clock.now()), extras: Some(extras) }))
}

/// `POST /notifications/{id}/delete`
pub async fn delete(
    viewer: Viewer,
    path: Path<NotificationId>,
    part: Query<Part>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<Answer<impl Template>, AppError> {
    let (me, id, now) = (viewer.id, path.into_inner(), app.clock.now());
    let unread = app
        .change(move |db| {
            let news = notifications::delete(db, me, id, now)?;
            Ok((notifications::unread(db, me)?, news))
        })
        .await?;
    if !is_htmx(&req) {
        return Ok(Answer::SeeOther(part.url()));
    }
    let extras = Extras::new(NAME, unread, "Notification deleted.".to_owned());
    Ok(Answer::Fragment(Fragment { part: Gone, extras: Some(extras) }))
}
