//! The session token: who asks, until when, a secret, and a signature over all of it.
//!
//! The signature lets a poll know its caller without reading a row. It guards only the empty answer; whatever is
//! worth anything is given out against the session's row, which is found by the hash of the secret.

use base64_simd::{AsOut, URL_SAFE_NO_PAD};
use hmac::digest::InvalidLength;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::clock::{DAY, Millis};
use crate::ids::UserId;

/// A session ends when no page was opened for this long (14 days).
pub const IDLE: Millis = 14 * DAY;
/// And at the latest this long after signing in (90 days).
pub const ABSOLUTE: Millis = 90 * DAY;

/// Bytes of a session's secret: 192 bits, more than anybody can guess. With as many as a hash has, what is signed would fill a
/// further block, which every poll would have to hash.
const SECRET: usize = 24;
/// Bytes of what a token says: user, idle end, absolute end, secret.
const SAID: usize = 8 + 8 + 8 + SECRET;
/// Bytes of a sealed token: what it says, and the signature.
const LENGTH: usize = SAID + 32;

/// SHA-256 of a session's secret.
pub type TokenHash = [u8; 32];

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Who.
    pub user: UserId,
    /// Ends then unless renewed, in Unix milliseconds.
    pub idle_expires_at: Millis,
    /// Ends then whatever happens, in Unix milliseconds.
    pub expires_at: Millis,
    secret: [u8; SECRET],
}

impl Token {
    /// A token for a new session of `user`, signed in at `now`.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn fresh(user: UserId, now: Millis) -> Result<Token, getrandom::Error> {
        let expires_at = now.saturating_add(ABSOLUTE);
        Ok(Token { user, idle_expires_at: idle_end(now, expires_at), expires_at, secret: random()? })
    }

    /// The same session, idle from `now`.
    #[must_use]
    pub fn renewed(self, now: Millis) -> Token {
        Token { idle_expires_at: idle_end(now, self.expires_at), ..self }
    }

    /// Under which the session's row is found.
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.secret).into()
    }

    /// Whether it still counts at `now`.
    pub fn lives(&self, now: Millis) -> bool {
        now < self.idle_expires_at && now < self.expires_at
    }
}

fn idle_end(now: Millis, expires_at: Millis) -> Millis {
    now.saturating_add(IDLE).min(expires_at)
}

fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Signs tokens and reads signed ones.
pub struct Signer(Hmac<Sha256>);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

impl Signer {
    /// Key material for a new database.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn fresh_key() -> Result<[u8; 32], getrandom::Error> {
        random()
    }

    /// Signs with `key`.
    ///
    /// # Errors
    /// None that HMAC knows of: it takes a key of any length.
    pub fn new(key: &[u8]) -> Result<Signer, InvalidLength> {
        Hmac::new_from_slice(key).map(Signer)
    }

    /// The token as a cookie or bearer carries it.
    pub fn seal(&self, token: &Token) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(&token.user.0.to_be_bytes());
        bytes.extend_from_slice(&token.idle_expires_at.to_be_bytes());
        bytes.extend_from_slice(&token.expires_at.to_be_bytes());
        bytes.extend_from_slice(&token.secret);
        let signature = self.0.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode_to_string(bytes)
    }

    /// What a sealed token says, if it is one of ours.
    pub fn open(&self, sealed: &[u8]) -> Option<Token> {
        let mut bytes = [0; LENGTH];
        // Asked first, because the decoder takes it for granted that there is room for what comes out.
        if sealed.len() != URL_SAFE_NO_PAD.encoded_length(LENGTH) || URL_SAFE_NO_PAD.decode(sealed, bytes.as_mut_slice().as_out()).is_err() {
            return None;
        }
        let (said, signature) = bytes.split_at_checked(SAID)?;
        self.0.clone().chain_update(said).verify_slice(signature).ok()?;
        let (user, said) = said.split_first_chunk()?;
        let (idle_expires_at, said) = said.split_first_chunk()?;
        let (expires_at, said) = said.split_first_chunk()?;
        Some(Token {
            user: UserId(i64::from_be_bytes(*user)),
            idle_expires_at: i64::from_be_bytes(*idle_expires_at),
            expires_at: i64::from_be_bytes(*expires_at),
            secret: said.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_again() {
        let (signer, token) = (Signer::new(b"key").unwrap(), Token::fresh(UserId(7), 1_000).unwrap());
        assert_eq!(signer.open(signer.seal(&token).as_bytes()), Some(token));
    }

    #[test]
    fn no_changed_or_shortened_token_opens_nor_one_of_another_key() {
        let (signer, token) = (Signer::new(b"key").unwrap(), Token::fresh(UserId(7), 1_000).unwrap());
        let sealed = signer.seal(&token);
        assert_eq!(Signer::new(b"other").unwrap().open(sealed.as_bytes()), None);
        for at in 0..sealed.len() {
            let other = if sealed.as_bytes()[at] == b'A' { "B" } else { "A" };
            let mut changed = sealed.clone();
            changed.replace_range(at..=at, other);
            assert_eq!(signer.open(changed.as_bytes()), None, "{at}");
            assert_eq!(signer.open(&sealed.as_bytes()[..at]), None, "{at}");
        }
        assert_eq!(signer.open(format!("{sealed}AAAA").as_bytes()), None);
        assert_eq!(signer.open(b""), None);
        assert_eq!(signer.open("ä\0".as_bytes()), None);
    }

    #[test]
    fn renewal_moves_the_idle_end_but_never_past_the_absolute_one() {
        let token = Token::fresh(UserId(7), 0).unwrap();
        assert!(token.lives(14 * DAY - 1) && !token.lives(14 * DAY));
        assert!(token.renewed(10 * DAY).lives(24 * DAY - 1));
        assert!(!token.renewed(89 * DAY).lives(90 * DAY));
        assert_eq!(token.renewed(10 * DAY).hash(), token.hash());
    }
}
