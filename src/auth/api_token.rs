//! The token of a program: a user, a scope, a secret, and an HMAC over all of it.
//!
//! Like that of a session, the HMAC lets a poll know its caller without reading a row. It has no expiry: it ends with its row.

use std::convert::Infallible;

use base64_simd::{AsOut, URL_SAFE_NO_PAD};
use hmac::Mac;
use sha2::{Digest, Sha256};

use super::session_token::{Signer, random};
use crate::ids::UserId;
use crate::model::sessions::TokenHash;
use crate::model::tokens::Scope;

/// What every token of a program begins with, so that people and secret scanners know one when they see it. No session token does.
pub const PREFIX: &str = "tdg_";

/// What is signed begins with this: no signature that was made for anything else is one of a token.
const PURPOSE: &[u8] = b"program token\0";

/// What a secret is made of begins with this, where it is not drawn by chance.
const SEEDED: &[u8] = b"program token of a seed\0";

/// Bytes of the secret.
const SECRET: usize = 28;
/// Bytes of what stands behind the secret: user and scope.
const CLAIMS: usize = 8 + 1;
/// Bytes of the payload. With the purpose, it fills one block of SHA-256, and so costs a poll what the token of a session costs.
const PAYLOAD: usize = SECRET + CLAIMS;
/// Bytes of the HMAC, which is cut.
const SIGNATURE: usize = 16;
/// Bytes of a signed token.
const LENGTH: usize = PAYLOAD + SIGNATURE;

/// The payload of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiToken {
    /// Whose token it is.
    pub user: UserId,
    /// What it may be used for.
    pub scope: Scope,
    secret: [u8; SECRET],
}

impl ApiToken {
    /// The hash by which the token's row is found.
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.secret).into()
    }

    /// What tells it apart from the other tokens of its user.
    pub fn mark(&self) -> u64 {
        self.secret.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    /// User and scope, mixed with the secret. Plain, they would be the same in every draw of [`Signer::fresh_api_token`], and for some users there
    /// would be a `-` among them each time.
    fn payload(&self) -> [u8; PAYLOAD] {
        let mut payload = [0; PAYLOAD];
        let claims = self.user.0.to_be_bytes().into_iter().chain([byte_of(self.scope)]);
        let mixed = claims.zip(self.secret).map(|(byte, secret)| byte ^ secret);
        payload.iter_mut().zip(self.secret.into_iter().chain(mixed)).for_each(|(to, from)| *to = from);
        payload
    }

    /// The reverse of [`ApiToken::payload`]; `None` if there is no such scope.
    fn from_payload(payload: &[u8]) -> Option<ApiToken> {
        let (secret, mixed) = payload.split_first_chunk::<SECRET>()?;
        let mut claims = [0; CLAIMS];
        claims.iter_mut().zip(mixed.iter().zip(secret)).for_each(|(to, (byte, secret))| *to = byte ^ secret);
        let (user, scope) = claims.split_first_chunk()?;
        Some(ApiToken { user: UserId(i64::from_be_bytes(*user)), scope: scope_of(*scope.first()?)?, secret: *secret })
    }
}

/// The scope in a token. A number that was given once is never given to another.
fn byte_of(scope: Scope) -> u8 {
    match scope {
        Scope::Read => 1,
        Scope::Post => 2,
        Scope::All => 3,
    }
}

fn scope_of(byte: u8) -> Option<Scope> {
    [Scope::Read, Scope::Post, Scope::All].into_iter().find(|scope| byte_of(*scope) == byte)
}

