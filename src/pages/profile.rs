//! A person's profile with their posts, and the lists of who follows them and whom they follow.

use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use super::people::PAGE_SIZE;
use crate::app::App;
use crate::error::AppError;
use crate::http::response::Html;
use crate::http::urls::with_query;
use crate::http::viewer::Viewer;
use crate::ids::{FollowId, PostId};
use crate::model::people::{self, Side};
use crate::model::{Username, users};
use crate::views::badge::with_unread;
use crate::views::layout::Layout;
use crate::views::person_card::PersonCard;
use crate::views::post_list::{PostFocus, PostList, PostListQuery, PostPlace, PostRows};
use crate::views::profile_header::ProfileHeader;

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    layout: Layout,
    header: ProfileHeader,
    posts: PostList,
}

#[derive(Template)]
#[template(path = "follows.html")]
struct FollowsPage {
    layout: Layout,
    username: String,
    is_me: bool,
    side: Side,
    cards: Vec<PersonCard>,
    more: Option<String>,
    first_page: bool,
}

/// The last post of the page before; older ones come next.
#[derive(Debug, Deserialize)]
pub struct ProfileQuery {
    before: Option<PostId>,
}

/// `GET /people/{username}?before=`
pub async fn show(viewer: Viewer, username: Path<Username>, query: Query<ProfileQuery>, app: Data<App>) -> Result<Html<impl Template>, AppError> {
    let (me, before) = (viewer.id, query.before);
    let load = with_unread(&app, &viewer, move |conn| {
        let profile = people::profile(conn, me, &username)?;
        let query = PostListQuery { place: PostPlace::Profile(profile.person.id, profile.person.username.clone()), before };
        Ok((PostRows::load(conn, me, &query)?, query, profile))
    });
    let (unread, (posts, query, profile)) = load.await?;
    let layout = Layout::member(&app, &viewer, &profile.person.username, unread);
    Ok(Html(ProfilePage { layout, posts: PostList::new(&app, posts, &query, me, PostFocus::Unchanged), header: ProfileHeader::new(profile, me) }))
}

/// The last follow of the page before; older ones come next.
#[derive(Debug, Deserialize)]
pub struct FollowsQuery {
    after: Option<FollowId>,
}

/// `GET /people/{username}/followers?after=`
pub async fn followers(viewer: Viewer, username: Path<Username>, query: Query<FollowsQuery>, app: Data<App>) -> Result<Html<impl Template>, AppError> {
    list(viewer, username.into_inner(), Side::Followers, query.after, &app).await
}

/// `GET /people/{username}/following?after=`
pub async fn following(viewer: Viewer, username: Path<Username>, query: Query<FollowsQuery>, app: Data<App>) -> Result<Html<impl Template>, AppError> {
    list(viewer, username.into_inner(), Side::Following, query.after, &app).await
}

async fn list(viewer: Viewer, username: Username, side: Side, after: Option<FollowId>, app: &App) -> Result<Html<FollowsPage>, AppError> {
    let (me, of) = (viewer.id, username.clone());
    let load = with_unread(app, &viewer, move |conn| {
        let of = users::by_username(conn, &of)?;
        Ok(people::list(conn, me, of, side, after, PAGE_SIZE)?)
    });
    let (unread, found) = load.await?;
    let (path, name) = match side {
        Side::Followers => (format!("/people/{username}/followers"), format!("Followers of {username}")),
        Side::Following => (format!("/people/{username}/following"), format!("People {username} follows")),
    };
    let page = |after: Option<FollowId>| with_query(&path, &[("after", &after.map(|id| id.to_string()).unwrap_or_default())]);
    Ok(Html(FollowsPage {
        layout: Layout::member(app, &viewer, &name, unread),
        is_me: username.as_str() == viewer.username,
        username: username.to_string(),
        side,
        more: found.next.map(|next| page(Some(next))),
        cards: found.rows.into_iter().map(|person| PersonCard::new(person, me, &page(after))).collect(),
        first_page: after.is_none(),
    }))
}
