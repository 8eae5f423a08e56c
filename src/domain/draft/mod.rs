//! A post as it is typed, and whether it can be posted: one set of rules for the page's form and for programs.

mod link;
mod text;

use derive_more::Display;

use crate::model::Username;

pub use text::LONGEST as LONGEST_TEXT;

/// Most people whom a direct post is for.
const MOST_NAMED: usize = 50;
/// Most characters of the word in [`Draft::collapse`].
const LONGEST_COLLAPSE: usize = 64;

/// A post as it is typed, or as a program sends it.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// What it says.
    pub text: String,
    /// What becomes the first line of the text.
    pub title: Option<String>,
    /// What it links to; blank is the same as none, because a form sends a field that was left empty.
    pub url: Option<String>,
    /// The names of those whom it is for; `None`: it is for everybody.
    pub to: Option<Vec<String>>,
    /// Whether nobody is told of it.
    pub quiet: bool,
    /// The unread notification of an earlier post with the same word gives way to that of this one.
    pub collapse: Option<String>,
}

/// A post that may be made, as far as can be seen without the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedDraft {
    /// What it says, the title included: 1–500 characters, lines separated by a line feed.
    pub text: String,
    /// What it links to, as it was typed: an http or https URL of at most 2,000 characters.
    pub url: Option<String>,
    /// Whom it is for: 1–50 different names; `None`: it is for everybody.
    pub to: Option<Vec<Username>>,
    /// Whether nobody is told of it.
    pub quiet: bool,
    /// See [`Draft::collapse`]: 1–64 characters.
    pub collapse: Option<String>,
}

/// What is wrong with a draft, by field: a sentence for whoever wrote it, or none. Printed, it is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Display)]
#[display("{}", self.sentences().join(" "))]
pub struct DraftErrors {
    /// About the text, or the title.
    pub text: Option<String>,
    /// About the URL.
    pub url: Option<String>,
    /// About those whom it is for.
    pub to: Option<String>,
    /// About the word of which an earlier notification gives way.
    pub collapse: Option<String>,
}

impl DraftErrors {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.sentences().is_empty()
    }

    fn sentences(&self) -> Vec<&str> {
        [&self.text, &self.url, &self.to, &self.collapse].into_iter().filter_map(Option::as_deref).collect()
    }
}

impl Draft {
    /// Checks it. Whether those named follow the author is asked when it is posted.
    ///
    /// # Errors
    /// What is wrong with each field.
    pub fn check(self) -> Result<CheckedDraft, DraftErrors> {
        let Draft { text, title, url, to, quiet, collapse } = self;
        let mut errors = DraftErrors::default();
        let text = found(text::check(&text, title.as_deref()), &mut errors.text);
        let url = found(link::check(url.as_deref().unwrap_or_default()), &mut errors.url);
        let to = found(to.map(|names| check_names(&names)).transpose(), &mut errors.to);
        let collapse = found(collapse.map(check_collapse).transpose(), &mut errors.collapse);
        match (text, url, to, collapse) {
            (Some(text), Some(url), Some(to), Some(collapse)) => Ok(CheckedDraft { text, url, to, quiet, collapse }),
            _ => Err(errors),
        }
    }
}

/// The checked value, or `None` with its error put into `error`.
fn found<T>(checked: Result<T, String>, error: &mut Option<String>) -> Option<T> {
    checked.map_err(|sentence| *error = Some(sentence)).ok()
}

fn check_names(typed: &[String]) -> Result<Vec<Username>, String> {
    let mut names = Vec::new();
    let mut wrong = Vec::new();
    for name in typed {
        match Username::parse(name) {
            Ok(name) if names.contains(&name) => {}
            Ok(name) => names.push(name),
            Err(_) => wrong.push(name.as_str()),
        }
    }
    match names.len() {
        _ if !wrong.is_empty() => Err(no_usernames(&wrong)),
        0 => Err("Name somebody whom the post is for, or leave that out.".to_owned()),
        1..=MOST_NAMED => Ok(names),
        more => Err(format!("Name at most {MOST_NAMED} people. These are {more}.")),
    }
}

/// How many that are no usernames are named in the error.
const MOST_LISTED: usize = 5;

fn no_usernames(wrong: &[&str]) -> String {
    // Quoted, without control characters, and not longer than a name can be.
    let shown = wrong.iter().take(MOST_LISTED).map(|name| format!("{:?}", name.chars().take(30).collect::<String>()));
    format!("No usernames: {}.", shown.collect::<Vec<_>>().join(", "))
}

fn check_collapse(word: String) -> Result<String, String> {
    match word.chars().count() {
        0 => Err("The word in collapse is empty.".to_owned()),
        1..=LONGEST_COLLAPSE => text::refuse_unprintable("The word in collapse", &word, &[]).map(|()| word),
        more => Err(format!("Use at most {LONGEST_COLLAPSE} characters for collapse. These are {more}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(names: &[&str]) -> Result<Vec<String>, String> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let checked = Draft { text: "Hello".into(), to: Some(names), ..Draft::default() }.check();
        checked.map(|draft| draft.to.unwrap().iter().map(ToString::to_string).collect()).map_err(|errors| errors.to.unwrap())
    }

    #[test]
    fn each_name_counts_once_however_it_is_written() {
        assert_eq!(to(&["Bob", "@bob", " bob ", "cleo"]), Ok(vec!["bob".into(), "cleo".into()]));
        let many: Vec<String> = (0..51).map(|n| format!("guest_{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(to(&many[..50]).map(|names| names.len()), Ok(50));
        assert_eq!(to(&many), Err("Name at most 50 people. These are 51.".into()));
        assert_eq!(to(&["bob"; 60]), Ok(vec!["bob".into()]));
    }

    #[test]
    fn a_post_for_nobody_is_refused_and_never_public() {
        assert!(to(&[]).unwrap_err().starts_with("Name somebody"));
        assert_eq!(to(&["bob", "", "b@d\u{1b}"]), Err("No usernames: \"\", \"b@d\\u{1b}\".".into()));
    }

    #[test]
    fn a_word_to_collapse_by_has_1_to_64_characters() {
        let collapse = |word: &str| Draft { text: "Hello".into(), collapse: Some(word.into()), ..Draft::default() }.check();
        for word in ["b", "build 7", &"👍".repeat(64)] {
            assert_eq!(collapse(word).unwrap().collapse.as_deref(), Some(word));
        }
        for wrong in ["", "a\nb", "\0", "\u{ffff}", &"a".repeat(65)] {
            assert!(collapse(wrong).unwrap_err().collapse.is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let draft = Draft { text: " ".into(), url: Some("ftp://x".into()), to: Some(vec![]), collapse: Some(String::new()), ..Draft::default() };
        let errors = draft.check().unwrap_err();
        assert!(errors.text.is_some() && errors.url.is_some() && errors.to.is_some() && errors.collapse.is_some(), "{errors:?}");
        assert!(!errors.is_empty() && errors.to_string().contains(errors.collapse.as_deref().unwrap()));
    }
}
