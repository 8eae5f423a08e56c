//! Reading our own pages and fragments by CSS selectors. What stories ask for often has a method of its own, so that a
//! selector that changes with a template is changed here once.

use scraper::{ElementRef, Html, Selector};

/// A parsed page or fragment. (Not `Send`, because `Html` is not: drop it before anything is spawned.)
pub struct Dom(Html);

/// A notification as the inbox shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub id: i64,
    pub text: String,
    pub unread: bool,
}

impl Dom {
    /// A whole page, which must be well-formed.
    pub fn of_page(html: &str) -> Dom {
        assert!(html.starts_with("<!doctype html>"), "not a page: {html}");
        Dom::well_formed(Html::parse_document(html), html)
    }

    /// What htmx swaps in, which must be well-formed. Elements with `hx-swap-oob` go elsewhere than to the target.
    pub fn of_fragment(html: &str) -> Dom {
        assert!(!html.contains("<!doctype"), "not a fragment: {html}");
        Dom::well_formed(Html::parse_fragment(html), html)
    }

    fn well_formed(parsed: Html, html: &str) -> Dom {
        // A NUL that somebody sent is shown to them again as it is, which is the one mistake that our pages make.
        assert!(parsed.errors.is_empty() || html.contains('\0'), "{:?} in {html}", parsed.errors);
        Dom(parsed)
    }

    fn all(&self, css: &str) -> Vec<ElementRef<'_>> {
        self.0.select(&selector(css)).collect()
    }

    /// The only element that matches.
    fn one(&self, css: &str) -> ElementRef<'_> {
        match self.all(css)[..] {
            [one] => one,
            ref all => panic!("{} elements match {css} in {}", all.len(), self.0.html()),
        }
    }

    pub fn count(&self, css: &str) -> usize {
        self.all(css).len()
    }

    pub fn exists(&self, css: &str) -> bool {
        self.count(css) > 0
    }

    /// Whether the first element matches: in a fragment, the one that replaces the target.
    pub fn starts_with(&self, css: &str) -> bool {
        self.0.root_element().child_elements().next().is_some_and(|first| selector(css).matches(&first))
    }

    /// An attribute of the only element that matches.
    pub fn attr(&self, css: &str, name: &str) -> String {
        self.one(css).attr(name).unwrap_or_else(|| panic!("{css} has no {name} in {}", self.0.html())).to_owned()
    }

    /// The text of the only element that matches.
    pub fn text_of(&self, css: &str) -> String {
        text(self.one(css))
    }

    /// The same, with its white space as it is.
    pub fn raw_text_of(&self, css: &str) -> String {
        self.one(css).text().collect()
    }

    /// What the posts of a list say, top to bottom.
    pub fn posts(&self) -> Vec<String> {
        self.all(".posts > li .post-text").into_iter().map(text).collect()
    }

    /// All text, the title included.
    pub fn text(&self) -> String {
        text(self.0.root_element())
    }

    /// The inbox, top to bottom.
    pub fn notifications(&self) -> Vec<Notification> {
        self.all(".lines > li").into_iter().map(notification).collect()
    }

    /// What the inbox's notifications say, top to bottom.
    pub fn notification_texts(&self) -> Vec<String> {
        self.notifications().into_iter().map(|notification| notification.text).collect()
    }

    /// The names of the people who are listed.
    pub fn people(&self) -> Vec<String> {
        self.all(".cards > li").iter().map(|card| card.attr("id").unwrap().strip_prefix("person-").unwrap().to_owned()).collect()
    }

    /// How many sessions the settings list.
    pub fn sessions(&self) -> usize {
        self.count(".sessions > li")
    }

    /// What is said of each, without its button.
    pub fn session_lines(&self) -> Vec<String> {
        self.all(".sessions > li > div").into_iter().map(text).collect()
    }

    /// Which of them can be revoked.
    pub fn revocable_sessions(&self) -> Vec<String> {
        let forms = self.all(".sessions form");
        forms.iter().map(|form| form.attr("action").unwrap().split('/').nth(3).unwrap().to_owned()).collect()
    }

    /// What is said of each token of a program, without its button.
    pub fn token_lines(&self) -> Vec<String> {
        self.all(".tokens > li > div").into_iter().map(text).collect()
    }

    /// Which of them can be revoked.
    pub fn revocable_tokens(&self) -> Vec<String> {
        self.all(".tokens form").iter().map(|form| form.attr("action").unwrap().split('/').nth(3).unwrap().to_owned()).collect()
    }

    /// The number on the badge; an empty badge is 0.
    pub fn badge(&self) -> i64 {
        match self.text_of("#badge .visually-hidden, #badge:empty").as_str() {
            "" => 0,
            spoken => spoken.strip_prefix(", ").and_then(|rest| rest.strip_suffix(" unread")).and_then(|number| number.parse().ok()).expect(spoken),
        }
    }

    pub fn title(&self) -> String {
        self.text_of("title")
    }

    /// Where the polling element asks; `None` where nothing polls.
    pub fn poll_url(&self) -> Option<String> {
        self.exists("#stream").then(|| self.attr("#stream", "hx-get"))
    }

    /// What a fragment has screen readers announce.
    pub fn announced(&self) -> String {
        self.text_of("p#status[hx-swap-oob]")
    }

    /// Where the pager's link with this text leads.
    pub fn pager_link(&self, label: &str) -> Option<String> {
        self.all("nav.pager > a").into_iter().find(|link| text(*link) == label).map(|link| link.attr("href").unwrap().to_owned())
    }

    /// Scripts, styles and event handlers written into the page, which the CSP forbids.
    pub fn inline_code(&self) -> Vec<String> {
        let is_code = |name: &str| name.starts_with("on") || name == "style";
        let marked = self.all("*").into_iter().filter(|element| element.value().attrs().any(|(name, _)| is_code(name)));
        self.all("script:not([src]), style").into_iter().chain(marked).map(|element| element.html()).collect()
    }
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap_or_else(|mistake| panic!("{css}: {mistake}"))
}

/// Text as it is read: white space folded, with some between any two elements.
fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn notification(item: ElementRef<'_>) -> Notification {
    let unread = item.value().classes().any(|class| class == "unread");
    let shown = text(item.select(&selector(".line-text > p:first-child")).next().expect("a notification says something"));
    let text = shown.strip_prefix("New ");
    assert_eq!(text.is_some(), unread, "an unread notification says so in words: {shown}");
    let id = item.attr("id").and_then(|id| id.strip_prefix('n')?.parse().ok()).expect("a notification has an id");
    Notification { id, text: text.unwrap_or(&shown).to_owned(), unread }
}
