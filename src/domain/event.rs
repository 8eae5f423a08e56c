//! Every kind of notification.

use strum::EnumDiscriminants;

use crate::ids::UserId;

/// Something that somebody is told. Its discriminant is its [`Kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumDiscriminants)]
#[strum_discriminants(
    name(Kind),
    derive(strum::EnumString, strum::IntoStaticStr, strum::EnumIter),
    strum(serialize_all = "snake_case"),
    doc = "What happened. Its name in snake case (`follow`) is the name in the database, in JSON and in the metrics."
)]
pub enum Event {
    /// The follower follows the recipient.
    Follow {
        /// Who does.
        follower: UserId,
    },
}

impl Event {
    /// The stored name of its kind.
    pub fn kind(&self) -> &'static str {
        Kind::from(self).into()
    }

    /// Who did it; `None` where nobody did.
    pub fn actor(&self) -> Option<UserId> {
        match self {
            Event::Follow { follower } => Some(*follower),
        }
    }

    /// What it is about. A recipient has at most one notification per key, and a new one replaces it. `None`: it replaces nothing.
    pub fn group_key(&self) -> Option<String> {
        match self {
            Event::Follow { follower } => Some(format!("follow:{follower}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn the_stored_name_of_every_kind_is_read_back() {
        for kind in Kind::iter() {
            let name: &str = kind.into();
            assert_eq!(name.parse(), Ok(kind));
        }
    }

    #[test]
    fn a_follow_is_about_its_follower() {
        let event = Event::Follow { follower: UserId(7) };
        assert_eq!((event.kind(), event.actor(), event.group_key().as_deref()), ("follow", Some(UserId(7)), Some("follow:7")));
    }
}
