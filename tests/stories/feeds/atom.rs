//! A feed as a reader reads it. What RFC 4287 demands of every feed is checked when it is read.

use std::collections::BTreeSet;

use atom_syndication::FixedDateTime;
use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

const ATOM: &str = "http://www.w3.org/2005/Atom";

/// A feed that keeps all rules.
#[derive(Debug)]
pub struct Feed {
    pub id: String,
    pub title: String,
    pub updated: String,
    pub links: Vec<Link>,
    pub entries: Vec<Entry>,
}

#[derive(Debug)]
pub struct Entry {
    pub id: String,
    pub title: String,
    pub updated: String,
    /// The author's name; "" where nobody is named.
    pub author: String,
    /// Type and value.
    pub content: (String, String),
    pub links: Vec<Link>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub rel: String,
    pub href: String,
}

/// An element of Atom's namespace.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

impl Feed {
    pub fn read(document: &str) -> Feed {
        let wrong: Vec<char> = document.chars().filter(|c| !is_xml_char(*c)).collect();
        assert!(wrong.is_empty(), "no characters of XML: {wrong:?}");
        let root = Element::read(document);
        assert_eq!(root.name, "feed");
        root.has_only(&["author", "category", "contributor", "generator", "icon", "id", "link", "logo", "rights", "subtitle", "title", "updated", "entry"]);
        let has_author = root.check_persons() > 0;
        let entries: Vec<Entry> = root.all("entry").map(|entry| Entry::new(entry, has_author)).collect();
        let ids: BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).chain([root.id()]).collect();
        assert_eq!(ids.len(), entries.len() + 1, "an id stands twice in {document}");
        let links = root.links();
        assert_eq!(links.iter().filter(|link| link.rel == "self").count(), 1, "RFC 4287, 4.1.1: a feed should say where it is");
        Feed { id: root.id().to_owned(), title: root.one("title").plain().to_owned(), updated: root.date("updated"), links, entries }
    }

    /// The titles, in the order of the document.
    pub fn titles(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.title.as_str()).collect()
    }

    pub fn link(&self, rel: &str) -> &str {
        href(&self.links, rel)
    }
}

impl Entry {
    fn new(entry: &Element, feed_has_author: bool) -> Entry {
        entry.has_only(&["author", "category", "content", "contributor", "id", "link", "published", "rights", "source", "summary", "title", "updated"]);
        let authors = entry.check_persons();
        assert!(authors > 0 || feed_has_author, "RFC 4287, 4.1.2: an entry needs an author");
        let links = entry.links();
        let content = entry.at_most_one("content");
        assert!(content.is_some() || links.iter().any(|link| link.rel == "alternate"), "RFC 4287, 4.1.2: neither content nor page");
        if entry.at_most_one("published").is_some() {
            entry.date("published");
        }
        let author = entry.all("author").next().map_or("", |author| &author.one("name").text);
        Entry {
            id: entry.id().to_owned(),
            title: entry.one("title").plain().to_owned(),
            updated: entry.date("updated"),
            author: author.to_owned(),
            content: content.map(|content| (content.text_type().to_owned(), content.text.clone())).unwrap_or_default(),
            links,
        }
    }

    pub fn link(&self, rel: &str) -> &str {
        href(&self.links, rel)
    }
}

fn href<'a>(links: &'a [Link], rel: &str) -> &'a str {
    links.iter().find(|link| link.rel == rel).map_or("", |link| &link.href)
}

impl Element {
    /// The root.
    fn read(document: &str) -> Element {
        let mut reader = NsReader::from_str(document);
        let mut open = vec![Element::default()];
        loop {
            let (namespace, event) = reader.read_resolved_event().unwrap_or_else(|wrong| panic!("{wrong} in {document}"));
            let is_atom = matches!(namespace, ResolveResult::Bound(namespace) if namespace.as_ref() == ATOM.as_bytes());
            match event {
                Event::Start(start) => open.push(Element::open(&start, is_atom)),
                Event::Empty(start) => open.last_mut().unwrap().children.push(Element::open(&start, is_atom)),
                Event::End(_) => {
                    let done = open.pop().unwrap();
                    open.last_mut().unwrap().children.push(done);
                }
                Event::Text(text) => open.last_mut().unwrap().text += &text.decode().unwrap(),
                Event::GeneralRef(reference) => open.last_mut().unwrap().text.push(character(&reference)),
                Event::Decl(_) => {}
                Event::Eof => break,
                other => panic!("{other:?} is not for feeds"),
            }
        }
        assert_eq!(open.len(), 1, "an element is not closed");
        let mut roots = open.pop().unwrap().children;
        assert_eq!(roots.len(), 1);
        roots.pop().unwrap()
    }

