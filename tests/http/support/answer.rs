//! A response, read to its end.

use actix_web::dev::ServiceResponse;
use actix_web::http::header::HeaderMap;
use actix_web::test::read_body;
use serde_json::Value;

use super::html::Dom;

/// What a request was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: ServiceResponse) -> Answer {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = read_body(response).await;
        Answer { status, headers, body: String::from_utf8(body.to_vec()).expect("text") }
    }

    /// A header's value; "" if it is missing. One that is there twice is a mistake of ours.
    pub fn header(&self, name: &str) -> &str {
        assert!(self.headers.get_all(name).count() < 2, "{name} twice: {:?}", self.headers);
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The names of its headers, in order.
    pub fn header_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.headers.keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// The body as a whole HTML page.
    pub fn page(&self) -> Dom {
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8");
        Dom::of_page(&self.body)
    }

    /// The body as the fragment that htmx swaps in.
    pub fn fragment(&self) -> Dom {
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8");
        Dom::of_fragment(&self.body)
    }
}
