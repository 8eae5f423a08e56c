//! What any web program needs: who asks, how to answer, addresses and URLs.

pub mod client_info;
pub mod client_ip;
pub mod description;
pub mod form;
pub mod request;
pub mod resource;
pub mod response;
pub mod session_cookie;
pub mod urls;
mod user_agent;
pub mod viewer;
