//! The stream: has anything happened to me since I last looked?

use std::time::Instant;

use actix_web::http::Method;
use actix_web::http::header::{self, ETag, EntityTag, IfNoneMatch};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, Responder};
use askama::Template;
use serde::Serialize;

use super::notifications::{self as inbox, Inbox, Rows};
use crate::app::App;
use crate::db::Connection;
use crate::error::AppError;
use crate::frame::{Extras, Live, Pulse};
use crate::last_update::Stamp;
use crate::metrics::Outcome;
use crate::model::UserId;
use crate::model::notifications::{self, Kind, Notification, Show};
use crate::reply::{Fragment, Poll, unchanged};
use crate::viewer::{Poller, is_htmx};

/// Where it is.
pub const PATH: &str = "/api/stream";

/// Lines from the top of the inbox that are read for what is said: two are named, and a third says that there are others.
const NAMED: i64 = 3;

/// What the caller has seen. Read by hand, because here nothing is an error: whatever is no stamp of ours is
/// answered with how things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    Absent,
    Stamp(Stamp),
    Garbled,
}

/// What the caller has seen, by the query of their poll.
fn since(query: &str) -> Since {
    let mut values = query.split('&').filter_map(|pair| pair.strip_prefix("since="));
    match (values.next(), values.next()) {
        (None, _) => Since::Absent,
        // A stamp has no letter that would be written otherwise in a URL.
        (Some(value), None) => value.parse().map_or(Since::Garbled, Since::Stamp),
        (Some(_), Some(_)) => Since::Garbled,
    }
}

/// What a page wants to have brought; read only when there is something to bring.
#[derive(Default)]
struct Wanted {
    show: Show,
    /// On a page that is not the inbox: its name, for the title.
    title: Option<String>,
}

impl Wanted {
    fn read(query: &str) -> Wanted {
        let mut wanted = Wanted::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "show" if value == "unread" => wanted.show = Show::Unread,
                "title" => wanted.title = Some(value.chars().filter(|c| !c.is_control()).take(80).collect()),
                _ => {}
            }
        }
        wanted
    }
}

/// What the stream brings to a page: the inbox, or elsewhere the element that asks again.
#[derive(Template)]
#[template(source = "{% match self %}{% when Self::Inbox(inbox) %}{{ inbox }}{% when Self::Pulse(pulse) %}{{ pulse }}{% endmatch %}", ext = "html")]
#[allow(clippy::large_enum_variant)]
enum Element {
    Inbox(Inbox),
    Pulse(Pulse),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    last_update: Stamp,
    has_updates: bool,
}

/// The answer to `req` if that is a page's poll to which nothing is new, and that is known without asking anybody. Nearly
/// all polls are such, so the border asks this first, before it looks for the handler. Whatever is not as usual is left to
/// [`poll`].
pub fn at_once(req: &HttpRequest, app: &App) -> Option<HttpResponse> {
    if req.path() != PATH || req.method() != Method::GET || !is_htmx(req) {
        return None;
    }
    let begun = Instant::now();
    let Since::Stamp(seen) = since(req.query_string()) else { return None };
    let poller = Poller::of(req, app).ok()?;
    if app.stamps.known(poller.user)? != seen {
        return None;
    }
    app.metrics.polled(Outcome::Unchanged, begun);
    Some(unchanged())
}

/// `GET /api/stream?since=`
pub async fn poll(req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    let begun = Instant::now();
    let answer = answer(&req, &app).await;
    app.metrics.polled(answer.as_ref().map_or(Outcome::Refused, |(outcome, _)| *outcome), begun);
    answer.map(|(_, response)| response)
}

async fn answer(req: &HttpRequest, app: &App) -> Result<(Outcome, HttpResponse), AppError> {
    let (poller, since) = (Poller::of(req, app)?, since(req.query_string()));
    if !is_htmx(req) {
        return for_programs(poller, since, req, app).await;
    }
    let poll = for_htmx(poller, since, req, app).await?;
    let outcome = if matches!(poll, Poll::Unchanged) { Outcome::Unchanged } else { Outcome::Changed };
    Ok((outcome, poll.respond_to(req)))
}

