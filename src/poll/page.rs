//! The poll of a page: 204, or the polling element again with what is new.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use crate::app::App;
use crate::db::Connection;
use crate::domain::wording::{Announcement, ToAnnounce, summary};
use crate::error::AppError;
use crate::http::response::PollAnswer;
use crate::http::viewer::Poller;
use crate::ids::UserId;
use crate::metrics::PollOutcome;
use crate::model::notifications::{self, Notification, Show};
use crate::poll_url::{self, PollUrl, PollView, Since};
use crate::views::inbox::{self, Focus, Inbox, InboxQuery, InboxRows, LoadedAt};
use crate::views::out_of_band::{OutOfBand, Update};
use crate::views::polling_element::{BadgePollingElement, HomePollingElement, PollAttributes};

/// How many notifications are read for the announcement where the page shows no list: it names two, and a third shows that there are others.
const NAMED: i64 = 3;

/// What a changed poll swaps in: the polling element of the page.
#[derive(Template)]
#[template(
    source = "{% match self %}{% when Self::Inbox(inbox) %}{{ inbox }}{% when Self::Badge(poller) %}{{ poller }}{% when Self::Home(poller) %}{{ poller }}{% endmatch %}",
    ext = "html"
)]
#[allow(clippy::large_enum_variant)]
enum Polled {
    Inbox(Inbox),
    Badge(BadgePollingElement),
    Home(HomePollingElement),
}

impl HtmlSafe for Polled {}

pub(super) async fn answer(poller: Poller, req: &HttpRequest, app: &Data<App>) -> Result<(PollOutcome, HttpResponse), AppError> {
    let answer = compare(poller, PollUrl::parse(req.query_string()), app).await?;
    let outcome = if matches!(answer, PollAnswer::Changed(_)) { PollOutcome::Changed } else { PollOutcome::Unchanged };
    Ok((outcome, answer.respond_to(req)))
}

async fn compare(poller: Poller, url: PollUrl, app: &Data<App>) -> Result<PollAnswer<Update<Polled>>, AppError> {
    if !url.cursor.is_page_of(poller.user) {
        return Ok(PollAnswer::ForeignPage);
    }
    let stamp = app.last_update(poller.user).await?;
    if url.cursor.is_current(stamp, &app.clock) {
        poller.confirm_unless_believed(app).await?;
        return Ok(PollAnswer::Unchanged);
    }
    Ok(PollAnswer::Changed(changed(poller, url, app).await?))
}

/// Only now is the session's row worth a read. The rows are read with it, on one snapshot: so they are exactly as new as the stamp that the tab
/// polls from next.
async fn changed(poller: Poller, url: PollUrl, app: &Data<App>) -> Result<Update<Polled>, AppError> {
    let (since, user) = (url.cursor.since, poller.user);
    let PollView::Inbox(show) = url.view else {
        let (viewer, (unread, newest)) = poller.confirm_and(app, |conn, viewer| Ok(newest_unread(conn, viewer.id)?)).await?;
        viewer.heard(app);
        let out_of_band = OutOfBand::new(page_name(&url.view), unread, announcement(&newest, since));
        let is_home = url.view == PollView::Home;
        let attributes = PollAttributes::new(app, PollUrl::new(user, viewer.last_update, url.view));
        let part = if is_home { Polled::Home(HomePollingElement { attributes, unread }) } else { Polled::Badge(BadgePollingElement { attributes }) };
        return Ok(Update { part, out_of_band });
    };
    let query = InboxQuery { show, before: None };
    let (viewer, rows) = poller.confirm_and(app, move |conn, viewer| Ok(InboxRows::load(conn, viewer.id, query)?)).await?;
    viewer.heard(app);
    let out_of_band = OutOfBand::new(page_name(&url.view), rows.unread, announcement(rows.notifications(), since));
    let loaded_at = LoadedAt { user, stamp: viewer.last_update };
    Ok(Update { part: Polled::Inbox(Inbox::new(app, rows, query, loaded_at, Focus::Unchanged)), out_of_band })
}

fn page_name(view: &PollView) -> &str {
    match view {
        PollView::Inbox(_) => inbox::NAME,
        PollView::Badge(name) => name,
        PollView::Home => poll_url::HOME,
    }
}

/// The badge's number, and what may have to be announced.
fn newest_unread(conn: &mut Connection, recipient: UserId) -> QueryResult<(i64, Vec<Notification>)> {
    let newest = notifications::list(conn, recipient, Show::Unread, None, NAMED)?;
    Ok((notifications::count_unread_up_to_many(conn, recipient)?, newest.rows))
}

/// What to announce: what is new, not what merely differs. To a page that did not know the state, nothing is new.
fn announcement(newest: &[Notification], since: Since) -> Announcement {
    let Since::Stamp(since) = since else { return Announcement::default() };
    let new = newest.iter().filter(|notification| notification.read_at.is_none() && since < notification.stamp());
    summary(new.map(|Notification { kind, actor, post, .. }| ToAnnounce {
        kind,
        actor: actor.as_ref().map(|actor| actor.username.as_str()),
        text: post.as_ref().map(|post| post.text.as_str()),
    }))
}
