//! Text as XML can hold it.

use std::borrow::Cow;

use crate::domain::excerpt::excerpt;

/// The longest title, in characters.
const LONGEST_TITLE: usize = 100;

/// `text` without what is no `Char` of XML 1.0. The crate that writes the feed would write it raw, and no reader could read the document.
pub fn xml_text(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_xml_char) { Cow::Borrowed(text) } else { Cow::Owned(text.chars().filter(|c| is_xml_char(*c)).collect()) }
}

fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The first line of `text` on which there is something, or as much of it as a title has room for. `None` if there is none.
pub fn title_of(text: &str) -> Option<String> {
    let text = xml_text(text);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(excerpt(first, LONGEST_TITLE).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_left_out() {
        let every: String = ('\0'..=char::MAX).filter(|c| !is_xml_char(*c)).collect();
        assert_eq!(every.chars().count(), 0x20 - 3 + 2);
        assert_eq!(xml_text("a\0b\u{1b}[31m\u{ffff}\u{fffe}c\t\r\n🦜\u{202e}"), "ab[31mc\t\r\n🦜\u{202e}");
        assert!(matches!(xml_text("as it is"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_title_is_the_first_line() {
        assert_eq!(title_of("one\ntwo").as_deref(), Some("one"));
        assert_eq!(title_of("\u{0}\r\n \n  two <b>\r\nthree").as_deref(), Some("two <b>"));
        assert_eq!((title_of(""), title_of(" \n\u{1}\n")), (None, None));
        let long = title_of(&"👍".repeat(500)).unwrap();
        assert_eq!((long.chars().count(), long.ends_with("👍…")), (100, true));
        assert_eq!(title_of(&"a".repeat(100)).unwrap(), "a".repeat(100));
    }
}
