//! The polled URL: whatever it carries is written and read here, and nowhere else.

use derive_more::Display;

use crate::clock::{Clock, Millis};
use crate::ids::{Stamp, UserId};
use crate::model::notifications::Show;

/// The path of the stream.
pub const PATH: &str = "/api/stream";

/// The name of the home page.
pub const HOME: &str = "Home";

/// Longest title that is taken from a URL, in characters.
const LONGEST_TITLE: usize = 80;

/// What a page polls for, and from which stamp on.
#[derive(Debug, Clone, PartialEq, Eq, Display)]
#[display("{PATH}?{}", self.query())]
pub struct PollUrl {
    /// What is always there.
    pub cursor: PollCursor,
    /// What the page wants to have brought.
    pub view: PollView,
}

/// What the page has seen, and whose page it is. Reading it allocates nothing, because every poll does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollCursor {
    /// The stamp that the page shows.
    pub since: Since,
    /// Whose page it is. `None`: the caller's own. Two people may share a browser and its cookie: then one person's tab polls with the
    /// other's cookie.
    pub user: Option<UserId>,
    /// When the first of the page's relative times ("just now") turns false, in Unix milliseconds. `None`: never.
    pub due: Option<Millis>,
}

/// The stamp that the caller has seen. Nothing here is an error: whatever is no stamp of ours is answered with the current state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// None was given.
    Absent,
    /// This one.
    Stamp(Stamp),
    /// Something that is no single stamp.
    Garbled,
}

/// What a poll can bring to its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollView {
    /// The first page of the inbox.
    Inbox(Show),
    /// The badge, on a page of this name.
    Badge(String),
    /// The badge, and the home page's own sentence of how much is unread.
    Home,
}

impl PollUrl {
    /// From a page of `user` that shows the state of stamp `since`.
    pub fn new(user: UserId, since: Stamp, view: PollView) -> PollUrl {
        PollUrl { cursor: PollCursor { since: Since::Stamp(since), user: Some(user), due: None }, view }
    }

    /// Also asks for the page's part when one of its relative times turns false, at `due` in Unix milliseconds.
    pub fn with_due(mut self, due: Option<Millis>) -> PollUrl {
        self.cursor.due = due;
        self
    }

    /// From a page of `user` that does not know the current state. It is told, and none of it is announced as new.
    pub fn from_unknown_state(user: UserId, view: PollView) -> PollUrl {
        PollUrl { cursor: PollCursor { since: Since::Absent, user: Some(user), due: None }, view }
    }

    /// The query of a poll.
    pub fn parse(query: &str) -> PollUrl {
        let (mut show, mut title, mut is_home) = (Show::default(), None, false);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "show" => show = value.parse().unwrap_or_default(),
                "home" => is_home = true,
                "title" => title = Some(value.chars().filter(|c| !c.is_control()).take(LONGEST_TITLE).collect()),
                _ => {}
            }
        }
        let view = if is_home { PollView::Home } else { title.map_or(PollView::Inbox(show), PollView::Badge) };
        PollUrl { cursor: PollCursor::parse(query), view }
    }

    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Since::Stamp(since) = self.cursor.since {
            query.append_pair("since", &since.to_string());
        }
        if let Some(user) = self.cursor.user {
            query.append_pair("user", &user.to_string());
        }
        if let Some(due) = self.cursor.due {
            query.append_pair("due", &due.to_string());
        }
        match &self.view {
            PollView::Inbox(Show::All) => {}
            PollView::Inbox(show) => drop(query.append_pair("show", show.into())),
            PollView::Badge(title) => drop(query.append_pair("title", title)),
            // With a title: the release before this one knows nothing else of it, and brings the badge.
            PollView::Home => drop(query.append_pair("title", HOME).append_pair("home", "1")),
        }
        query.finish()
    }
}

impl PollCursor {
    /// What every poll's query carries.
    pub fn parse(query: &str) -> PollCursor {
        let mut cursor = PollCursor { since: Since::Absent, user: None, due: None };
        // None of these values has a character that would be percent-encoded.
        for pair in query.split('&') {
            if let Some(stamp) = pair.strip_prefix("since=") {
                let is_first = cursor.since == Since::Absent;
                cursor.since = stamp.parse().ok().filter(|_| is_first).map_or(Since::Garbled, Since::Stamp);
            } else if let Some(id) = pair.strip_prefix("user=").filter(|_| cursor.user.is_none()) {
                cursor.user = id.parse().ok().map(UserId);
            } else if let Some(due) = pair.strip_prefix("due=") {
                cursor.due = due.parse().ok();
            }
        }
        cursor
    }

    /// Whether the page shows `stamp`, and nothing on it has turned false by the time of `clock`, which is read only if something can.
    pub fn is_current(&self, stamp: Stamp, clock: &Clock) -> bool {
        self.since == Since::Stamp(stamp) && self.due.is_none_or(|due| clock.now() < due)
    }

    /// Whether it is a page of `caller`.
    pub fn is_page_of(&self, caller: UserId) -> bool {
        self.user.is_none_or(|user| user == caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_is_read_back() {
        for view in [PollView::Inbox(Show::All), PollView::Inbox(Show::Unread), PollView::Badge("Followers of bob & co".into()), PollView::Home] {
            let known = PollUrl::new(UserId(7), 17, view.clone());
            for url in [known.clone(), known.with_due(Some(1_795_464_900_000)), PollUrl::from_unknown_state(UserId(7), view)] {
                let written = url.to_string();
                assert_eq!(PollUrl::parse(written.strip_prefix("/api/stream?").unwrap()), url, "{written}");
            }
        }
    }

    #[test]
    fn whatever_is_no_single_stamp_counts_as_something_else() {
        let since = |query| PollCursor::parse(query).since;
        assert_eq!(since("since=17&title=People"), Since::Stamp(17));
        assert_eq!(since("title=People"), Since::Absent);
        for garbled in ["since=", "since=abc", "since=1e3", "since=1000000000000000000000000000000", "since=1&since=1", "since=%FF"] {
            assert_eq!(since(garbled), Since::Garbled, "{garbled}");
        }
    }

    #[test]
    fn a_url_that_names_nobody_is_the_callers_own() {
        for (query, own) in [("since=1", true), ("since=1&user=7", true), ("since=1&user=8", false), ("user=", true), ("user=x", true)] {
            assert_eq!(PollCursor::parse(query).is_page_of(UserId(7)), own, "{query}");
        }
    }
}
