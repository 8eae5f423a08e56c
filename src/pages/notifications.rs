//! The inbox, live on its first page, and the actions on a notification.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use diesel::QueryResult;
use diesel::result::Error as DieselError;
use serde::Deserialize;

use crate::app::App;
use crate::db::Change;
use crate::domain::wording::Announcement;
use crate::error::AppError;
use crate::http::form::Form;
use crate::http::request::is_htmx;
use crate::http::response::{FormAnswer, Html};
use crate::http::viewer::Viewer;
use crate::ids::{NotificationId, UserId};
use crate::model::{notifications, users};
use crate::views::inbox::{Focus, Inbox, InboxQuery, InboxRows, LoadedAt, NAME};
use crate::views::layout::Layout;
use crate::views::out_of_band::{OutOfBand, Update};

#[derive(Template)]
#[template(path = "notifications.html")]
struct InboxPage {
    layout: Layout,
    inbox: Inbox,
}

/// `GET /notifications?before=&show=`
pub async fn show(viewer: Viewer, query: Query<InboxQuery>, app: Data<App>) -> Result<Html<impl Template>, AppError> {
    let (me, query) = (viewer.id, query.into_inner());
    let rows = app.snapshot(move |conn| Ok(InboxRows::load(conn, me, query)?)).await?;
    let layout = Layout::member(&app, &viewer, NAME, rows.unread);
    let inbox = Inbox::new(&app, rows, query, LoadedAt { user: me, stamp: viewer.last_update }, Focus::Unchanged);
    Ok(Html(InboxPage { layout, inbox }))
}

/// Up to which notification to mark all read.
#[derive(Debug, Deserialize)]
pub struct ReadAllForm {
    through: NotificationId,
}

/// `POST /notifications/read`, field `through`
pub async fn read_all(
    viewer: Viewer,
    query: Query<InboxQuery>,
    form: Form<ReadAllForm>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<FormAnswer<impl Template>, AppError> {
    let (me, through) = (viewer.id, form.0.through);
    let done = Done { announcement: Announcement::plain("Marked as read."), fragment: String::new(), focus: Focus::Tabs };
    act(viewer, *query, done, &req, &app, move |tx| notifications::mark_all_read(tx, me, through)).await
}

type Action = fn(&mut Change<'_>, UserId, NotificationId) -> QueryResult<()>;

/// `POST /notifications/{id}/read`
pub async fn read(
    viewer: Viewer,
    id: Path<NotificationId>,
    query: Query<InboxQuery>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<FormAnswer<impl Template>, AppError> {
    act_on_line(notifications::mark_read, viewer, *id, *query, &req, &app).await
}

/// `POST /notifications/{id}/unread`
pub async fn unread(
    viewer: Viewer,
    id: Path<NotificationId>,
    query: Query<InboxQuery>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<FormAnswer<impl Template>, AppError> {
    act_on_line(notifications::mark_unread, viewer, *id, *query, &req, &app).await
}

/// `POST /notifications/{id}/delete`
pub async fn delete(
    viewer: Viewer,
    id: Path<NotificationId>,
    query: Query<InboxQuery>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<FormAnswer<impl Template>, AppError> {
    let (me, id) = (viewer.id, *id);
    let done = Done { announcement: Announcement::plain("Notification deleted."), fragment: String::new(), focus: Focus::Line(id) };
    act(viewer, *query, done, &req, &app, move |tx| notifications::delete(tx, me, id)).await
}

async fn act_on_line(
    action: Action,
    viewer: Viewer,
    id: NotificationId,
    query: InboxQuery,
    req: &HttpRequest,
    app: &App,
) -> Result<FormAnswer<Update<Inbox>>, AppError> {
    let me = viewer.id;
    let done = Done { announcement: Announcement::default(), fragment: format!("#n{id}"), focus: Focus::Line(id) };
    act(viewer, query, done, req, app, move |tx| action(tx, me, id)).await
}

/// A notification that is not there: deleted in another tab, by an earlier press, or because it was taken back.
fn gone(error: DieselError) -> AppError {
    match error {
        DieselError::NotFound => AppError::Refused(StatusCode::NOT_FOUND, "That notification is no longer there.".into()),
        other => other.into(),
    }
}

/// How an action is answered.
struct Done {
    /// For screen readers.
    announcement: Announcement,
    /// Without JavaScript: the line to scroll to, as the URL's fragment.
    fragment: String,
    focus: Focus,
}

/// Changes something, and shows the same part of the inbox again. What is shown is read in the transaction of the change. A read after the
/// commit could fail, and then the answer would say that nothing was changed.
async fn act<F>(viewer: Viewer, query: InboxQuery, done: Done, req: &HttpRequest, app: &App, change: F) -> Result<FormAnswer<Update<Inbox>>, AppError>
where
    F: FnOnce(&mut Change<'_>) -> QueryResult<()> + Send + 'static,
{
    let user = viewer.id;
    let (stamp, rows) = app
        .change(move |tx| {
            change(tx).map_err(gone)?;
            let stamp = users::last_update(tx.conn(), user)?.ok_or(AppError::SignedOut)?;
            Ok((stamp, InboxRows::load(tx.conn(), user, query)?))
        })
        .await?;
    if !is_htmx(req) {
        return Ok(FormAnswer::SeeOther(query.url() + &done.fragment));
    }
    let out_of_band = OutOfBand::new(NAME, rows.unread, done.announcement);
    Ok(FormAnswer::Fragment(Update { part: Inbox::new(app, rows, query, LoadedAt { user, stamp }, done.focus), out_of_band }))
}
