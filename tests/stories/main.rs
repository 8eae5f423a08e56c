//! Stories told over HTTP and the command line: people, programs and operators, each test with a site of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod site;
mod support;

mod accounts;
mod api;
mod clocks;
mod command;
mod compose;
mod connections;
mod costs;
mod crash;
mod description;
mod documents;
mod examples;
mod feed;
mod feeds;
mod follows;
mod guesses;
mod inbox;
mod intruders;
mod kinds;
mod lasting_trouble;
mod limits;
mod migrations;
mod misuse;
mod nonsense;
mod on_a_file;
mod operators;
mod outages;
mod people;
mod plans;
mod post_plans;
mod posts;
mod properties;
mod retention;
mod revocations;
mod scopes;
mod sessions;
mod settings_tokens;
mod sizes;
mod stream;
mod tokens;
mod trouble;
mod walk;
