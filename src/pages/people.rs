//! The directory: browse, and search by the start of a name.

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::follow::FollowButton;
use crate::app::App;
use crate::error::AppError;
use crate::frame::{Frame, with_badge};
use crate::model::people::{Person, Search};
use crate::place::with_query;
use crate::reply::Page;
use crate::viewer::Viewer;

/// People on one page of a list.
pub const PAGE: i64 = 20;

/// What to look for, and from which name on.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// The start of a name, in any letter case.
    #[serde(default)]
    pub q: String,
    /// The last name of the page before.
    #[serde(default)]
    pub after: String,
}

/// One person in a list.
#[derive(Debug)]
pub struct Card {
    /// Who.
    pub person: Person,
    /// Follow or unfollow; nobody is offered to follow themselves.
    pub button: Option<FollowButton>,
}

impl Card {
    /// `person` as `viewer` sees them, in a list at `back`.
    pub fn new(person: Person, viewer: &Viewer, back: &str) -> Card {
        let button = (person.id != viewer.id).then(|| {
            // The fragment brings whoever has no JavaScript back to the same line of the list.
            FollowButton::new(&person, format!("{back}#person-{}", person.username))
        });
        Card { person, button }
    }
}

#[derive(Template)]
#[template(path = "people.html")]
struct People {
    frame: Frame,
    q: String,
    cards: Vec<Card>,
    more: Option<String>,
    first_page: bool,
}

impl People {
    /// Whether the reader is the only one there is.
    fn is_lonely(&self) -> bool {
        self.first_page && self.q.is_empty() && matches!(self.cards.as_slice(), [only] if only.button.is_none())
    }
}

/// `GET /people?q=&after=`
pub async fn browse(viewer: Viewer, asked: Query<Asked>, app: Data<App>) -> Result<Page<impl Template>, AppError> {
    let Asked { q, after } = asked.into_inner();
    let back = with_query("/people", &[("q", &q), ("after", &after)]);
    let first_page = after.is_empty();
    let (id, search) = (viewer.id, Search::new(&q, &after));
    let (unread, found) = with_badge(&app, &viewer, move |db| Ok(search.run(db, id, PAGE)?)).await?;
    Ok(Page(People {
        frame: Frame::member(&app, &viewer, "People", unread),
        more: found.next.map(|after| with_query("/people", &[("q", &q), ("after", &after)])),
        cards: found.rows.into_iter().map(|person| Card::new(person, &viewer, &back)).collect(),
        first_page,
        q,
    }))
}
