//! The page of an error.

use askama::Template;

use super::layout::Layout;

/// A page that says what went wrong, and offers a way back.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// The layout, named after the error.
    pub layout: Layout,
    /// What went wrong.
    pub sentence: &'a str,
    /// Whether loading the page again may help.
    pub can_retry: bool,
}
