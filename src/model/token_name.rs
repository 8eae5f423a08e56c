//! What somebody calls a token, parsed where it comes in.

use super::visible::is_invisible;

/// Most characters of a name.
pub const LONGEST: usize = 60;

/// 1 to 60 characters, something visible among them, none of them a control character; without blanks around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName(String);

/// Why something is no name, for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotATokenName {
    /// Nothing, or nothing that can be seen.
    #[error("Say what the token is for.")]
    Empty,
    /// More than 60 characters.
    #[error("Use at most 60 characters.")]
    TooLong,
    /// A control character: a line break, a tab, NUL.
    #[error("Use no line breaks, tabs or other control characters.")]
    ControlCharacters,
}

impl TokenName {
    /// Parses a name. Blanks around it are ignored.
    ///
    /// # Errors
    /// [`NotATokenName`] says which rule was broken.
    pub fn parse(typed: &str) -> Result<TokenName, NotATokenName> {
        let name = typed.trim();
        if name.chars().all(is_invisible) {
            return Err(NotATokenName::Empty);
        }
        if name.chars().any(char::is_control) {
            return Err(NotATokenName::ControlCharacters);
        }
        if name.chars().count() > LONGEST { Err(NotATokenName::TooLong) } else { Ok(TokenName(name.to_owned())) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_can_be_read_is_a_name() {
        for typed in ["Backups", " CI of <b>main</b> ", "ä", "👩‍🚀", "a\u{a0}b", &"ä".repeat(60)] {
            assert_eq!(TokenName::parse(typed).map(|name| name.as_str().to_owned()), Ok(typed.trim().to_owned()), "{typed:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_none() {
        for typed in ["", " ", "\u{a0}\u{2003}", "\n", "\u{200b}", "\u{3164}", "\u{200b} \u{feff}", "\0"] {
            assert_eq!(TokenName::parse(typed), Err(NotATokenName::Empty), "{typed:?}");
        }
        for typed in ["a\nb", "a\0b", "\u{1b}[31m", "a\tb", "a\u{85}b", "a\u{7f}"] {
            assert_eq!(TokenName::parse(typed), Err(NotATokenName::ControlCharacters), "{typed:?}");
        }
        assert_eq!(TokenName::parse(&"a".repeat(61)), Err(NotATokenName::TooLong));
    }
}
