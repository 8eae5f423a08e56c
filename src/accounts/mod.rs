//! What accounts may do, for people and programs alike: signing up, in and out, following within the limit, tokens for programs.

pub mod follow;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
pub mod tokens;
