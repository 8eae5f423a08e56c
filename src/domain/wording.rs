//! The one sentence of every kind of notification, for the line, the announcement, and whatever else shows it.

use std::borrow::Cow;

use derive_more::Display;

use super::event::Kind;
use super::excerpt::excerpt;

/// What a notification says. Its subject stands apart, because pages make it a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
#[display("{}{rest}", subject.unwrap_or_default())]
pub struct Sentence<'a> {
    /// The actor's name; `None` where nobody did it.
    pub subject: Option<&'a str>,
    /// What follows the subject, with the space or colon that leads to it.
    pub rest: &'static str,
}

/// What the notification of `kind` by `actor` says. A kind that this release does not know, because a newer one wrote it, is shown plainly.
pub fn sentence<'a>(kind: &str, actor: Option<&'a str>) -> Sentence<'a> {
    let rest = match (kind.parse().ok(), actor) {
        (Some(Kind::Follow), Some(_)) => " follows you",
        (Some(Kind::Post), Some(_)) => " posted",
        (None, Some(_)) => ": something new",
        (_, None) => "Something new",
    };
    Sentence { subject: actor, rest }
}

/// What is announced. Names stand apart, because a browser that translates pages must leave them as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Display)]
#[display("{}{}{rest}{}", first.as_deref().unwrap_or_default(), after(second.as_ref(), " and "), after(words.as_ref(), ": "))]
pub struct Announcement {
    /// The name that it begins with, if it begins with one.
    pub first: Option<String>,
    /// Another name, which follows after "and".
    pub second: Option<String>,
    /// The rest, with the space or colon that leads to it.
    pub rest: Cow<'static, str>,
    /// The first words of what somebody wrote, which follow after a colon.
    pub words: Option<String>,
}

fn after(text: Option<&String>, lead: &str) -> String {
    text.map(|text| format!("{lead}{text}")).unwrap_or_default()
}

impl Announcement {
    /// One without a name.
    pub fn plain(rest: &'static str) -> Announcement {
        Announcement { rest: rest.into(), ..Announcement::default() }
    }

    /// Whether there is nothing to announce.
    pub fn is_empty(&self) -> bool {
        *self == Announcement::default()
    }
}

/// A notification as it is to be announced.
#[derive(Debug, Clone, Copy)]
pub struct ToAnnounce<'a> {
    /// The stored name of its kind.
    pub kind: &'a str,
    /// The actor's name; `None` where nobody did it.
    pub actor: Option<&'a str>,
    /// The text of the post that it is about; `None`: it is about none.
    pub text: Option<&'a str>,
}

/// How much of a text is announced, in characters.
const LONGEST_WORDS: usize = 80;

/// What several notifications say together: kinds and actors, newest first. Empty where there are none.
pub fn summary<'a>(notifications: impl IntoIterator<Item = ToAnnounce<'a>>) -> Announcement {
    let all: Vec<_> = notifications.into_iter().collect();
    let Some(&ToAnnounce { kind, actor, text }) = all.first() else { return Announcement::default() };
    let is_alone = all.len() == 1;
    let are_alike = all.iter().all(|other| other.kind == kind);
    let mut actors: Vec<&str> = Vec::new();
    for other in all.iter().filter(|other| other.kind == kind) {
        actors.extend(other.actor.filter(|actor| !actors.contains(actor)));
    }
    let (first, second, rest) = match actors.as_slice() {
        [one, other] if all.len() == 2 => (Some(*one), Some(*other), plural(kind).into()),
        [one, _, ..] if are_alike => (Some(*one), None, format!(" and others{}", plural(kind)).into()),
        [one] if are_alike && !is_alone && kind.parse() == Ok(Kind::Post) => (Some(*one), None, " posted more than once".into()),
        _ if is_alone => (actor, None, sentence(kind, actor).rest.into()),
        _ => (actor, None, format!("{}, and more", sentence(kind, actor).rest).into()),
    };
    let words = text.filter(|_| is_alone).map(|text| excerpt(text, LONGEST_WORDS).into_owned());
    Announcement { first: first.map(str::to_owned), second: second.map(str::to_owned), rest, words }
}

/// The rest of the sentence where the subject is more than one.
fn plural(kind: &str) -> &'static str {
    match kind.parse().ok() {
        Some(Kind::Follow) => " follow you",
        Some(Kind::Post) => " posted",
        None => ": something new",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_not_known_is_shown_by_its_actor() {
        assert_eq!(sentence("follow", Some("ada")).to_string(), "ada follows you");
        assert_eq!(sentence("dance", Some("ada")).to_string(), "ada: something new");
        assert_eq!(sentence("dance", None).to_string(), "Something new");
        assert_eq!(sentence("", Some("ada")).to_string(), "ada: something new");
    }

    #[test]
    fn several_are_said_in_one_sentence() {
        let follow = |actor| ToAnnounce { kind: "follow", actor: Some(actor), text: None };
        let dance = |actor| ToAnnounce { kind: "dance", actor, text: None };
        let post = |actor, text| ToAnnounce { kind: "post", actor: Some(actor), text: Some(text) };
        for (notifications, said) in [
            (vec![], ""),
            (vec![follow("ada")], "ada follows you"),
            (vec![follow("bob"), follow("ada")], "bob and ada follow you"),
            (vec![follow("cleo"), follow("bob"), follow("ada")], "cleo and others follow you"),
            (vec![dance(Some("bob")), follow("ada")], "bob: something new, and more"),
            (vec![dance(Some("bob")), dance(Some("bob"))], "bob: something new, and more"),
            (vec![dance(Some("bob")), dance(Some("ada"))], "bob and ada: something new"),
            (vec![dance(None), follow("ada")], "Something new, and more"),
            (vec![post("ada", "One\nand two")], "ada posted: One and two"),
            (vec![post("bob", "One"), post("ada", "two")], "bob and ada posted"),
            (vec![post("ada", "One"), post("ada", "two")], "ada posted more than once"),
            (vec![post("ada", "One"), post("bob", "two"), post("ada", "three")], "ada and others posted"),
            (vec![post("ada", "One"), follow("ada")], "ada posted, and more"),
        ] {
            let summary = summary(notifications);
            assert_eq!((summary.to_string().as_str(), summary.is_empty()), (said, said.is_empty()));
        }
    }

    #[test]
    fn of_a_long_text_only_the_first_words_are_said() {
        let said = summary([ToAnnounce { kind: "post", actor: Some("ada"), text: Some(&"word ".repeat(100)) }]);
        let words = said.words.unwrap();
        assert!(words.ends_with("word…") && words.chars().count() <= LONGEST_WORDS, "{words}");
    }

    #[test]
    fn names_stand_apart_from_what_is_said_of_them() {
        let both = summary(["bob", "ada"].map(|name| ToAnnounce { kind: "follow", actor: Some(name), text: None }));
        assert_eq!((both.first.as_deref(), both.second.as_deref(), &*both.rest), (Some("bob"), Some("ada"), " follow you"));
    }
}
