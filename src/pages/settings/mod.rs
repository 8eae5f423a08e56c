//! The settings: sessions, tokens of programs, addresses of feeds, the password, deleting the account. One file for each section's forms.

pub mod account;
pub mod feeds;
mod feeds_section;
mod page;
pub mod password;
mod session_row;
pub mod sessions;
pub mod tokens;
mod tokens_section;

pub use page::{show, well_known};
