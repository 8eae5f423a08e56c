//! One post, in a list or on a page of its own.

use askama::Template;
use askama::filters::HtmlSafe;

use super::post_text::{PostLink, PostText};
use super::relative_time::RelativeTime;
use crate::clock::Millis;
use crate::domain::excerpt::excerpt;
use crate::ids::{PostId, UserId};
use crate::model::posts::Post;

/// More lines than so many are folded in a list.
const MANY_LINES: usize = 12;

/// How much of a text names its button, in characters.
const LONGEST_LABEL: usize = 40;

/// One post in a list.
#[derive(Debug, Template)]
#[template(path = "parts/post_card.html")]
pub struct PostCard {
    /// Its id.
    pub id: PostId,
    author: String,
    text: PostText,
    is_long: bool,
    link: Option<PostLink>,
    direct: bool,
    time: RelativeTime,
    /// Its first words.
    label: String,
    /// Where its delete button leads; `None` on somebody else's.
    delete: Option<String>,
    /// Whether it gets the focus.
    focus: bool,
}

impl HtmlSafe for PostCard {}

impl PostCard {
    /// `post` as `viewer` sees it. The answer to its deletion is made for the list of this `query`.
    pub fn new(post: Post, viewer: UserId, query: &str, now: Millis) -> PostCard {
        let Post { id, author, text, url, direct, created_at } = post;
        PostCard {
            id,
            is_long: text.lines().count() > MANY_LINES,
            label: excerpt(&text, LONGEST_LABEL).into_owned(),
            text: PostText::new(&text),
            link: url.as_deref().and_then(PostLink::new),
            direct,
            time: RelativeTime { at: created_at, now },
            delete: (author.id == viewer).then(|| format!("/posts/{id}/delete{query}")),
            author: author.username,
            focus: false,
        }
    }

    /// The same, with the focus.
    #[must_use]
    pub fn focused(self) -> PostCard {
        PostCard { focus: true, ..self }
    }
}
