//! Imports run downward, without circles, and no two types share a name: the source is read as text, and an arrow that goes up fails.
//!
//! A module's layer is its first folder (or file) under `src/`. `LAYERS` is their order, and the one in `ARCHITECTURE.md`. Within a folder, files
//! may import each other as long as there is no circle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From the top to the bottom. A module imports only what stands below it, and its own folder.
const LAYERS: [&str; 26] = [
    "main",
    "cli",
    "server",
    "middleware",
    "routes",
    "pages",
    "api",
    "poll",
    "views",
    "poll_url",
    "accounts",
    "jobs",
    "http",
    "app",
    "store",
    "assets",
    "config",
    "auth",
    "error",
    "domain",
    "model",
    "stamps",
    "db",
    "metrics",
    "lru",
    "schema",
];

/// Stand on nothing; everything may import them.
const GROUND: [&str; 3] = ["ids", "clock", "hex"];

/// A source file as the module it is: `pages::follow` for `src/pages/follow.rs`, `pages` for `src/pages/mod.rs`.
type Sources = BTreeMap<String, String>;

fn sources() -> Sources {
    let mut found = Sources::new();
    collect(Path::new("src"), &mut Vec::new(), &mut found);
    found.remove("lib");
    assert!(found.len() > 60, "{found:?}");
    found
}

fn collect(folder: &Path, path: &mut Vec<String>, found: &mut Sources) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_stem().unwrap().to_str().unwrap().to_owned();
        if entry.is_dir() {
            path.push(name);
            collect(&entry, path, found);
            path.pop();
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let module = if name == "mod" { path.clone() } else { [path.as_slice(), &[name]].concat() };
            found.insert(module.join("::"), code(&std::fs::read_to_string(&entry).unwrap()));
        }
    }
}

/// The code without comments, strings and tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let lines = text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules of this crate that `module` names, in `use` declarations and in paths.
fn imports(module: &str, text: &str, sources: &Sources) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let is_folder = sources.keys().any(|other| other.starts_with(&format!("{module}::")));
    let parent = |module: &str| module.rsplit_once("::").map_or(String::new(), |(parent, _)| parent.to_owned());
    let here = if is_folder { module.to_owned() } else { parent(module) };
    for (start, base) in [("crate::", String::new()), ("tidings::", String::new()), ("self::", module.to_owned()), ("super::", parent(module))] {
        for (at, _) in text.match_indices(start) {
            if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == ':' || c == '_') {
                continue;
            }
            for path in expanded(&text[at + start.len()..]) {
                let full = if base.is_empty() { path } else { format!("{base}::{path}") };
                found.extend(longest_module(&full, sources).map(|import| through_reexport(module, import, &full, sources)));
            }
        }
    }
    // `use sibling::Name` in a mod.rs names a child without `self::`.
    for line in text.lines().filter_map(|line| line.trim().strip_prefix("pub use ").or_else(|| line.trim().strip_prefix("use "))) {
        for path in expanded(line) {
            let full = format!("{here}::{path}");
            if is_folder && full.trim_start_matches("::").starts_with(module) {
                found.extend(longest_module(&full, sources));
            }
        }
    }
    found.remove(module);
    found
}

/// The paths of a use tree that begins here: `a::{b, c::{d, e}}` is `a::b`, `a::c::d`, `a::c::e`.
fn expanded(text: &str) -> Vec<String> {
    let (mut paths, mut prefixes, mut current) = (Vec::new(), vec![String::new()], String::new());
    for c in text.chars() {
        match c {
            '{' => prefixes.push(prefixes.last().unwrap().clone() + &std::mem::take(&mut current)),
            ',' if prefixes.len() > 1 => paths.push(prefixes.last().unwrap().clone() + &std::mem::take(&mut current)),
            '}' if prefixes.len() > 1 => {
                paths.push(prefixes.pop().unwrap() + &std::mem::take(&mut current));
                if prefixes.len() == 1 {
                    break;
                }
            }
            c if c.is_alphanumeric() || c == '_' || c == ':' => current.push(c),
            c if c.is_whitespace() && prefixes.len() > 1 => {}
            _ if prefixes.len() == 1 => {
                paths.push(current.clone());
                break;
            }
            _ => {}
        }
    }
    paths.into_iter().map(|path| path.trim_end_matches("self").trim_matches(':').to_owned()).collect()
}

/// The module that a path leads into: the longest beginning of it that is a file.
fn longest_module(path: &str, sources: &Sources) -> Option<String> {
    let parts: Vec<&str> = path.split("::").collect();
    (1..=parts.len()).rev().map(|length| parts[..length].join("::")).find(|module| sources.contains_key(module))
}

/// Inside a folder, a name that its mod.rs merely re-exports is the business of the file that defines it.
fn through_reexport(module: &str, import: String, path: &str, sources: &Sources) -> String {
    let inside = format!("{import}::");
    let Some(rest) = path.strip_prefix(&inside).filter(|_| module.starts_with(&inside)) else { return import };
    let name = rest.split("::").next().unwrap();
    let text = sources[&import].replace(" as ", "::as::");
    let reexports = text.lines().filter_map(|line| line.trim().strip_prefix("pub use ").or_else(|| line.trim().strip_prefix("pub(crate) use ")));
    let target = reexports.flat_map(expanded).find(|path| path.ends_with(&format!("::{name}")));
    let target = target.and_then(|path| longest_module(&format!("{import}::{}", path.split("::as::").next()?), sources));
    target.unwrap_or(import)
}

