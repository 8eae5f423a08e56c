//! What a post may say.

use crate::model::visible::is_invisible;

/// Most characters (code points) of a text. A line break is one, however it was sent.
pub const LONGEST: usize = 500;

/// The text of a post with `title` as its first line: trimmed, with a line feed where a line ends.
pub fn check(typed: &str, title: Option<&str>) -> Result<String, String> {
    refuse_unprintable("The text", typed, &['\n', '\r', '\t'])?;
    refuse_unprintable("The title", title.unwrap_or_default(), &['\n', '\r', '\t'])?;
    let text = with_line_feeds(typed);
    let text = text.trim();
    if !text.chars().any(is_visible) {
        return Err("Write something: there is nothing to see in the text.".to_owned());
    }
    let title = one_line(title.unwrap_or_default());
    let text = if title.chars().any(is_visible) { format!("{title}\n{text}") } else { text.to_owned() };
    match text.chars().count() {
        0..=LONGEST => Ok(text),
        more => Err(format!("Use at most {LONGEST} characters. These are {more}.")),
    }
}

/// Browsers send CRLF for a line break; a lone CR is one as well.
fn with_line_feeds(typed: &str) -> String {
    typed.replace("\r\n", "\n").replace('\r', "\n")
}

/// A title is one line: its own line breaks are spaces.
fn one_line(title: &str) -> String {
    with_line_feeds(title).split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Refuses control characters, which a page does not show and a terminal obeys, but those `allowed`; and noncharacters, which mean nothing in
/// any text. `what` begins the sentence.
pub fn refuse_unprintable(what: &str, typed: &str, allowed: &[char]) -> Result<(), String> {
    match typed.chars().find(|c| (c.is_control() && !allowed.contains(c)) || is_noncharacter(*c)) {
        None => Ok(()),
        Some(c) if c.is_control() => Err(format!("{what} contains the control character U+{:04X}{}.", u32::from(c), control_name(c))),
        Some(c) => Err(format!("{what} contains U+{:04X}, which is not a character.", u32::from(c))),
    }
}

/// The names of the usual ones, as in terminals and tables.
fn control_name(c: char) -> &'static str {
    match c {
        '\0' => " (NUL)",
        '\u{7}' => " (BEL)",
        '\u{8}' => " (backspace)",
        '\u{1b}' => " (ESC)",
        '\u{7f}' => " (DEL)",
        _ => "",
    }
}

fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

pub(super) fn is_visible(c: char) -> bool {
    !is_invisible(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(typed: &str) -> Result<String, String> {
        check(typed, None)
    }

    #[test]
    fn between_one_and_500_characters_once_trimmed() {
        for (typed, kept) in [
            ("Hello", "Hello"),
            ("  \u{a0}Hello \n\t", "Hello"),
            ("a\r\n\r\nb\rc\td", "a\n\nb\nc\td"),
            ("50% & more + ok", "50% & more + ok"),
            ("<b>\u{202e}bold\u{200f}</b> 🦜🏽‍♂️", "<b>\u{202e}bold\u{200f}</b> 🦜🏽‍♂️"),
        ] {
            assert_eq!(text(typed).as_deref(), Ok(kept));
        }
        assert!(text(&"👍".repeat(500)).is_ok() && text(&format!(" {}\r\n", "a\r\n".repeat(250))).is_ok());
        assert_eq!(text(&"👍".repeat(501)), Err("Use at most 500 characters. These are 501.".into()));
    }

    #[test]
    fn something_must_be_visible() {
        for nothing in ["", " ", "\r\n\t", "\u{200b}", "\u{3164}", "\u{ffa0}\u{115f}", "\u{feff}", "\u{ad}", "\u{2060}\u{2800}", "\u{e0020}", "\u{34f}\u{fe0f}"]
        {
            assert!(text(nothing).unwrap_err().starts_with("Write something"), "{nothing:?}");
        }
        for something in [".", "\u{200b}.", "́", "🏳️‍🌈", "\u{e000}", "字"] {
            assert!(text(something).is_ok(), "{something:?}");
        }
    }

    #[test]
    fn control_characters_and_noncharacters_are_refused_by_name() {
        for (typed, said) in [
            ("a\0", "The text contains the control character U+0000 (NUL)."),
            ("\u{1b}[31mred", "The text contains the control character U+001B (ESC)."),
            ("a\u{85}b", "The text contains the control character U+0085."),
            ("a\u{b}b", "The text contains the control character U+000B."),
            ("a\u{ffff}", "The text contains U+FFFF, which is not a character."),
            ("\u{fdd0}", "The text contains U+FDD0, which is not a character."),
            ("\u{10fffe}", "The text contains U+10FFFE, which is not a character."),
        ] {
            assert_eq!(text(typed), Err(said.into()));
        }
    }

    #[test]
    fn a_title_is_the_first_line_and_counts() {
        assert_eq!(check("All green.", Some(" Build\r\n 7 ")).as_deref(), Ok("Build 7\nAll green."));
        for none in ["", " \n", "\u{200b}"] {
            assert_eq!(check("All green.", Some(none)).as_deref(), Ok("All green."));
        }
        assert!(check(&"a".repeat(494), Some("title")).is_ok());
        assert_eq!(check(&"a".repeat(495), Some("title")), Err("Use at most 500 characters. These are 501.".into()));
        assert_eq!(check("a", Some("\0")), Err("The title contains the control character U+0000 (NUL).".into()));
        assert!(check(" ", Some("Title")).is_err(), "a title is no text");
    }
}
