//! The layout: what surrounds every page.

use super::badge::{Badge, title};
use super::polling_element::{BadgePollingElement, PollAttributes};
use crate::app::App;
use crate::http::viewer::{Poller, Viewer};
use crate::poll_url::{PollUrl, PollView};

/// What the layout of a page shows.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The page's own name.
    pub name: String,
    /// The stylesheet's URL.
    pub style: String,
    /// htmx's URL.
    pub htmx: String,
    /// The URL of what is said about the connection.
    pub connection: String,
    /// Whether "Sign up" is on offer.
    pub signup_open: bool,
    /// Who is signed in.
    pub member: Option<Member>,
}

/// Who is signed in, and what is waiting for them.
#[derive(Debug, Clone)]
pub struct Member {
    /// Their name; `None` where only the cookie says who is signed in.
    pub username: Option<String>,
    /// How many notifications are unread, counted up to [`crate::model::notifications::MANY`].
    pub unread: i64,
    /// The page's polling element.
    pub polling_element: BadgePollingElement,
}

impl Layout {
    /// For a page without anybody signed in.
    pub fn visitor(app: &App, name: &str) -> Layout {
        Layout {
            name: name.to_owned(),
            style: app.assets.style.clone(),
            htmx: app.assets.htmx.clone(),
            connection: app.assets.connection.clone(),
            signup_open: app.config.signup_open,
            member: None,
        }
    }

    /// For an error page while the database does not answer. All that is known is what the cookie says; the first poll brings the badge.
    pub fn unconfirmed(app: &App, name: &str, poller: Poller) -> Layout {
        let url = PollUrl::from_unknown_state(poller.user, PollView::Badge(name.to_owned()));
        let polling_element = BadgePollingElement { attributes: PollAttributes::at_once(app, url) };
        Layout { member: Some(Member { username: None, unread: 0, polling_element }), ..Layout::visitor(app, name) }
    }

    /// For a page of `viewer`, who has `unread` notifications.
    pub fn member(app: &App, viewer: &Viewer, name: &str, unread: i64) -> Layout {
        let url = PollUrl::new(viewer.id, viewer.last_update, PollView::Badge(name.to_owned()));
        let polling_element = BadgePollingElement { attributes: PollAttributes::new(app, url) };
        Layout { member: Some(Member { username: Some(viewer.username.clone()), unread, polling_element }), ..Layout::visitor(app, name) }
    }

    /// The tab's title.
    pub fn title(&self) -> String {
        title(self.unread(), &self.name)
    }

    /// Whether this is the page named `name`, for `aria-current`.
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// The badge.
    pub fn badge(&self) -> Badge {
        Badge { unread: self.unread(), out_of_band: false }
    }

    fn unread(&self) -> i64 {
        self.member.as_ref().map_or(0, |member| member.unread)
    }
}
