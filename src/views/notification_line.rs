//! One notification in the inbox.

use askama::Template;
use askama::filters::HtmlSafe;

use super::post_text::PostLink;
use super::relative_time::RelativeTime;
use crate::clock::Millis;
use crate::domain::excerpt::excerpt;
use crate::domain::wording::{Sentence, sentence};
use crate::ids::{NotificationId, PostId, UserId};
use crate::model::notifications::{Notification, NotifiedPost};

/// What a notification stands in.
#[derive(Debug)]
pub struct Surroundings {
    /// The query of the part of the inbox: the actions of a line answer with the same part.
    pub query: String,
    /// Whether that part is read anew when what it says of a time turns false. If not, it says only the exact time.
    pub is_live: bool,
    /// Of whose posts the recipient is told, among the authors that are shown.
    pub told_of: Vec<UserId>,
    /// Now, in Unix milliseconds.
    pub now: Millis,
}

/// How much of a post is shown, in characters.
const LONGEST_TEXT: usize = 200;

/// The post that a notification is about.
#[derive(Debug)]
struct LinePost {
    id: PostId,
    /// Its first words.
    text: String,
    link: Option<PostLink>,
}

impl LinePost {
    fn new(post: NotifiedPost) -> LinePost {
        let NotifiedPost { id, text, url } = post;
        LinePost { id, text: excerpt(&text, LONGEST_TEXT).into_owned(), link: url.as_deref().and_then(PostLink::new) }
    }
}

/// One notification in the inbox.
#[derive(Debug, Template)]
#[template(path = "parts/notification_line.html")]
pub struct NotificationLine {
    id: NotificationId,
    kind: String,
    actor: Option<String>,
    post: Option<LinePost>,
    /// Whether there is a button to be told no longer of this author's posts.
    can_be_quiet: bool,
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
        let Notification { id, kind, actor, created_at, read_at, post, .. } = notification;
        let Surroundings { query, is_live, told_of, now } = surroundings;
        let can_be_quiet = post.is_some() && actor.as_ref().is_some_and(|author| told_of.contains(&author.id));
        NotificationLine {
            id,
            kind,
            actor: actor.map(|actor| actor.username),
            post: post.map(LinePost::new),
            can_be_quiet,
            is_unread: read_at.is_none(),
            time: RelativeTime { at: created_at, now: *now },
            is_live: *is_live,
            query: query.clone(),
            focus,
        }
    }

    /// When what it says of its time turns false, in Unix milliseconds; `None`: never.
    pub fn due(&self) -> Option<Millis> {
        self.time.due()
    }

    /// What the first button does.
    fn verb(&self) -> &'static str {
        if self.is_unread { "read" } else { "unread" }
    }

    /// Where its button to be told no longer of somebody's posts leads, without the name: the answer shows the same part of the inbox.
    fn quiet_query(&self) -> String {
        let and = self.query.strip_prefix('?').map(|query| format!("&{query}")).unwrap_or_default();
        format!("?line={}{and}", self.id)
    }

    fn sentence(&self) -> Sentence<'_> {
        sentence(&self.kind, self.actor.as_deref())
    }
}
