//! Chunked bodies, whose end nobody announces: the connection of one that was not read to its end is closed.
//!
//! When a handler drops such a body, actix goes on to read and discard it, so that the connection can be used again: for ever, if it has no
//! end. It closes the connection if the body is still held when the answer is sent.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::{Stream, stream};

/// The chunked body of a request. While it is held, actix does not read on by itself.
pub struct ChunkedBody {
    _payload: Rc<RefCell<Payload>>,
}

/// An answer's body that holds the request's until it is sent.
struct Holding {
    answer: BoxBody,
    _request: ChunkedBody,
}

impl ChunkedBody {
    /// The body of `req`, if it is chunked. Whoever handles `req` reads it as before.
    pub fn share(req: &mut ServiceRequest) -> Option<ChunkedBody> {
        if !req.headers().contains_key(header::TRANSFER_ENCODING) {
            return None;
        }
        let payload = Rc::new(RefCell::new(req.take_payload()));
        let shared = Rc::clone(&payload);
        let stream = stream::poll_fn(move |cx| Pin::new(&mut *shared.borrow_mut()).poll_next(cx));
        req.set_payload(Payload::Stream { payload: Box::pin(stream) });
        Some(ChunkedBody { _payload: payload })
    }

    /// Holds this body until `response` is sent.
    pub fn hold(self, response: ServiceResponse) -> ServiceResponse {
        response.map_body(|_, answer| BoxBody::new(Holding { answer, _request: self }))
    }
}

impl MessageBody for Holding {
    type Error = Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        Pin::new(&mut self.answer).poll_next(cx).map_err(Error::from)
    }
}
