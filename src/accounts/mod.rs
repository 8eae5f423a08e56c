//! Accounts, for people and programs alike: signing up, signing in.

pub mod sign_in;
pub mod sign_up;
