//! The directory: browse, and search by the start of a name.

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::error::AppError;
use crate::http::response::Html;
use crate::http::urls::{printable, with_query};
use crate::http::viewer::Viewer;
use crate::model::people::Search;
use crate::views::badge::with_unread;
use crate::views::layout::Layout;
use crate::views::person_card::PersonCard;

/// People on one page of a list.
pub const PAGE_SIZE: i64 = 20;

/// What to look for, and after which name.
#[derive(Debug, Deserialize)]
pub struct DirectoryQuery {
    /// The start of a name, in any letter case.
    #[serde(default)]
    pub q: String,
    /// The last name of the page before.
    #[serde(default)]
    pub after: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct DirectoryPage {
    layout: Layout,
    q: String,
    cards: Vec<PersonCard>,
    more: Option<String>,
    first_page: bool,
}

impl DirectoryPage {
    /// Whether the reader is the only one there is.
    fn is_alone(&self) -> bool {
        self.first_page && self.q.is_empty() && matches!(self.cards.as_slice(), [only] if only.button.is_none())
    }
}

/// `GET /people?q=&after=`
pub async fn browse(viewer: Viewer, query: Query<DirectoryQuery>, app: Data<App>) -> Result<Html<impl Template>, AppError> {
    let DirectoryQuery { q, after } = query.into_inner();
    let page = |after: &str| with_query("/people", &[("q", &q), ("after", after)]);
    let (me, search) = (viewer.id, Search::new(&q, &after));
    let (unread, found) = with_unread(&app, &viewer, move |conn| Ok(search.run(conn, me, PAGE_SIZE)?)).await?;
    Ok(Html(DirectoryPage {
        layout: Layout::member(&app, &viewer, "People", unread),
        more: found.next.map(|next| page(&next)),
        cards: found.rows.into_iter().map(|person| PersonCard::new(person, me, &page(&after))).collect(),
        first_page: after.is_empty(),
        q: printable(&q),
    }))
}
