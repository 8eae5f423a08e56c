//! The page of one post. Whoever opens it has read what they were told of it.

use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, rt};
use askama::Template;

use crate::app::App;
use crate::error::AppError;
use crate::http::request::bearer;
use crate::http::response::Html;
use crate::http::viewer::Viewer;
use crate::ids::{PostId, Stamp, UserId};
use crate::model::{notifications, posts, users};
use crate::views::badge::with_unread;
use crate::views::layout::Layout;
use crate::views::post_text::{PostLink, PostText};
use crate::views::relative_time::RelativeTime;

#[derive(Template)]
#[template(path = "post.html")]
struct PostPage {
    layout: Layout,
    id: PostId,
    author: String,
    /// Whom a direct post is for, the reader apart.
    named: Vec<String>,
    direct: bool,
    text: PostText,
    link: Option<PostLink>,
    time: RelativeTime,
    is_mine: bool,
}

/// `GET /posts/{id}`
pub async fn show(mut viewer: Viewer, id: Path<PostId>, req: HttpRequest, app: Data<App>) -> Result<Html<impl Template>, AppError> {
    let (me, id) = (viewer.id, *id);
    let load = with_unread(&app, &viewer, move |conn| {
        let post = posts::find(conn, me, id)?;
        let named = posts::recipients(conn, me, std::slice::from_ref(&post))?.remove(&post.id).unwrap_or_default();
        Ok((named, notifications::is_unread_of_post(conn, me, id)?, post))
    });
    let (mut unread, (mut named, is_unread, post)) = load.await?;
    if is_unread
        && is_opened(&req)
        && let Some((stamp, still_unread)) = mark_read(&app, me, id).await
    {
        (viewer.last_update, unread) = (stamp, still_unread);
    }
    named.retain(|name| *name != viewer.username);
    Ok(Html(PostPage {
        layout: Layout::member(&app, &viewer, &format!("Post by {}", post.author.username), unread),
        id,
        is_mine: post.author.id == me,
        author: post.author.username,
        named,
        direct: post.direct,
        text: PostText::new(&post.text),
        link: post.url.as_deref().and_then(PostLink::new),
        time: RelativeTime { at: post.created_at, now: app.clock.now() },
    }))
}

/// Whether somebody looks at it: not only at its head, not a program, and not a browser that fetches in advance what may be opened.
fn is_opened(req: &HttpRequest) -> bool {
    let in_advance = |name: &str| req.headers().get(name).is_some_and(|value| value.as_bytes().starts_with(b"prefetch"));
    req.method() == Method::GET && bearer(req.headers()).is_none() && !["sec-purpose", "purpose", "x-moz"].into_iter().any(in_advance)
}

/// The longest that the page waits for its notification to be marked read. It is marked all the same; the next poll then brings the badge.
const MARK_TIMEOUT: Duration = Duration::from_millis(500);

/// Marks read what `reader` was told of the post. Returns their stamp and their number of unread notifications after that; `None` if it could
/// not be done, or not yet: a page must not wait for a locked database.
async fn mark_read(app: &Data<App>, reader: UserId, post: PostId) -> Option<(Stamp, i64)> {
    let app = app.clone();
    let marking = rt::spawn(async move {
        let marked = app.change(move |tx| {
            notifications::mark_post_read(tx, reader, post)?;
            let stamp = users::last_update(tx.conn(), reader)?.ok_or(AppError::SignedOut)?;
            Ok((stamp, notifications::count_unread_up_to_many(tx.conn(), reader)?))
        });
        marked.await.inspect_err(|error| log_failure(&app, error)).ok()
    });
    tokio::time::timeout(MARK_TIMEOUT, marking).await.ok()?.ok()?
}

fn log_failure(app: &App, error: &AppError) {
    let Some(cause) = error.cause().filter(|_| !matches!(error, AppError::Outage(_))) else { return };
    if app.database.health().writing.failed(&cause.to_string()) {
        log::warn!("a post was opened, and its notification could not be marked read: {cause}");
    }
}
