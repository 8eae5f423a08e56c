//! A client of the JSON API: a token or none, no cookie, no `Origin`.

use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::http::{self, Answer};
use super::town::Town;

pub struct Program {
    town: Town,
    pub token: String,
    http: reqwest::Client,
}

impl Program {
    pub fn new(town: Town) -> Program {
        Program { town, http: reqwest::Client::new(), token: String::new() }
    }

    pub fn with_token(self, token: &str) -> Program {
        Program { token: token.to_owned(), ..self }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.town.url(path)).header(ACCEPT, "application/json");
        if self.token.is_empty() { request } else { request.header(AUTHORIZATION, format!("Bearer {}", self.token)) }
    }

    pub async fn sends(&self, request: RequestBuilder) -> Answer {
        http::send(request).await
    }

    pub async fn gets(&self, path: &str) -> Answer {
        self.sends(self.request(Method::GET, path)).await
    }

    pub async fn posts(&self, path: &str, body: &Value) -> Answer {
        self.sends(self.request(Method::POST, path).json(body)).await
    }

    pub async fn deletes(&self, path: &str) -> Answer {
        self.sends(self.request(Method::DELETE, path)).await
    }
}
