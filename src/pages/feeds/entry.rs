//! One entry of a feed: a notification, or a post.

use askama::Template;
use atom_syndication::{Content, Entry, Link, Person, Text};

use super::document::{Publisher, date};
use super::xml_text::{title_of, xml_text};
use crate::domain::event::Kind;
use crate::domain::wording::sentence;
use crate::model::notifications::Notification;
use crate::model::posts::Post;
use crate::views::post_text::{PostLink, PostText};

/// A post as HTML: line breaks are kept, and addresses are links.
#[derive(Template)]
#[template(source = r#"<p dir="auto">{{ text|safe }}</p>{% if let Some(link) = link %}<p>{{ link }}</p>{% endif %}"#, ext = "html")]
struct PostContent {
    text: String,
    link: Option<PostLink>,
}

impl PostContent {
    fn new(text: &str, url: Option<&str>) -> PostContent {
        let escaped = PostText::new(&xml_text(text)).to_string();
        PostContent { text: escaped.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "<br>\n"), link: url.and_then(|url| PostLink::new(&xml_text(url))) }
    }

    fn into_content(self) -> Content {
        Content { value: Some(self.to_string()), content_type: Some("html".to_owned()), ..Content::default() }
    }
}

impl Publisher<'_> {
    /// What somebody is told. One of a kind that this release does not know has its plain sentence.
    pub(super) fn notification(&self, notification: &Notification) -> Entry {
        let actor = notification.actor.as_ref().map(|actor| actor.username.as_str());
        let said = sentence(&notification.kind, actor).to_string();
        let post = notification.post.as_ref();
        let text = post.filter(|_| notification.kind.parse() == Ok(Kind::Post)).map(|post| post.text.as_str());
        let page = match (post, actor) {
            (Some(post), _) => format!("/posts/{}", post.id),
            (None, Some(actor)) => format!("/people/{actor}"),
            (None, None) => "/notifications".to_owned(),
        };
        let content = match post {
            Some(post) => PostContent::new(&post.text, post.url.as_deref()).into_content(),
            None => Content { value: Some(said.clone()), content_type: Some("text".to_owned()), ..Content::default() },
        };
        Entry {
            id: self.id("notification", notification.id.0),
            title: Text::plain(text.and_then(title_of).unwrap_or(said)),
            updated: date(notification.created_at),
            published: Some(date(notification.created_at)),
            authors: actor.map(|actor| self.person(actor)).into_iter().collect(),
            links: self.links(&page, post.and_then(|post| post.url.as_deref())),
            content: Some(content),
            ..Entry::default()
        }
    }

    /// A post.
    pub(super) fn post(&self, post: &Post) -> Entry {
        let author = &post.author.username;
        Entry {
            id: self.id("post", post.id.0),
            title: Text::plain(title_of(&post.text).unwrap_or_else(|| sentence(Kind::Post.into(), Some(author)).to_string())),
            updated: date(post.created_at),
            published: Some(date(post.created_at)),
            authors: vec![self.person(author)],
            links: self.links(&format!("/posts/{}", post.id), post.url.as_deref()),
            content: Some(PostContent::new(&post.text, post.url.as_deref()).into_content()),
            ..Entry::default()
        }
    }

    /// The page about it, and what it links to.
    fn links(&self, page: &str, url: Option<&str>) -> Vec<Link> {
        let url = url.filter(|url| PostLink::new(url).is_some());
        let related = url.map(|url| Link { href: xml_text(url).into_owned(), rel: "related".to_owned(), ..Link::default() });
        [self.alternate(page)].into_iter().chain(related).collect()
    }

    fn person(&self, username: &str) -> Person {
        Person { name: username.to_owned(), uri: Some(self.url(&format!("/people/{username}"))), ..Person::default() }
    }
}
