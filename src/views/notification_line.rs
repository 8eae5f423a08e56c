//! One notification in the inbox.

use askama::Template;
use askama::filters::HtmlSafe;

use super::relative_time::RelativeTime;
use crate::clock::Millis;
use crate::domain::wording::{Sentence, sentence};
use crate::ids::NotificationId;
use crate::model::notifications::Notification;

/// One notification in the inbox.
#[derive(Debug, Template)]
#[template(path = "parts/notification_line.html")]
pub struct NotificationLine {
    id: NotificationId,
    kind: String,
    actor: Option<String>,
    is_unread: bool,
    time: RelativeTime,
    /// The query of the inbox that it stands in: its actions answer with the same part.
    query: String,
    focus: bool,
}

impl HtmlSafe for NotificationLine {}

impl NotificationLine {
    /// `notification` at `now` (Unix milliseconds), in the inbox of `query`. With `focus`, its first button gets the focus.
    pub fn new(notification: Notification, query: String, now: Millis, focus: bool) -> NotificationLine {
        let Notification { id, kind, actor, created_at, read_at } = notification;
        let actor = actor.map(|actor| actor.username);
        NotificationLine { id, kind, actor, is_unread: read_at.is_none(), time: RelativeTime { at: created_at, now }, query, focus }
    }

    /// What the first button does.
    fn verb(&self) -> &'static str {
        if self.is_unread { "read" } else { "unread" }
    }

    fn sentence(&self) -> Sentence<'_> {
        sentence(&self.kind, self.actor.as_deref())
    }
}
