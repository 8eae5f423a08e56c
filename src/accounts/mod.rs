//! What accounts may do, for people and programs alike: signing up, in and out, following and posting within the limits, tokens for programs.

pub mod follow;
mod idempotency;
pub mod post;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
pub mod tokens;
