//! The routes as `src/routes.rs` lists them, read from its text.

use reqwest::Method;

const TEXT: &str = include_str!("../../../src/routes.rs");

/// Every method and path.
pub fn all() -> Vec<(Method, String)> {
    parse(TEXT).unwrap_or_else(|line| panic!("routes.rs has a line that this test cannot read, so it would not be tested: {line}"))
}

/// The routes in a text, or the first line that may hold one and cannot be read. Whoever registers a route in another form
/// than `.service(resource("/path").get(handler).post(handler))` or `api("/path").get("What for", handler).problems([404]),` has to teach it to
/// this function.
pub fn parse(text: &str) -> Result<Vec<(Method, String)>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let registers = |line: &&str| line.starts_with("api(") || [".service(", ".route(", ".configure(", "scope("].iter().any(|call| line.contains(call));
    // Files are asked for by their names, which no list knows. The JSON API has lines of its own.
    let known = [".service(Files::new(\"/static\",", "server.service(resource);"];
    let lines = lines.filter(registers).filter(|line| !known.iter().any(|known| line.starts_with(known)));
    let read: Result<Vec<_>, _> = lines.map(|line| route(line).ok_or_else(|| line.to_owned())).collect();
    Ok(read?.concat())
}

/// One line; `None` if it is of any other form.
fn route(line: &str) -> Option<Vec<(Method, String)>> {
    let page = line.trim_end_matches(';').strip_prefix(".service(resource(\"").and_then(|line| line.strip_suffix(')'));
    let (line, is_api) = match page {
        Some(page) => (page, false),
        None => (line.strip_prefix("api(\"")?.strip_suffix(',')?, true),
    };
    let (path, mut verbs) = line.split_once("\")")?;
    let mut routes = Vec::new();
    while !verbs.is_empty() {
        let (verb, rest) = verbs.strip_prefix('.')?.split_once('(')?;
        if verb == "problems" && is_api {
            verbs = rest.split_once("])")?.1;
            continue;
        }
        let rest = if is_api { rest.strip_prefix('"')?.split_once("\", ")?.1 } else { rest };
        let (handler, rest) = rest.split_once(')')?;
        if handler.is_empty() || !handler.chars().all(|c| c.is_ascii_lowercase() || "_:".contains(c)) {
            return None;
        }
        routes.push((method(verb)?, path.to_owned()));
        verbs = rest;
    }
    if path.starts_with('/') && path.starts_with("/api/") == is_api && !routes.is_empty() { Some(routes) } else { None }
}

fn method(verb: &str) -> Option<Method> {
    match verb {
        "get" => Some(Method::GET),
        "post" => Some(Method::POST),
        "put" => Some(Method::PUT),
        "patch" => Some(Method::PATCH),
        "delete" => Some(Method::DELETE),
        _ => None,
    }
}
