//! What is done to posts, from wherever they are listed.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use askama::Template;
use diesel::result::Error as DieselError;
use serde::Deserialize;

use super::home::{Feed, HomePage, HomeQuery};
use crate::accounts::post::{KeyedRequest, post_within_limit};
use crate::app::App;
use crate::domain::draft::{CheckedDraft, Draft};
use crate::domain::post;
use crate::domain::wording::Announcement;
use crate::error::AppError;
use crate::http::client_ip::client_ip;
use crate::http::form::Form;
use crate::http::request::is_htmx;
use crate::http::response::{FormAnswer, Html, RefusedForm, see_other};
use crate::http::viewer::Viewer;
use crate::ids::PostId;
use crate::model::notifications;
use crate::poll_url;
use crate::views::compose_form::ComposeForm;
use crate::views::out_of_band::{OutOfBand, Update};
use crate::views::post_list::{PostFocus, PostList, PostListQuery, PostPlace, PostRows};

/// What was typed. A field that is missing is a field left empty.
#[derive(Debug, Deserialize)]
pub struct PostForm {
    #[serde(default)]
    text: String,
    #[serde(default)]
    url: String,
    /// The form's own random word. Without one, a form that is sent twice is two posts.
    #[serde(default)]
    key: String,
}

/// `GET /posts`: where somebody comes back to who was signed out, or reloads the page, after a post was refused.
pub async fn home(_: Viewer) -> HttpResponse {
    see_other("/")
}

/// `POST /posts`, fields `text` and `url`
pub async fn create(viewer: Viewer, form: Form<PostForm>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    let PostForm { text, url, key } = form.0;
    let draft = Draft { text, url: Some(url), ..Draft::default() };
    let checked = match draft.clone().check() {
        Ok(checked) => checked,
        Err(errors) => return refuse(&viewer, ComposeForm::refused(key, &draft, errors), None, &req, &app).await,
    };
    let keyed = Some(&key).filter(|key| !key.is_empty()).map(|key| KeyedRequest::of_form(key, &draft));
    match post_and_load(&viewer, checked, keyed, is_htmx(&req), &app).await {
        Ok(None) => Ok(see_other("/")),
        Ok(Some((id, rows, unread))) => {
            let list = PostListQuery { place: PostPlace::Home, before: None };
            let posts = PostList::new(&app, rows, &list, viewer.id, PostFocus::Post(id));
            let out_of_band = OutOfBand::new(poll_url::HOME, unread, Announcement::plain("Posted."));
            Ok(Html(Update { part: Feed { form: Some(ComposeForm::empty()?), posts }, out_of_band }).respond_to(&req))
        }
        Err(wait @ AppError::LimitReached(limit, _)) => {
            log::info!("POST /posts answered 429: address {}", client_ip(&req, &app.config));
            app.metrics.limited(limit);
            refuse(&viewer, ComposeForm::deferred(key, &draft, wait.to_string()), Some(wait), &req, &app).await
        }
        Err(trouble) => Err(trouble),
    }
}

/// Posts it. What an htmx answer shows is read in the same transaction, as in the inbox.
async fn post_and_load(
    viewer: &Viewer,
    draft: CheckedDraft,
    keyed: Option<KeyedRequest>,
    is_htmx: bool,
    app: &App,
) -> Result<Option<(PostId, PostRows, i64)>, AppError> {
    let (me, per_hour) = (viewer.id, app.config.posts_per_hour);
    app.change(move |tx| {
        let posted = post_within_limit(tx, me, draft, per_hour, keyed.as_ref())?;
        if !is_htmx {
            return Ok(None);
        }
        let rows = PostRows::load(tx.conn(), me, &PostListQuery { place: PostPlace::Home, before: None })?;
        Ok(Some((posted.id, rows, notifications::count_unread_up_to_many(tx.conn(), me)?)))
    })
    .await
}

/// The form again, with what was typed and what was wrong; without htmx, on its page.
async fn refuse(viewer: &Viewer, form: ComposeForm, wait: Option<AppError>, req: &HttpRequest, app: &App) -> Result<HttpResponse, AppError> {
    let (status, retry_after) = wait.map_or((StatusCode::UNPROCESSABLE_ENTITY, None), |wait| (wait.status_code(), wait.retry_after()));
    if is_htmx(req) {
        return Ok(RefusedForm { status, retry_after, page: form }.respond_to(req));
    }
    let page = HomePage::load(viewer, HomeQuery::default(), Some(form), app).await?;
    Ok(RefusedForm { status, retry_after, page }.respond_to(req))
}

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