async fn for_htmx(poller: Poller, since: Since, req: &HttpRequest, app: &App) -> Result<Poll<Fragment<Element>>, AppError> {
    let stamp = app.last_update(poller.user).await?;
    if since == Since::Stamp(stamp) {
        return Ok(Poll::Unchanged);
    }
    // Only now is the session's row worth a read, and the rows are read with it: on one snapshot they are exactly as new as
    // the stamp that the tab will ask from next.
    let Wanted { show, title } = Wanted::read(req.query_string());
    let on_inbox = title.is_none();
    let (viewer, found) = poller.confirm_and(app, move |db, viewer| Found::by(db, viewer.id, since, on_inbox.then_some(show))).await?;
    let name = title.as_deref().unwrap_or(inbox::NAME);
    let part = match found.rows {
        Some(rows) => Element::Inbox(Inbox::first(app, rows, show, viewer.last_update)),
        None => Element::Pulse(Pulse { live: Live::badge(app, viewer.last_update, name), at_once: false }),
    };
    Ok(Poll::Changed(Fragment { part, extras: Some(Extras::new(name, found.unread, found.said)) }))
}

/// What there is to bring to whom something happened.
struct Found {
    unread: i64,
    said: String,
    /// On the inbox.
    rows: Option<Rows>,
}

impl Found {
    /// On the inbox, of which `shown` is shown, whatever arrived stands in the list that is read for it anyway; elsewhere the
    /// top of the list is read for what is said.
    fn by(db: &mut Connection, recipient: UserId, since: Since, shown: Option<Show>) -> Result<Found, AppError> {
        if let Some(show) = shown {
            let rows = Rows::load(db, recipient, show, None)?;
            return Ok(Found { unread: rows.unread(), said: announcement(rows.lines(), since), rows: Some(rows) });
        }
        let top = notifications::list(db, recipient, Show::Unread, None, NAMED)?;
        Ok(Found { unread: notifications::unread_up_to_many(db, recipient)?, said: announcement(&top.rows, since), rows: None })
    }
}

/// Said aloud once: of the lines on top, newest first, what is new, not what is merely different.
fn announcement(lines: &[Notification], since: Since) -> String {
    let Since::Stamp(since) = since else { return String::new() };
    let arrived: Vec<&Notification> = lines.iter().filter(|line| line.read_at.is_none() && since < line.created_at).collect();
    match arrived.as_slice() {
        [] => String::new(),
        [one] => match one.kind {
            Kind::Follow => format!("{} follows you", one.actor.username),
        },
        [one, other] => format!("{} and {} follow you", one.actor.username, other.actor.username),
        [one, ..] => format!("{} and others follow you", one.actor.username),
    }
}

async fn for_programs(poller: Poller, since: Since, req: &HttpRequest, app: &App) -> Result<(Outcome, HttpResponse), AppError> {
    let mut last_update = app.last_update(poller.user).await?;
    let seen = match since {
        Since::Absent => Some(0),
        Since::Stamp(stamp) => Some(stamp),
        Since::Garbled => None,
    };
    if is_known(req, last_update) {
        return Ok((Outcome::Unchanged, stamped(HttpResponse::NotModified(), last_update, app).finish()));
    }
    if seen != Some(last_update) {
        last_update = poller.confirm(app).await?.last_update;
    }
    let standing = Standing { last_update, has_updates: seen != Some(last_update) };
    let outcome = if standing.has_updates { Outcome::Changed } else { Outcome::Unchanged };
    Ok((outcome, stamped(HttpResponse::Ok(), last_update, app).json(standing)))
}

fn is_known(req: &HttpRequest, stamp: Stamp) -> bool {
    match req.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&tag_of(stamp))),
        _ => false,
    }
}

fn tag_of(stamp: Stamp) -> EntityTag {
    EntityTag::new_strong(stamp.to_string())
}

fn stamped(mut answer: actix_web::HttpResponseBuilder, stamp: Stamp, app: &App) -> actix_web::HttpResponseBuilder {
    answer.insert_header(ETag(tag_of(stamp))).insert_header(("X-Poll-Interval", app.config.poll_seconds)).insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_no_single_stamp_counts_as_something_else() {
        assert_eq!(since("since=17&title=People"), Since::Stamp(17));
        assert_eq!(since("title=People"), Since::Absent);
        for garbled in ["since=", "since=abc", "since=1e3", "since=1000000000000000000000000000000", "since=1&since=1", "since=%FF"] {
            assert_eq!(since(garbled), Since::Garbled, "{garbled}");
        }
    }
}
