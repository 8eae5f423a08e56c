//! The pages and their forms, by noun: handlers, beside the views that only they return.

pub mod feeds;
pub mod follow;
pub mod health;
pub mod home;
pub mod notifications;
pub mod notify;
pub mod people;
pub mod picture;
pub mod post;
pub mod posts;
pub mod profile;
pub mod settings;
pub mod sign_in;
pub mod sign_up;
