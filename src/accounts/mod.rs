//! What accounts may do, for people and programs alike: signing up, signing in, following within the limit.

pub mod follow;
pub mod sign_in;
pub mod sign_up;
