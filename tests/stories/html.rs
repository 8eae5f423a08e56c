//! Just enough reading of our own pages.

/// What stands between `open` and `close`, first occurrence.
pub fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(found, _)| found)
}

/// The text as read, tags taken out and white space folded.
pub fn text(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                out.push(' ');
            }
            c if !inside => out.push(c),
            _ => {}
        }
    }
    unescape(&out).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The characters behind the entities that our templates write.
pub fn unescape(html: &str) -> String {
    html.replace("&#38;", "&").replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'")
}

/// A line of the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: i64,
    pub says: String,
    pub unread: bool,
}

/// The lines of an inbox, top to bottom.
pub fn lines(html: &str) -> Vec<Line> {
    html.split("<li id=\"n").skip(1).map(line).collect()
}

fn line(item: &str) -> Line {
    let unread = item.split_once('>').unwrap().0.contains("unread");
    let said = text(between(item, "<div class=\"line-text\">", "</p>").unwrap());
    assert_eq!(said.starts_with("New "), unread, "an unread line says so in words: {said}");
    Line { id: item.split('"').next().unwrap().parse().unwrap(), says: said.trim_start_matches("New ").to_owned(), unread }
}

/// The number on the badge; no badge is 0.
pub fn badge(html: &str) -> i64 {
    let badge = between(html, "<span id=\"badge\"", "unread</span>").map(|badge| badge.rsplit(", ").next().unwrap().trim());
    badge.map_or(0, |number| number.parse().unwrap())
}

/// The tab's title.
pub fn title(html: &str) -> String {
    unescape(between(html, "<title>", "</title>").unwrap_or_default())
}

/// Where the page's polling element asks.
pub fn poll_url(html: &str) -> Option<String> {
    let element = between(html, "id=\"stream\"", ">")?;
    between(element, "hx-get=\"", "\"").map(unescape)
}

/// What is said aloud.
pub fn said(html: &str) -> String {
    let status = between(html, "<p id=\"status\" hx-swap-oob=", "</p>").expect("the status line rides along");
    text(status.split_once('>').unwrap().1)
}
