//! The button beside a person: Follow or Unfollow.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::http::urls::with_query;
use crate::model::people::Person;

/// The button beside a person.
#[derive(Debug, Template)]
#[template(path = "parts/follow_button.html")]
pub struct FollowButton {
    username: String,
    following: bool,
    on_profile: bool,
    back: String,
    /// Whether this answers a press. Then what surrounds the button gets the focus: a key that is held or pressed twice would otherwise press the
    /// button again, and undo what it did.
    pressed: bool,
}

impl HtmlSafe for FollowButton {}

impl FollowButton {
    /// In a list. Without JavaScript, the answer redirects to the URL `back`.
    pub fn in_list(person: &Person, back: String) -> FollowButton {
        FollowButton { username: person.username.clone(), following: person.following, on_profile: false, back, pressed: false }
    }

    /// On the person's profile, where it changes the counts as well.
    pub fn on_profile(person: &Person) -> FollowButton {
        FollowButton { on_profile: true, ..FollowButton::in_list(person, String::new()) }
    }

    /// The same, as the answer to a press.
    #[must_use]
    pub fn pressed(self) -> FollowButton {
        FollowButton { pressed: true, ..self }
    }

    fn action(&self) -> String {
        let verb = if self.following { "unfollow" } else { "follow" };
        let on = if self.on_profile { "profile" } else { "" };
        with_query(&format!("/people/{}/{verb}", self.username), &[("on", on), ("back", &self.back)])
    }
}
