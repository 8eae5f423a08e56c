//! Every operation of the JSON API, sent what its description does not allow. (That each answer is described is checked wherever a program sends
//! something, in `support/http.rs`.)

use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};
use tidings::ids::UserId;

use crate::support::contract::{DOCUMENT, operations};
use crate::support::program::Program;
use crate::support::session_tab::SessionTab;
use crate::support::town::Town;

/// In a path or a query.
const TEXTS: [&str; 16] = [
    "",
    "0",
    "1",
    "2",
    "-1",
    "1.5",
    "1e3",
    "x",
    "null",
    "%00",
    "%FF",
    "%E3%85%A4",
    "a%20b",
    "9223372036854775807",
    "9223372036854775808",
    "100000000000000000000000",
];

/// In a body, where something else belongs.
fn values() -> Vec<Value> {
    let large = "x".repeat(3_000);
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let words = ["", " ", "x", "ada", "\0", "\u{fffe}", "\u{3164}", "\u{202e}x", "\u{1b}[31m", "🦜", "javascript:alert(1)", large.as_str()];
    let others = [json!(null), json!(true), json!(-1), json!(0), json!(2), json!(2.0), json!(1.5), json!(1e300), json!(i64::MAX), json!(u64::MAX)];
    let nested = [json!([]), json!([1]), json!(["x", "x"]), json!({}), json!({"a": 1}), deep];
    words.into_iter().map(|word| json!(word)).chain(others).chain(nested).collect()
}

/// The schema of `operation`'s JSON body.
fn body_schema(operation: &Value) -> Option<&'static Value> {
    let reference = operation.pointer("/requestBody/content/application~1json/schema/$ref")?.as_str()?;
    DOCUMENT.pointer(reference.trim_start_matches('#'))
}

/// JSON in which one member is wrong or missing, and what is no object at all.
fn wrong_json(operation: &Value) -> Vec<String> {
    let Some(schema) = body_schema(operation) else { return Vec::new() };
    let properties = schema["properties"].as_object().unwrap();
    let needed = schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    let plain = |name: &str| if properties[name]["type"] == "string" { json!("x") } else { json!(2) };
    let sample: Map<String, Value> = needed.map(|name| (name.to_owned(), plain(name))).collect();
    let with = |name: &String, value: Value| {
        let mut body = sample.clone();
        body.insert(name.clone(), value);
        json!(body).to_string()
    };
    let without = |name: &String| {
        let mut body = sample.clone();
        body.remove(name);
        json!(body).to_string()
    };
    let replaced = properties.keys().flat_map(|name| values().into_iter().map(move |value| (name, value))).map(|(name, value)| with(name, value));
    let whole = values().into_iter().map(|value| value.to_string());
    let broken = ["", "{", "[", "\"", "{\"a\":1,}", "{}{}", "\u{feff}{}", "NaN", "{\"a\":1e999}", "\0"].map(str::to_owned);
    replaced.chain(sample.keys().map(without)).chain(whole).chain(broken).collect()
}

/// The paths that `template` stands for, with all that may stand in its braces.
fn paths(template: &str) -> Vec<String> {
    match (template.find('{'), template.find('}')) {
        (Some(from), Some(to)) => {
            TEXTS.iter().filter(|text| !text.is_empty()).map(|text| format!("{}{text}{}", &template[..from], &template[to + 1..])).collect()
        }
        _ => vec![template.to_owned()],
    }
}

/// Each parameter of the query with each text, alone and twice.
fn queries(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query");
    let names = parameters.map(|parameter| parameter["name"].as_str().unwrap());
    names.flat_map(|name| TEXTS.iter().flat_map(move |text| [format!("?{name}={text}"), format!("?{name}={text}&{name}=1&unknown=%FF")])).collect()
}

/// A request that the description does not allow.
#[derive(Debug)]
struct Misuse {
    path: String,
    kind: &'static str,
    encoding: &'static str,
    body: Option<Vec<u8>>,
}

impl Misuse {
    fn by_url(path: String) -> Misuse {
        Misuse { path, kind: "", encoding: "identity", body: None }
    }

    fn by_body(path: &str, kind: &'static str, body: impl Into<Vec<u8>>) -> Misuse {
        Misuse { path: path.to_owned(), kind, encoding: "identity", body: Some(body.into()) }
    }

    fn of(&self, program: &Program, method: &Method) -> RequestBuilder {
        let request = program.request(method.clone(), &self.path).header("content-encoding", self.encoding);
        match &self.body {
            Some(body) => request.header("content-type", self.kind).body(body.clone()),
            None => request,
        }
    }
}

const JSON: &str = "application/json";

/// Everything that is sent to one operation; a body only if it reads one.
fn misuses(template: &str, operation: &Value) -> Vec<Misuse> {
    let one = paths(template).swap_remove(0);
    let urls = paths(template).into_iter().chain(queries(operation).into_iter().map(|query| one.clone() + &query)).map(Misuse::by_url);
    if !operation["requestBody"].is_object() {
        return urls.collect();
    }
    let json = wrong_json(operation).into_iter().map(|body| Misuse::by_body(&one, JSON, body));
    let kinds =
        ["", "text/html", "application/xml", "application/json; charset=latin1", "multipart/form-data", "application/x-www-form-urlencoded", "text/plain"];
    let by_kind = kinds.into_iter().map(|kind| Misuse::by_body(&one, kind, "{}"));
    let no_text = [JSON, "text/plain", "application/x-www-form-urlencoded"].into_iter().map(|kind| Misuse::by_body(&one, kind, b"{\"text\":\"\xff\xfe\"}"));
    let compressed = Misuse { encoding: "gzip", ..Misuse::by_body(&one, JSON, "{}") };
    let large = Misuse::by_body(&one, JSON, "x".repeat(20_000));
    urls.chain(json).chain(by_kind).chain(no_text).chain([compressed, large]).collect()
}

#[tokio::test]
async fn whatever_is_sent_the_answer_is_as_described_and_no_fault_of_ours() {
    let town = Town::new().await;
    let ada = UserId(town.signs_up("ada").await.id().await);
    town.signs_up("bob").await;
    let mut sent = 0;
    for (template, verb, operation) in operations() {
        let method: Method = verb.to_uppercase().parse().unwrap();
        let stranger = town.program();
        for misuse in misuses(template, operation) {
            let answer = stranger.sends(misuse.of(&stranger, &method)).await;
            // What is compressed or too large is not even looked at.
            let is_refused = [401, 413, 415].contains(&answer.status.as_u16());
            assert!(operation["security"].is_null() || is_refused, "{misuse:?}: {} {}", answer.status, answer.body);
            if operation["security"].is_null() {
                continue;
            }
            // Some of them end the session.
            let tab = SessionTab::opened_for(&town, ada).await;
            let answer = tab.program.sends(misuse.of(&tab.program, &method)).await;
            assert!(answer.status.as_u16() < 500, "{misuse:?}: {} {}", answer.status, answer.body);
            sent += 1;
        }
    }
    assert!(sent > 200, "{sent}");
}
