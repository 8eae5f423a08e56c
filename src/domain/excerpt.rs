//! The beginning of a text, where there is no room for all of it.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

/// `text` on one line, its white space folded; if that has more than `longest` characters, its beginning and "…", and no more than `longest`
/// characters in all. It is cut between two words where there are any.
pub fn excerpt(text: &str, longest: usize) -> Cow<'_, str> {
    let folded = folded(text);
    let chars: Vec<char> = folded.chars().collect();
    if chars.len() <= longest {
        return folded;
    }
    let room = longest.saturating_sub(1);
    let begin: String = chars.iter().take(cut(&chars, room)).collect();
    Cow::Owned(begin.trim_end().to_owned() + "…")
}

/// Every run of white space as one blank, and none at the ends.
fn folded(text: &str) -> Cow<'_, str> {
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (None, _) => Cow::Borrowed(""),
        (Some(only), None) => Cow::Borrowed(only),
        _ => Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

/// How many of `chars` to keep, up to `room`: the last whole word, if that is more than half; else as many as there is room for without taking
/// a character apart.
fn cut(chars: &[char], room: usize) -> usize {
    let begin = chars.get(..=room).unwrap_or(chars);
    match begin.iter().rposition(|c| *c == ' ') {
        Some(blank) if blank > room / 2 => blank,
        _ => (1..=room).rev().find(|at| is_between(chars, *at)).unwrap_or(room),
    }
}

/// Whether what people take for one character ends before `at`: an accent, the colour of a skin, or what a joiner joins, goes with the one
/// before it.
fn is_between(chars: &[char], at: usize) -> bool {
    const JOINER: char = '\u{200d}';
    let goes_on = |c: &char| is_combining_mark(*c) || matches!(c, &JOINER | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    let joins = at.checked_sub(1).and_then(|before| chars.get(before)) == Some(&JOINER);
    !joins && !chars.get(at).is_some_and(goes_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_whole_and_on_one_line() {
        for (text, whole) in
            [("", ""), (" \n\t ", ""), ("word", "word"), (" two\r\n\r\n  words ", "two words"), ("👍👍👍👍👍👍👍👍👍👍", "👍👍👍👍👍👍👍👍👍👍")]
        {
            assert_eq!(excerpt(text, 10), whole, "{text:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_between_words_or_characters() {
        for (text, longest, begin) in [
            ("one two three", 10, "one two…"),
            ("one two three", 8, "one two…"),
            ("one-two-three", 10, "one-two-t…"),
            ("a one-two-three", 10, "a one-two…"),
            // An accent of its own, a hand with a skin, a family.
            ("123456e\u{301}89", 8, "123456…"),
            ("12345👍\u{1f3fd}\u{1f3fd}9", 7, "12345…"),
            ("1234👨\u{200d}👩\u{200d}👧9", 7, "1234…"),
            ("\u{301}\u{301}\u{301}\u{301}", 3, "\u{301}\u{301}…"),
        ] {
            let cut = excerpt(text, longest);
            assert_eq!(cut, begin, "{text:?}");
            assert!(cut.chars().count() <= longest);
        }
    }
}
