//! Posts something: once for each key, within the limit per hour, to people who follow the author.

use std::collections::BTreeMap;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Millis;
use crate::db::{Change, Connection};
use crate::domain::draft::CheckedDraft;
use crate::domain::limits;
use crate::domain::post::{Audience, post};
use crate::error::AppError;
use crate::ids::{PostId, UserId};
use crate::metrics::HourlyLimit;
use crate::model::Username;
use crate::model::follows::{self, NamedFollower};
use crate::model::idempotency_keys::{self, Claimed};
use crate::model::notifications::Actor;
use crate::model::posts::{self, NewPost, Post};

pub use super::idempotency::KeyedRequest;

/// A post as programs see it; so it is also kept as the answer to a request with a key.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Post)]
pub struct PostJson {
    id: PostId,
    author: Actor,
    /// What it says: plain text, perhaps of several lines.
    text: String,
    /// What it links to; null: nothing.
    #[schema(required)]
    url: Option<String>,
    /// The names of those whom it is for, as far as the caller may know them: its author knows all, anybody else only themselves. Null: it is for
    /// everybody.
    #[schema(required)]
    to: Option<Vec<String>>,
    /// When it was posted, in Unix milliseconds.
    #[schema(value_type = i64)]
    created_at: Millis,
}

impl PostJson {
    /// `post` as `viewer`, who may see it, sees it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(conn: &mut Connection, viewer: UserId, post: Post) -> Result<PostJson, AppError> {
        PostJson::load_all(conn, viewer, vec![post])?.pop().ok_or(AppError::NotFound)
    }

    /// All of `posts`, in the same order.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load_all(conn: &mut Connection, viewer: UserId, posts: Vec<Post>) -> Result<Vec<PostJson>, AppError> {
        let mut named = posts::recipients(conn, viewer, &posts)?;
        Ok(posts.into_iter().map(|post| PostJson::new(post, &mut named)).collect())
    }

    fn new(post: Post, named: &mut BTreeMap<PostId, Vec<String>>) -> PostJson {
        let Post { id, author, text, url, direct, created_at } = post;
        let to = direct.then(|| named.remove(&id).unwrap_or_default());
        PostJson { id, author, text, url, to, created_at }
    }
}

/// What came of posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The post. If this is a repeat, it may have been deleted since.
    pub id: PostId,
    /// It as JSON, a [`PostJson`], as it was when it was made.
    pub json: String,
    /// Whether nothing was posted now, because the same request was carried out before.
    pub is_replayed: bool,
}

/// Posts `draft` for `author`, at most `per_hour` in an hour (0: no limit), and tells its audience. With a key, only once: the same request again
/// gets the first answer.
///
/// # Errors
/// 422 if somebody named does not follow the author, or the key was used for another request; 409 if the same key is being used at this moment;
/// [`AppError::LimitReached`]. Nothing is kept of what was refused, not the key, either: the transaction must fail.
pub fn post_within_limit(tx: &mut Change<'_>, author: UserId, draft: CheckedDraft, per_hour: u32, keyed: Option<&KeyedRequest>) -> Result<Posted, AppError> {
    // Before anything else: the same request, sent twice, is not refused by a limit that the first has reached.
    if let Some(posted) = keyed.map(|keyed| claim(tx, author, keyed)).transpose()?.flatten() {
        return Ok(posted);
    }
    let audience = audience(tx.conn(), author, &draft)?;
    if let Some(seconds) = limits::post(tx, author, per_hour)? {
        return Err(AppError::LimitReached(HourlyLimit::Posts, seconds));
    }
    let CheckedDraft { text, url, to, collapse, .. } = draft;
    let id = post(tx, &NewPost { author, text, url, direct: to.is_some(), collapse }, &audience).map_err(gone)?;
    let made = posts::find(tx.conn(), author, id)?;
    let json = serde_json::to_string(&PostJson::load(tx.conn(), author, made)?).map_err(AppError::internal)?;
    if let Some(keyed) = keyed {
        idempotency_keys::keep_answer(tx, author, &keyed.key, &json)?;
    }
    Ok(Posted { id, json, is_replayed: false })
}

/// What is read of an answer that was kept, perhaps by another release.
#[derive(Deserialize)]
struct Answered {
    id: PostId,
}

/// What the same request was answered before; `None`: the key is taken for this one.
fn claim(tx: &mut Change<'_>, author: UserId, keyed: &KeyedRequest) -> Result<Option<Posted>, AppError> {
    match idempotency_keys::claim(tx, author, &keyed.key, &keyed.body_hash)? {
        Claimed::New => Ok(None),
        Claimed::Answered(json) => {
            let Answered { id } = serde_json::from_str(&json).map_err(AppError::internal)?;
            Ok(Some(Posted { id, json, is_replayed: true }))
        }
        Claimed::OtherBody => Err(AppError::unprocessable("That Idempotency-Key was used for another request in the last 24 hours.")),
        Claimed::InUse => Err(AppError::conflict("A request with that Idempotency-Key is being carried out. Please try again in a moment.")),
    }
}

fn audience(conn: &mut Connection, author: UserId, draft: &CheckedDraft) -> Result<Audience, AppError> {
    let Some(names) = &draft.to else {
        return Ok(if draft.quiet { Audience::Nobody } else { Audience::Followers });
    };
    let typed: Vec<&str> = names.iter().map(Username::as_str).collect();
    let named = follows::named(conn, author, &typed)?;
    let others: Vec<&str> = typed.into_iter().filter(|name| named.iter().all(|known| known.username != *name)).collect();
    if !others.is_empty() {
        return Err(AppError::unprocessable(format!("Only people who follow you can be named. These do not: {}.", others.join(", "))));
    }
    let told = named.iter().filter(|known| !draft.quiet && wants_to_be_told(known)).map(|known| known.id).collect();
    Ok(Audience::Named { seen_by: named.iter().map(|known| known.id).collect(), told })
}

/// "Don't tell me of their posts" holds for those that are for oneself alone, too: they are in the feed.
fn wants_to_be_told(named: &NamedFollower) -> bool {
    named.notify.unwrap_or(true)
}

/// The author, or somebody named, deleted their account at this very moment.
fn gone(error: DieselError) -> AppError {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => {
            AppError::conflict("An account was deleted at this very moment. Nothing was posted; please try again.")
        }
        other => other.into(),
    }
}
