//! The table `posts`, and for whom the direct ones are. Who may see a post is decided by one predicate, `visible_to`.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::Slice;
use super::latest_authors::LatestAuthors;
use super::newest_posts::{NewestPosts, Source};
use super::notifications::Actor;
use crate::clock::Millis;
use crate::db::{Change, Connection, on_either};
use crate::ids::{PostId, UserId};
use crate::schema::{post_recipients, posts, users};

/// A post as somebody who may see it sees it.
#[derive(Debug, Clone, Queryable)]
pub struct Post {
    /// Its id, by which feeds are ordered.
    pub id: PostId,
    /// Who wrote it.
    pub author: Actor,
    /// What it says: up to 500 characters, perhaps of several lines.
    pub text: String,
    /// What it links to: an http or https URL.
    pub url: Option<String>,
    /// Whether it is for those named only.
    pub direct: bool,
    /// When it was posted, in Unix milliseconds.
    pub created_at: Millis,
}

/// A post to be made.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// Who writes it.
    pub author: UserId,
    /// What it says.
    pub text: String,
    /// What it links to.
    pub url: Option<String>,
    /// Whether it is for those named only.
    pub direct: bool,
    /// The unread notification of an earlier post by the same author with the same word gives way to that of this one.
    pub collapse: Option<String>,
}

/// What a delivery needs to know of its post.
#[derive(Debug, Clone, Queryable)]
pub struct Delivered {
    /// Who wrote it.
    pub author: UserId,
    /// See [`NewPost::collapse`].
    pub collapse: Option<String>,
}

/// Who may see a post: everybody, but a direct one only its author and those named. What was deleted, nobody.
#[diesel::dsl::auto_type(no_type_alias)]
fn visible_to(viewer: UserId) -> _ {
    let named = post_recipients::table.filter(post_recipients::post_id.eq(posts::id)).filter(post_recipients::user_id.eq(viewer));
    // As a value and not as EXISTS, of which PostgreSQL may make a table of all direct posts to the viewer, to look up one.
    let is_named = named.select(post_recipients::post_id).single_value().is_not_null();
    let is_theirs = posts::author_id.eq(viewer).or(is_named);
    posts::deleted_at.is_null().and(diesel::dsl::not(posts::direct).or(is_theirs))
}

macro_rules! with_author {
    ($posts:expr) => {
        $posts.inner_join(users::table).select((posts::id, (users::id, users::username), posts::text, posts::url, posts::direct, posts::created_at))
    };
}

/// Inserts a post, with the `recipients` of a direct one. Returns its id.
///
/// # Errors
/// Those of the database. A transaction that failed must not go on.
pub fn insert(tx: &mut Change<'_>, new: &NewPost, recipients: &[UserId]) -> QueryResult<PostId> {
    let row = (
        posts::author_id.eq(new.author),
        posts::text.eq(&new.text),
        posts::url.eq(new.url.as_deref()),
        posts::direct.eq(new.direct),
        posts::collapse.eq(new.collapse.as_deref()),
        posts::created_at.eq(tx.now()),
    );
    let id: PostId = on_either!(tx.conn(), |conn| diesel::insert_into(posts::table).values(row).returning(posts::id).get_result(conn))?;
    if recipients.is_empty() {
        return Ok(id);
    }
    let rows: Vec<_> = recipients.iter().map(|recipient| (post_recipients::post_id.eq(id), post_recipients::user_id.eq(*recipient))).collect();
    on_either!(tx.conn(), |conn| diesel::insert_into(post_recipients::table).values(rows).execute(conn))?;
    Ok(id)
}

/// One post, if `viewer` may see it.
///
/// # Errors
/// `NotFound` if there is none, or they may not.
pub fn find(conn: &mut Connection, viewer: UserId, id: PostId) -> QueryResult<Post> {
    with_author!(posts::table.filter(posts::id.eq(id)).filter(visible_to(viewer))).first(conn)
}

