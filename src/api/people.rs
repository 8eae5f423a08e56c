//! The caller's own account, and the directory.

use actix_web::web::{Data, Json, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page_limit::page_limit;
use crate::app::App;
use crate::error::AppError;
use crate::http::viewer::Viewer;
use crate::ids::{Stamp, UserId};
use crate::model::notifications;
use crate::model::people::{Person, Search};

/// The caller.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Me)]
pub struct MeJson {
    id: UserId,
    username: String,
    /// How many notifications have not been read.
    unread: i64,
    /// The stamp: when anything that they would see last changed.
    #[schema(value_type = i64)]
    last_update: Stamp,
}

/// `GET /api/me`
pub async fn me(viewer: Viewer, app: Data<App>) -> Result<Json<MeJson>, AppError> {
    let id = viewer.id;
    let unread = app.query(move |conn| Ok(notifications::count_unread(conn, id)?)).await?;
    Ok(Json(MeJson { id, username: viewer.username, unread, last_update: viewer.last_update }))
}

/// Which people.
#[derive(Deserialize, IntoParams)]
pub struct PeopleQuery {
    /// What the name begins with.
    #[serde(default)]
    q: String,
    /// The `next` of the page before.
    #[serde(default)]
    after: String,
    /// How many at most; more than 100 are 100.
    #[param(value_type = i64, required = false, minimum = 1, default = 20)]
    limit: Option<i64>,
}

/// One page of the directory.
#[derive(Serialize, ToSchema)]
#[schema(as = People)]
pub struct PeopleJson {
    people: Vec<PersonJson>,
    /// The `after` of the next page; null on the last.
    #[schema(required)]
    next: Option<String>,
}

/// Somebody as the caller sees them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Person)]
struct PersonJson {
    id: UserId,
    username: String,
    /// Whether the caller follows them.
    following: bool,
    /// Whether they follow the caller.
    followed_by: bool,
}

impl From<Person> for PersonJson {
    fn from(person: Person) -> Self {
        let Person { id, username, following, followed_by } = person;
        PersonJson { id, username, following, followed_by }
    }
}

/// `GET /api/people?q=&after=&limit=`
pub async fn list(viewer: Viewer, query: Query<PeopleQuery>, app: Data<App>) -> Result<Json<PeopleJson>, AppError> {
    let (search, limit) = (Search::new(&query.q, &query.after), page_limit(query.limit)?);
    let page = app.query(move |conn| Ok(search.run(conn, viewer.id, limit)?)).await?;
    Ok(Json(PeopleJson { people: page.rows.into_iter().map(PersonJson::from).collect(), next: page.next }))
}
