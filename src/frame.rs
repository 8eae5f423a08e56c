//! What surrounds every page: title, navigation, badge, and the one element that polls.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::app::App;
use crate::db::Connection;
use crate::error::AppError;
use crate::last_update::Stamp;
use crate::model::notifications;
use crate::viewer::Viewer;

/// What a page's layout needs to know.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The page's own name; [`title`] makes the tab's title of it.
    pub name: String,
    /// The stylesheet's URL.
    pub style: String,
    /// htmx's URL.
    pub htmx: String,
    /// Whether "sign up" is on offer.
    pub signup_open: bool,
    /// Who is signed in.
    pub member: Option<Member>,
    /// Whether nothing was read for this page, so that nobody knows more of the reader than the cookie says.
    pub bare: bool,
}

/// Who is signed in, and what is waiting for them.
#[derive(Debug, Clone)]
pub struct Member {
    /// Their name.
    pub username: String,
    /// How much is unread, counted up to [`notifications::MANY`].
    pub unread: i64,
    /// What the page's polling element starts from.
    pub live: Live,
}

/// The attributes of a polling element.
#[derive(Debug, Clone)]
pub struct Live {
    /// Where to ask, from which stamp on.
    pub url: String,
    /// The interval, in whole milliseconds: htmx 4.0.1 polls without pause when it is given fractions of a second.
    pub every_ms: u32,
}

impl Frame {
    /// The frame of a page that nobody needs to be signed in for.
    pub fn visitor(app: &App, name: &str) -> Frame {
        Frame {
            name: name.to_owned(),
            style: app.assets.style.clone(),
            htmx: app.assets.htmx.clone(),
            signup_open: app.config.signup_open,
            member: None,
            bare: false,
        }
    }

    /// The frame of an error page. It must not need the database, so it knows of a member only that there is one, and
    /// lets the first poll bring the badge.
    pub fn bare(app: &App, name: &str, is_member: bool) -> Frame {
        let member = is_member.then(|| Member { username: String::new(), unread: 0, live: Live::from_nowhere(app, name) });
        Frame { bare: true, member, ..Frame::visitor(app, name) }
    }

    /// The frame of a page for `viewer`, who has `unread` notifications; it polls for the badge.
    pub fn member(app: &App, viewer: &Viewer, name: &str, unread: i64) -> Frame {
        let live = Live::badge(app, viewer.last_update, name);
        Frame { member: Some(Member { username: viewer.username.clone(), unread, live }), ..Frame::visitor(app, name) }
    }

    /// The tab's title.
    pub fn title(&self) -> String {
        title(self.member.as_ref().map_or(0, |member| member.unread), &self.name)
    }

    /// Whether this is the page named `name`, for `aria-current`.
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// What the badge shows.
    pub fn badge(&self) -> Badge {
        Badge { unread: self.member.as_ref().map_or(0, |member| member.unread), out_of_band: false }
    }

    /// The element that polls.
    pub fn pulse(&self) -> Option<Pulse> {
        self.member.as_ref().map(|member| Pulse { live: member.live.clone(), at_once: self.bare })
    }
}

impl Live {
    /// Polls for the badge from a page named `name`.
    pub fn badge(app: &App, since: Stamp, name: &str) -> Live {
        Live::asking(app, &format!("since={since}&{}", titled(name)))
    }

    /// The same from a page that does not know how things stand: it is told, and nothing of it is news.
    pub fn from_nowhere(app: &App, name: &str) -> Live {
        Live::asking(app, &titled(name))
    }

    /// Polls for the first page of the inbox, or of its unread part.
    pub fn inbox(app: &App, since: Stamp, show: notifications::Show) -> Live {
        let show = if show == notifications::Show::Unread { "&show=unread" } else { "" };
        Live::asking(app, &format!("since={since}{show}"))
    }

    fn asking(app: &App, query: &str) -> Live {
        Live { url: format!("/api/stream?{query}"), every_ms: interval(app.config.poll_seconds) }
    }
}

/// The page's name as part of a query.
fn titled(name: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("title", name).finish()
}

/// "(3) Notifications · Tidings".
pub fn title(unread: i64, name: &str) -> String {
    match unread {
        0 => format!("{name} · Tidings"),
        notifications::MANY.. => format!("({}+) {name} · Tidings", notifications::MANY - 1),
        few => format!("({few}) {name} · Tidings"),
    }
}

/// The interval in milliseconds: a twentieth shorter than what we promise, which is what the news may take from one
/// instance to another where nobody carries it but the sweep ([`crate::config::Config::sweep_pause`]); and up to another
/// twentieth by chance, so that tabs opened together do not ask together. Never longer: what we promise is the interval,
/// not the interval on average.
fn interval(seconds: u32) -> u32 {
    let whole = seconds.saturating_mul(1_000);
    let chance = getrandom::u32().unwrap_or(0) % (whole / 20 + 1);
    whole - whole / 20 - chance
}

/// The polling element of every page but the inbox: it shows nothing itself and brings the badge.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/pulse.html")]
pub struct Pulse {
    /// Where and how often.
    pub live: Live,
    /// Whether it asks as soon as the page is there, because the page does not know the number itself.
    pub at_once: bool,
}

impl HtmlSafe for Pulse {}

/// The number beside "Notifications".
#[derive(Debug, Clone, Template)]
#[template(path = "parts/badge.html")]
pub struct Badge {
    /// How much is unread, counted up to [`notifications::MANY`].
    pub unread: i64,
    /// Whether it rides along with a fragment.
    pub out_of_band: bool,
}

impl HtmlSafe for Badge {}

impl Badge {
    fn spoken(&self) -> String {
        if self.unread < notifications::MANY { format!("{} unread", self.unread) } else { format!("more than {} unread", notifications::MANY - 1) }
    }
}

/// What rides along with a fragment: title, badge and status line.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/extras.html")]
pub struct Extras {
    /// The tab's title.
    pub title: String,
    /// The badge.
    pub badge: Badge,
    /// What is said aloud, once; empty: nothing, and what was said last is left standing.
    pub said: String,
}

impl Extras {
    /// For a page named `name` of somebody with `unread` notifications; `said` is announced.
    pub fn new(name: &str, unread: i64, said: String) -> Extras {
        Extras { title: title(unread, name), badge: Badge { unread, out_of_band: true }, said }
    }
}

/// Loads what a page needs together with the badge's number, on one snapshot: `load` runs beside the count.
///
/// # Errors
/// What `load` fails with.
pub async fn with_badge<T, F>(app: &App, viewer: &Viewer, load: F) -> Result<(i64, T), AppError>
where
    T: Send + 'static,
    F: FnOnce(&mut Connection) -> Result<T, AppError> + Send + 'static,
{
    let recipient = viewer.id;
    app.read(move |db| Ok((notifications::unread_up_to_many(db, recipient)?, load(db)?))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_whole_milliseconds_that_leave_room_for_the_sweep() {
        for seconds in [1, 10, 3_600] {
            let drawn: Vec<u32> = (0..200).map(|_| interval(seconds)).collect();
            assert!(drawn.iter().all(|ms| (seconds * 900..=seconds * 950).contains(ms)), "{drawn:?}");
            assert!(drawn.iter().any(|ms| *ms != drawn[0]), "no jitter");
        }
    }

    #[test]
    fn a_title_counts_only_what_there_is() {
        assert_eq!(title(3, "Notifications"), "(3) Notifications · Tidings");
        assert_eq!(title(0, "People"), "People · Tidings");
        assert_eq!(title(notifications::MANY, "People"), "(999+) People · Tidings");
    }
}
