//! Somebody with a browser: one cookie, one open tab.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Method, RequestBuilder};

use super::html::{Dom, Notification};
use super::http::{self, Answer};
use super::program::Program;
use super::town::{PASSWORD, Town};

pub struct Person {
    pub town: Town,
    pub name: String,
    http: reqwest::Client,
    cookie: Mutex<Option<String>>,
    /// Where the open page polls.
    tab: Mutex<Option<String>>,
}

impl Person {
    pub fn new(town: Town, name: &str) -> Person {
        Person { town, name: name.to_owned(), http: http::client(), cookie: Mutex::default(), tab: Mutex::default() }
    }

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

    /// Sends it, and stores or drops the cookie as the answer says.
    pub async fn sends(&self, request: RequestBuilder) -> Answer {
        let answer = http::send(request).await;
        if let Some(set) = answer.headers.get(SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            *self.cookie.lock().unwrap() = Some(pair).filter(|pair| !pair.ends_with('='));
        }
        answer
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

    /// A form as it comes through a proxy from the address `from`.
    pub async fn posts_from(&self, from: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        self.sends(self.request(Method::POST, path).header("X-Forwarded-For", from).form(form)).await
    }

    pub fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap().clone()
    }

    pub fn takes_cookie(&self, cookie: Option<String>) {
        *self.cookie.lock().unwrap() = cookie;
    }

    /// Opens a page in this person's tab; it polls from there on.
    pub async fn opens(&self, path: &str) -> Dom {
        let answer = self.gets(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let page = answer.page();
        *self.tab.lock().unwrap() = page.poll_url();
        page
    }

    /// A GET as the polling element sends it.
    pub async fn polls_at(&self, url: &str) -> Answer {
        self.sends(self.request(Method::GET, url).header("HX-Request", "true")).await
    }

    /// What the tab does by itself every few seconds.
    pub async fn polls(&self) -> Answer {
        let url = self.tab.lock().unwrap().clone().expect("no page is open that polls");
        let answer = self.polls_at(&url).await;
        if answer.status == 200 {
            *self.tab.lock().unwrap() = answer.fragment().poll_url();
        }
        answer
    }

    pub async fn polls_and_hears_nothing(&self) {
        let answer = self.polls().await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    }

    /// Polls once, and there is something new; `announced` may be "" all the same.
    pub async fn polls_and_hears(&self, announced: &str) -> Dom {
        let answer = self.polls().await;
        assert_eq!(answer.status, 200, "nothing was heard");
        let fragment = answer.fragment();
        assert_eq!(fragment.announced(), announced, "{}", answer.body);
        fragment
    }

    /// Polls until something is heard, and returns how long that took; more than `seconds` is too long.
    pub async fn hears_within(&self, seconds: u64, announced: &str) -> Duration {
        let begun = Instant::now();
        loop {
            let answer = self.polls().await;
            match answer.status.as_u16() {
                200 => {
                    assert_eq!(answer.fragment().announced(), announced, "{}", answer.body);
                    return begun.elapsed();
                }
                status => assert_eq!(status, 204, "{}", answer.body),
            }
            assert!(begun.elapsed() < Duration::from_secs(seconds), "{} did not hear {announced:?}", self.name);
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
    pub async fn inbox(&self) -> Vec<Notification> {
        self.gets("/notifications").await.page().notifications()
    }

    /// Opens the inbox and sees exactly this; badge and list agree.
    pub async fn sees<const N: usize>(&self, expected: [&str; N]) {
        let page = self.opens("/notifications").await;
        let shown = page.notifications();
        assert_eq!(shown.iter().map(|notification| notification.text.as_str()).collect::<Vec<_>>(), expected);
        assert_eq!(page.badge(), shown.iter().filter(|notification| notification.unread).count() as i64, "badge and list disagree");
    }

    /// The number on the badge of a fresh page.
    pub async fn badge(&self) -> i64 {
        self.gets("/people").await.page().badge()
    }

    pub async fn id(&self) -> i64 {
        let answer = self.sends(self.request(Method::GET, "/api/me")).await;
        answer.json()["id"].as_i64().unwrap()
    }

    /// A program of this person's, with a token of this scope.
    pub async fn program_with(&self, scope: &str) -> Program {
        let request = self.request(Method::POST, "/api/tokens").json(&serde_json::json!({"name": "A program", "scope": scope}));
        let made = self.sends(request).await;
        assert_eq!(made.status, 201, "{}", made.body);
        self.town.program().with_token(made.json()["token"].as_str().unwrap())
    }

    /// A program of this person's, with the token of a session.
    pub async fn program(&self) -> Program {
        let program = self.town.program();
        let answer = program.posts("/api/session", &serde_json::json!({"username": self.name, "password": PASSWORD})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        program.with_token(answer.json()["token"].as_str().unwrap())
    }
}
