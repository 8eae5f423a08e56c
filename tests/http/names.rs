//! A browser that translates pages leaves names as they are.

use scraper::node::Element;
use scraper::{Html, Node};

use crate::support::{Member, Site};

/// The text nodes that contain `name` where nothing says that it is not to be translated. A title cannot say so.
fn translated(html: &str, name: &str) -> Vec<String> {
    let page = if html.contains("<!doctype") { Html::parse_document(html) } else { Html::parse_fragment(html) };
    let texts = page.tree.nodes().filter(|node| matches!(node.value(), Node::Text(text) if text.contains(name)));
    let leaves_alone = |element: &Element| element.attr("translate") == Some("no") || element.name() == "title";
    let unmarked = texts.filter(|text| !text.ancestors().any(|it| it.value().as_element().is_some_and(leaves_alone)));
    unmarked.map(|text| format!("{:?}", text.value())).collect()
}

#[actix_web::test]
async fn no_name_is_translated() {
    let site = Site::open().await;
    let (ada, bob, carla) = (site.member("red_rose").await, site.member("bluebell").await, site.member("larkspur").await);
    site.follows(&bob, &ada).await;
    let since = site.answers(ada.program("GET /api/me")).await.json()["lastUpdate"].as_i64().unwrap() - 1;
    site.follows(&carla, &ada).await;
    site.follows(&ada, &bob).await;
    let pages = [
        "/",
        "/people",
        "/people?q=bluebell",
        "/people?q=bluebellx",
        "/people/red_rose",
        "/people/bluebell",
        "/people/bluebell/followers",
        "/people/bluebell/following",
        "/people/larkspur/following",
        "/people/larkspur/followers",
        "/people/red_rose/followers",
        "/notifications",
        "/notifications?show=unread",
        "/settings",
        "/no/such/page",
    ];
    for path in pages {
        is_left_alone(&site, &ada, &format!("GET {path}"), false).await;
    }
    for line in [
        format!("GET /api/stream?since={since}"),
        format!("GET /api/stream?since={}&title=People", since - 1),
        "POST /people/larkspur/follow".into(),
        "POST /people/larkspur/unfollow?on=profile".into(),
    ] {
        is_left_alone(&site, &ada, &line, true).await;
    }
}

async fn is_left_alone(site: &Site, ada: &Member, line: &str, htmx: bool) {
    let asked = if htmx { ada.htmx(line) } else { ada.browser(line) };
    let body = site.answers(asked.insert_header(("accept", "text/html"))).await.body;
    assert!(["red_rose", "bluebell", "larkspur"].iter().any(|name| body.contains(name)), "{line}: no name at all");
    for name in ["red_rose", "bluebell", "larkspur"] {
        assert_eq!(translated(&body, name), [""; 0], "{line}: {name}");
    }
}
