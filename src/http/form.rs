//! A form, read as what was typed.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use percent_encoding::percent_decode;
use serde::de::DeserializeOwned;

use crate::error::AppError;

/// The fields of a form. Bytes that are no UTF-8 are refused: the framework's own form reads them all as one replacement character, and so takes
/// two different passwords for one.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Form<T>, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = req.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let body = Bytes::from_request(req, payload);
        Box::pin(async move {
            if !is_form {
                return Err(AppError::wrong_type("This address expects a form.").into());
            }
            Ok(Form(parse(&body.await?)?))
        })
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, AppError> {
    // What separates the fields is ASCII, so the whole is UTF-8 if and only if each part is.
    let is_text = percent_decode(body).decode_utf8().is_ok();
    let read = is_text.then(|| serde_urlencoded::from_bytes(body).ok()).flatten();
    read.ok_or_else(|| AppError::bad_request("The request could not be read. Please go back and try again."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf8_is_refused_wherever_it_stands() {
        let read = |body: &[u8]| parse::<Vec<(String, String)>>(body).map(|fields| fields.len()).ok();
        for text in [&b""[..], b"a=%C3%A9&b=+", "a=é".as_bytes(), b"a=%00", b"a=%", b"a=%zz", b"a=%F0%9F%A6%9C"] {
            assert!(read(text).is_some(), "{text:?}");
        }
        // Bytes that are in no text, a sequence that is cut off, an overlong one, a surrogate, and beyond the last character.
        for garbage in [&b"a=%FF%FE"[..], b"%FF=a", b"a=\xff", b"a=%C3&b=%A9", b"a=%C3", b"a=%C0%AF", b"a=%ED%A0%80", b"a=%F4%90%80%80", b"x&%80"] {
            assert!(read(garbage).is_none(), "{garbage:?}");
        }
    }
}
