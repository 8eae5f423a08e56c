//! Usernames, parsed where a request comes in, so that nothing else ever reaches a query or a page.

use derive_more::Display;
use serde::Deserialize;

/// Fewest characters of a username.
const SHORTEST: usize = 3;
/// Most characters of a username.
pub const LONGEST: usize = 30;

/// 3–30 of `a-z 0-9 _`, lower-cased from whatever case it was typed in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Display, Deserialize)]
#[serde(try_from = "String")]
pub struct Username(String);

/// Why something is no username, for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAUsername {
    /// Fewer than 3 characters.
    #[error("Use at least 3 characters.")]
    TooShort,
    /// More than 30 characters.
    #[error("Use at most 30 characters.")]
    TooLong,
    /// Something besides `a-z`, `0-9` and `_`.
    #[error("Use only the letters a to z, digits and underscores.")]
    WrongCharacters,
}

impl Username {
    /// Parses a username in any letter case. Ignored are blanks around it of any kind, as phones and copied text have them, and an @ before it.
    ///
    /// # Errors
    /// [`NotAUsername`] says which rule was broken.
    pub fn parse(typed: &str) -> Result<Username, NotAUsername> {
        let typed = typed.trim();
        let typed = typed.strip_prefix('@').unwrap_or(typed);
        if typed.chars().any(|c| !is_username_char(c)) {
            return Err(NotAUsername::WrongCharacters);
        }
        match typed.len() {
            0..SHORTEST => Err(NotAUsername::TooShort),
            SHORTEST..=LONGEST => Ok(Username(typed.to_ascii_lowercase())),
            _ => Err(NotAUsername::TooLong),
        }
    }

    /// The name, lower-case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `c` may stand in a username, in either letter case.
pub fn is_username_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl TryFrom<String> for Username {
    type Error = NotAUsername;

    fn try_from(typed: String) -> Result<Self, NotAUsername> {
        Username::parse(&typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_does_not_matter() {
        assert_eq!(Username::parse("Ada_99"), Username::parse("aDA_99"));
        assert_eq!(Username::parse("Ada_99").map(|name| name.to_string()), Ok("ada_99".to_owned()));
    }

    #[test]
    fn what_people_paste_around_a_name_is_ignored() {
        for typed in ["@ada", " ada", "ada ", "ada\u{a0}", "\u{2003}@ADA\n"] {
            assert_eq!(Username::parse(typed).map(|name| name.to_string()), Ok("ada".to_owned()), "{typed:?}");
        }
    }

    #[test]
    fn three_to_thirty_characters() {
        assert_eq!(Username::parse("ab"), Err(NotAUsername::TooShort));
        assert!(Username::parse("abc").is_ok());
        assert!(Username::parse(&"a".repeat(30)).is_ok());
        assert_eq!(Username::parse(&"a".repeat(31)), Err(NotAUsername::TooLong));
        assert_eq!(Username::parse(""), Err(NotAUsername::TooShort));
    }

    #[test]
    fn nothing_that_could_be_markup_a_path_or_another_alphabet() {
        for wrong in ["<b>ada", "a/b/c", "ada lovelace", "ad\0a", "ädä", "а́да", "ada.b", "a\nda", "@@ada", "%00ab", "K\u{212A}abc"] {
            assert_eq!(Username::parse(wrong), Err(NotAUsername::WrongCharacters), "{wrong:?}");
        }
    }
}
