//! People as a viewer sees them: the directory, profiles, and the two lists of a profile.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::count::count;
use super::follows::is_told;
use super::username::{LONGEST, is_username_char};
use super::{Slice, Username};
use crate::db::Connection;
use crate::ids::{FollowId, UserId};
use crate::schema::{follows, users};

/// Somebody as a viewer sees them.
#[derive(Debug, Clone, Queryable)]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their name, lower-case.
    pub username: String,
    /// Whether the viewer follows them.
    pub following: bool,
    /// Whether they follow the viewer.
    pub followed_by: bool,
}

/// What a person's page shows.
#[derive(Debug)]
pub struct Profile {
    /// Whose profile it is.
    pub person: Person,
    /// How many follow them, counted up to [`MANY`].
    pub followers: i64,
    /// How many they follow, counted up to [`MANY`].
    pub following: i64,
    /// Whether the viewer is told of their posts; `None` if they do not follow them.
    pub told: Option<bool>,
}

/// Where counting stops on a profile. Every press of its button counts again, inside the transaction: if everybody followed one person at
/// once, each would wait until those before had counted everybody.
pub const MANY: i64 = 10_000;

/// One of the two lists of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Those who follow this person.
    Followers,
    /// Those whom this person follows.
    Following,
}

/// Whether `follower` follows `followee`, one of whom is a column of the surrounding query.
///
/// `OFFSET 0` makes PostgreSQL look each pair up. Otherwise it reads all whom somebody follows, or all who follow them, for the twenty people
/// on a page.
macro_rules! follows {
    ($follower:expr, $followee:expr) => {
        exists(follows::table.filter(follows::follower_id.eq($follower)).filter(follows::followee_id.eq($followee)).limit(1).offset(0))
    };
}

/// The relation of `$viewer` to the person of the surrounding query: (following, follows you).
macro_rules! relation {
    ($viewer:expr) => {
        (follows!($viewer, users::id), follows!(users::id, $viewer))
    };
}

macro_rules! person {
    ($viewer:expr) => {{
        let (following, followed_by) = relation!($viewer);
        (users::id, users::username, following, followed_by)
    }};
}

/// A search of the directory by the start of a name. `None`: no name can begin like that, so nothing is asked.
#[derive(Debug)]
pub struct Search(Option<(String, Option<String>)>);

impl Search {
    /// Names that begin with `q`, in any letter case and with an @ or without, after the name `after` ("" = from the start).
    pub fn new(q: &str, after: &str) -> Search {
        let q = q.trim();
        let (q, after) = (q.strip_prefix('@').unwrap_or(q).to_ascii_lowercase(), after.to_ascii_lowercase());
        let possible = [&q, &after].iter().all(|part| part.len() <= LONGEST && part.chars().all(is_username_char));
        Search(possible.then(|| (q, Some(after).filter(|after| !after.is_empty()))))
    }

    /// One page of what it finds, as `viewer` sees it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn run(&self, conn: &mut Connection, viewer: UserId, limit: i64) -> QueryResult<Slice<Person, String>> {
        match &self.0 {
            Some((q, after)) => browse(conn, viewer, q, after.as_deref(), limit),
            None => Ok(Slice { rows: Vec::new(), next: None }),
        }
    }
}

/// Names that begin with `prefix`, after the name `after`, in their order. A prefix and not a substring: so a range of the index on names
/// answers it, however many people there are.
fn browse(conn: &mut Connection, viewer: UserId, prefix: &str, after: Option<&str>, limit: i64) -> QueryResult<Slice<Person, String>> {
    let people = users::table
        .filter(users::username.ge(prefix))
        // '~' sorts behind every letter that a name may have.
        .filter(users::username.lt(format!("{prefix}~")))
        // No name is empty.
        .filter(users::username.gt(after.unwrap_or_default()))
        .select(person!(viewer))
        .order(users::username.asc())
        .limit(limit + 1);
    Ok(Slice::cut(people.load(conn)?, limit, |person: &Person| person.username.clone()))
}

/// How many of the newest people [`newcomers`] looks at, step by step. The first step is enough for nearly everybody; and for whoever follows
/// all of the newest, it ends after the last.
const STEPS: [i64; 3] = [12, 60, 300];

/// Among the newest people, those whom `viewer` does not follow yet, newest first.
///
/// # Errors
/// Those of the database.
pub fn newcomers(conn: &mut Connection, viewer: UserId, limit: usize) -> QueryResult<Vec<Person>> {
    let (mut found, mut before) = (Vec::new(), UserId(i64::MAX));
    for step in STEPS {
        let people: Vec<Person> = users::table.filter(users::id.lt(before)).select(person!(viewer)).order(users::id.desc()).limit(step).load(conn)?;
        let (read, oldest) = (people.len(), people.last().map(|person| person.id));
        found.extend(people.into_iter().filter(|person| person.id != viewer && !person.following));
        match oldest {
            Some(oldest) if found.len() < limit && read as i64 == step => before = oldest,
            _ => break,
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// Somebody by name.
///
/// # Errors
/// `NotFound` if nobody has that name.
pub fn by_username(conn: &mut Connection, viewer: UserId, username: &Username) -> QueryResult<Person> {
    users::table.filter(users::username.eq(username.as_str())).select(person!(viewer)).first(conn)
}

/// Somebody by id.
///
/// # Errors
/// `NotFound` if there is nobody.
pub fn by_id(conn: &mut Connection, viewer: UserId, id: UserId) -> QueryResult<Person> {
    users::table.find(id).select(person!(viewer)).first(conn)
}

/// The profile of `username`.
///
/// # Errors
/// `NotFound` if nobody has that name.
pub fn profile(conn: &mut Connection, viewer: UserId, username: &Username) -> QueryResult<Profile> {
    let person = by_username(conn, viewer, username)?;
    let followers = count(conn, follows::table.filter(follows::followee_id.eq(person.id)).select(follows::id).limit(MANY))?;
    let following = count(conn, follows::table.filter(follows::follower_id.eq(person.id)).select(follows::id).limit(MANY))?;
    let told = if person.following { is_told(conn, viewer, person.id)? } else { None };
    Ok(Profile { person, followers, following, told })
}

/// One page of a profile's list, newest follow first: the follows before `before`.
///
/// # Errors
/// Those of the database.
pub fn list(conn: &mut Connection, viewer: UserId, of: UserId, side: Side, before: Option<FollowId>, limit: i64) -> QueryResult<Slice<Person, FollowId>> {
    let before = before.unwrap_or(FollowId(i64::MAX));
    // Under an alias, because `person!` asks `follows` as well.
    let edges = diesel::alias!(follows as edges);
    let (id, follower, followee) = edges.fields((follows::id, follows::follower_id, follows::followee_id));
    let rows: Vec<(FollowId, Person)> = match side {
        Side::Followers => edges
            .inner_join(users::table.on(users::id.eq(follower)))
            .filter(followee.eq(of))
            .filter(id.lt(before))
            .select((id, person!(viewer)))
            .order(id.desc())
            .limit(limit + 1)
            .load(conn)?,
        Side::Following => edges
            .inner_join(users::table.on(users::id.eq(followee)))
            .filter(follower.eq(of))
            .filter(id.lt(before))
            .select((id, person!(viewer)))
            .order(id.desc())
            .limit(limit + 1)
            .load(conn)?,
    };
    let slice = Slice::cut(rows, limit, |(follow, _)| *follow);
    Ok(Slice { rows: slice.rows.into_iter().map(|(_, person)| person).collect(), next: slice.next })
}
