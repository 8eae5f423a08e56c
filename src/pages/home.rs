//! The front page: an invitation for visitors; for members what waits for them, their feed, and people to follow.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;

use crate::app::App;
use crate::error::AppError;
use crate::http::response::Html;
use crate::http::viewer::{Caller, Viewer};
use crate::ids::PostId;
use crate::model::people;
use crate::poll_url::{self, PollUrl, PollView};
use crate::views::badge::with_unread;
use crate::views::compose_form::ComposeForm;
use crate::views::layout::Layout;
use crate::views::person_card::PersonCard;
use crate::views::polling_element::{HomePollingElement, PollAttributes};
use crate::views::post_list::{PostFocus, PostList, PostListQuery, PostPlace, PostRows};

const SUGGESTIONS: usize = 6;

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage {
    layout: Layout,
    poll_seconds: u32,
    /// Whether an account has just been deleted.
    deleted: bool,
}

/// What was just done, to say so after the redirect; and the last post of the page before.
#[derive(Debug, Default, Deserialize)]
pub struct HomeQuery {
    #[serde(default)]
    done: String,
    before: Option<PostId>,
}

/// The form, and the posts below it: what changes when somebody posts.
#[derive(Template)]
#[template(path = "parts/feed.html")]
pub(super) struct Feed {
    /// `None` on older pages.
    pub(super) form: Option<ComposeForm>,
    pub(super) posts: PostList,
}

impl HtmlSafe for Feed {}

#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct HomePage {
    layout: Layout,
    username: String,
    polling_element: HomePollingElement,
    feed: Feed,
    /// Whether a post has just been deleted.
    deleted: bool,
    newcomers: Vec<PersonCard>,
    poll_seconds: u32,
}

/// `GET /?before=`
pub async fn show(caller: Caller, query: Query<HomeQuery>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    Ok(match caller {
        Caller::Visitor => {
            let (layout, poll_seconds) = (Layout::visitor(&app, "Hear about it"), app.config.poll_seconds);
            Html(WelcomePage { layout, poll_seconds, deleted: query.done == "deleted" }).respond_to(&req)
        }
        Caller::Member(viewer) => {
            let form = if query.before.is_none() { Some(ComposeForm::empty()?) } else { None };
            Html(HomePage::load(&viewer, query.into_inner(), form, &app).await?).respond_to(&req)
        }
    })
}

impl HomePage {
    /// One page of the feed, with what stands around it.
    pub(super) async fn load(viewer: &Viewer, HomeQuery { done, before }: HomeQuery, form: Option<ComposeForm>, app: &App) -> Result<HomePage, AppError> {
        let (me, query) = (viewer.id, PostListQuery { place: PostPlace::Home, before });
        let shown = query.clone();
        let load = with_unread(app, viewer, move |conn| Ok((PostRows::load(conn, me, &shown)?, people::newcomers(conn, me, SUGGESTIONS)?)));
        let (unread, (posts, newcomers)) = load.await?;
        let attributes = PollAttributes::new(app, PollUrl::new(me, viewer.last_update, PollView::Home));
        Ok(HomePage {
            layout: Layout::member(app, viewer, poll_url::HOME, unread),
            username: viewer.username.clone(),
            polling_element: HomePollingElement { attributes, unread },
            feed: Feed { form, posts: PostList::new(app, posts, &query, me, PostFocus::Unchanged) },
            deleted: done == "post-deleted",
            newcomers: newcomers.into_iter().map(|person| PersonCard::new(person, me, &query.url())).collect(),
            poll_seconds: app.config.poll_seconds,
        })
    }
}
