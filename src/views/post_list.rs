//! Posts, newest first: somebody's feed, or what one author posted. One view for the page and for the answers of its actions.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::post_card::PostCard;
use crate::app::App;
use crate::clock::Millis;
use crate::db::Connection;
use crate::http::urls::with_query;
use crate::ids::{PostId, UserId};
use crate::model::posts::{self, Post};
use crate::model::{Slice, follows};

/// Posts on one page.
const PAGE_SIZE: i64 = 20;

/// Where posts are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostPlace {
    /// The home page: the viewer's feed.
    Home,
    /// The profile of this person.
    Profile(UserId, String),
}

/// Which part of which list.
#[derive(Debug, Clone)]
pub struct PostListQuery {
    /// Which list.
    pub place: PostPlace,
    /// What is older than this post. `None`: the first page.
    pub before: Option<PostId>,
}

impl PostListQuery {
    /// The URL of this part.
    pub fn url(&self) -> String {
        let path = match &self.place {
            PostPlace::Home => "/".to_owned(),
            PostPlace::Profile(_, username) => format!("/people/{username}"),
        };
        with_query(&path, &[("before", &self.before_text())])
    }

    fn part(&self, before: Option<PostId>) -> PostListQuery {
        PostListQuery { before, ..self.clone() }
    }

    /// The query of what is done to a post of this list, by which the answer is made for this list.
    fn action_query(&self) -> String {
        let on = if self.place == PostPlace::Home { "" } else { "profile" };
        with_query("", &[("on", on), ("before", &self.before_text())])
    }

    fn before_text(&self) -> String {
        self.before.map(|id| id.to_string()).unwrap_or_default()
    }
}

/// The rows of one page.
pub struct PostRows {
    list: Slice<Post, PostId>,
    /// Whether the viewer follows anybody. It is asked only where their feed is empty.
    follows_anybody: bool,
}

impl PostRows {
    /// One page of the list, as `viewer` may see it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(conn: &mut Connection, viewer: UserId, query: &PostListQuery) -> QueryResult<PostRows> {
        let list = match query.place {
            PostPlace::Home => posts::feed(conn, viewer, query.before, PAGE_SIZE)?,
            PostPlace::Profile(author, _) => posts::by_author(conn, viewer, author, query.before, PAGE_SIZE)?,
        };
        let is_empty_feed = query.place == PostPlace::Home && query.before.is_none() && list.rows.is_empty();
        let follows_anybody = !is_empty_feed || follows::follows_anybody(conn, viewer)?;
        Ok(PostRows { list, follows_anybody })
    }
}

/// Why there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Emptiness {
    /// The end of the list has been passed.
    NothingOlder,
    /// The viewer follows nobody, and has posted nothing.
    NobodyFollowed,
    /// Nobody whom they follow has posted.
    AllSilent,
    /// They have not posted; it is their own profile.
    NothingByMe,
    /// This person has not posted.
    NothingBy(String),
}

/// What gets the focus after an action; see [`super::inbox::Focus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostFocus {
    /// It stays where it is.
    Unchanged,
    /// This post; if it is gone, the one that took its place.
    Post(PostId),
}

/// One page of posts.
#[derive(Debug, Template)]
#[template(path = "parts/post_list.html")]
pub struct PostList {
    cards: Vec<PostCard>,
    empty: Emptiness,
    newest: Option<String>,
    older: Option<String>,
    /// Whether the list itself gets the focus, because nothing is in it.
    focus: bool,
    /// Names what guards this state of the list, as in [`super::inbox::Inbox`].
    loaded_at: Millis,
}

impl HtmlSafe for PostList {}

impl PostList {
    /// `rows`, which are the part that `query` names.
    pub fn new(app: &App, rows: PostRows, query: &PostListQuery, viewer: UserId, focus: PostFocus) -> PostList {
        let (actions, now) = (query.action_query(), app.clock.now());
        let empty = emptiness(&rows, query, viewer);
        let focused = focus.among(&rows.list.rows);
        let card = |post: Post| {
            let is_focused = focused == Some(post.id);
            let card = PostCard::new(post, viewer, &actions, now);
            if is_focused { card.focused() } else { card }
        };
        PostList {
            cards: rows.list.rows.into_iter().map(card).collect(),
            empty,
            newest: query.before.map(|_| query.part(None).url()),
            older: rows.list.next.map(|before| query.part(Some(before)).url()),
            focus: focus != PostFocus::Unchanged && focused.is_none(),
            loaded_at: now,
        }
    }
}

impl PostFocus {
    fn among(self, posts: &[Post]) -> Option<PostId> {
        let PostFocus::Post(acted_on) = self else { return None };
        posts.iter().map(|post| post.id).find(|id| *id <= acted_on).or(posts.last().map(|last| last.id))
    }
}

fn emptiness(rows: &PostRows, query: &PostListQuery, viewer: UserId) -> Emptiness {
    match &query.place {
        _ if query.before.is_some() => Emptiness::NothingOlder,
        PostPlace::Home if rows.follows_anybody => Emptiness::AllSilent,
        PostPlace::Home => Emptiness::NobodyFollowed,
        PostPlace::Profile(author, _) if *author == viewer => Emptiness::NothingByMe,
        PostPlace::Profile(_, username) => Emptiness::NothingBy(username.clone()),
    }
}
