//! Every kind of notification.

use strum::EnumDiscriminants;

use crate::ids::{PostId, UserId};

/// Something that somebody is told. Its discriminant is its [`Kind`].
#[derive(Debug, Clone, PartialEq, Eq, EnumDiscriminants)]
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
    /// The author posted something, and the recipient follows them, or is named in it.
    Post {
        /// Who did.
        author: UserId,
        /// What.
        post: PostId,
        /// The word of which an earlier unread one gives way to this; `None`: it replaces nothing.
        collapse: Option<String>,
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
            Event::Post { author, .. } => Some(*author),
        }
    }

    /// The post that it is about; `None`: it is about none.
    pub fn post(&self) -> Option<PostId> {
        match self {
            Event::Follow { .. } => None,
            Event::Post { post, .. } => Some(*post),
        }
    }

    /// What it is about. A recipient has at most one notification per key, and a new one replaces it. `None`: it replaces nothing.
    pub fn group_key(&self) -> Option<String> {
        match self {
            Event::Follow { follower } => Some(format!("follow:{follower}")),
            Event::Post { author, collapse, .. } => collapse.as_ref().map(|word| format!("post:{author}:{word}")),
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
