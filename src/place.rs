//! Places on this site: URLs put together, and URLs that a request asks to be sent to.

/// A place on this site that somebody may be sent to, taken from a request: anything else becomes `None`, or the
/// site would lend its name to whoever wants people elsewhere.
pub fn local(place: &str) -> Option<&str> {
    // "//host" and "/\host" are addresses of other hosts to a browser.
    let local = place.starts_with('/') && !place.starts_with("//") && !place.contains('\\');
    (local && place.len() <= 2_000 && !place.chars().any(char::is_control)).then_some(place)
}

/// `path` with `?name=value`, encoded; without it where there is no value.
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// The sign-in page for somebody on their way to `place`.
pub fn sign_in_before(place: &str) -> String {
    with_query("/signin", &[("next", if place == "/" { "" } else { place })])
}

/// Where to go once signed in.
pub fn landing(next: &str) -> &str {
    local(next).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_on_this_site_are_local() {
        assert_eq!(local("/people/bob?x=1"), Some("/people/bob?x=1"));
        for foreign in ["", "people", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x", "/a\\b", "javascript:alert(1)"] {
            assert_eq!(local(foreign), None, "{foreign:?}");
        }
    }

    #[test]
    fn queries_are_encoded_and_left_out_when_empty() {
        assert_eq!(with_query("/people", &[("q", "a&b"), ("after", "")]), "/people?q=a%26b");
        assert_eq!(with_query("/people", &[("q", "")]), "/people");
    }
}
