//! The inbox: one view for the page, for the poll that brings it, and for the answers of its actions.

use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;

use super::notification_line::{NotificationLine, Surroundings};
use super::polling_element::PollAttributes;
use crate::app::App;
use crate::db::Connection;
use crate::http::urls::with_query;
use crate::ids::{NotificationId, Stamp, UserId};
use crate::model::notifications::{self, Notification, Show};
use crate::model::{Slice, follows};
use crate::poll_url::{PollUrl, PollView};

/// The inbox's name, in its heading and title.
pub const NAME: &str = "Notifications";

/// Notifications on one page.
const PAGE_SIZE: i64 = 20;

/// Which part of the inbox somebody looks at.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct InboxQuery {
    /// Everything, or what is unread.
    #[serde(default)]
    pub show: Show,
    /// What is older than this notification. `None`: the first page, which is live.
    pub before: Option<NotificationId>,
}

impl InboxQuery {
    /// As a query, with its question mark; empty for the first page of everything.
    pub fn query(self) -> String {
        let show = if self.show == Show::default() { "" } else { self.show.into() };
        with_query("", &[("show", show), ("before", &self.before.map(|id| id.to_string()).unwrap_or_default())])
    }

    /// The URL of this part.
    pub fn url(self) -> String {
        format!("/notifications{}", self.query())
    }
}

/// What a page of the inbox shows, read on one snapshot, so that the number and the list agree.
pub struct InboxRows {
    /// How many are unread, also beyond this page, counted up to [`notifications::MANY`].
    pub unread: i64,
    list: Slice<Notification, NotificationId>,
    /// Of whose posts the recipient is told, among the authors on this page.
    told_of: Vec<UserId>,
}

impl InboxRows {
    /// One page of `recipient`'s inbox.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(conn: &mut Connection, recipient: UserId, InboxQuery { show, before }: InboxQuery) -> diesel::QueryResult<InboxRows> {
        let unread = notifications::count_unread_up_to_many(conn, recipient)?;
        let list = notifications::list(conn, recipient, show, before, PAGE_SIZE)?;
        let of_posts = list.rows.iter().filter(|notification| notification.post.is_some());
        let authors: Vec<UserId> = of_posts.filter_map(|notification| Some(notification.actor.as_ref()?.id)).collect();
        let told_of = if authors.is_empty() { Vec::new() } else { follows::told_of(conn, recipient, &authors)? };
        Ok(InboxRows { unread, list, told_of })
    }

    /// The notifications of this page, newest first.
    pub fn notifications(&self) -> &[Notification] {
        &self.list.rows
    }
}

/// Whose inbox it is, and at which stamp it was read: what a live inbox polls on from.
#[derive(Debug, Clone, Copy)]
pub struct LoadedAt {
    /// Whose.
    pub user: UserId,
    /// Their stamp.
    pub stamp: Stamp,
}

/// What gets the focus after an action. Never a button or a link: a key that is held or pressed twice would press that, too. It is what surrounds
/// them, where such a key does nothing, and from where the next Tab leads to the first of them. Without JavaScript of our own, `autofocus` is how
/// the server can say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Nothing new: it stays where it is.
    Unchanged,
    /// The buttons of this notification; if it is gone, those of the one that took its place.
    Line(NotificationId),
    /// The tabs.
    Tabs,
}

impl Focus {
    fn line_of(self, notifications: &[Notification]) -> Option<NotificationId> {
        let Focus::Line(acted_on) = self else { return None };
        notifications.iter().map(|notification| notification.id).find(|id| *id <= acted_on).or(notifications.last().map(|last| last.id))
    }
}

/// The list, and everything about it that changes when something happens.
#[derive(Debug, Template)]
#[template(path = "parts/inbox.html")]
pub struct Inbox {
    /// Set on the first page, which is live.
    pub poll: Option<PollAttributes>,
    show: Show,
    unread: i64,
    lines: Vec<NotificationLine>,
    /// The newest notification shown: the watermark of "mark all read".
    through: Option<NotificationId>,
    newest: Option<String>,
    older: Option<String>,
    focus_tabs: bool,
    /// Names what guards this state of the list: nothing in it can be pressed by mouse or touch for half a second after it came. Otherwise the
    /// second press of a double click, or one that was aimed before a line arrived, would hit another line.
    stamp: Stamp,
}

impl HtmlSafe for Inbox {}

impl Inbox {
    /// `rows`, which are the part that `query` names, read at `loaded_at`.
    pub fn new(app: &App, rows: InboxRows, query: InboxQuery, loaded_at: LoadedAt, focus: Focus) -> Inbox {
        let InboxRows { unread, list, told_of } = rows;
        let surroundings = Surroundings { query: query.query(), is_live: query.before.is_none(), told_of, now: app.clock.now() };
        let focused = focus.line_of(&list.rows);
        let newest_listed = list.rows.first().map(|newest| newest.id);
        let line = |notification: Notification| {
            let focus = focused == Some(notification.id);
            NotificationLine::new(notification, &surroundings, focus)
        };
        let lines: Vec<NotificationLine> = list.rows.into_iter().map(line).collect();
        let due = lines.iter().filter_map(NotificationLine::due).min();
        let url = PollUrl::new(loaded_at.user, loaded_at.stamp, PollView::Inbox(query.show)).with_due(due);
        Inbox {
            poll: query.before.is_none().then(|| PollAttributes::new(app, url)),
            show: query.show,
            unread,
            through: newest_listed,
            newest: query.before.map(|_| InboxQuery { before: None, ..query }.url()),
            older: list.next.map(|before| InboxQuery { before: Some(before), ..query }.url()),
            focus_tabs: focus != Focus::Unchanged && focused.is_none(),
            stamp: loaded_at.stamp,
            lines,
        }
    }

    /// The watermark of "mark all read", where that is on offer: on the first page, while anything is unread.
    fn readable_through(&self) -> Option<NotificationId> {
        self.through.filter(|_| self.poll.is_some() && self.unread > 0)
    }

    /// Whether only what is unread is shown.
    pub fn is_showing_unread(&self) -> bool {
        self.show == Show::Unread
    }
}
