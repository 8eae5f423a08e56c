//! What any web program needs: who asks, how to answer, addresses and URLs.

pub mod access;
pub mod client_info;
pub mod client_ip;
mod credential;
pub mod description;
pub mod form;
mod identify;
pub mod last_use;
pub mod origin;
pub mod request;
pub mod resource;
pub mod response;
pub mod session_cookie;
pub mod urls;
mod user_agent;
pub mod viewer;
