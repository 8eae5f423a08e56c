//! The session token: a user, two expiry times, a secret, and an HMAC over all of it.
//!
//! The HMAC lets a poll know its caller without reading a row. It guards only the empty answer: everything of value is given out against
//! the session's row, which is found by the hash of the secret.

use base64_simd::{AsOut, URL_SAFE_NO_PAD};
use hmac::digest::InvalidLength;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::clock::{DAY, HOUR, Millis};
use crate::hex::hex;
use crate::ids::UserId;
use crate::model::sessions::TokenHash;

/// A session ends when no page was opened for this long: 14 days, in milliseconds.
pub const IDLE_TIMEOUT: Millis = 14 * DAY;
/// A session ends this long after signing in, whatever is opened: 90 days, in milliseconds.
pub const ABSOLUTE_TIMEOUT: Millis = 90 * DAY;

/// How long ago the last use of a session must be before another is worth a write that renews it: an hour, in milliseconds.
pub const RENEW_AFTER: Millis = HOUR;

/// Bytes of a session's secret: 192 bits, which nobody can guess. With 32 bytes, what is signed would fill one more SHA-256 block, which
/// every poll would have to hash.
const SECRET: usize = 24;
/// Bytes of the payload: user, idle end, absolute end, secret.
const PAYLOAD: usize = 8 + 8 + 8 + SECRET;
/// Bytes of a signed token: payload and HMAC.
const LENGTH: usize = PAYLOAD + 32;

/// The payload of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionToken {
    /// Whose session it is.
    pub user: UserId,
    /// When it ends unless it is renewed, in Unix milliseconds.
    pub idle_expires_at: Millis,
    /// When it ends in any case, in Unix milliseconds.
    pub expires_at: Millis,
    secret: [u8; SECRET],
}

impl SessionToken {
    /// A token for a new session of `user`, signed in at `now`.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn fresh(user: UserId, now: Millis) -> Result<SessionToken, getrandom::Error> {
        let expires_at = now.saturating_add(ABSOLUTE_TIMEOUT);
        Ok(SessionToken { user, idle_expires_at: idle_expiry(now, expires_at), expires_at, secret: random()? })
    }

    /// The same session, with its idle timeout starting at `now` (Unix milliseconds).
    #[must_use]
    pub fn renewed(self, now: Millis) -> SessionToken {
        SessionToken { idle_expires_at: idle_expiry(now, self.expires_at), ..self }
    }

    /// The hash by which the session's row is found.
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.secret).into()
    }

    /// What tells it apart from the other sessions of its user.
    pub fn mark(&self) -> u64 {
        self.secret.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    /// Whether it has not ended at `now` (Unix milliseconds). It may have been revoked.
    pub fn is_alive(&self, now: Millis) -> bool {
        now < self.idle_expires_at && now < self.expires_at
    }
}

