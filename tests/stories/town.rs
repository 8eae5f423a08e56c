//! The actors: a town with a site of its own, people with browsers, programs with tokens.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE, HeaderMap, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tidings::config::Settings;

use crate::html::{self, Line};
use crate::support::{Home, Site};

pub const PASSWORD: &str = "correct horse";

/// A site and the way to it.
#[derive(Clone)]
pub struct Town {
    pub site: Arc<Site>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// Somebody with a browser: one cookie, one open tab.
pub struct Person {
    pub town: Town,
    pub name: String,
    http: reqwest::Client,
    cookie: Mutex<Option<String>>,
    tab: Mutex<Option<String>>,
}

impl Town {
    pub async fn new() -> Town {
        Town { site: Arc::new(Site::open().await) }
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Town {
        Town { site: Arc::new(Site::with(change).await) }
    }

    /// A site with its data there.
    pub async fn at(home: Home) -> Town {
        Town { site: Arc::new(Site::at(Arc::new(home), |_| {}).await) }
    }

    /// One more instance of the same site.
    pub async fn another_instance(&self) -> Town {
        self.another_instance_with(|_| {}).await
    }

    /// One more instance, with other settings.
    pub async fn another_instance_with(&self, change: impl FnOnce(&mut Settings)) -> Town {
        Town { site: Arc::new(Site::at(Arc::clone(&self.site.home), change).await) }
    }

    /// Somebody with an account.
    pub async fn signs_up(&self, name: &str) -> Person {
        let person = self.stranger(name);
        let answer = person.posts("/signup", &[("username", name), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        person
    }

    /// The same account in another browser.
    pub async fn signs_in(&self, name: &str) -> Person {
        let person = self.stranger(name);
        let answer = person.posts("/signin", &[("username", name), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        person
    }

    /// A browser that nobody has signed in with.
    pub fn stranger(&self, name: &str) -> Person {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Person { town: self.clone(), name: name.to_owned(), http, cookie: Mutex::default(), tab: Mutex::default() }
    }

    /// A program that has no token yet.
    pub fn program(&self) -> Program {
        Program { town: self.clone(), http: reqwest::Client::new(), token: String::new() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.site.url)
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
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

    /// A page for people with this status, a way back, and nothing of our inside.
    pub fn is_a_page_that_says(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.header("content-type").starts_with("text/html"), "{:?}", self.headers);
        assert!(self.body.starts_with("<!doctype html>") && self.body.contains("href=\"/\""));
        let text = html::text(&self.body);
        assert!(text.contains(words), "{text}");
        assert!(!text.to_lowercase().contains("sqlite") && !text.contains("src/"), "{text}");
    }
}

impl Person {
    /// The same browser with the same tab, whose requests reach another instance.
    pub fn at(self, town: &Town) -> Person {
        Person { town: town.clone(), ..self }
    }

    /// A request as this person's browser would send it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method.clone(), self.town.url(path));
        let request = if method == Method::GET { request } else { request.header(ORIGIN, &self.town.site.url) };
        match &*self.cookie.lock().unwrap() {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    /// Sends it, and keeps or drops the cookie as told.
    pub async fn sends(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        if let Some(set) = headers.get(SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            *self.cookie.lock().unwrap() = Some(pair).filter(|pair| !pair.ends_with('='));
        }
        Answer { status, headers, body: response.text().await.unwrap() }
    }

    pub async fn gets(&self, path: &str) -> Answer {
        self.sends(self.request(Method::GET, path)).await
    }

    pub async fn posts(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.sends(self.request(Method::POST, path).form(form)).await
    }

    /// A POST as htmx sends it.
    pub async fn presses(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.sends(self.request(Method::POST, path).header("HX-Request", "true").form(form)).await
    }

    pub fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap().clone()
    }

    pub fn takes_cookie(&self, cookie: Option<String>) {
        *self.cookie.lock().unwrap() = cookie;
    }

    /// Opens a page in this person's tab; it polls from there on.
    pub async fn opens(&self, path: &str) -> Answer {
        let answer = self.gets(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        *self.tab.lock().unwrap() = html::poll_url(&answer.body);
        answer
    }

    /// What the tab does by itself every few seconds.
    pub async fn polls(&self) -> Answer {
        let url = self.tab.lock().unwrap().clone().expect("no page is open that polls");
        let answer = self.sends(self.request(Method::GET, &url).header("HX-Request", "true")).await;
        if answer.status == 200 {
            *self.tab.lock().unwrap() = html::poll_url(&answer.body);
        }
        answer
    }

    pub async fn polls_and_hears_nothing(&self) {
        let answer = self.polls().await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    }

    pub async fn polls_and_hears(&self, said: &str) -> Answer {
        let answer = self.polls().await;
        assert_eq!(answer.status, 200, "nothing was heard");
        assert_eq!(html::said(&answer.body), said, "{}", answer.body);
        answer
    }

    /// Polls until something is heard, and returns how long that took; more than `seconds` is too long.
    pub async fn hears_within(&self, seconds: u64, said: &str) -> Duration {
        let begun = Instant::now();
        loop {
            let answer = self.polls().await;
            match answer.status.as_u16() {
                200 => {
                    assert_eq!(html::said(&answer.body), said, "{}", answer.body);
                    return begun.elapsed();
                }
                status => assert_eq!(status, 204, "{}", answer.body),
            }
            assert!(begun.elapsed() < Duration::from_secs(seconds), "{} did not hear {said:?}", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn follows(&self, other: &Person) {
        assert_eq!(self.posts(&format!("/people/{}/follow", other.name), &[]).await.status, 303);
    }

    pub async fn unfollows(&self, other: &Person) {
        assert_eq!(self.posts(&format!("/people/{}/unfollow", other.name), &[]).await.status, 303);
    }

    /// The inbox, top to bottom, as a fresh page shows it.
    pub async fn inbox(&self) -> Vec<Line> {
        html::lines(&self.gets("/notifications").await.body)
    }

    /// Opens the inbox and sees exactly these lines; badge and list agree.
    pub async fn sees<const N: usize>(&self, expected: [&str; N]) {
        let page = self.opens("/notifications").await.body;
        let lines = html::lines(&page);
        assert_eq!(lines.iter().map(|line| line.says.as_str()).collect::<Vec<_>>(), expected);
        assert_eq!(html::badge(&page), lines.iter().filter(|line| line.unread).count() as i64, "badge and list disagree");
    }

    /// The number on the badge of a fresh page.
    pub async fn badge(&self) -> i64 {
        html::badge(&self.gets("/people").await.body)
    }

    pub async fn id(&self) -> i64 {
        let answer = self.sends(self.request(Method::GET, "/api/me")).await;
        answer.json()["id"].as_i64().unwrap()
    }

    /// A program of this person's, with a token.
    pub async fn program(&self) -> Program {
        let program = self.town.program();
        let answer = program.posts("/api/session", &serde_json::json!({"username": self.name, "password": PASSWORD})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Program { token: answer.json()["token"].as_str().unwrap().to_owned(), ..program }
    }
}

/// A program that speaks the JSON API; no cookie, no origin.
pub struct Program {
    pub town: Town,
    pub token: String,
    http: reqwest::Client,
}

impl Program {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.town.url(path)).header(ACCEPT, "application/json");
        if self.token.is_empty() { request } else { request.header(AUTHORIZATION, format!("Bearer {}", self.token)) }
    }

    pub async fn sends(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.text().await.unwrap() }
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
