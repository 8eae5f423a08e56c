//! The text of a post: addresses in it are links, everything else is text.

use askama::Template;
use askama::filters::HtmlSafe;
use linkify::{LinkFinder, LinkKind};
use url::{Position, Url};

use crate::domain::excerpt::excerpt;

/// The text of a post, in pieces.
#[derive(Debug, Template)]
#[template(
    source = r#"{% for piece in pieces %}{% match piece %}{% when Piece::Text(text) %}{{ text }}{% when Piece::Link(url) %}<a href="{{ url }}" rel="noopener nofollow ugc"><bdi>{{ url }}</bdi></a>{% endmatch %}{% endfor %}"#,
    ext = "html"
)]
pub struct PostText {
    pieces: Vec<Piece>,
}

impl HtmlSafe for PostText {}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Link(String),
}

/// Marks that close a sentence or a bracket where there are no blanks. The crate knows those of ASCII.
const CLOSING: &[char] = &['。', '、', '，', '．', '！', '？', '：', '；', '）', '」', '』', '】', '》', '…', '”', '’', '»', '‹', '›'];

impl PostText {
    /// Finds the addresses in `text`.
    pub fn new(text: &str) -> PostText {
        let mut finder = LinkFinder::new();
        finder.kinds(&[LinkKind::Url]);
        let mut pieces = Vec::new();
        for span in finder.spans(text) {
            let link = span.kind().map(|_| span.as_str().trim_end_matches(CLOSING)).filter(|link| is_safe_link(link));
            let rest = span.as_str().get(link.map_or(0, str::len)..).unwrap_or_default();
            pieces.extend(link.map(|link| Piece::Link(link.to_owned())));
            pieces.extend(Some(rest).filter(|rest| !rest.is_empty()).map(|rest| Piece::Text(rest.to_owned())));
        }
        PostText { pieces }
    }
}

/// Whether `url` may be a link: http or https, and it leads where it says. What stands before an @ looks like the host and is not; and marks of
/// direction show an address in another order than it is read in.
fn is_safe_link(url: &str) -> bool {
    let is_plain = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty() && url.password().is_none();
    !url.contains(is_direction_mark) && Url::parse(url).is_ok_and(|url| is_plain(&url))
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How much is shown of what follows the host, in characters.
const LONGEST_REST: usize = 40;

/// What a post links to, shown plainly: the host first.
#[derive(Debug, Template)]
#[template(source = r#"<a href="{{ url }}" rel="noopener nofollow ugc"><bdi><strong>{{ host }}</strong>{{ rest }}</bdi></a>"#, ext = "html")]
pub struct PostLink {
    url: String,
    /// With its port, if it says one. A name in other letters than ASCII is in its ASCII form, so that it cannot look like another.
    host: String,
    /// The path and what follows it, or their beginning.
    rest: String,
}

impl HtmlSafe for PostLink {}

impl PostLink {
    /// `None` if it is not a URL of a page after all.
    pub fn new(url: &str) -> Option<PostLink> {
        let parsed = Url::parse(url).ok().filter(|_| is_safe_link(url))?;
        let rest = excerpt(&parsed[Position::BeforePath..], LONGEST_REST).into_owned();
        let host = parsed[Position::BeforeHost..Position::AfterPort].to_owned();
        Some(PostLink { url: url.to_owned(), host, rest: if rest == "/" { String::new() } else { rest } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_links_and_nothing_else_is() {
        for (text, links) in [
            ("(https://a.example/b_(c)).", vec!["https://a.example/b_(c)"]),
            ("See https://a.example, http://b.example/x?y=1&z=2#end!", vec!["https://a.example", "http://b.example/x?y=1&z=2#end"]),
            ("<https://a.example>\"https://b.example\"", vec!["https://a.example", "https://b.example"]),
            ("HTTPS://A.EXAMPLE/B", vec!["HTTPS://A.EXAMPLE/B"]),
            ("https://de.example/Köln", vec!["https://de.example/Köln"]),
            ("見て https://a.example/道。はい", vec!["https://a.example/道。はい"]),
            ("見て（https://a.example/道）。", vec!["https://a.example/道"]),
            ("one\nhttp://a.example\ntwo", vec!["http://a.example"]),
            ("http://localhost:8080/x and http://127.0.0.1/", vec!["http://localhost:8080/x", "http://127.0.0.1/"]),
            ("javascript:alert(1) javascript://a.example/%0aalert(1) data:text/html,x", vec![]),
            ("ftp://a.example mailto:a@a.example a@a.example www.a.example a.example", vec![]),
            ("https://bank.example@evil.example/ http://a:b@c.example", vec![]),
            ("https://a.example/\u{202e}gpj.exe", vec![]),
            ("https:// http://", vec![]),
        ] {
            let found = PostText::new(text).pieces;
            let whole: String = found
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) | Piece::Link(text) => text.as_str(),
                })
                .collect();
            assert_eq!(whole, text);
            let linked: Vec<_> = found.iter().filter_map(|piece| if let Piece::Link(url) = piece { Some(url.as_str()) } else { None }).collect();
            assert_eq!(linked, links, "{text}");
        }
    }

    #[test]
    fn markup_stays_text() {
        let html = PostText::new(r#"<b>&amp; https://a.example/?a=1&b="onclick="x"#).to_string();
        assert!(!html.contains("<b>") && html.contains("&#38;amp;") && html.contains(r#"href="https://a.example/?a=1&#38;b=""#), "{html}");
    }

    #[test]
    fn a_link_shows_its_host_first() {
        let shown = |url| PostLink::new(url).map(|link| (link.host, link.rest));
        let pair = |host: &str, rest: &str| Some((host.to_owned(), rest.to_owned()));
        assert_eq!(shown("https://a.example"), pair("a.example", ""));
        assert_eq!(shown("http://a.example:8080/b?c#d"), pair("a.example:8080", "/b?c#d"));
        assert_eq!(shown("https://аррӏе.example/"), pair("xn--80ak6aa92e.example", ""));
        let long = format!("https://a.example/{}", "b".repeat(1_900));
        let (host, rest) = shown(&long).unwrap();
        assert!(host == "a.example" && rest.ends_with("b…") && rest.chars().count() == LONGEST_REST, "{rest}");
        for none in ["", "a.example", "/a", "javascript:alert(1)", "https://a@b.example"] {
            assert_eq!(shown(none), None, "{none}");
        }
    }
}
