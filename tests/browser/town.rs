//! The place: a site, and people who come to it.

use tidings::model::{Username, follows, users};

use crate::chromium::Taste;
use crate::person::Person;
use crate::support::Site;

/// A site of one's own.
pub struct Town {
    pub site: Site,
}

impl Town {
    /// Whose pages ask every second.
    pub async fn new() -> Town {
        Town { site: Site::with(|settings| settings.poll_seconds = Some("1".into())).await }
    }

    /// Whose pages ask every ten seconds, as they do unless told otherwise.
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

    pub async fn stranger(&self, name: &str) -> Person {
        Person::stranger(name, &self.site.url, &Taste::default()).await
    }

    /// An account whose owner is elsewhere.
    pub async fn knows(&self, name: &str) {
        let (name, now) = (Username::parse(name).unwrap(), self.site.app.clock.now());
        self.site.app.change(move |db| Ok((users::create(db, &name, "nobody signs in with this", now)?, tidings::last_update::News::none()))).await.unwrap();
    }

    /// `follower` follows `followee`, from elsewhere.
    pub async fn hears_that(&self, follower: &str, followee: &str) {
        let (follower, followee, now) = (Username::parse(follower).unwrap(), Username::parse(followee).unwrap(), self.site.app.clock.now());
        self.site
            .app
            .change(move |db| {
                let (follower, followee) = (users::by_username(db, &follower)?, users::by_username(db, &followee)?);
                let (_, news) = follows::follow(db, follower, followee, now)?;
                Ok(((), news))
            })
            .await
            .unwrap();
    }

    /// As many newcomers, all of whom follow `followee`: "fan_01" first.
    pub async fn has_fans(&self, number: usize, followee: &str) {
        for n in 1..=number {
            let fan = format!("fan_{n:02}");
            self.knows(&fan).await;
            self.hears_that(&fan, followee).await;
        }
    }
}
