//! The number of unread notifications: beside "Notifications", and in the tab's title.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::app::App;
use crate::db::Connection;
use crate::error::AppError;
use crate::http::viewer::Viewer;
use crate::model::notifications::{self, MANY};

/// The badge.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/badge.html")]
pub struct Badge {
    /// How many are unread, counted up to [`MANY`].
    pub unread: i64,
    /// Whether it is sent beside a fragment, to be swapped in out of band.
    pub out_of_band: bool,
}

impl HtmlSafe for Badge {}

impl Badge {
    fn spoken(&self) -> String {
        if self.unread < MANY { format!("{} unread", self.unread) } else { format!("more than {} unread", MANY - 1) }
    }
}

/// The tab's title of a page named `name`: "(3) Notifications · Tidings".
pub fn title(unread: i64, name: &str) -> String {
    match unread {
        0 => format!("{name} · Tidings"),
        MANY.. => format!("({}+) {name} · Tidings", MANY - 1),
        few => format!("({few}) {name} · Tidings"),
    }
}

/// What `load` finds for a page of `viewer`, and their number of unread notifications, on one snapshot.
///
/// # Errors
/// What `load` fails with; 503 when the database cannot be reached.
pub async fn with_unread<T, F>(app: &App, viewer: &Viewer, load: F) -> Result<(i64, T), AppError>
where
    T: Send + 'static,
    F: FnOnce(&mut Connection) -> Result<T, AppError> + Send + 'static,
{
    let recipient = viewer.id;
    app.snapshot(move |conn| Ok((notifications::count_unread_up_to_many(conn, recipient)?, load(conn)?))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_counts_only_what_there_is() {
        assert_eq!(title(3, "Notifications"), "(3) Notifications · Tidings");
        assert_eq!(title(0, "People"), "People · Tidings");
        assert_eq!(title(MANY, "People"), "(999+) People · Tidings");
    }
}
