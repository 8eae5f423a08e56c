//! The verbs, and what they tell whom.
//!
//! To add a kind of notification, add it to [`event::Event`] and give it a sentence in [`wording`].

pub mod event;
pub mod follow;
pub mod notify;
pub mod wording;
