//! The polling element: each signed-in page has exactly one.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::app::App;
use crate::model::notifications::MANY;
use crate::poll_url::PollUrl;

/// The attributes of a polling element.
///
/// The interval is the same for everybody, in whole seconds (with a fraction, htmx 4.0.1 polls without pause). Tabs are spread over it by the
/// moments at which they were opened, and stay so.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/poll_attributes.html")]
pub struct PollAttributes {
    url: PollUrl,
    seconds: u32,
    /// Whether it also polls as soon as the page is there, because the page does not know the current state.
    at_once: bool,
}

impl HtmlSafe for PollAttributes {}

impl PollAttributes {
    /// Polls `url`.
    pub fn new(app: &App, url: PollUrl) -> PollAttributes {
        PollAttributes { url, seconds: app.config.poll_seconds, at_once: false }
    }

    /// Polls `url`, and begins at once.
    pub fn at_once(app: &App, url: PollUrl) -> PollAttributes {
        PollAttributes { at_once: true, ..PollAttributes::new(app, url) }
    }
}

/// The polling element of the other pages than the live inbox, which polls itself, and the home page: it is hidden, and brings the badge.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/badge_polling_element.html")]
pub struct BadgePollingElement {
    /// Where and how often it polls.
    pub attributes: PollAttributes,
}

impl HtmlSafe for BadgePollingElement {}

/// The polling element of the home page. It says how much is unread, and so never says anything else than the badge.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/home_polling_element.html")]
pub struct HomePollingElement {
    /// Where and how often it polls.
    pub attributes: PollAttributes,
    /// How many notifications are unread, counted up to [`MANY`].
    pub unread: i64,
}

impl HtmlSafe for HomePollingElement {}
