//! The one sentence of every kind of notification, for the line, the announcement, and whatever else shows it.

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
        (None, Some(_)) => ": something new",
        (_, None) => "Something new",
    };
    Sentence { subject: actor, rest }
}

/// What several notifications say together: kinds and actors, newest first. Empty where there are none.
pub fn summary<'a>(notifications: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let all: Vec<_> = notifications.into_iter().collect();
    let Some(&(kind, actor)) = all.first() else { return String::new() };
    let mut actors: Vec<&str> = Vec::new();
    for (_, actor) in all.iter().filter(|(other, _)| *other == kind) {
        actors.extend(actor.filter(|actor| !actors.contains(actor)));
    }
    match actors.as_slice() {
        [one, other] if all.len() == 2 => format!("{one} and {other}{}", plural(kind)),
        [one, _, ..] if all.iter().all(|(other, _)| *other == kind) => format!("{one} and others{}", plural(kind)),
        _ if all.len() == 1 => sentence(kind, actor).to_string(),
        _ => format!("{}, and more", sentence(kind, actor)),
    }
}

/// The rest of the sentence where the subject is more than one.
fn plural(kind: &str) -> &'static str {
    match kind.parse().ok() {
        Some(Kind::Follow) => " follow you",
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
        assert_eq!(summary([]), "");
        assert_eq!(summary([follow("ada")]), "ada follows you");
        assert_eq!(summary([follow("bob"), follow("ada")]), "bob and ada follow you");
        assert_eq!(summary([follow("cleo"), follow("bob"), follow("ada")]), "cleo and others follow you");
        assert_eq!(summary([("dance", Some("bob")), follow("ada")]), "bob: something new, and more");
        assert_eq!(summary([("dance", Some("bob")), ("dance", Some("bob"))]), "bob: something new, and more");
        assert_eq!(summary([("dance", Some("bob")), ("dance", Some("ada"))]), "bob and ada: something new");
        assert_eq!(summary([("dance", None), follow("ada")]), "Something new, and more");
    }
}
