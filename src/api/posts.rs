//! Posts, for programs.

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::draft_body::DraftBody;
use super::page_limit::page_limit;
use crate::accounts::post::{PostJson, Posted, post_within_limit};
use crate::app::App;
use crate::domain;
use crate::error::AppError;
use crate::http::description::{Answer, Operation};
use crate::http::response::NoContent;
use crate::http::viewer::Viewer;
use crate::ids::PostId;
use crate::model::{Username, posts, users};

/// 201: a post that was made, or with `Idempotent-Replayed` the answer that the same request got before.
pub struct PostedAnswer(Posted);

impl Responder for PostedAnswer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let Posted { id, json, is_replayed } = self.0;
        let mut answer = HttpResponse::Created();
        answer.insert_header((header::LOCATION, format!("/api/posts/{id}"))).content_type(header::ContentType::json());
        if is_replayed {
            answer.insert_header(("Idempotent-Replayed", "true"));
        }
        answer.body(json)
    }
}

impl Answer for PostedAnswer {
    fn answer(operation: &mut Operation) {
        operation.answers_json::<PostJson>(201, "It is on disk, and everybody who is to hear of it will.");
        operation.answer_header::<String>(201, "Location", "The URL of the post.");
        operation.optional_answer_header::<String>(201, "Idempotent-Replayed", "`true`: the same request was carried out before, and this was its answer.");
    }
}

/// `POST /api/posts`
pub async fn create(viewer: Viewer, body: DraftBody, app: Data<App>) -> Result<PostedAnswer, AppError> {
    let DraftBody { draft, keyed } = body;
    let draft = draft.check().map_err(|errors| AppError::unprocessable(errors.to_string()))?;
    let per_hour = app.config.posts_per_hour;
    Ok(PostedAnswer(app.change(move |tx| post_within_limit(tx, viewer.id, draft, per_hour, keyed.as_ref())).await?))
}

/// Which posts.
#[derive(Deserialize, IntoParams)]
pub struct PostsQuery {
    /// The username of whoever wrote them. Without it: the caller's own, and those of whom they follow.
    #[param(value_type = String, required = false)]
    author: Option<String>,
    /// The `next` of the page before.
    #[param(value_type = i64, required = false)]
    before: Option<PostId>,
    /// How many at most; more than 100 are 100.
    #[param(value_type = i64, required = false, minimum = 1, default = 20)]
    limit: Option<i64>,
}

/// One page of posts, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Posts)]
pub struct PostsJson {
    posts: Vec<PostJson>,
    /// The `before` of the next page; null on the last.
    #[schema(required)]
    next: Option<PostId>,
}

/// `GET /api/posts?author=&before=&limit=`
pub async fn list(viewer: Viewer, query: Query<PostsQuery>, app: Data<App>) -> Result<Json<PostsJson>, AppError> {
    let PostsQuery { author, before, limit } = query.into_inner();
    let (me, limit) = (viewer.id, page_limit(limit)?);
    let author = asked_for(author, &viewer)?;
    let page = app.snapshot(move |conn| {
        let page = match author {
            Some(name) => {
                let author = users::by_username(conn, &name)?;
                posts::by_author(conn, me, author, before, limit)?
            }
            None => posts::feed(conn, me, before, limit)?,
        };
        Ok(PostsJson { posts: PostJson::load_all(conn, me, page.rows)?, next: page.next })
    });
    Ok(Json(page.await?))
}

/// The author whose posts are asked for; `None`: the feed. A token that is for one's own posts alone gets those.
fn asked_for(author: Option<String>, viewer: &Viewer) -> Result<Option<Username>, AppError> {
    let named = author.map(|name| Username::parse(&name)).transpose().map_err(|_| AppError::NotFound)?;
    if !viewer.is_limited_to_own_posts() {
        return Ok(named);
    }
    let own = Username::parse(&viewer.username).map_err(AppError::internal)?;
    if named.is_none_or(|name| name == own) { Ok(Some(own)) } else { Err(AppError::InsufficientScope) }
}

/// `GET /api/posts/{id}`
pub async fn show(viewer: Viewer, id: Path<PostId>, app: Data<App>) -> Result<Json<PostJson>, AppError> {
    let post = app.snapshot(move |conn| {
        let post = posts::find(conn, viewer.id, *id)?;
        if viewer.is_limited_to_own_posts() && post.author.id != viewer.id {
            return Err(AppError::NotFound);
        }
        PostJson::load(conn, viewer.id, post)
    });
    Ok(Json(post.await?))
}

/// `DELETE /api/posts/{id}`: 204. Somebody else's: 404.
pub async fn delete(viewer: Viewer, id: Path<PostId>, app: Data<App>) -> Result<NoContent, AppError> {
    app.change(move |tx| Ok(domain::post::delete(tx, viewer.id, *id)?)).await?;
    Ok(NoContent)
}
