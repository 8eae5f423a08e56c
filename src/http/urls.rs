//! URLs of this site: put together, and redirect targets taken from requests.

/// `target`, if it is on this site. To redirect to any URL that a request names would be an open redirect.
pub fn safe_redirect(target: &str) -> Option<&str> {
    // To a browser, "//host" and "/\host" are addresses of other hosts.
    let local = target.starts_with('/') && !target.starts_with("//") && !target.contains('\\');
    // A header holds nothing but ASCII, and URLs that browsers send are no more than that.
    (local && target.len() <= 2_000 && target.is_ascii() && !target.chars().any(char::is_control)).then_some(target)
}

/// `path` with a query of `pairs`, percent-encoded. A pair without a value is left out.
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// What somebody typed, to be shown again: without control characters, which HTML cannot hold.
pub fn printable(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_control()).collect()
}

/// The sign-in page, which leads on to `next`.
pub fn sign_in_first(next: &str) -> String {
    with_query("/signin", &[("next", if next == "/" { "" } else { next })])
}

/// Where to go once signed in.
pub fn after_sign_in(next: &str) -> &str {
    safe_redirect(next).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_targets_on_this_site_are_safe() {
        assert_eq!(safe_redirect("/people/bob?x=1"), Some("/people/bob?x=1"));
        for foreign in ["", "people", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x", "/a\\b", "javascript:alert(1)", "/é"]
        {
            assert_eq!(safe_redirect(foreign), None, "{foreign:?}");
        }
    }

    #[test]
    fn queries_are_encoded_and_left_out_when_empty() {
        assert_eq!(with_query("/people", &[("q", "a&b"), ("after", "")]), "/people?q=a%26b");
        assert_eq!(with_query("/people", &[("q", "")]), "/people");
    }
}
