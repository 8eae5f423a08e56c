//! Somebody with a browser who comes to a running program rather than to a town.

use reqwest::redirect::Policy;

use crate::html;
use crate::town::PASSWORD;

pub struct Guest {
    pub http: reqwest::Client,
    pub cookie: String,
}

impl Guest {
    pub async fn comes(url: &str, door: &str, name: &str) -> Guest {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        let answer = http.post(format!("{url}{door}")).form(&[("username", name), ("password", PASSWORD)]).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{name}");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Guest { http, cookie }
    }

    pub async fn posts(&self, url: String) -> Result<u16, reqwest::Error> {
        let answer = self.http.post(url).header("cookie", &self.cookie).header("sec-fetch-site", "same-origin").send().await?;
        Ok(answer.status().as_u16())
    }

    pub async fn poll(&self, url: &str, tab: &str) -> reqwest::Response {
        self.http.get(format!("{url}{tab}")).header("cookie", &self.cookie).header("HX-Request", "true").send().await.unwrap()
    }

    pub async fn inbox_page(&self, url: &str) -> String {
        self.http.get(format!("{url}/notifications")).header("cookie", &self.cookie).send().await.unwrap().text().await.unwrap()
    }

    pub async fn inbox(&self, url: &str) -> Vec<String> {
        html::lines(&self.inbox_page(url).await).into_iter().map(|line| line.says).collect()
    }
}
