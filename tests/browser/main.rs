//! The main job in real Chromium, by people who press buttons and look at what happens.
//!
//! Nothing here sleeps for a fixed time: a story says what somebody sees in the end, and [`patience`] waits for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod buttons;
mod chromium;
mod clean;
mod connection;
mod hands;
mod head;
mod input;
mod live;
mod nojs;
mod patience;
mod person;
mod picture;
mod plainly;
mod polling;
mod posts;
mod presses;
mod revoked;
mod town;
mod trouble;
mod window;
