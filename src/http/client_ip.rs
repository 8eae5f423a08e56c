//! The caller's IP address, also behind trusted proxies.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;

use crate::config::Config;

/// The header in which proxies say for whom they ask.
const FORWARDED: &str = "X-Forwarded-For";

/// The caller's address. `X-Forwarded-For` is believed only from trusted proxies, and is read from the right: the first address that is not
/// a trusted proxy is the one that a trusted proxy saw. Anything further left may be forged.
pub fn client_ip(req: &HttpRequest, config: &Config) -> IpAddr {
    let peer = req.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip().to_canonical());
    let trusted = |address: &IpAddr| config.trusted_proxies.iter().any(|network| network.contains(address));
    if !trusted(&peer) {
        warn_of_untrusted_proxy(req, peer);
        return peer;
    }
    // Bytes, and each hop by itself: what a stranger put into the left of a line must not hide what a proxy added to its right.
    let lines: Vec<&[u8]> = req.headers().get_all(FORWARDED).map(HeaderValue::as_bytes).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')).map_while(|hop| address(std::str::from_utf8(hop).ok()?));
    let mut nearest = peer;
    for hop in hops {
        nearest = hop.to_canonical();
        if !trusted(&nearest) {
            break;
        }
    }
    nearest
}

/// Says once in the log that a proxy is not trusted. Everybody behind it counts as one then, so one person's failures slow down all. Only a
/// private address is taken for a proxy: a stranger could send the header, too.
fn warn_of_untrusted_proxy(req: &HttpRequest, peer: IpAddr) {
    static WARNED: Once = Once::new();
    if is_private(peer) && req.headers().contains_key(FORWARDED) {
        WARNED.call_once(|| {
            log::warn!("{peer} sends {FORWARDED} and is not among TRUSTED_PROXIES, so everybody behind it counts as one; if it is your proxy, add it");
        });
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

/// An address as proxies write it: some add a port, brackets around IPv6, or quotes.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(hop, |(address, _)| address);
    bare.parse().or_else(|_| hop.parse().map(|with_port: SocketAddr| with_port.ip())).ok()
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for (written, meant) in [
            ("203.0.113.99", "203.0.113.99"),
            (" 203.0.113.99:5099", "203.0.113.99"),
            ("\"203.0.113.99:5099\"", "203.0.113.99"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:5099", "2001:db8::1"),
            ("\"[2001:db8::1]:5099\"", "2001:db8::1"),
        ] {
            assert_eq!(address(written), meant.parse().ok(), "{written}");
        }
        for garbage in ["", "unknown", "_hidden", "203.0.113", "203.0.113.99:x", "[]", "for=203.0.113.99"] {
            assert_eq!(address(garbage), None, "{garbage}");
        }
    }
}
