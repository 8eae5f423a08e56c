//! What is done to posts, from wherever they are listed.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use diesel::result::Error as DieselError;
use serde::Deserialize;

use crate::app::App;
use crate::domain::post;
use crate::domain::wording::Announcement;
use crate::error::AppError;
use crate::http::request::is_htmx;
use crate::http::response::FormAnswer;
use crate::http::viewer::Viewer;
use crate::ids::PostId;
use crate::model::notifications;
use crate::poll_url;
use crate::views::out_of_band::{OutOfBand, Update};
use crate::views::post_list::{PostFocus, PostList, PostListQuery, PostPlace, PostRows};

/// Where the button was, so that the answer fits. It is in the URL and not in the body, which is empty.
#[derive(Debug, Deserialize)]
pub struct DeleteQuery {
    /// The page of the post, a profile, or else the home page.
    #[serde(default)]
    on: String,
    before: Option<PostId>,
}

/// `POST /posts/{id}/delete`
pub async fn delete(
    viewer: Viewer,
    id: Path<PostId>,
    query: Query<DeleteQuery>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<FormAnswer<impl Template>, AppError> {
    let (me, id, DeleteQuery { on, before }) = (viewer.id, *id, query.into_inner());
    let place = if on == "profile" { PostPlace::Profile(me, viewer.username.clone()) } else { PostPlace::Home };
    let name = if on == "profile" { viewer.username } else { poll_url::HOME.to_owned() };
    let (list, is_htmx) = (PostListQuery { place, before }, is_htmx(&req));
    let shown = list.clone();
    // What is shown is read in the transaction, as in the inbox.
    let change = app.change(move |tx| {
        post::delete(tx, me, id).map_err(gone)?;
        if !is_htmx {
            return Ok(None);
        }
        Ok(Some((PostRows::load(tx.conn(), me, &shown)?, notifications::count_unread_up_to_many(tx.conn(), me)?)))
    });
    Ok(match change.await? {
        None if on == "post" => FormAnswer::SeeOther("/?done=post-deleted".to_owned()),
        None => FormAnswer::SeeOther(list.url() + "#posts"),
        Some((rows, unread)) => {
            let out_of_band = OutOfBand::new(&name, unread, Announcement::plain("Post deleted."));
            FormAnswer::Fragment(Update { part: PostList::new(&app, rows, &list, me, PostFocus::Post(id)), out_of_band })
        }
    })
}

/// A post that is not there, or is somebody else's.
fn gone(error: DieselError) -> AppError {
    match error {
        DieselError::NotFound => AppError::Refused(StatusCode::NOT_FOUND, "That post is no longer there.".into()),
        other => other.into(),
    }
}
