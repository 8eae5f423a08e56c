//! The description of the JSON API: that it is whole, valid, the one that is kept in `docs/`, and that its check of answers has teeth.
//! (Every answer of the API in every story is held against it, in `support/http.rs`.)

use std::collections::BTreeSet;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::support::contract::{Answered, DOCUMENT, operations};
use crate::support::route_list;
use crate::support::town::Town;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

#[test]
fn what_is_kept_in_docs_is_what_the_code_says() {
    let written = serde_json::to_string_pretty(&*DOCUMENT).unwrap() + "\n";
    if std::env::var_os("RENEW_OPENAPI").is_some() {
        std::fs::write(GOLDEN, &written).unwrap();
    }
    let kept = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    let differs = kept.lines().zip(written.lines()).find(|(kept, written)| kept != written);
    assert!(kept == written, "docs/openapi.json is not what the code says: `make openapi` writes it anew, and git shows what changed. First: {differs:?}");
}

#[test]
fn it_has_every_route_and_every_method() {
    let described: BTreeSet<_> = operations().map(|(path, method, _)| format!("{} {path}", method.to_uppercase())).collect();
    let routes = route_list::all().into_iter().filter(|(_, path)| path == "/api" || path.starts_with("/api/"));
    assert_eq!(described, routes.map(|(method, path)| format!("{method} {path}")).collect());
}

#[test]
fn it_is_openapi_3_1() {
    is_openapi(&DOCUMENT).unwrap();
    // Whatever is misspelt, missing or in the wrong place.
    for (place, wrong) in [
        ("/openapi", json!("3.0.3")),
        ("/info", json!({"title": "Tidings"})),
        ("/paths/~1api~1me/get/response", json!({})),
        ("/paths/~1api~1me/get/responses/200/description", json!("")),
        ("/paths/~1api~1me/get/responses/2XX", json!({"description": "Fine."})),
        ("/paths/~1api~1follow~1{userId}/get/parameters/0/required", json!(false)),
        ("/components/schemas/Me/type", json!("int")),
        ("/components/schemas/Me/properties/id/minimum", json!("1")),
        ("/components/responses/Not Found", json!({"description": "Nothing."})),
    ] {
        let mut document = DOCUMENT.clone();
        let (parent, member) = place.rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Object(members) => drop(members.insert(member.to_owned(), wrong)),
            other => panic!("{place} in {other}"),
        }
        assert!(is_openapi(&document).is_err(), "{place}");
    }
}

