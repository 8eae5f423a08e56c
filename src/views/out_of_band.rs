//! What a fragment updates elsewhere on the page: the title, the badge, the status line.

use askama::Template;
use askama::filters::HtmlSafe;

use super::badge::{Badge, title};
use crate::domain::wording::Announcement;

/// The out-of-band parts of a fragment.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/out_of_band.html")]
pub struct OutOfBand {
    /// The tab's title.
    pub title: String,
    /// The badge.
    pub badge: Badge,
    /// Announced by screen readers, once. Empty: nothing is, and what was announced last stays.
    pub announcement: Announcement,
}

impl HtmlSafe for OutOfBand {}

impl OutOfBand {
    /// For a page named `name` of somebody with `unread` notifications.
    pub fn new(name: &str, unread: i64, announcement: Announcement) -> OutOfBand {
        OutOfBand { title: title(unread, name), badge: Badge { unread, out_of_band: true }, announcement }
    }
}

/// A fragment with its out-of-band parts.
#[derive(Debug, Template)]
#[template(source = "{{ part }}{{ out_of_band }}", ext = "html")]
pub struct Update<T: Template + HtmlSafe> {
    /// For the target of the swap.
    pub part: T,
    /// For the rest of the page.
    pub out_of_band: OutOfBand,
}

impl<T: Template + HtmlSafe> HtmlSafe for Update<T> {}
