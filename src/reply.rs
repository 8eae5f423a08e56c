//! How we answer: a page, a fragment, nothing new, or "look over there".

use actix_web::body::BoxBody;
use actix_web::cookie::Cookie;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;

use crate::error::AppError;
use crate::frame::Extras;

/// A whole page, 200.
#[derive(Debug)]
pub struct Page<T>(pub T);

/// A whole page that says no: a form again, with its reasons.
#[derive(Debug)]
pub struct Refusal<T> {
    /// Why, as a status.
    pub status: StatusCode,
    /// Seconds to wait before trying again, where waiting helps.
    pub retry_after: Option<u32>,
    /// The page.
    pub page: T,
}

/// What htmx puts in the place of its target, and what rides along for the rest of the page.
#[derive(Debug)]
pub struct Fragment<T> {
    /// For the target.
    pub part: T,
    /// Badge, title and status line, where they may have changed.
    pub extras: Option<Extras>,
}

/// The answer to a POST: a fragment for htmx, or the page to look at next.
#[derive(Debug)]
pub enum Answer<T> {
    /// For htmx.
    Fragment(Fragment<T>),
    /// For everybody else: 303.
    SeeOther(String),
}

/// The answer to a poll.
#[derive(Debug)]
pub enum Poll<T> {
    /// 204: nothing happened since you last looked.
    Unchanged,
    /// Something did.
    Changed(T),
}

/// 303: the thing asked for is done; look at `place` next.
pub fn see_other(place: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish()
}

/// [`see_other`] with a cookie to take along.
pub fn see_other_with(place: &str, cookie: &Cookie<'_>) -> HttpResponse {
    let mut response = see_other(place);
    if let Err(cause) = response.add_cookie(cookie) {
        return HttpResponse::from_error(AppError::Internal(Box::new(cause)));
    }
    response
}

/// 204: nothing happened since you last looked.
pub fn unchanged() -> HttpResponse {
    HttpResponse::new(StatusCode::NO_CONTENT)
}

fn html(status: StatusCode, body: Result<String, askama::Error>) -> HttpResponse {
    match body {
        Ok(body) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body),
        Err(cause) => HttpResponse::from_error(AppError::from(cause)),
    }
}

impl<T: Template> Responder for Page<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        html(StatusCode::OK, self.0.render())
    }
}

impl<T: Template> Responder for Refusal<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = html(self.status, self.page.render());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl<T: Template> Responder for Fragment<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let extras = self.extras.map(|extras| extras.render()).transpose();
        let body = self.part.render().and_then(|part| Ok(part + &extras?.unwrap_or_default()));
        html(StatusCode::OK, body)
    }
}

impl<T: Template> Responder for Answer<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        match self {
            Answer::Fragment(fragment) => fragment.respond_to(req),
            Answer::SeeOther(place) => see_other(&place),
        }
    }
}

impl<T: Responder<Body = BoxBody>> Responder for Poll<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        match self {
            Poll::Unchanged => unchanged(),
            Poll::Changed(news) => news.respond_to(req),
        }
    }
}