fn is_openapi(document: &Value) -> Result<(), String> {
    let schema = serde_json::from_str(include_str!("openapi-3.1.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.validate(document).map_err(|wrong| format!("{}: {wrong}", wrong.instance_path()))
}

/// What stands in every `$ref`, wherever it is.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let referred: BTreeSet<&str> = references(&DOCUMENT).into_iter().map(|reference| reference.trim_start_matches('#')).collect();
    let components = ["schemas", "responses"].iter().flat_map(|kind| {
        let names = DOCUMENT["components"][kind].as_object().unwrap().keys();
        names.map(move |name| format!("/components/{kind}/{name}"))
    });
    assert_eq!(referred.iter().map(|place| (*place).to_owned()).collect::<BTreeSet<_>>(), components.collect());
    assert!(referred.iter().all(|name| !name.ends_with("Json")), "names are for programs to read: {referred:?}");
}

#[test]
fn every_operation_is_whole() {
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations() {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{operation}");
        let statuses: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
        assert!(statuses.iter().any(|status| status.starts_with('2')), "{method} {path}: {statuses:?}");
        let scheme = operation.pointer("/security/0").and_then(|schemes| schemes.as_object()?.keys().next());
        assert_eq!(scheme.is_some(), statuses.iter().any(|status| *status == "401") && path != "/api/session" || method == "delete", "{method} {path}");
        assert!(scheme.is_none_or(|scheme| DOCUMENT["components"]["securitySchemes"][scheme].is_object()), "{method} {path}: {scheme:?}");
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let in_path: Vec<&str> = parameters.filter(|parameter| parameter["in"] == "path").map(|parameter| parameter["name"].as_str().unwrap()).collect();
        let in_braces: Vec<&str> = path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        assert_eq!(in_path, in_braces, "{method} {path}");
    }
}

#[tokio::test]
async fn anybody_may_read_it_and_keep_it() {
    let town = Town::new().await;
    let answer = town.program().gets("/api/openapi.json").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    assert_eq!((answer.header("cache-control"), answer.header("vary")), ("public, max-age=3600", "Accept-Encoding"));
    assert_eq!(answer.json(), *DOCUMENT);
    let program = town.program();
    let again = program.sends(program.request(Method::GET, "/api/openapi.json").header("If-None-Match", answer.header("etag"))).await;
    assert_eq!((again.status.as_u16(), again.header("etag"), again.body.as_str()), (304, answer.header("etag"), ""));
}

/// An answer that was never given, but for one thing that is wrong with it.
fn check(line: &str, status: u16, kind: &str, body: &str) -> Result<(), String> {
    let (method, path) = line.split_once(' ').unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in [("content-type", kind), ("etag", "\"5\""), ("x-poll-interval", "10"), ("retry-after", "5"), ("www-authenticate", "Bearer")] {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    Answered { method: &method.parse().unwrap(), path, status, headers: &headers, body }.check()
}

#[test]
fn the_check_of_answers_has_teeth() {
    let (json, problem) = ("application/json", "application/problem+json");
    let not_found = json!({"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is nothing here."});
    let without = |member: &str| {
        let mut body = not_found.clone();
        body.as_object_mut().unwrap().remove(member);
        body.to_string()
    };
    let me = r#"{"id":1,"username":"ada","unread":0,"lastUpdate":5}"#;
    for (line, status, kind, body) in [
        ("GET /api/me", 200, json, me),
        ("GET /api/follow/7", 404, problem, &not_found.to_string()),
        ("PUT /api/me", 405, problem, &not_found.to_string()),
        ("GET /api/nothing", 404, problem, &not_found.to_string()),
        ("DELETE /api/session", 204, "", ""),
        ("HEAD /api/me", 200, json, ""),
    ] {
        assert_eq!(check(line, status, kind, body), Ok(()), "{line} {status} {body}");
    }
    for (line, status, kind, body, wrong) in [
        ("GET /api/me", 202, json, me, "202 is not described"),
        ("GET /api/me", 418, problem, &not_found.to_string(), "418 is not described"),
        ("GET /api/me", 200, "text/plain", me, "content type"),
        ("GET /api/me", 200, json, "", "no JSON"),
        ("GET /api/me", 200, json, r#"{"id":1,"username":"ada","unread":0}"#, "lastUpdate"),
        ("GET /api/me", 200, json, r#"{"id":"1","username":"ada","unread":0,"lastUpdate":5}"#, "/id"),
        ("GET /api/me", 200, json, r#"{"id":1,"username":null,"unread":0,"lastUpdate":5}"#, "/username"),
        ("GET /api/me", 200, json, r#"{"id":1,"username":"ada","unread":0,"lastUpdate":5,"password":"x"}"#, "password"),
        ("GET /api/people", 200, json, r#"{"people":[]}"#, "next"),
        ("GET /api/people", 200, json, r#"{"people":[{"id":1}],"next":null}"#, "/people/0"),
        ("GET /api/follow/7", 404, problem, &without("detail"), "detail"),
        ("GET /api/follow/7", 404, json, &not_found.to_string(), "content type"),
        ("GET /api/nothing", 200, json, "{}", "not described"),
        ("GET /api/nothing", 404, problem, "", "no JSON"),
        ("DELETE /api/session", 204, json, "{}", "a body"),
    ] {
        let found = check(line, status, kind, body).expect_err(line);
        assert!(found.contains(wrong), "{line} {status} {body}: {found}");
    }
    let poll = |headers: &HeaderMap| {
        let body = r#"{"lastUpdate":5,"hasUpdates":true}"#;
        Answered { method: &Method::GET, path: "/api/stream", status: 200, headers, body }.check()
    };
    let mut headers = HeaderMap::from_iter([("content-type".parse().unwrap(), HeaderValue::from_static(json))]);
    assert_eq!(poll(&headers), Err("no header ETag".to_owned()));
    headers.insert("etag", HeaderValue::from_static("\"5\""));
    headers.insert("x-poll-interval", HeaderValue::from_static("ten"));
    assert_eq!(poll(&headers), Err("X-Poll-Interval: ten".to_owned()));
    headers.insert("x-poll-interval", HeaderValue::from_static("10"));
    assert_eq!(poll(&headers), Ok(()));
}
