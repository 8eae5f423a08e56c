//! The secret address of a feed: whose it is, which row, and an HMAC over both.
//!
//! Nothing secret is kept, so an address can be shown at any time, and a new row is a new address. It has no expiry: it ends with its row.

use base64_simd::{AsOut, URL_SAFE_NO_PAD};
use hmac::Mac;
use sha2::Sha256;

use super::session_token::Signer;
use crate::clock::Millis;
use crate::ids::{FeedAddressId, UserId};
use crate::model::feed_addresses::{AddressRow, FeedKind};

/// What is signed begins with this and the name of the feed: no signature that was made for anything else is one of an address, nor that of one
/// feed one of the other.
const PURPOSE: &[u8] = b"feed address\0";

/// Bytes of the claims: user, row, and when the row was made.
const CLAIMS: usize = 8 + 8 + 8;
/// Bytes of the HMAC, which is cut.
const SIGNATURE: usize = 16;
/// Bytes of a secret.
const LENGTH: usize = CLAIMS + SIGNATURE;

/// An address with a signature of ours. It may have been replaced since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedAddress {
    /// Whose feed it is.
    pub user: UserId,
    /// The row.
    pub id: FeedAddressId,
    /// When the row was made, in Unix milliseconds. Of a database that was restored from a backup, an id may name another row by now.
    pub created_at: Millis,
    /// What tells it apart from the other addresses and tokens of its user.
    pub mark: u64,
}

impl Signer {
    /// The secret part of the address of a row.
    pub fn feed_secret(&self, feed: FeedKind, row: &AddressRow) -> String {
        let claims = claims(row);
        let signature = self.feed_hmac(feed, &claims).finalize().into_bytes();
        let bytes: Vec<u8> = claims.into_iter().chain(signature.into_iter().take(SIGNATURE)).collect();
        URL_SAFE_NO_PAD.encode_to_string(bytes)
    }

    /// The address of `feed` that `secret` is a part of; `None` if it is not one of ours.
    pub fn verify_feed_secret(&self, feed: FeedKind, secret: &str) -> Option<FeedAddress> {
        let mut bytes = [0; LENGTH];
        // The length first: the decoder panics if the output does not fit.
        if secret.len() != URL_SAFE_NO_PAD.encoded_length(LENGTH) || URL_SAFE_NO_PAD.decode(secret.as_bytes(), bytes.as_mut_slice().as_out()).is_err() {
            return None;
        }
        let (claims, signature) = bytes.split_at_checked(CLAIMS)?;
        self.feed_hmac(feed, claims).verify_truncated_left(signature).ok()?;
        let (user, rest) = claims.split_first_chunk()?;
        let (id, created_at) = rest.split_first_chunk()?;
        Some(FeedAddress {
            user: UserId(i64::from_be_bytes(*user)),
            id: FeedAddressId(i64::from_be_bytes(*id)),
            created_at: i64::from_be_bytes(created_at.try_into().ok()?),
            mark: u64::from_be_bytes(*signature.first_chunk()?),
        })
    }

    fn feed_hmac(&self, feed: FeedKind, claims: &[u8]) -> hmac::Hmac<Sha256> {
        self.keyed().chain_update(PURPOSE).chain_update(<&str>::from(feed)).chain_update([0]).chain_update(claims)
    }
}

fn claims(row: &AddressRow) -> [u8; CLAIMS] {
    let mut claims = [0; CLAIMS];
    let numbers = [row.user.0, row.id.0, row.created_at];
    claims.iter_mut().zip(numbers.into_iter().flat_map(i64::to_be_bytes)).for_each(|(to, from)| *to = from);
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> AddressRow {
        AddressRow { id: FeedAddressId(3), user: UserId(7), feed: "posts".to_owned(), created_at: 1_795_464_900_000 }
    }

    #[test]
    fn an_address_opens_its_own_feed_of_its_own_site() {
        let (signer, other) = (Signer::new(b"key").unwrap(), Signer::new(b"other").unwrap());
        let secret = signer.feed_secret(FeedKind::Posts, &row());
        let address = signer.verify_feed_secret(FeedKind::Posts, &secret).unwrap();
        assert_eq!((address.user, address.id, address.created_at), (UserId(7), FeedAddressId(3), 1_795_464_900_000));
        assert_eq!(signer.verify_feed_secret(FeedKind::Notifications, &secret), None);
        assert_eq!(other.verify_feed_secret(FeedKind::Posts, &secret), None);
        for another in [AddressRow { id: FeedAddressId(4), ..row() }, AddressRow { user: UserId(8), ..row() }, AddressRow { created_at: 1, ..row() }] {
            assert_ne!(signer.feed_secret(FeedKind::Posts, &another), secret);
        }
    }

    #[test]
    fn no_changed_or_shortened_secret_is_verified() {
        let signer = Signer::new(b"key").unwrap();
        let secret = signer.feed_secret(FeedKind::Posts, &row());
        for at in 0..secret.len() {
            let mut changed = secret.clone();
            changed.replace_range(at..=at, if secret.as_bytes()[at] == b'A' { "B" } else { "A" });
            assert_eq!(signer.verify_feed_secret(FeedKind::Posts, &changed), None, "{at}");
            assert_eq!(signer.verify_feed_secret(FeedKind::Posts, &secret[..at]), None, "{at}");
        }
        for other in [format!("{secret}AAAA"), format!("{secret}="), String::new(), "ä\0".to_owned(), "-".repeat(secret.len())] {
            assert_eq!(signer.verify_feed_secret(FeedKind::Posts, &other), None, "{other:?}");
        }
    }
}
