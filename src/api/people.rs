//! Oneself, and everybody else.

use actix_web::web::{Data, Json, Query};
use serde::{Deserialize, Serialize};

use super::limit;
use crate::app::App;
use crate::error::AppError;
use crate::last_update::Stamp;
use crate::model::people::{Person, Search};
use crate::model::{UserId, notifications};
use crate::viewer::Viewer;

/// Who the caller is, and how things stand with them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    id: UserId,
    username: String,
    unread: i64,
    last_update: Stamp,
}

/// `GET /api/me`
pub async fn me(viewer: Viewer, app: Data<App>) -> Result<Json<Me>, AppError> {
    let id = viewer.id;
    let unread = app.look(move |db| Ok(notifications::unread(db, id)?)).await?;
    Ok(Json(Me { id, username: viewer.username, unread, last_update: viewer.last_update }))
}

/// Which people.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
    limit: Option<i64>,
}

/// One page of the directory.
#[derive(Serialize)]
pub struct People {
    people: Vec<Listed>,
    /// The `after` of the next page; null on the last.
    next: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: UserId,
    username: String,
    following: bool,
    followed_by: bool,
}

impl From<Person> for Listed {
    fn from(person: Person) -> Self {
        let Person { id, username, following, follows_you } = person;
        Listed { id, username, following, followed_by: follows_you }
    }
}

/// `GET /api/people?q=&after=&limit=`
pub async fn list(viewer: Viewer, asked: Query<Asked>, app: Data<App>) -> Result<Json<People>, AppError> {
    let (search, limit) = (Search::new(&asked.q, &asked.after), limit(asked.limit)?);
    let found = app.look(move |db| Ok(search.run(db, viewer.id, limit)?)).await?;
    Ok(Json(People { people: found.rows.into_iter().map(Listed::from).collect(), next: found.next }))
}