fn layer(module: &str) -> &str {
    module.split("::").next().unwrap()
}

/// Where a layer stands; the ground is below everything.
fn height(module: &str) -> usize {
    let layer = layer(module);
    if GROUND.contains(&layer) {
        return LAYERS.len();
    }
    LAYERS.iter().position(|known| *known == layer).unwrap_or_else(|| panic!("{layer} has no place in LAYERS of tests/architecture.rs"))
}

/// Imports that go up, or sideways into another folder.
fn arrows_up(sources: &Sources) -> Vec<String> {
    let mut wrong = Vec::new();
    for (module, text) in sources {
        for import in imports(module, text, sources) {
            if layer(&import) != layer(module) && height(&import) <= height(module) {
                wrong.push(format!("{module} imports {import}, which does not stand below it"));
            }
        }
    }
    wrong
}

/// A circle of files, if there is one.
fn circle(sources: &Sources) -> Option<Vec<String>> {
    let graph: BTreeMap<&String, BTreeSet<String>> = sources.iter().map(|(module, text)| (module, imports(module, text, sources))).collect();
    let mut done = BTreeSet::new();
    sources.keys().find_map(|start| walk(start, &graph, &mut Vec::new(), &mut done))
}

fn walk(module: &String, graph: &BTreeMap<&String, BTreeSet<String>>, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
    if let Some(at) = path.iter().position(|visited| visited == module) {
        return Some(path[at..].iter().chain([module]).cloned().collect());
    }
    if done.contains(module) {
        return None;
    }
    path.push(module.clone());
    let found = graph[module].iter().find_map(|import| walk(import, graph, path, done));
    path.pop();
    done.insert(module.clone());
    found
}

/// Names of types, traits and aliases that two places define.
fn shared_names(sources: &Sources) -> Vec<String> {
    let mut defined: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (module, text) in sources {
        for line in text.lines().map(str::trim) {
            let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub(super) ")).or(line.strip_prefix("pub ")).unwrap_or(line);
            let name = ["struct ", "enum ", "trait ", "type "].iter().find_map(|keyword| line.strip_prefix(keyword));
            // An associated type belongs to its trait.
            let is_associated = line.starts_with("type ") && text.lines().any(|whole| whole.starts_with("    type ") && whole.trim() == line);
            if let Some(name) = name.filter(|_| !is_associated) {
                let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                defined.entry(name).or_default().push(module);
            }
        }
    }
    defined.into_iter().filter(|(_, modules)| modules.len() > 1).map(|(name, modules)| format!("{name}: {modules:?}")).collect()
}

#[test]
fn imports_run_downward() {
    assert_eq!(arrows_up(&sources()), [""; 0]);
}

#[test]
fn there_is_no_circle() {
    assert_eq!(circle(&sources()), None);
}

#[test]
fn no_two_types_have_one_name() {
    assert_eq!(shared_names(&sources()), [""; 0]);
}

/// Diesel's own statements take any connection, so that they need a `Change` is a rule and no type: they stand in functions that take one.
#[test]
fn only_functions_that_take_a_change_write() {
    let mut wrong = Vec::new();
    for (module, text) in sources() {
        for function in text.split("fn ").skip(1) {
            let writes = ["diesel::insert_into(", "diesel::update(", "diesel::delete(", "INSERT INTO ", "DELETE FROM "]
                .iter()
                .any(|statement| function.contains(statement));
            let signature = function.split('{').next().unwrap();
            let is_statement = signature.starts_with("walk_ast");
            if writes && !is_statement && !(layer(&module) == "model" && signature.contains("tx: &mut Change<'_>")) {
                wrong.push(format!("{module}: {signature}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_file_says_what_it_is() {
    let mut bare = Vec::new();
    let mut folders = vec![Path::new("src").to_owned()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !std::fs::read_to_string(&path).unwrap().starts_with("//! ") {
                bare.push(path);
            }
        }
    }
    assert_eq!(bare, [""; 0].map(Path::new));
}

/// Imports that would be wrong are found, in each way in which they can be written.
#[test]
fn the_check_has_teeth() {
    let with = |module: &str, line: &str| {
        let mut sources = sources();
        let text = sources.get_mut(module).unwrap_or_else(|| panic!("no {module}"));
        text.push('\n');
        text.push_str(line);
        sources
    };
    for (module, line) in [
        ("db::database", "use crate::error::AppError;"),
        ("model::users", "use crate::{clock::Millis, app::{App}};"),
        ("stamps::memory", "fn f() { crate::model::users::is_taken }"),
        ("ids", "use crate::clock::Millis;\nuse crate::db::Connection;"),
        ("domain::follow", "use super::super::pages;\nuse crate::pages::home;"),
        ("http::urls", "pub use crate::views::layout::Layout;"),
    ] {
        assert!(!arrows_up(&with(module, line)).is_empty(), "{module}: {line}");
    }
    for (module, line) in [
        ("model::username", "use super::people::Person;"),
        ("domain::event", "use super::notify::notify;"),
        ("stamps::redis::client", "use super::supervisor::Supervisor;"),
        ("stamps::memory", "use crate::stamps::redis::lease::Lease;"),
        ("clock", "use crate::ids::Stamp;\nuse crate::clock::Millis;"),
    ] {
        let sources = with(module, line);
        assert!(module == "clock" || circle(&sources).is_some(), "{module}: {line}");
    }
    assert!(!shared_names(&with("pages::home", "pub struct Person;")).is_empty());
}
