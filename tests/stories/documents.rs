//! What README.md and compose.yaml tell operators, tried.

use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::site::Home;
use crate::support::process::Process;
use crate::support::until::until;

const README: &str = include_str!("../../README.md");

/// The block of README.md in `language` that contains `word`.
fn block(language: &str, word: &str) -> &'static str {
    let blocks = README.split("```").filter_map(|block| block.strip_prefix(language));
    let mut blocks = blocks.filter_map(|block| block.strip_prefix('\n'));
    blocks.find(|block| block.contains(word)).expect("README.md has it")
}

/// Every URL under "Operators" in the list of routes.
fn for_operators() -> Vec<&'static str> {
    let routes = include_str!("../../src/routes.rs").split("// Operators").nth(1).unwrap().split("// ").next().unwrap();
    let found: Vec<_> = routes.split("resource(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(found.contains(&"/metrics") && found.len() >= 3, "{found:?}");
    found
}

/// nginx with the block of README.md, on a port of its own.
async fn nginx(site: &Process) -> (Child, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = block("nginx", "proxy_pass").replace("http://127.0.0.1:8080", &site.url);
    let at = folder.path().display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|what| format!("{what}_temp_path {at}/{what};")).concat();
    let config = format!(
        "daemon off; pid {at}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off; {temporary}\nserver {{ listen 127.0.0.1:{port};\n{server} }} }}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), config).unwrap();
    let mut command = Command::new("nginx");
    command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap())).arg("-c").arg(folder.path().join("nginx.conf"));
    let child = command.stdout(Stdio::null()).kill_on_drop(true).spawn().expect("nginx");
    (child, format!("http://127.0.0.1:{port}"), folder)
}

#[tokio::test]
async fn the_proxies_publish_the_site_and_nothing_that_is_for_operators() {
    let home = Home::new();
    let site = Process::serve(&home).await;
    let (_nginx, url, _folder) = nginx(&site).await;
    until("nginx answers", async || reqwest::get(&url).await.is_ok()).await;
    for path in ["/", "/signin", "/static/style.css"] {
        assert_eq!(reqwest::get(format!("{url}{path}")).await.unwrap().status(), 200, "{path}");
    }
    let caddyfile = include_str!("../../Caddyfile");
    let caddy = caddyfile.lines().find_map(|line| line.trim().strip_prefix("@operators path ")).unwrap();
    assert!(caddyfile.contains("respond @operators 404") && include_str!("../../compose.yaml").contains("./Caddyfile:/etc/caddy/Caddyfile:ro"));
    for path in for_operators() {
        assert!(caddy.split(' ').any(|blocked| blocked == path), "{path} in the Caddyfile");
        assert_eq!(reqwest::get(format!("{}{path}", site.url)).await.unwrap().status(), 200, "from the inside");
        // However it is written; redirects are followed.
        let letter = format!("/%{:x}{}", path.as_bytes()[1], &path[2..]);
        for written in [path.to_owned(), format!("{path}?x"), format!("/{path}"), format!("{path}/"), letter, format!("/x/..{path}")] {
            let answer = reqwest::get(format!("{url}{written}")).await.unwrap();
            assert_eq!(answer.status(), 404, "{written} through nginx");
        }
    }
}

#[tokio::test]
async fn the_alerts_name_metrics_that_exist_from_the_start() {
    let rules = block("yaml", "alert:");
    let home = Home::new();
    let site = Process::serve(&home).await;
    let metrics = reqwest::get(format!("{}/metrics", site.url)).await.unwrap().text().await.unwrap();
    let named: Vec<&str> =
        rules.match_indices("tidings_").map(|(at, _)| rules[at..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap()).collect();
    assert!(named.len() >= 5, "{named:?}");
    for name in named {
        assert!(metrics.lines().any(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} "))), "{name} is not in\n{metrics}");
    }
    // The label values that they ask for.
    for labels in rules.split('{').skip(1).filter_map(|rest| rest.split('}').next()).filter(|labels| labels.contains("=~\"") || labels.contains("=\"")) {
        let (label, values) = labels.split_once('=').unwrap();
        for value in values.trim_start_matches('~').trim_matches('"').split('|') {
            assert!(metrics.contains(&format!("{{{label}=\"{value}\"}}")), "{label}={value} is not in\n{metrics}");
        }
    }
}
