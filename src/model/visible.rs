//! Which characters can be seen.

/// Whether a reader sees nothing at all where `c` stands alone: blanks, and characters that only shape or direct others, or fill a place.
pub fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
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
