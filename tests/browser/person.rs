//! Somebody with an account and a window.

use std::ops::Deref;

use crate::chromium::Options;
use crate::window::Window;

pub const PASSWORD: &str = "correct horse";

/// Everything a window can do, and what takes several steps.
pub struct Person {
    pub name: String,
    window: Window,
}

impl Deref for Person {
    type Target = Window;

    fn deref(&self) -> &Window {
        &self.window
    }
}

impl Person {
    /// Somebody who is not signed in.
    pub async fn stranger(name: &str, site: &str, options: &Options) -> Person {
        Person { name: name.to_owned(), window: Window::open(site, options).await }
    }

    pub async fn signs_up(&self) {
        self.goes_to("/signup").await;
        self.fills_in(PASSWORD).await;
        self.presses("Sign up").await;
        self.arrives_at("/").await;
    }

    pub async fn signs_in(&self) {
        self.goes_to("/signin").await;
        self.fills_in(PASSWORD).await;
        self.presses("Sign in").await;
        self.arrives_at("/").await;
    }

    pub async fn fills_in(&self, password: &str) {
        self.types("username", &self.name).await;
        self.types("password", password).await;
    }

    pub async fn follows(&self, other: &str) {
        self.goes_to("/people").await;
        self.presses(&format!("Follow {other}")).await;
        self.sees(&format!("Unfollow {other}")).await;
    }

    pub async fn unfollows(&self, other: &str) {
        self.goes_to("/people").await;
        self.presses(&format!("Unfollow {other}")).await;
        self.no_longer_sees(&format!("Unfollow {other}")).await;
    }
}
