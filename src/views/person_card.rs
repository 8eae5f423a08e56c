//! One person in a list.

use super::follow_button::FollowButton;
use crate::ids::UserId;
use crate::model::people::Person;

/// One person in a list.
#[derive(Debug)]
pub struct PersonCard {
    /// The person.
    pub person: Person,
    /// Follow or unfollow; `None` on the viewer's own card.
    pub button: Option<FollowButton>,
}

impl PersonCard {
    /// `person` as `viewer` sees them in the list at `url`.
    pub fn new(person: Person, viewer: UserId, url: &str) -> PersonCard {
        // Without JavaScript, the fragment leads back to the same row of the list.
        let button = (person.id != viewer).then(|| FollowButton::in_list(&person, format!("{url}#person-{}", person.username)));
        PersonCard { person, button }
    }
}
