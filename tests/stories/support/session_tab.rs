//! One session, as the open tab of a browser and as the token of a program.

use reqwest::header::COOKIE;
use reqwest::{Method, RequestBuilder};
use tidings::accounts::sign_in::insert_session;
use tidings::ids::{SessionId, UserId};
use tidings::model::sessions::{self, SessionKind};

use super::http::Answer;
use super::person::Person;
use super::program::Program;
use super::town::Town;

/// Unlike a [`Person`], it keeps its cookie when it is signed out: so it can be seen that the cookie is worth nothing any more.
pub struct SessionTab {
    pub user: UserId,
    pub session: SessionId,
    browser: Person,
    pub program: Program,
    cookie: String,
}

/// What a tab shows once it has polled.
pub struct TabView {
    pub stamp: i64,
    pub fragment: String,
    /// The fragment without stamp and times, which may differ where nothing has happened.
    pub shown: String,
}

impl SessionTab {
    /// With the token that signing in gave.
    pub async fn of_token(town: &Town, token: &str) -> SessionTab {
        let app = &town.site.app;
        let (hash, now) = (app.signer.verify(token.as_bytes()).expect("a token of ours").hash(), app.clock.now());
        let session = app.query(move |conn| Ok(sessions::find(conn, &hash, now)?)).await.unwrap().expect("a session");
        SessionTab {
            user: session.user,
            session: session.id,
            browser: town.stranger(&session.username),
            program: town.program().with_token(token),
            cookie: format!("{}={token}", app.cookie_name),
        }
    }

    /// Without a password, which would have to be hashed.
    pub async fn opened_for(town: &Town, user: UserId) -> SessionTab {
        let app = &town.site.app;
        let token = app.change(move |tx| insert_session(tx, user, SessionKind::Browser, None)).await.unwrap();
        SessionTab::of_token(town, &app.signer.sign(&token)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.browser.request(method, path).header(COOKIE, &self.cookie)
    }

    pub async fn gets(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn posts(&self, path: &str, form: &[(&str, String)]) -> Answer {
        Answer::of(self.request(Method::POST, path).form(form).send().await.unwrap()).await
    }

    /// A POST as htmx sends it.
    pub async fn presses(&self, path: &str, form: &[(&str, String)]) -> Answer {
        Answer::of(self.request(Method::POST, path).header("HX-Request", "true").form(form).send().await.unwrap()).await
    }

    /// A poll from stamp `since` on.
    pub async fn polls(&self, since: i64, rest: &str) -> Answer {
        let path = format!("/api/stream?since={since}{rest}");
        Answer::of(self.request(Method::GET, &path).header("HX-Request", "true").send().await.unwrap()).await
    }

    /// What an open inbox shows; `None` if it is signed out.
    pub async fn view(&self) -> Option<TabView> {
        let answer = self.polls(-1, "").await;
        if answer.status == 401 {
            return None;
        }
        assert_eq!(answer.status, 200, "a poll from a stamp that there never was brings the current state");
        let stamp = stamp_in(&answer.body);
        let shown = without_times(&answer.body).replace(&format!("since={stamp}"), "since=");
        Some(TabView { stamp, fragment: answer.body, shown })
    }
}

/// From which stamp on a page or fragment polls.
pub fn stamp_in(html: &str) -> i64 {
    let since = html.split_once("/api/stream?since=").expect("it polls, and says since when").1;
    since.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().expect("a stamp is a number")
}

/// "just now" turns into "1 minute ago" by itself, which moves no stamp; and the URL says when.
fn without_times(html: &str) -> String {
    let timeless: String = html.split("<time ").map(|part| part.split_once("</time>").map_or(part, |(_, rest)| rest)).collect();
    timeless.split("&#38;due=").map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit())).collect()
}
