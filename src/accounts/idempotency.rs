//! Requests that may be repeated without being carried out twice.

use sha2::{Digest, Sha256};

use crate::domain::draft::Draft;
use crate::hex::hex;
use crate::model::idempotency_keys::BodyHash;

/// Most characters of a key.
const LONGEST: usize = 255;

/// A request with a key of its author's, and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    pub(super) key: String,
    pub(super) body_hash: BodyHash,
}

impl KeyedRequest {
    /// A request with the header `Idempotency-Key: key` and a body of these `parts`. `None` if that is no key: 1–255 visible ASCII characters.
    pub fn new(key: &[u8], parts: &[&[u8]]) -> Option<KeyedRequest> {
        let is_key = (1..=LONGEST).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
        let key = is_key.then(|| String::from_utf8(key.to_vec()).ok()).flatten()?;
        Some(KeyedRequest { key, body_hash: hash(parts) })
    }

    /// A form that was made with this `nonce`, a random word. Pressed twice, it is one request. When its text was changed after the browser's Back,
    /// it is another: its key is made of both.
    pub fn of_form(nonce: &str, draft: &Draft) -> KeyedRequest {
        let body_hash = hash(&[nonce.as_bytes(), draft.text.as_bytes(), draft.url.as_deref().unwrap_or_default().as_bytes()]);
        KeyedRequest { key: format!("form:{}", hex(&body_hash)), body_hash }
    }
}

/// The hash of all `parts`, each with its length: otherwise what is moved from one to the next would be the same.
fn hash(parts: &[&[u8]]) -> BodyHash {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_1_to_255_visible_ascii_characters() {
        let longest = "k".repeat(255);
        for key in ["a", "\"quoted\"", "build-7/~", &longest] {
            assert_eq!(KeyedRequest::new(key.as_bytes(), &[]).map(|request| request.key).as_deref(), Some(key));
        }
        for wrong in [&b""[..], b"two words", b"tab\t", b"\xe9", "é".as_bytes(), b"\x7f", &[b'k'; 256]] {
            assert_eq!(KeyedRequest::new(wrong, &[]), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_same_form_is_the_same_request_and_another_text_another() {
        let of = |nonce: &str, text: &str, url: &str| KeyedRequest::of_form(nonce, &Draft { text: text.into(), url: Some(url.into()), ..Draft::default() });
        assert_eq!(of("n", "a", "b"), of("n", "a", "b"));
        for other in [of("m", "a", "b"), of("n", "ab", ""), of("n", "", "ab"), of("na", "", "b")] {
            assert_ne!(of("n", "a", "b").key, other.key);
        }
    }
}
