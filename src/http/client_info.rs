//! Who calls, as far as a request tells without a session: from where, and with what.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header;

use super::client_ip::client_ip;
use super::user_agent;
use crate::config::Config;

/// A client.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// Its address.
    pub address: IpAddr,
    /// What it is, in words such as "Chrome on Linux"; `None` if that is not known.
    pub description: Option<String>,
}

impl ClientInfo {
    /// The client that sent `req`.
    pub fn of(req: &HttpRequest, config: &Config) -> ClientInfo {
        let user_agent = req.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        ClientInfo { address: client_ip(req, config), description: user_agent.and_then(user_agent::describe) }
    }
}
