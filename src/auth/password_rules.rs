//! What may be a password: its length, and nothing that is guessed first.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// Fewest characters of a password.
pub const SHORTEST: usize = 8;
/// Most characters of a password.
pub const LONGEST: usize = 200;

/// Passwords that are guessed first, in the order of their letters: of the ten thousand most frequent ones in public lists of leaked passwords, those
/// of five characters or more. Source: the frequency list in the crate zxcvbn (MIT), version 3.1.1.
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Why `typed` cannot be the password of `username`, for the person who typed it; `None` if it can.
pub fn objection(typed: &str, username: &str) -> Option<&'static str> {
    match typed.chars().count() {
        0..SHORTEST => return Some("Use at least 8 characters."),
        SHORTEST..=LONGEST => {}
        _ => return Some("Use at most 200 characters."),
    }
    let folded: String = typed.nfkc().flat_map(char::to_lowercase).collect();
    let folded = folded.trim();
    // "letmein1!" is guessed right after "letmein".
    let word = folded.trim_end_matches(|c: char| !c.is_alphabetic());
    let username = username.trim().trim_start_matches('@').to_lowercase();
    if [folded, word].contains(&username.as_str()) || word == "tidings" {
        return Some("Your password must not be your username or the name of this site.");
    }
    let part = repeated_part(folded);
    if is_common(folded) || is_common(word) || is_common(part) {
        return Some("That is one of the passwords that are guessed first. Please choose another.");
    }
    if is_sequence(folded) || (part != folded && part.chars().count() < SHORTEST) {
        return Some("Repeated or consecutive characters are easy to guess. Please choose another password.");
    }
    None
}

fn is_common(word: &str) -> bool {
    COMMON.binary_search(&word).is_ok()
}

/// The shortest part of which `text` is a repetition: "ab" of "ababab". If it is none, all of it.
fn repeated_part(text: &str) -> &str {
    let starts = text.char_indices().map(|(at, _)| at).skip(1);
    let parts = starts.filter_map(|end| text.get(..end));
    parts.into_iter().find(|part| text.len().is_multiple_of(part.len()) && part.repeat(text.len() / part.len()) == text).unwrap_or(text)
}

/// Whether each character follows the one before, or precedes it: "abcdefgh", "87654321".
fn is_sequence(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    [1, -1].iter().any(|step| codes.windows(2).all(|pair| matches!(pair, [one, next] if next - one == *step)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused() {
        let guessed = [
            "password",
            "Password",
            "PASSWORD1",
            "password123",
            "letmein1",
            "letmein!!",
            "12345678",
            "87654321",
            "abcdefgh",
            "sunshine2026",
            "hunter2hunter2",
            "aaaaaaaa",
            "abababab",
            "qwertyuiop",
            "ada_lovelace",
            "Ada_Lovelace99",
            "tidings2026",
            "ｐａｓｓｗｏｒｄ",
        ];
        for typed in guessed {
            assert!(objection(typed, "ada_lovelace").is_some(), "{typed}");
        }
        assert!(objection("ada_lovelace", "@Ada_Lovelace").is_some());
    }

    #[test]
    fn a_few_words_or_something_random_is_a_password() {
        for typed in ["correct horse", "high-tide", "new password", "ada_lovelace", "xK3#qPz9", "päs̈swörter", "🌊🌊🐚🐚⛵⛵🐟🐟", "1815-12-10 London"]
        {
            assert_eq!(objection(typed, "bob"), None, "{typed}");
        }
    }

    #[test]
    fn eight_to_two_hundred_characters_as_typed() {
        assert!(objection("shrt-pw", "bob").is_some_and(|why| why.contains("at least 8")));
        assert_eq!(objection(&"correct horse ".repeat(15)[..200], "bob"), None);
        assert!(objection(&"x".repeat(201), "bob").is_some_and(|why| why.contains("at most 200")));
    }

    #[test]
    fn the_list_is_in_order() {
        assert!(COMMON.is_sorted() && COMMON.len() > 8_000, "{}", COMMON.len());
    }
}
