//! The section about feeds.

use actix_web::HttpRequest;
use actix_web::web::Query;
use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;
use strum::IntoEnumIterator;

use crate::app::App;
use crate::clock::Millis;
use crate::http::origin::origin;
use crate::ids::FeedAddressId;
use crate::model::feed_addresses::{AddressRow, FeedKind};
use crate::views::relative_time::RelativeTime;

/// The addresses, and the forms that make, replace and remove them.
#[derive(Debug, Template)]
#[template(path = "parts/settings_feeds.html")]
pub(super) struct FeedsSection {
    feeds: Vec<FeedForms>,
    done: &'static str,
}

impl HtmlSafe for FeedsSection {}

/// One feed.
#[derive(Debug)]
struct FeedForms {
    feed: FeedKind,
    address: Option<ShownAddress>,
}

/// An address as its owner sees it.
#[derive(Debug)]
struct ShownAddress {
    id: FeedAddressId,
    /// The whole URL; its path where the request does not say on which host this is.
    url: String,
    made: RelativeTime,
}

/// What was just done, to say so after the redirect.
#[derive(Debug, Default, Deserialize)]
struct FeedsQuery {
    #[serde(default)]
    feed: String,
}

impl FeedsSection {
    /// `rows` are the addresses that there are.
    pub(super) fn new(rows: &[AddressRow], req: &HttpRequest, app: &App, now: Millis) -> FeedsSection {
        let origin = origin(req, &app.config);
        let address = |feed: FeedKind| {
            let name: &str = feed.into();
            let row = rows.iter().find(|row| row.feed == name)?;
            let url = format!("{origin}/feeds/{}/{name}.atom", app.signer.feed_secret(feed, row));
            Some(ShownAddress { id: row.id, url, made: RelativeTime { at: row.created_at, now } })
        };
        let query = Query::<FeedsQuery>::from_query(req.query_string()).map(Query::into_inner).unwrap_or_default();
        let done = match query.feed.as_str() {
            "made" => "Here is the address. Subscribe to it in your feed reader.",
            "replaced" => "The address has been replaced. The old one no longer works.",
            "removed" => "The address has been removed. It no longer works.",
            _ => "",
        };
        FeedsSection { feeds: FeedKind::iter().map(|feed| FeedForms { feed, address: address(feed) }).collect(), done }
    }
}

impl FeedForms {
    fn name(&self) -> &'static str {
        self.feed.into()
    }

    fn title(&self) -> &'static str {
        match self.feed {
            FeedKind::Notifications => "Your notifications",
            FeedKind::Posts => "Posts of the people you follow, and your own",
        }
    }

    /// The id of the present address, 0 for none.
    fn replaces(&self) -> i64 {
        self.address.as_ref().map_or(0, |address| address.id.0)
    }
}
