//! The directory: browse, and search by the start of a name.

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::follow::FollowButton;
use super::with_query;
use crate::app::App;
use crate::error::AppError;
use crate::frame::{Frame, with_badge};
use crate::model::people::{self, Person};
use crate::model::{Slice, is_username_letter};
use crate::reply::Page;
use crate::viewer::Viewer;

/// People on one page of a list.
pub const PAGE: i64 = 20;

/// What to look for, and from which name on.
#[derive(Debug, Deserialize)]
pub struct Search {
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

/// `GET /people?q=&after=`
pub async fn browse(viewer: Viewer, search: Query<Search>, app: Data<App>) -> Result<Page<impl Template>, AppError> {
    let Search { q, after } = search.into_inner();
    let back = with_query("/people", &[("q", &q), ("after", &after)]);
    let first_page = after.is_empty();
    let (id, lookup) = (viewer.id, Lookup::new(&q, &after));
    let (unread, found) = with_badge(&app, &viewer, move |db| lookup.run(db, id, PAGE)).await?;
    Ok(Page(People {
        frame: Frame::member(&app, &viewer, "People", unread),
        more: found.next.map(|after| with_query("/people", &[("q", &q), ("after", &after)])),
        cards: found.rows.into_iter().map(|person| Card::new(person, &viewer, &back)).collect(),
        first_page,
        q,
    }))
}

/// A search as the database wants it. `None`: no name can begin like that, so there is nothing to ask.
pub struct Lookup(Option<(String, Option<String>)>);

impl Lookup {
    /// Names that begin with `q`, in any letter case, after the name `after` ("" = from the start).
    pub fn new(q: &str, after: &str) -> Lookup {
        let (q, after) = (q.trim().to_ascii_lowercase(), after.to_ascii_lowercase());
        let possible = [&q, &after].iter().all(|part| part.len() <= 30 && part.chars().all(is_username_letter));
        Lookup(possible.then(|| (q, Some(after).filter(|after| !after.is_empty()))))
    }

    /// What it finds, seen by `viewer`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn run(&self, db: &mut crate::db::Connection, viewer: crate::model::UserId, limit: i64) -> Result<Slice<Person, String>, AppError> {
        Ok(match &self.0 {
            Some((q, after)) => people::browse(db, viewer, q, after.as_deref(), limit)?,
            None => Slice { rows: Vec::new(), next: None },
        })
    }
}
