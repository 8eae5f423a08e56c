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
use crate::model::{NotificationId, Slice, UserId, users};
use crate::place::with_query;
use crate::reply::{Answer, Fragment, Page};
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
    focus_tab: bool,
}

/// What gets the focus after an action that may have taken away the button that had it; without JavaScript of our
/// own, `autofocus` is how the server can say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Focus {
    /// It stays where it is.
    Nowhere,
    /// The line acted on; if it is gone, the one that took its place.
    Line(NotificationId),
    /// The tab of this part of the inbox.
    Tab,
}

impl Focus {
    fn among(self, lines: &[Notification]) -> Option<NotificationId> {
        let Focus::Line(acted_on) = self else { return None };
        lines.iter().map(|line| line.id).find(|id| *id <= acted_on).or(lines.last().map(|line| line.id))
    }
}

impl HtmlSafe for Inbox {}

impl Inbox {
    /// What `rows` look like to somebody who looks at `part`; on the first page it polls on from `stamp`.
    fn new(app: &App, rows: Rows, part: Part, stamp: Stamp, focus: Focus) -> Inbox {
        let (Rows { unread, list }, now) = (rows, app.clock.now());
        let focused = focus.among(&list.rows);
        Inbox {
            live: part.before.is_none().then(|| Live::inbox(app, stamp, part.show)),
            show: part.show,
            unread,
            through: list.rows.first().map(|line| line.id),
            newest: part.before.map(|_| Part { before: None, ..part }.url()),
            older: list.next.map(|before| Part { before: Some(before), ..part }.url()),
            focus_tab: focus != Focus::Nowhere && focused.is_none(),
            lines: list.rows.into_iter().map(|line| Line::new(line, part, now, focused)).collect(),
        }
    }

    /// The live first page, as the stream sends it.
    pub fn first(app: &App, rows: Rows, show: Show, stamp: Stamp) -> Inbox {
        Inbox::new(app, rows, Part { show, before: None }, stamp, Focus::Nowhere)
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
        Ok(Rows { unread: notifications::unread_up_to_many(db, recipient)?, list: notifications::list(db, recipient, show, before, PAGE)? })
    }

    /// The lines of this page.
    pub fn lines(&self) -> &[Notification] {
        &self.list.rows
    }

    /// How much is unread, also beyond this page, up to many.
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
    focus: bool,
}

impl HtmlSafe for Line {}

impl Line {
    fn new(line: Notification, part: Part, now: Millis, focused: Option<NotificationId>) -> Line {
        Line {
            id: line.id,
            actor: line.actor.username,
            kind: line.kind,
            is_unread: line.read_at.is_none(),
            when: When { at: line.created_at, now },
            query: part.query(),
            focus: focused == Some(line.id),
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
    let inbox = Inbox::new(&app, rows, part, viewer.last_update, Focus::Nowhere);
    Ok(Page(InboxPage { frame, inbox }))
}

/// Up to where everything is to be marked read.
#[derive(Debug, Deserialize)]
pub struct Watermark {
    through: NotificationId,
}

/// `POST /notifications/read`, field `through`
pub async fn read_all(viewer: Viewer, part: Query<Part>, form: Form<Watermark>, req: HttpRequest, app: Data<App>) -> Result<Answer<impl Template>, AppError> {
    let (me, through, now) = (viewer.id, form.through, app.clock.now());
    let done = Done { said: "Marked as read.", place: part.url(), focus: Focus::Tab };
    act(viewer, part.into_inner(), done, &req, &app, move |db| notifications::mark_all_read(db, me, through, now)).await
}

/// `POST /notifications/{id}/read`
pub async fn read(viewer: Viewer, path: Path<NotificationId>, part: Query<Part>, req: HttpRequest, app: Data<App>) -> Result<Answer<impl Template>, AppError> {
    let (me, id, now, part) = (viewer.id, path.into_inner(), app.clock.now(), part.into_inner());
    let done = Done { said: "", place: format!("{}#n{id}", part.url()), focus: Focus::Line(id) };
    act(viewer, part, done, &req, &app, move |db| notifications::mark_read(db, me, id, now)).await
}

/// `POST /notifications/{id}/unread`
pub async fn unread(
    viewer: Viewer,
    path: Path<NotificationId>,
    part: Query<Part>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<Answer<impl Template>, AppError> {
    let (me, id, now, part) = (viewer.id, path.into_inner(), app.clock.now(), part.into_inner());
    let done = Done { said: "", place: format!("{}#n{id}", part.url()), focus: Focus::Line(id) };
    act(viewer, part, done, &req, &app, move |db| notifications::mark_unread(db, me, id, now)).await
}

/// `POST /notifications/{id}/delete`
pub async fn delete(
    viewer: Viewer,
    path: Path<NotificationId>,
    part: Query<Part>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<Answer<impl Template>, AppError> {
    let (me, id, now, part) = (viewer.id, path.into_inner(), app.clock.now(), part.into_inner());
    let done = Done { said: "Notification deleted.", place: part.url(), focus: Focus::Line(id) };
    act(viewer, part, done, &req, &app, move |db| notifications::delete(db, me, id, now)).await
}

/// How an action is answered.
struct Done {
    /// Said aloud.
    said: &'static str,
    /// Where to look at it without JavaScript.
    place: String,
    focus: Focus,
}

/// Changes something and shows the same part of the inbox again. What is shown is read in the transaction of the
/// change: a read after the commit could fail, and then the answer would say that nothing was changed.
async fn act<F>(viewer: Viewer, part: Part, done: Done, req: &HttpRequest, app: &App, change: F) -> Result<Answer<Inbox>, AppError>
where
    F: FnOnce(&mut Connection) -> diesel::QueryResult<News> + Send + 'static,
{
    let me = viewer.id;
    let (stamp, rows) = app
        .change(move |db| {
            let news = change(db)?;
            let stamp = users::last_update(db, me)?.ok_or(AppError::SignedOut)?;
            Ok(((stamp, Rows::load(db, me, part.show, part.before)?), news))
        })
        .await?;
    if !is_htmx(req) {
        return Ok(Answer::SeeOther(done.place));
    }
    let extras = Extras::new(NAME, rows.unread, done.said.to_owned());
    let inbox = Inbox::new(app, rows, part, stamp, done.focus);
    Ok(Answer::Fragment(Fragment { part: inbox, extras: Some(extras) }))
}
