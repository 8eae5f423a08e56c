//! Credentials: passwords, tokens of sessions and of programs, addresses of feeds, and the throttle of failed sign-ins. No HTTP.

pub mod api_token;
mod failures;
pub mod feed_address;
pub mod login_throttle;
pub mod network;
pub mod password;
pub mod password_rules;
pub mod pending_revocations;
pub mod random_password;
pub mod session_token;
