//! The verbs, and whom they notify of what.
//!
//! To add a kind of notification, add it to [`event::Event`], give it a sentence in [`wording`], and call [`notify::notify`] where it happens.

pub mod draft;
pub mod event;
pub mod excerpt;
pub mod follow;
pub mod follow_allowance;
pub mod limits;
pub mod notify;
pub mod post;
pub mod wording;
