//! Every mistake that can be made in a post, and what is none.

use reqwest::Method;
use serde_json::json;

use super::{ada_with_followers, made, sends, texts};
use crate::support::http::Answer;
use crate::support::town::Town;

/// A problem document that says this.
fn says(answer: &Answer, status: u16, words: &str) {
    answer.is_a_problem(status);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(words), "{detail} does not say {words}");
}

#[tokio::test]
async fn what_cannot_be_posted_is_said_and_changes_nothing() {
    let town = Town::new().await;
    let (ada, bob, _) = ada_with_followers(&town).await;
    town.signs_up("dora").await;
    let program = ada.program().await;
    let many: Vec<String> = (0..51).map(|n| format!("guest_{n}")).collect();
    for (body, words) in [
        (json!({}), "Write something"),
        (json!({"text": ""}), "Write something"),
        (json!({"text": " \r\n\t\u{a0}"}), "Write something"),
        (json!({"text": "\u{200b}"}), "Write something"),
        (json!({"text": "\u{3164}"}), "Write something"),
        (json!({"text": "a".repeat(501)}), "at most 500 characters. These are 501."),
        (json!({"text": "a".repeat(500), "title": "b"}), "These are 502."),
        (json!({"text": "a\0"}), "U+0000 (NUL)"),
        (json!({"text": "\u{1b}[31mred"}), "U+001B (ESC)"),
        (json!({"text": "a\u{ffff}"}), "U+FFFF"),
        (json!({"text": "a", "url": "javascript:alert(1)"}), "https://"),
        (json!({"text": "a", "url": "data:text/html,x"}), "https://"),
        (json!({"text": "a", "url": "/relative"}), "https://"),
        (json!({"text": "a", "url": "no URL"}), "https://"),
        (json!({"text": "a", "url": "https://ada:secret@a.example/"}), "name or a password"),
        (json!({"text": "a", "url": format!("https://a.example/{}", "x".repeat(1_983))}), "These are 2001."),
        (json!({"text": "a", "to": many}), "at most 50 people"),
        (json!({"text": "a", "to": []}), "Name somebody"),
        (json!({"text": "a", "to": ["bob", "nobody_here"]}), "These do not: nobody_here."),
        (json!({"text": "a", "to": ["bob", "Dora", "@nobody"]}), "These do not: dora, nobody."),
        (json!({"text": "a", "to": ["b@b"]}), "No usernames: \"b@b\"."),
        (json!({"text": "a", "collapse": ""}), "collapse"),
        (json!({"text": "a", "collapse": "b".repeat(65)}), "at most 64 characters"),
        (json!({"text": "", "url": "ftp://x", "to": []}), "Write something: there is nothing to see in the text. The link must"),
    ] {
        says(&program.posts("/api/posts", &body).await, 422, words);
    }
    for body in [json!({"text": 5}), json!({"text": "a", "to": "bob"}), json!({"text": "a", "quiet": "yes"}), json!(null), json!("a")] {
        program.posts("/api/posts", &body).await.is_a_problem(400);
    }
    says(&sends(&program, "text/plain; charset=iso-8859-1", b"caf\xe9".to_vec()).await, 422, "byte 4 of it, 0xE9, is not");
    says(&sends(&program, "application/json", b"{\"text\":\"caf\xe9\"}".to_vec()).await, 422, "UTF-8");
    says(&sends(&program, "application/x-www-form-urlencoded", b"caf\xe9".to_vec()).await, 422, "UTF-8");
    says(&sends(&program, "application/x-www-form-urlencoded", "text=caf%E9").await, 422, "UTF-8");
    for media_type in ["multipart/form-data; boundary=x", "text/html", "image/png", "application/octet-stream"] {
        says(&sends(&program, media_type, "a").await, 415, "text/plain");
    }
    program.sends(program.request(Method::POST, "/api/posts")).await.is_a_problem(415);
    sends(&program, "text/plain", "a".repeat(20_000)).await.is_a_problem(413);
    assert_eq!(texts(&program, "/api/posts").await, [""; 0]);
    bob.sees([]).await;
}

#[tokio::test]
async fn whatever_is_text_is_posted_verbatim() {
    let town = Town::new().await;
    let (ada, bob, _) = ada_with_followers(&town).await;
    let program = ada.program().await;
    let form = "application/x-www-form-urlencoded";
    for (media_type, body, text) in [
        (form, "50% & more + ok", "50% & more + ok"),
        (form, "100%25 a+b", "100%25 a+b"),
        (form, "{\"text\":\"no JSON\"}", "{\"text\":\"no JSON\"}"),
        (form, "text=50%25+%26+more&unknown=1", "50% & more"),
        ("text/plain", "text=verbatim+too\r\n", "text=verbatim+too"),
        ("Text/Plain;charset=utf-8", "\u{feff}caf\u{e9} \u{1f99c}", "caf\u{e9} \u{1f99c}"),
        ("application/json; charset=utf-8", "\u{feff}{\"text\":\"j\\u00e9\",\"nobody\":{\"knows\":[1]}}", "j\u{e9}"),
        ("application/json", "{\"text\":\"All green.\",\"title\":\"Build\\n7\",\"url\":\"\",\"to\":null}", "Build 7\nAll green."),
        ("text/plain", "<script>\u{202e}alert(1)\u{200f}</script>", "<script>\u{202e}alert(1)\u{200f}</script>"),
    ] {
        let answer = sends(&program, media_type, body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["text"]), (201, &json!(text)), "{body}");
    }
    for text in ["👍".repeat(500), "a\r\n".repeat(249) + "aa"] {
        let posted = made(&program, json!({"text": text})).await["text"].clone();
        assert_eq!(posted, text.replace("\r\n", "\n"));
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        assert_eq!(sends(&program, "application/json", format!("{{\"text\":\"{escaped}\"}}")).await.json()["text"], posted);
        let encoded = form_urlencoded::Serializer::new(String::new()).append_pair("text", &text).finish();
        assert_eq!(sends(&program, form, encoded).await.json()["text"], posted);
    }
    assert_eq!(made(&program, json!({"text": "a", "to": ["Bob", "@bob", "bob"]})).await["to"], json!(["bob"]));
    let bobs = bob.program().await;
    assert!(bobs.gets("/api/notifications").await.json()["unread"].as_i64().unwrap() > 10);
}

/// A token that was revoked is still well signed, so it takes a look into the database to know; what is wrong with the body is known before.
#[tokio::test]
async fn whoever_is_not_signed_in_hears_that_first() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let (program, nobody) = (ada.program().await, town.program().with_token("nonsense"));
    program.deletes("/api/session").await;
    for caller in [&program, &nobody, &town.program()] {
        for (media_type, body) in [("application/json", "{"), ("image/png", "x"), ("text/plain", ""), ("text/plain", "fine")] {
            sends(caller, media_type, body).await.is_a_problem(401);
        }
        caller.sends(caller.request(Method::POST, "/api/posts").header("idempotency-key", "two words").json(&json!({"text": ""}))).await.is_a_problem(401);
    }
}
