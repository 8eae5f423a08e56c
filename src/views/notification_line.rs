//! One notification in the inbox.

use askama::Template;
use askama::filters::HtmlSafe;

use super::relative_time::RelativeTime;
use crate::clock::Millis;
use crate::domain::wording::{Sentence, sentence};
use crate::ids::NotificationId;
use crate::model::notifications::Notification;

/// What a notification stands in.
#[derive(Debug)]
pub struct Surroundings {
    /// The query of the part of the inbox: the actions of a line answer with the same part.
    pub query: String,
    /// Whether that part is read anew when what it says of a time turns false. If not, it says only the exact time.
    pub is_live: bool,
    /// Now, in Unix milliseconds.
    pub now: Millis,
}

/// One notification in the inbox.
#[derive(Debug, Template)]
#[template(path = "parts/notification_line.html")]
pub struct NotificationLine {
    id: NotificationId,
    kind: String,
    actor: Option<String>,
    is_unread: bool,
    time: RelativeTime,
    is_live: bool,
    query: String,
    focus: bool,
}

impl HtmlSafe for NotificationLine {}

impl NotificationLine {
    /// `notification`, as it stands in `surroundings`. With `focus`, its buttons get the focus.
    pub fn new(notification: Notification, surroundings: &Surroundings, focus: bool) -> NotificationLine {
        let Notification { id, kind, actor, created_at, read_at, .. } = notification;
        let Surroundings { query, is_live, now } = surroundings;
        let actor = actor.map(|actor| actor.username);
        let time = RelativeTime { at: created_at, now: *now };
        NotificationLine { id, kind, actor, is_unread: read_at.is_none(), time, is_live: *is_live, query: query.clone(), focus }
    }

    /// When what it says of its time turns false, in Unix milliseconds; `None`: never.
    pub fn due(&self) -> Option<Millis> {
        self.time.due()
    }

    /// What the first button does.
    fn verb(&self) -> &'static str {
        if self.is_unread { "read" } else { "unread" }
    }

    fn sentence(&self) -> Sentence<'_> {
        sentence(&self.kind, self.actor.as_deref())
    }
}