    fn open(start: &BytesStart<'_>, is_atom: bool) -> Element {
        let name = String::from_utf8(start.local_name().as_ref().to_vec()).unwrap();
        assert!(is_atom, "{name} is not of Atom");
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = quick_xml::escape::unescape(std::str::from_utf8(&attribute.value).unwrap()).unwrap().into_owned();
            assert!(value.chars().all(is_xml_char));
            (String::from_utf8(attribute.key.as_ref().to_vec()).unwrap(), value)
        });
        Element { name, attributes: attributes.collect(), ..Element::default() }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn at_most_one<'a>(&'a self, name: &'a str) -> Option<&'a Element> {
        assert!(self.all(name).count() <= 1, "{name} stands twice in {self:?}");
        self.all(name).next()
    }

    fn one<'a>(&'a self, name: &'a str) -> &'a Element {
        self.at_most_one(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn has_only(&self, known: &[&str]) {
        for child in &self.children {
            assert!(known.contains(&child.name.as_str()), "{} has no {}", self.name, child.name);
        }
    }

    /// An absolute IRI, and no address of a host that can move.
    fn id(&self) -> &str {
        let id = self.one("id").text.as_str();
        let (scheme, rest) = id.split_once(':').unwrap_or_else(|| panic!("{id} is relative"));
        assert!(["urn", "tag"].contains(&scheme) && !rest.is_empty() && id.chars().all(|c| c.is_ascii_graphic()), "{id}");
        id
    }

    /// RFC 3339, with what RFC 4287 adds.
    fn date(&self, name: &str) -> String {
        let date = &self.one(name).text;
        assert!(FixedDateTime::parse_from_rfc3339(date).is_ok() && date.contains('T') && !date.contains(['t', 'z', ' ']), "{date}");
        date.clone()
    }

    /// The type of a text construct that has no markup of its own.
    fn text_type(&self) -> &str {
        let text_type = self.attribute("type").unwrap_or("text");
        assert!(["text", "html"].contains(&text_type) && self.children.is_empty(), "{self:?}");
        text_type
    }

    fn plain(&self) -> &str {
        assert_eq!(self.text_type(), "text");
        &self.text
    }

    /// Every author and contributor has one name. Returns how many authors there are.
    fn check_persons(&self) -> usize {
        for person in self.all("author").chain(self.all("contributor")) {
            person.has_only(&["name", "uri", "email"]);
            assert!(!person.one("name").text.is_empty());
            assert!(person.at_most_one("uri").is_none_or(|uri| !uri.text.is_empty()) && person.at_most_one("email").is_none());
        }
        self.all("author").count()
    }

    fn links(&self) -> Vec<Link> {
        let links: Vec<Link> = self
            .all("link")
            .map(|link| {
                let rel = link.attribute("rel").unwrap_or("alternate").to_owned();
                let href = link.attribute("href").unwrap_or_else(|| panic!("RFC 4287, 4.2.7.1: no href in {link:?}")).to_owned();
                assert!(!href.is_empty() && link.children.is_empty() && link.text.is_empty());
                Link { rel, href }
            })
            .collect();
        assert!(links.iter().filter(|link| link.rel == "alternate").count() <= 1, "RFC 4287, 4.1.1: {links:?}");
        links
    }
}

/// What `&lt;` or `&#38;` stands for.
fn character(reference: &quick_xml::events::BytesRef<'_>) -> char {
    let resolved = reference.resolve_char_ref().unwrap();
    let named = || quick_xml::escape::resolve_predefined_entity(&reference.decode().unwrap()).and_then(|text| text.chars().next());
    let c = resolved.or_else(named).unwrap_or_else(|| panic!("{reference:?} stands for nothing"));
    assert!(is_xml_char(c), "{c:?} is no character of XML");
    c
}

/// `Char` of XML 1.0.
fn is_xml_char(c: char) -> bool {
    matches!(u32::from(c), 0x9 | 0xA | 0xD | 0x20..=0xD7FF | 0xE000..=0xFFFD | 0x10000..=0x10FFFF)
}

/// The rules have teeth: each of these breaks one.
#[test]
fn what_breaks_a_rule_is_refused() {
    let entry = "<entry><id>urn:x:2</id><title>t</title><updated>2026-11-23T20:15:00Z</updated><author><name>a</name></author><content>c</content></entry>";
    let feed = |inside: &str| {
        format!(
            "<?xml version=\"1.0\"?>\n<feed xmlns=\"{ATOM}\"><id>urn:x:1</id><title>t</title><updated>2026-11-23T20:15:00Z</updated><link rel=\"self\" href=\"a\"/>{inside}</feed>"
        )
    };
    assert_eq!(Feed::read(&feed(entry)).titles(), ["t"]);
    let broken = |from: &str, to: &str| feed(&entry.replace(from, to));
    for document in [
        feed(&entry.repeat(2)),
        feed("<id>urn:x:3</id>"),
        feed("<p>text</p>"),
        feed("\u{1b}"),
        feed("&#27;"),
        feed("&nbsp;"),
        feed("<entry>"),
        feed("<link rel=\"alternate\" href=\"a\"/><link href=\"b\"/>"),
        broken("urn:x:2", "https://a.example/2"),
        broken("<title>t</title>", ""),
        broken("<title>", "<title type=\"text/html\">"),
        broken("2026-11-23T20:15:00Z", "2026-11-23 20:15"),
        broken("<author><name>a</name></author>", ""),
        broken("<name>a</name>", "<name></name>"),
        broken("<content>c</content>", ""),
        broken("<content>c</content>", "<content type=\"html\"><b>c</b></content>"),
        feed(entry).replace(ATOM, "http://purl.org/atom/ns#"),
        feed(entry).replace("rel=\"self\"", "rel=\"via\""),
    ] {
        let read = std::panic::catch_unwind(|| Feed::read(&document));
        assert!(read.is_err(), "{document}");
    }
}
