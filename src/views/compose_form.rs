//! The form "Tell your followers".

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::draft::{Draft, DraftErrors, LONGEST_TEXT};

/// The form, empty or with what was typed.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/compose_form.html")]
pub struct ComposeForm {
    /// A random word: this form, pressed twice, is one post.
    key: String,
    text: String,
    url: String,
    text_error: Option<String>,
    url_error: Option<String>,
    /// What is not about a field.
    error: Option<String>,
    /// How many characters are left, after a try that was refused.
    left: Option<usize>,
}

impl HtmlSafe for ComposeForm {}

impl ComposeForm {
    /// An empty one.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn empty() -> Result<ComposeForm, getrandom::Error> {
        let key = format!("{:016x}", getrandom::u64()?);
        Ok(ComposeForm { key, text: String::new(), url: String::new(), text_error: None, url_error: None, error: None, left: None })
    }

    /// The same one again, with what was typed and what is wrong with it.
    pub fn refused(key: String, draft: &Draft, errors: DraftErrors) -> ComposeForm {
        let url = draft.url.as_deref().map(shown).unwrap_or_default();
        let left = LONGEST_TEXT.checked_sub(count(&draft.text));
        ComposeForm { key, text: shown(&draft.text), url, text_error: errors.text, url_error: errors.url, error: None, left }
    }

    /// The same one again, with what was typed, which cannot be posted now because of `error`.
    pub fn deferred(key: String, draft: &Draft, error: String) -> ComposeForm {
        ComposeForm { error: Some(error), ..ComposeForm::refused(key, draft, DraftErrors::default()) }
    }
}

/// The characters of a text as it is kept: trimmed, and a line break is one.
fn count(typed: &str) -> usize {
    typed.replace("\r\n", "\n").trim().chars().count()
}

/// What was typed, to be shown again: without the control characters that HTML cannot hold.
fn shown(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
