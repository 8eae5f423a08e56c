//! Credentials: passwords, session tokens, and the throttle of failed sign-ins. No HTTP.

mod failures;
pub mod login_throttle;
pub mod network;
pub mod password;
pub mod password_rules;
pub mod pending_revocations;
pub mod random_password;
pub mod session_token;
