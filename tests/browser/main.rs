//! The main job in real Chromium.
#[path = "../support/mod.rs"]
mod support;
