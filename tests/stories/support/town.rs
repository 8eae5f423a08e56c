//! A site, and how people and programs come to it.

use std::sync::Arc;

use tidings::config::Settings;

use super::person::Person;
use super::program::Program;
use crate::site::{Home, Site};

pub const PASSWORD: &str = "correct horse";

#[derive(Clone)]
pub struct Town {
    pub site: Arc<Site>,
}

impl Town {
    pub async fn new() -> Town {
        Town { site: Arc::new(Site::open().await) }
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Town {
        Town { site: Arc::new(Site::with(change).await) }
    }

    /// A site with its data there, of which nothing goes because it is old.
    pub async fn at(home: Home) -> Town {
        Town { site: Arc::new(Site::at(Arc::new(home), |settings| settings.retention_days = Some("0".into())).await) }
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
        Person::new(self.clone(), name)
    }

    /// A program that has no token yet.
    pub fn program(&self) -> Program {
        Program::new(self.clone())
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.site.url)
    }
}
