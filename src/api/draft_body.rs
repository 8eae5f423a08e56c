//! The body of `POST /api/posts`: JSON, plain text, or a form; and its Idempotency-Key.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use serde::Deserialize;
use utoipa::ToSchema;

use super::draft_form;
use crate::accounts::post::KeyedRequest;
use crate::domain::draft::Draft;
use crate::error::AppError;
use crate::http::description::{Describe, Operation};

/// What a program wants to post.
#[derive(Debug)]
pub struct DraftBody {
    /// The post.
    pub draft: Draft,
    /// The request with its key, if it has one.
    pub keyed: Option<KeyedRequest>,
}

/// What to post. Members that are not known are ignored.
#[derive(Deserialize, ToSchema)]
#[schema(as = Draft)]
struct DraftJson {
    /// What it says: 1–500 characters, something visible among them, and no control characters but line breaks and tabs.
    #[schema(value_type = String, required, min_length = 1)]
    text: Option<String>,
    /// Becomes the first line of the text, and counts with it.
    title: Option<String>,
    /// What it links to: http or https.
    #[schema(max_length = 2000)]
    url: Option<String>,
    /// Whom it is for: the usernames of people who follow the caller, or the caller's own. Without it, it is for everybody.
    #[schema(min_items = 1)]
    to: Option<Vec<String>>,
    /// True: it is in the feeds, and tells nobody.
    #[schema(default = false)]
    quiet: Option<bool>,
    /// The unread notification of an earlier post with the same word gives way to that of this one.
    #[schema(min_length = 1, max_length = 64)]
    collapse: Option<String>,
}

impl From<DraftJson> for Draft {
    fn from(json: DraftJson) -> Draft {
        let DraftJson { text, title, url, to, quiet, collapse } = json;
        Draft { text: text.unwrap_or_default(), title, url, to, quiet: quiet.unwrap_or_default(), collapse }
    }
}

impl FromRequest for DraftBody {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<DraftBody, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, body) = (req.clone(), Bytes::from_request(req, payload));
        Box::pin(async move { Ok(read(&req, &body.await?)?) })
    }
}

impl Describe for DraftBody {
    fn describe(operation: &mut Operation) {
        operation.header_parameter("Idempotency-Key", "1–255 visible ASCII characters. Within 24 hours, the same request with the same key posts once.");
        operation.json_body::<DraftJson>();
        operation.form_or_text_body::<DraftJson>();
    }
}

fn read(req: &HttpRequest, body: &[u8]) -> Result<DraftBody, AppError> {
    let media_type = req.content_type().to_ascii_lowercase();
    Ok(DraftBody { draft: draft(&media_type, body)?, keyed: keyed(req, &media_type, body)? })
}

fn draft(media_type: &str, body: &[u8]) -> Result<Draft, AppError> {
    match media_type {
        "application/json" => json(utf8(body)?),
        "text/plain" => Ok(Draft { text: utf8(body)?.to_owned(), ..Draft::default() }),
        "application/x-www-form-urlencoded" => draft_form::read(utf8(body)?),
        _ => Err(AppError::wrong_type("The body must be application/json, text/plain, or a form (application/x-www-form-urlencoded).")),
    }
}

/// The body as text, without the mark that some editors put at the beginning of a file.
fn utf8(body: &[u8]) -> Result<&str, AppError> {
    match str::from_utf8(body) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let at = error.valid_up_to();
            let byte = body.get(at).copied().unwrap_or_default();
            Err(AppError::unprocessable(format!("The body must be UTF-8, and byte {} of it, {byte:#04X}, is not.", at + 1)))
        }
    }
}

fn json(body: &str) -> Result<Draft, AppError> {
    let read: Result<DraftJson, _> = serde_json::from_str(body);
    read.map(Draft::from).map_err(|error| AppError::bad_request(format!("The request could not be read: {error}.")))
}

/// The key, if there is one. The same request is one with the same body, byte for byte.
fn keyed(req: &HttpRequest, media_type: &str, body: &[u8]) -> Result<Option<KeyedRequest>, AppError> {
    let mut keys = req.headers().get_all("Idempotency-Key");
    let Some(key) = keys.next() else { return Ok(None) };
    let request = KeyedRequest::new(key.as_bytes(), &[media_type.as_bytes(), body]).filter(|_| keys.next().is_none());
    request.map(Some).ok_or_else(|| AppError::unprocessable("Idempotency-Key must be one word of 1 to 255 visible ASCII characters."))
}
