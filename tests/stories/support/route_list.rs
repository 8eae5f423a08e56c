//! The routes as `src/routes.rs` lists them, read from its text.

use reqwest::Method;

const TEXT: &str = include_str!("../../../src/routes.rs");

/// Every method and path.
pub fn all() -> Vec<(Method, String)> {
    parse(TEXT).unwrap_or_else(|line| panic!("routes.rs has a line that this test cannot read, so it would not be tested: {line}"))
}

/// The routes in a text, or the first line that may hold one and cannot be read. Whoever registers a route in another form
/// than `.service(resource("/path").get(handler).post(handler))` has to teach it to this function.
pub fn parse(text: &str) -> Result<Vec<(Method, String)>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let registers = |line: &&str| [".service(", ".route(", ".configure(", "scope("].iter().any(|call| line.contains(call));
    // Files are asked for by their names, which no list knows.
    let lines = lines.filter(registers).filter(|line| !line.starts_with(".service(Files::new(\"/static\","));
    let read: Result<Vec<_>, _> = lines.map(|line| route(line).ok_or_else(|| line.to_owned())).collect();
    Ok(read?.concat())
}

/// One line; `None` if it is of any other form.
fn route(line: &str) -> Option<Vec<(Method, String)>> {
    let line = line.trim_end_matches(';').strip_prefix(".service(")?.strip_suffix(')')?;
    let (path, mut verbs) = line.strip_prefix("resource(\"").or_else(|| line.strip_prefix("at(\""))?.split_once("\")")?;
    let mut routes = Vec::new();
    while !verbs.is_empty() {
        let (verb, rest) = verbs.strip_prefix('.')?.split_once('(')?;
        let (handler, rest) = rest.split_once(')')?;
        let method = match verb {
            "get" => Method::GET,
            "post" => Method::POST,
            "put" => Method::PUT,
            "patch" => Method::PATCH,
            "delete" => Method::DELETE,
            _ => return None,
        };
        if handler.is_empty() || !handler.chars().all(|c| c.is_ascii_lowercase() || "_:".contains(c)) {
            return None;
        }
        routes.push((method, path.to_owned()));
        verbs = rest;
    }
    if path.starts_with('/') && !routes.is_empty() { Some(routes) } else { None }
}
