//! Somebody with a browser who visits a process, and the next one after it, rather than a town.

use super::http::{self, Answer};
use super::town::PASSWORD;

pub struct Guest {
    http: reqwest::Client,
    cookie: String,
}

impl Guest {
    pub async fn signs_up(url: &str, name: &str) -> Guest {
        Guest::submits(&format!("{url}/signup"), name, PASSWORD).await
    }

    pub async fn signs_in(url: &str, name: &str) -> Guest {
        Guest::submits(&format!("{url}/signin"), name, PASSWORD).await
    }

    /// Signs up or in by the form there.
    pub async fn submits(form: &str, name: &str, password: &str) -> Guest {
        let http = http::client();
        let answer = Answer::of(http.post(form).form(&[("username", name), ("password", password)]).send().await.unwrap()).await;
        assert_eq!(answer.status, 303, "{name}: {}", answer.body);
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        Guest { http, cookie }
    }

    pub async fn posts(&self, url: String) -> Result<u16, reqwest::Error> {
        let answer = self.http.post(url).header("cookie", &self.cookie).header("sec-fetch-site", "same-origin").send().await?;
        Ok(answer.status().as_u16())
    }

    pub async fn gets(&self, url: &str) -> Answer {
        Answer::of(self.http.get(url).header("cookie", &self.cookie).send().await.unwrap()).await
    }

    /// Opens the inbox; where it polls.
    pub async fn opens_inbox(&self, url: &str) -> String {
        self.gets(&format!("{url}/notifications")).await.page().poll_url().expect("the inbox polls")
    }

    pub async fn polls(&self, url: &str, tab: &str) -> Answer {
        let request = self.http.get(format!("{url}{tab}")).header("cookie", &self.cookie).header("HX-Request", "true");
        Answer::of(request.send().await.unwrap()).await
    }

    /// What the inbox says, top to bottom.
    pub async fn inbox(&self, url: &str) -> Vec<String> {
        self.gets(&format!("{url}/notifications")).await.page().notification_texts()
    }
}
