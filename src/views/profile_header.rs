//! The part of a profile that a follow changes: counts and button.

use askama::Template;
use askama::filters::HtmlSafe;

use super::follow_button::FollowButton;
use crate::ids::UserId;
use crate::model::people::{MANY, Profile};

/// The head of a profile.
#[derive(Debug, Template)]
#[template(path = "parts/profile_header.html")]
pub struct ProfileHeader {
    username: String,
    followed_by: bool,
    followers: i64,
    following: i64,
    button: Option<FollowButton>,
    /// Whether the viewer is told of their posts; `None` if they do not follow them.
    told: Option<bool>,
    /// Whether this answers a press of that switch; see [`FollowButton::pressed`].
    told_pressed: bool,
}

impl HtmlSafe for ProfileHeader {}

impl ProfileHeader {
    /// The same, as the answer to a press of its button.
    #[must_use]
    pub fn pressed(self) -> ProfileHeader {
        ProfileHeader { button: self.button.map(FollowButton::pressed), ..self }
    }

    /// The same, as the answer to a press of its switch.
    #[must_use]
    pub fn told_pressed(self) -> ProfileHeader {
        ProfileHeader { told_pressed: true, ..self }
    }

    /// The profile as `viewer` sees it.
    pub fn new(profile: Profile, viewer: UserId) -> ProfileHeader {
        let Profile { person, followers, following, told } = profile;
        let button = (person.id != viewer).then(|| FollowButton::on_profile(&person));
        ProfileHeader { username: person.username, followed_by: person.followed_by, followers, following, button, told, told_pressed: false }
    }

    /// "45", "1,050", or "10,000+" where counting ended.
    fn shown(&self, number: &i64) -> String {
        let more = if *number < MANY { "" } else { "+" };
        match (number / 1_000, number % 1_000) {
            (0, few) => few.to_string(),
            (thousands, rest) => format!("{thousands},{rest:03}{more}"),
        }
    }
}