/// The names of those whom the direct ones of `posts` are for, in the order of the alphabet. Of a post that `viewer` did not write, they learn
/// only of themselves.
///
/// # Errors
/// Those of the database.
pub fn recipients(conn: &mut Connection, viewer: UserId, posts: &[Post]) -> QueryResult<BTreeMap<PostId, Vec<String>>> {
    let direct: Vec<PostId> = posts.iter().filter(|post| post.direct).map(|post| post.id).collect();
    if direct.is_empty() {
        return Ok(BTreeMap::new());
    }
    let named = post_recipients::table.inner_join(users::table).inner_join(posts::table).filter(post_recipients::post_id.eq_any(direct));
    let shown = named.filter(users::id.eq(viewer).or(posts::author_id.eq(viewer)));
    let rows: Vec<(PostId, String)> = shown.select((post_recipients::post_id, users::username)).order(users::username).load(conn)?;
    let mut names: BTreeMap<PostId, Vec<String>> = BTreeMap::new();
    rows.into_iter().for_each(|(post, name)| names.entry(post).or_default().push(name));
    Ok(names)
}

/// What a delivery needs to know of `post`.
///
/// # Errors
/// `NotFound` if there is none.
pub fn delivered(conn: &mut Connection, post: PostId) -> QueryResult<Delivered> {
    posts::table.find(post).select((posts::author_id, posts::collapse)).first(conn)
}

/// One page of `viewer`'s feed, newest first: posts by themselves and by those whom they follow, as far as they may see them, that are older than
/// `before`.
///
/// The page can only have posts of as many authors as it has posts: of those whose newest post is the newest. So first these are found, and then
/// those few are asked for their posts. This costs the same however much the others write, and however long these have been silent.
///
/// # Errors
/// Those of the database.
pub fn feed(conn: &mut Connection, viewer: UserId, before: Option<PostId>, limit: i64) -> QueryResult<Slice<Post, PostId>> {
    let before = before.unwrap_or(PostId(i64::MAX));
    let authors = LatestAuthors { viewer, before, limit: limit.saturating_add(1) }.load(conn)?;
    let mut sources = vec![Source::Own(viewer), Source::DirectFromFollowees(viewer)];
    sources.extend(authors.into_iter().map(Source::Public));
    newest(conn, sources, before, limit)
}

/// One page of what `author` posted, newest first, as far as `viewer` may see it: what is older than `before`.
///
/// # Errors
/// Those of the database.
pub fn by_author(conn: &mut Connection, viewer: UserId, author: UserId, before: Option<PostId>, limit: i64) -> QueryResult<Slice<Post, PostId>> {
    let sources = if viewer == author { vec![Source::Own(viewer)] } else { vec![Source::Public(author), Source::Direct { from: author, to: viewer }] };
    newest(conn, sources, before.unwrap_or(PostId(i64::MAX)), limit)
}

fn newest(conn: &mut Connection, sources: Vec<Source>, before: PostId, limit: i64) -> QueryResult<Slice<Post, PostId>> {
    let ids: Vec<PostId> = NewestPosts { sources, before, limit: limit.saturating_add(1) }.load(conn)?;
    let mut rows: Vec<Post> = with_author!(posts::table.filter(posts::id.eq_any(ids))).load(conn)?;
    rows.sort_unstable_by_key(|post| std::cmp::Reverse(post.id));
    Ok(Slice::cut(rows, limit, |post: &Post| post.id))
}

/// Hides a post of `author` from everybody, at once.
///
/// # Errors
/// `NotFound` if there is none, or somebody else wrote it.
pub fn hide(tx: &mut Change<'_>, author: UserId, id: PostId) -> QueryResult<()> {
    let theirs = posts::table.filter(posts::id.eq(id)).filter(posts::author_id.eq(author)).filter(posts::deleted_at.is_null());
    let now = tx.now();
    match diesel::update(theirs).set(posts::deleted_at.eq(now)).execute(tx.conn())? {
        0 => Err(diesel::result::Error::NotFound),
        _ => Ok(()),
    }
}

/// Whether there is a post of that id by `author`.
///
/// # Errors
/// Those of the database.
pub fn is_by(conn: &mut Connection, author: UserId, id: PostId) -> QueryResult<bool> {
    let theirs = posts::table.filter(posts::id.eq(id)).filter(posts::author_id.eq(author)).filter(posts::deleted_at.is_null());
    diesel::select(diesel::dsl::exists(theirs)).get_result(conn)
}

/// Deletes the row of a post that was hidden, once nobody has a notification of it.
///
/// # Errors
/// Those of the database.
pub fn delete_row(tx: &mut Change<'_>, id: PostId) -> QueryResult<()> {
    diesel::delete(posts::table.find(id)).execute(tx.conn())?;
    Ok(())
}
