//! Which characters can be seen.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// Whether a reader sees nothing at all where `c` stands alone: blanks, what only shapes or directs other characters or fills a place, the empty
/// Braille pattern, the marks around annotations, and a note without a head.
pub fn is_invisible(c: char) -> bool {
    let is_blank = c.is_whitespace() || c.is_control() || matches!(c, '\u{2800}' | '\u{fff9}'..='\u{fffb}' | '\u{1d159}');
    is_blank || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_marks_and_pictures_are_seen_and_what_only_fills_or_directs_is_not() {
        assert!(!"aé漢𝒳🦜.\u{301}\u{FFFD}".chars().any(is_invisible));
        assert!("\0\t \u{A0}\u{2003}\u{200B}\u{200D}\u{202E}\u{2066}\u{2800}\u{3164}\u{FEFF}\u{FE0F}\u{E0041}".chars().all(is_invisible));
    }
}
