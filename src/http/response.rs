//! Return types of handlers: HTML, a refused form, the answer to a form, the answer to a poll; and of the JSON API, what was made and nothing.

use actix_web::body::BoxBody;
use actix_web::cookie::Cookie;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;
use serde::Serialize;

use crate::error::AppError;

/// 200: a page, or for htmx a fragment of one.
#[derive(Debug)]
pub struct Html<T>(pub T);

/// A page that shows a form again, with what was wrong.
#[derive(Debug)]
pub struct RefusedForm<T> {
    /// Why, as a status.
    pub status: StatusCode,
    /// Seconds to wait before trying again, where waiting helps.
    pub retry_after: Option<u32>,
    /// The page.
    pub page: T,
}

/// The answer to a POST.
#[derive(Debug)]
pub enum FormAnswer<T> {
    /// For htmx: what it swaps in.
    Fragment(T),
    /// For everybody else: 303 to this URL.
    SeeOther(String),
}

/// The answer to a poll.
#[derive(Debug)]
pub enum PollAnswer<T> {
    /// 204: nothing happened since the stamp that the caller has seen.
    Unchanged,
    /// 204 with `HX-Refresh`: the page belongs to another user than the caller. It brings nothing into that page, and reloads it.
    ForeignPage,
    /// 200: something did.
    Changed(T),
}

/// The answer to a request that makes something, and may be repeated.
#[derive(Debug)]
pub enum Made<T> {
    /// 201: it is new.
    New(T),
    /// 200: it was there.
    Known(T),
}

/// 201: made, each time that it is asked for.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// 204.
#[derive(Debug)]
pub struct NoContent;

/// 303 to `url`.
pub fn see_other(url: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, url)).finish()
}

/// [`see_other`] that sets a cookie.
pub fn see_other_with(url: &str, cookie: &Cookie<'_>) -> HttpResponse {
    let mut response = see_other(url);
    if let Err(cause) = response.add_cookie(cookie) {
        return HttpResponse::from_error(AppError::internal(cause));
    }
    response
}

fn html(status: StatusCode, body: Result<String, askama::Error>) -> HttpResponse {
    match body {
        Ok(body) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body),
        Err(cause) => HttpResponse::from_error(AppError::from(cause)),
    }
}

impl<T: Template> Responder for Html<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        html(StatusCode::OK, self.0.render())
    }
}

impl<T: Template> Responder for RefusedForm<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = html(self.status, self.page.render());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl<T: Template> Responder for FormAnswer<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        match self {
            FormAnswer::Fragment(fragment) => Html(fragment).respond_to(req),
            FormAnswer::SeeOther(url) => see_other(&url),
        }
    }
}

impl<T: Template> Responder for PollAnswer<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        match self {
            PollAnswer::Unchanged => HttpResponse::new(StatusCode::NO_CONTENT),
            PollAnswer::ForeignPage => HttpResponse::NoContent().insert_header(("HX-Refresh", "true")).finish(),
            PollAnswer::Changed(fragment) => Html(fragment).respond_to(req),
        }
    }
}

impl<T: Serialize> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Created().json(self.0)
    }
}

impl<T: Serialize> Responder for Made<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        match self {
            Made::New(body) => HttpResponse::Created().json(body),
            Made::Known(body) => HttpResponse::Ok().json(body),
        }
    }
}

impl Responder for NoContent {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}
