//! The one sentence of every kind of notification, for the line, the announcement, and whatever else shows it.

use std::borrow::Cow;

use derive_more::Display;

use super::event::Kind;

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
#[display("{}{}{rest}", first.as_deref().unwrap_or_default(), second.as_ref().map(|second| format!(" and {second}")).unwrap_or_default())]
pub struct Announcement {
    /// The name that it begins with, if it begins with one.
    pub first: Option<String>,
    /// Another name, which follows after "and".
    pub second: Option<String>,
    /// The rest, with the space or colon that leads to it.
    pub rest: Cow<'static, str>,
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

/// What several notifications say together: kinds and actors, newest first. Empty where there are none.
pub fn summary<'a>(notifications: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Announcement {
    let all: Vec<_> = notifications.into_iter().collect();
    let Some(&(kind, actor)) = all.first() else { return Announcement::default() };
    let mut actors: Vec<&str> = Vec::new();
    for (_, actor) in all.iter().filter(|(other, _)| *other == kind) {
        actors.extend(actor.filter(|actor| !actors.contains(actor)));
    }
    let (first, second, rest) = match actors.as_slice() {
        [one, other] if all.len() == 2 => (Some(*one), Some(*other), plural(kind).into()),
        [one, _, ..] if all.iter().all(|(other, _)| *other == kind) => (Some(*one), None, format!(" and others{}", plural(kind)).into()),
        _ if all.len() == 1 => (actor, None, sentence(kind, actor).rest.into()),
        _ => (actor, None, format!("{}, and more", sentence(kind, actor).rest).into()),
    };
    Announcement { first: first.map(str::to_owned), second: second.map(str::to_owned), rest }
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
        let follow = |actor| ("follow", Some(actor));
        let dance = |actor| ("dance", actor);
        for (notifications, said) in [
            (vec![], ""),
            (vec![follow("ada")], "ada follows you"),
            (vec![follow("bob"), follow("ada")], "bob and ada follow you"),
            (vec![follow("cleo"), follow("bob"), follow("ada")], "cleo and others follow you"),
            (vec![dance(Some("bob")), follow("ada")], "bob: something new, and more"),
            (vec![dance(Some("bob")), dance(Some("bob"))], "bob: something new, and more"),
            (vec![dance(Some("bob")), dance(Some("ada"))], "bob and ada: something new"),
            (vec![dance(None), follow("ada")], "Something new, and more"),
        ] {
            let summary = summary(notifications);
            assert_eq!((summary.to_string().as_str(), summary.is_empty()), (said, said.is_empty()));
        }
    }

    #[test]
    fn names_stand_apart_from_what_is_said_of_them() {
        let both = summary([("follow", Some("bob")), ("follow", Some("ada"))]);
        assert_eq!((both.first.as_deref(), both.second.as_deref(), &*both.rest), (Some("bob"), Some("ada"), " follow you"));
    }
}
