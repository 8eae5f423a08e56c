//! Stories at the border: people, programs and operators, each test in a town of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod accounts;
mod api;
mod command;
mod costs;
mod crash;
mod follows;
mod guest;
mod html;
mod inbox;
mod intruders;
mod nonsense;
mod on_a_file;
mod outages;
mod people;
mod plans;
mod program;
mod sizes;
mod stream;
#[path = "../support/mod.rs"]
mod support;
mod town;
mod trouble;
mod walk;