impl Signer {
    /// A new token, and what its owner is shown: 75 characters.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn fresh_api_token(&self, user: UserId, scope: Scope) -> Result<(ApiToken, String), getrandom::Error> {
        self.draw_api_token(user, scope, random)
    }

    /// The token of whoever knows `seed`, which nobody can guess: the same each time.
    pub fn api_token_of(&self, user: UserId, scope: Scope, seed: &str) -> (ApiToken, String) {
        let mut draws = 0_u64;
        let drawn = self.draw_api_token(user, scope, || {
            draws += 1;
            let digest = self.keyed().chain_update(SEEDED).chain_update(draws.to_be_bytes()).chain_update(seed).finalize().into_bytes();
            let mut secret = [0; SECRET];
            secret.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
            Ok::<_, Infallible>(secret)
        });
        drawn.unwrap_or_else(|never| match never {})
    }

    /// A token is drawn until there is no `-` in it, about three times. So a double click selects it as a whole, and `\btdg_\w{71}\b` finds it.
    fn draw_api_token<E>(&self, user: UserId, scope: Scope, mut draw: impl FnMut() -> Result<[u8; SECRET], E>) -> Result<(ApiToken, String), E> {
        loop {
            let token = ApiToken { user, scope, secret: draw()? };
            let signed = self.sign_api_token(&token);
            if !signed.contains('-') {
                return Ok((token, signed));
            }
        }
    }

    fn sign_api_token(&self, token: &ApiToken) -> String {
        let payload = token.payload();
        let signature = self.keyed().chain_update(PURPOSE).chain_update(payload).finalize().into_bytes();
        let bytes: Vec<u8> = payload.into_iter().chain(signature.into_iter().take(SIGNATURE)).collect();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode_to_string(bytes))
    }

    /// The payload of a signed token; `None` if it is not one of ours.
    pub fn verify_api_token(&self, signed: &str) -> Option<ApiToken> {
        let encoded = signed.strip_prefix(PREFIX)?;
        let mut bytes = [0; LENGTH];
        // The length first: the decoder panics if the output does not fit.
        if encoded.len() != URL_SAFE_NO_PAD.encoded_length(LENGTH) || URL_SAFE_NO_PAD.decode(encoded.as_bytes(), bytes.as_mut_slice().as_out()).is_err() {
            return None;
        }
        let (payload, signature) = bytes.split_at_checked(PAYLOAD)?;
        self.keyed().chain_update(PURPOSE).chain_update(payload).verify_truncated_left(signature).ok()?;
        ApiToken::from_payload(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::session_token::SessionToken;

    fn signer() -> Signer {
        Signer::new(b"key").unwrap()
    }

    /// For these users, a part of the token would have been the same in every draw, with a `-` in it.
    #[test]
    fn whoever_it_is_for_it_is_a_word_of_75_characters_that_is_verified() {
        for user in [1, 7, 992, 1_007, 2_016, 253_952, 16_252_928, i64::MAX] {
            for scope in [Scope::Read, Scope::Post, Scope::All] {
                let (token, signed) = signer().fresh_api_token(UserId(user), scope).unwrap();
                assert!(signed.starts_with("tdg_") && signed.len() == 75, "{signed}");
                assert!(signed.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{signed}");
                assert_eq!(signer().verify_api_token(&signed), Some(token));
                assert_eq!((token.user, token.scope), (UserId(user), scope));
            }
        }
        let (one, other) = (signer().fresh_api_token(UserId(7), Scope::All).unwrap().0, signer().fresh_api_token(UserId(7), Scope::All).unwrap().0);
        assert!(one.hash() != other.hash() && one.mark() != other.mark());
    }

    #[test]
    fn no_changed_or_shortened_token_is_verified_nor_one_of_another_key() {
        let signed = signer().fresh_api_token(UserId(7), Scope::Read).unwrap().1;
        assert_eq!(Signer::new(b"other").unwrap().verify_api_token(&signed), None);
        for at in 0..signed.len() {
            for other in ["A", "B"].iter().filter(|other| other.as_bytes()[0] != signed.as_bytes()[at]) {
                let mut changed = signed.clone();
                changed.replace_range(at..=at, other);
                assert_eq!(signer().verify_api_token(&changed), None, "{at}");
            }
            assert_eq!(signer().verify_api_token(&signed[..at]), None, "{at}");
        }
        for other in [format!("{signed}A"), format!("tdg_{signed}"), signed.replacen("tdg_", "TDG_", 1), signed[4..].to_owned(), String::new(), "tdg_ä".into()]
        {
            assert_eq!(signer().verify_api_token(&other), None, "{other}");
        }
    }

    #[test]
    fn whoever_knows_the_seed_gets_the_same_token_again() {
        let of = |key: &[u8], user, scope, seed| Signer::new(key).unwrap().api_token_of(UserId(user), scope, seed).1;
        let token = of(b"key", 7, Scope::Read, "seed");
        assert_eq!(of(b"key", 7, Scope::Read, "seed"), token);
        assert!(signer().verify_api_token(&token).is_some() && token.len() == 75 && !token.contains('-'));
        for other in
            [of(b"other", 7, Scope::Read, "seed"), of(b"key", 8, Scope::Read, "seed"), of(b"key", 7, Scope::All, "seed"), of(b"key", 7, Scope::Read, "")]
        {
            assert_ne!(other, token);
        }
        let (one, other) = (signer().api_token_of(UserId(7), Scope::Read, "seed").0, signer().api_token_of(UserId(7), Scope::Read, "other").0);
        assert_ne!(one.hash(), other.hash());
    }

    /// The bits that no byte needs are no second way to write a token.
    #[test]
    fn a_token_is_written_in_one_way_only() {
        let signed = signer().fresh_api_token(UserId(7), Scope::Read).unwrap().1;
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let verified = alphabet.chars().filter(|last| signer().verify_api_token(&format!("{}{last}", &signed[..74])).is_some()).count();
        assert_eq!(verified, 1);
    }

    #[test]
    fn a_session_is_no_token_and_a_token_is_no_session() {
        let session = signer().sign(&SessionToken::fresh(UserId(7), 1_000).unwrap());
        let token = signer().fresh_api_token(UserId(7), Scope::All).unwrap().1;
        assert_eq!((signer().verify_api_token(&session), signer().verify_api_token(&format!("tdg_{session}"))), (None, None));
        assert_eq!((signer().verify(token.as_bytes()), signer().verify(&token.as_bytes()[4..])), (None, None));
        // What is signed for one purpose begins like nothing that is signed for another.
        let (api, keyed) = (ApiToken { user: UserId(7), scope: Scope::All, secret: [1; SECRET] }, signer().keyed());
        let unmarked = keyed.chain_update(api.payload()).finalize().into_bytes();
        assert!(signer().verify_api_token(&signer().sign_api_token(&api)).is_some());
        let bytes: Vec<u8> = api.payload().into_iter().chain(unmarked.into_iter().take(SIGNATURE)).collect();
        assert_eq!(signer().verify_api_token(&format!("tdg_{}", URL_SAFE_NO_PAD.encode_to_string(bytes))), None);
    }

    /// A release that made another kind of token was rolled back.
    #[test]
    fn a_scope_that_is_not_known_allows_nothing() {
        let mut payload = ApiToken { user: UserId(7), scope: Scope::All, secret: [1; SECRET] }.payload();
        assert!(ApiToken::from_payload(&payload).is_some());
        payload[PAYLOAD - 1] ^= 64;
        assert_eq!(ApiToken::from_payload(&payload), None);
    }
}
