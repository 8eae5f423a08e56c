//! A site, and people who come to it.

use tidings::accounts::sign_in::insert_session;
use tidings::domain::follow::follow;
use tidings::domain::post::{Audience, post};
use tidings::model::posts::NewPost;
use tidings::model::sessions::SessionKind;
use tidings::model::{Username, users};

use crate::chromium::Options;
use crate::person::Person;
use crate::support::Site;

/// A site for one test.
pub struct Town {
    pub site: Site,
}

impl Town {
    /// Whose pages poll every second.
    pub async fn new() -> Town {
        Town { site: Site::with(|settings| settings.poll_seconds = Some("1".into())).await }
    }

    /// Whose pages poll every ten seconds, the default.
    pub async fn calm() -> Town {
        Town { site: Site::open().await }
    }

    /// Somebody who has just made an account, by the form.
    pub async fn signs_up(&self, name: &str) -> Person {
        let person = self.stranger(name).await;
        person.signs_up().await;
        person
    }

    /// The same person at another computer.
    pub async fn signs_in(&self, name: &str) -> Person {
        let person = self.stranger(name).await;
        person.signs_in().await;
        person
    }

    /// A session of somebody's at yet another computer.
    pub async fn opens_another_session_of(&self, name: &str) {
        let name = Username::parse(name).unwrap();
        let opened = self.site.app.change(move |tx| {
            let user = users::by_username(tx.conn(), &name)?;
            insert_session(tx, user, SessionKind::Browser, None)
        });
        opened.await.unwrap();
    }

    pub async fn stranger(&self, name: &str) -> Person {
        Person::stranger(name, &self.site.url, &Options::default()).await
    }

    /// An account whose owner is elsewhere.
    pub async fn knows(&self, name: &str) {
        let name = Username::parse(name).unwrap();
        self.site.app.change(move |tx| Ok(users::insert(tx, &name, "nobody signs in with this")?)).await.unwrap();
    }

    /// `follower` follows `followee`, from elsewhere.
    pub async fn hears_that(&self, follower: &str, followee: &str) {
        let (follower, followee) = (Username::parse(follower).unwrap(), Username::parse(followee).unwrap());
        self.site
            .app
            .change(move |tx| {
                let (follower, followee) = (users::by_username(tx.conn(), &follower)?, users::by_username(tx.conn(), &followee)?);
                Ok(follow(tx, follower, followee)?)
            })
            .await
            .unwrap();
    }

    /// Somebody posts, from elsewhere. Returns the post's id.
    pub async fn posts(&self, author: &str, text: &str) -> i64 {
        self.posts_with(author, text, None, &[]).await
    }

    /// The same, with a link, or for those named only.
    pub async fn posts_with(&self, author: &str, text: &str, url: Option<&str>, to: &[&str]) -> i64 {
        let names: Vec<Username> = [author].iter().chain(to).map(|name| Username::parse(name).unwrap()).collect();
        let (text, url) = (text.to_owned(), url.map(str::to_owned));
        let posted = self.site.app.change(move |tx| {
            let ids = names.iter().map(|name| users::by_username(tx.conn(), name)).collect::<Result<Vec<_>, _>>()?;
            let [author, named @ ..] = ids.as_slice() else { unreachable!() };
            let audience = if named.is_empty() { Audience::Followers } else { Audience::Named { seen_by: named.to_vec(), told: named.to_vec() } };
            Ok(post(tx, &NewPost { author: *author, text, url, direct: !named.is_empty(), collapse: None }, &audience)?)
        });
        posted.await.unwrap().0
    }

    /// As many newcomers, all of whom follow `followee`: "fan_01" first.
    pub async fn has_fans(&self, number: usize, followee: &str) {
        self.has_more_fans(followee, "fan", number).await;
    }

    /// The same, called after `begin`.
    pub async fn has_more_fans(&self, followee: &str, begin: &str, number: usize) {
        for n in 1..=number {
            let fan = format!("{begin}_{n:02}");
            self.knows(&fan).await;
            self.hears_that(&fan, followee).await;
        }
    }
}
