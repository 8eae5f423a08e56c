//! The caller's IP address, also behind trusted proxies.

use std::net::IpAddr;

use actix_web::HttpRequest;

use crate::config::Config;

/// The caller's address. `X-Forwarded-For` is believed only from trusted proxies, and is read from the right: the first address that is not
/// a trusted proxy is the one that a trusted proxy saw. Anything further left may be forged.
pub fn client_ip(req: &HttpRequest, config: &Config) -> IpAddr {
    let peer = req.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip().to_canonical());
    let trusted = |address: &IpAddr| config.trusted_proxies.iter().any(|network| network.contains(address));
    if !trusted(&peer) {
        return peer;
    }
    let lines: Vec<&str> = req.headers().get_all("X-Forwarded-For").filter_map(|line| line.to_str().ok()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).map_while(|hop| hop.trim().parse::<IpAddr>().ok());
    let mut nearest = peer;
    for hop in hops {
        nearest = hop.to_canonical();
        if !trusted(&nearest) {
            break;
        }
    }
    nearest
}
