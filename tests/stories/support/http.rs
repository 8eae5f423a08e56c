//! The HTTP client, and what it gets.

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::contract::Answered;
use super::html::Dom;

/// A client that shows redirects instead of following them.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(Policy::none()).build().unwrap()
}

/// Sends `request`. What the JSON API answers has to be as its description says; for htmx it has fragments, which are not described.
pub async fn send(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, is_htmx) = (request.method().clone(), request.headers().contains_key("hx-request"));
    let response = client.execute(request).await.unwrap();
    let path = response.url().path().to_owned();
    let answer = Answer::of(response).await;
    if path.starts_with("/api/") && !is_htmx {
        let answered = Answered { method: &method, path: &path, status: answer.status.as_u16(), headers: &answer.headers, body: &answer.body };
        answered.check().unwrap_or_else(|wrong| panic!("{method} {path} is not as described: {wrong}"));
    }
    answer
}

/// A response, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: Response) -> Answer {
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.text().await.unwrap() }
    }

    /// A header's value; "" if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// The body as a whole HTML page.
    pub fn page(&self) -> Dom {
        assert!(self.header("content-type").starts_with("text/html"), "{:?}", self.headers);
        Dom::of_page(&self.body)
    }

    /// The body as the fragment that htmx swaps in.
    pub fn fragment(&self) -> Dom {
        assert!(self.header("content-type").starts_with("text/html"), "{:?}", self.headers);
        Dom::of_fragment(&self.body)
    }

    /// A problem document of RFC 9457 with this status.
    pub fn is_a_problem(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()) && problem["type"].is_string());
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 5), "{problem}");
    }

    /// A page for people with this status, these words in its main part, a link back, and nothing of our internals.
    pub fn is_a_page_that_says(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        let page = self.page();
        assert!(page.exists("a[href='/']"), "{}", self.body);
        let main = page.text_of("main");
        assert!(main.contains(words), "{main}");
        let text = page.text();
        assert!(!text.to_lowercase().contains("sqlite") && !text.contains("src/"), "{text}");
    }
}