fn idle_expiry(now: Millis, expires_at: Millis) -> Millis {
    now.saturating_add(IDLE_TIMEOUT).min(expires_at)
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Signs tokens and verifies signed ones: here those of sessions, in `api_token` those of programs.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

/// What [`Signer::keyed_hash`] makes.
pub type KeyedHash = [u8; 16];

/// Bytes of a [`Signer::site_id`].
const SITE_ID: usize = 4;

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

impl Signer {
    /// A random key, for a new database.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn fresh_key() -> Result<[u8; 32], getrandom::Error> {
        random()
    }

    /// A signer with `key`.
    ///
    /// # Errors
    /// None that HMAC knows of: it takes a key of any length.
    pub fn new(key: &[u8]) -> Result<Signer, InvalidLength> {
        Hmac::new_from_slice(key).map(Signer)
    }

    /// The HMAC with the key, and nothing in it yet.
    pub(super) fn keyed(&self) -> Hmac<Sha256> {
        self.0.clone()
    }

    /// Eight hex digits that are the same for all instances of a site, and others for another site.
    pub fn site_id(&self) -> String {
        let digest = self.keyed().chain_update(b"site id").finalize().into_bytes();
        hex(digest.get(..SITE_ID).unwrap_or_default())
    }

    /// A hash of `value` that only this site can make, and another one for each `purpose`: to recognise what must not be kept.
    pub fn keyed_hash(&self, purpose: &str, value: &str) -> KeyedHash {
        let digest = self.keyed().chain_update(purpose).chain_update([0]).chain_update(value).finalize().into_bytes();
        let mut hash = KeyedHash::default();
        hash.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        hash
    }

    /// The signed token as a cookie or a bearer header carries it: base64url.
    pub fn sign(&self, token: &SessionToken) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(&token.user.0.to_be_bytes());
        bytes.extend_from_slice(&token.idle_expires_at.to_be_bytes());
        bytes.extend_from_slice(&token.expires_at.to_be_bytes());
        bytes.extend_from_slice(&token.secret);
        let signature = self.keyed().chain_update(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode_to_string(bytes)
    }

    /// The payload of a signed token; `None` if it is not one of ours.
    pub fn verify(&self, signed: &[u8]) -> Option<SessionToken> {
        let mut bytes = [0; LENGTH];
        // The length first: the decoder panics if the output does not fit.
        if signed.len() != URL_SAFE_NO_PAD.encoded_length(LENGTH) || URL_SAFE_NO_PAD.decode(signed, bytes.as_mut_slice().as_out()).is_err() {
            return None;
        }
        let (payload, signature) = bytes.split_at_checked(PAYLOAD)?;
        self.keyed().chain_update(payload).verify_slice(signature).ok()?;
        let (user, rest) = payload.split_first_chunk()?;
        let (idle_expires_at, rest) = rest.split_first_chunk()?;
        let (expires_at, rest) = rest.split_first_chunk()?;
        Some(SessionToken {
            user: UserId(i64::from_be_bytes(*user)),
            idle_expires_at: i64::from_be_bytes(*idle_expires_at),
            expires_at: i64::from_be_bytes(*expires_at),
            secret: rest.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_signed_is_verified() {
        let (signer, token) = (Signer::new(b"key").unwrap(), SessionToken::fresh(UserId(7), 1_000).unwrap());
        assert_eq!(signer.verify(signer.sign(&token).as_bytes()), Some(token));
    }

    #[test]
    fn no_changed_or_shortened_token_is_verified_nor_one_of_another_key() {
        let (signer, token) = (Signer::new(b"key").unwrap(), SessionToken::fresh(UserId(7), 1_000).unwrap());
        let signed = signer.sign(&token);
        assert_eq!(Signer::new(b"other").unwrap().verify(signed.as_bytes()), None);
        for at in 0..signed.len() {
            let other = if signed.as_bytes()[at] == b'A' { "B" } else { "A" };
            let mut changed = signed.clone();
            changed.replace_range(at..=at, other);
            assert_eq!(signer.verify(changed.as_bytes()), None, "{at}");
            assert_eq!(signer.verify(&signed.as_bytes()[..at]), None, "{at}");
        }
        assert_eq!(signer.verify(format!("{signed}AAAA").as_bytes()), None);
        assert_eq!(signer.verify(b""), None);
        assert_eq!(signer.verify("ä\0".as_bytes()), None);
    }

    #[test]
    fn renewal_moves_the_idle_end_but_never_past_the_absolute_one() {
        let token = SessionToken::fresh(UserId(7), 0).unwrap();
        assert!(token.is_alive(14 * DAY - 1) && !token.is_alive(14 * DAY));
        assert!(token.renewed(10 * DAY).is_alive(24 * DAY - 1));
        assert!(!token.renewed(89 * DAY).is_alive(90 * DAY));
        assert_eq!(token.renewed(10 * DAY).hash(), token.hash());
    }
}
