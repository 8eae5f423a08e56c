//! A feed as a document of RFC 4287.

use actix_web::HttpRequest;
use atom_syndication::{Entry, Feed, FixedDateTime, Link, Person, Text};

use crate::app::App;
use crate::auth::feed_address::FeedAddress;
use crate::auth::session_token::Signer;
use crate::clock::Millis;
use crate::error::AppError;
use crate::hex::hex;
use crate::http::origin::origin;
use crate::model::feed_addresses::{FeedKind, FeedOwner};
use crate::model::notifications::Notification;
use crate::model::posts::Post;
use crate::views::relative_time::RelativeTime;

/// What entries are made with.
pub struct Publisher<'a> {
    signer: &'a Signer,
    origin: String,
}

impl<'a> Publisher<'a> {
    /// For an answer to `req`.
    pub fn new(req: &HttpRequest, app: &'a App) -> Publisher<'a> {
        Publisher { signer: &app.signer, origin: origin(req, &app.config) }
    }

    /// The inbox of `owner`.
    ///
    /// # Errors
    /// None that writing to memory knows of.
    pub fn notifications(&self, address: &FeedAddress, owner: &FeedOwner, list: &[Notification]) -> Result<Vec<u8>, AppError> {
        let entries = list.iter().map(|notification| self.notification(notification)).collect();
        let title = format!("Notifications for {}", owner.username);
        self.write(FeedKind::Notifications, address, title, "/notifications", entries)
    }

    /// The posts that `owner` sees.
    ///
    /// # Errors
    /// None that writing to memory knows of.
    pub fn posts(&self, address: &FeedAddress, owner: &FeedOwner, list: &[Post]) -> Result<Vec<u8>, AppError> {
        let entries = list.iter().map(|post| self.post(post)).collect();
        let title = format!("Posts for {}", owner.username);
        self.write(FeedKind::Posts, address, title, "/", entries)
    }

    fn write(&self, feed: FeedKind, address: &FeedAddress, title: String, page: &str, entries: Vec<Entry>) -> Result<Vec<u8>, AppError> {
        let name: &str = feed.into();
        // The address itself is not in the document: its length, when it is compressed together with what a stranger writes, would tell it.
        let own = Link { href: format!("{name}.atom"), rel: "self".to_owned(), mime_type: Some("application/atom+xml".to_owned()), ..Link::default() };
        let feed = Feed {
            id: self.id(&format!("feed of {name}"), address.user.0),
            title: Text::plain(title),
            updated: entries.iter().map(|entry| entry.updated).max().unwrap_or_else(|| date(address.created_at)),
            // Of the entries that have none: those of what nobody did.
            authors: vec![Person { name: "Tidings".to_owned(), ..Person::default() }],
            links: vec![own, self.alternate(page)],
            entries,
            ..Feed::default()
        };
        feed.write_to(Vec::new()).map_err(AppError::internal)
    }

    /// The page that shows the same.
    pub(super) fn alternate(&self, path: &str) -> Link {
        Link { href: self.url(path), rel: "alternate".to_owned(), mime_type: Some("text/html".to_owned()), ..Link::default() }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The id of the `number`th `kind` of thing on this site: a UUID (version 8 of RFC 9562). It never changes, wherever the site is reached, and no
    /// other site has it.
    pub(super) fn id(&self, kind: &str, number: i64) -> String {
        let mut bytes = self.signer.keyed_hash("Atom id", &format!("{kind} {number}"));
        let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
        (*version, *variant) = (*version & 0x0f | 0x80, *variant & 0x3f | 0x80);
        let hex = hex(&bytes);
        let groups = [hex.get(..8), hex.get(8..12), hex.get(12..16), hex.get(16..20), hex.get(20..)];
        format!("urn:uuid:{}", groups.map(Option::unwrap_or_default).join("-"))
    }
}

/// A time as Atom writes it.
pub(super) fn date(at: Millis) -> FixedDateTime {
    FixedDateTime::parse_from_rfc3339(&RelativeTime { at, now: at }.iso()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_the_site_and_the_thing() {
        let (signer, other) = (Signer::new(b"key").unwrap(), Signer::new(b"other").unwrap());
        let (here, moved) = (Publisher { signer: &signer, origin: String::new() }, Publisher { signer: &signer, origin: "https://tidings.example".to_owned() });
        let there = Publisher { signer: &other, origin: String::new() };
        let id = here.id("post", 7);
        assert_eq!((id.len(), id.get(..9), id.get(23..24)), (45, Some("urn:uuid:"), Some("8")), "{id}");
        assert!("89ab".contains(&id[28..29]), "{id}");
        assert_eq!(id, moved.id("post", 7));
        for another in [here.id("post", 8), here.id("notification", 7), there.id("post", 7)] {
            assert_ne!(id, another);
        }
    }

    #[test]
    fn a_time_is_written_to_the_second() {
        assert_eq!(date(1_795_464_900_999).to_rfc3339(), "2026-11-23T20:15:00+00:00");
        assert_eq!(date(i64::MAX).to_rfc3339(), "1970-01-01T00:00:00+00:00");
    }
}
