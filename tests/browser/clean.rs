//! Every page, narrow and wide, light and dark: nothing for axe-core to find, nothing in the console (a violation
//! of the CSP would be there), nothing to scroll sideways.

use std::path::PathBuf;

use serde_json::json;
use thirtyfour::By;

use crate::person::Person;
use crate::town::Town;

/// With one rule that is off by default: the size of touch targets.
const RUN_AXE: &str = "const done = arguments[0];
    const told = it => it.id + ' (' + it.help + '): ' + it.nodes.map(node => node.target.join(' ') + ' = ' + node.html).join(' | ');
    axe.run(document, {rules: {'target-size': {enabled: true}}}).then(found => done(found.violations.map(told)), cause => done([String(cause)]))";

/// As wide as a name can be.
const WIDE: &str = "wwwwwwwwwwwwwwwwwwwwwwwwwwwwww";

/// How the server answered.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Fine,
    /// With a 4xx, for which Chromium itself writes one line into the console.
    Refused,
}
use Answer::{Fine, Refused};

/// Looks at pages, and says in the end what is wrong with them.
struct Inspector {
    axe: String,
    problems: Vec<String>,
}

impl Inspector {
    fn new() -> Inspector {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/browser/axe/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(file).expect("axe-core is not here yet: `make assets-test` fetches it");
        Inspector { axe, problems: Vec::new() }
    }

    /// `name` is what the screenshots are called by.
    async fn inspects(&mut self, person: &Person, name: &str, answer: Answer) {
        // Once for each page: what is set here lasts until the next one is loaded.
        person.runs(&self.axe).await;
        for (width, height) in [(390, 844), (1280, 800)] {
            person.devtools("Emulation.setDeviceMetricsOverride", json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false})).await;
            for scheme in ["light", "dark"] {
                let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
                person.devtools("Emulation.setEmulatedMedia", features).await;
                let here = format!("{name}-{width}-{scheme}");
                self.looks(person, &here).await;
                person.saves_a_screenshot(&here).await;
            }
        }
        self.listens(person, name, answer).await;
    }

    async fn looks(&mut self, person: &Person, here: &str) {
        let size = person.runs("return [innerWidth, document.documentElement.scrollWidth]").await;
        if size[0].as_u64() < size[1].as_u64() {
            self.problems.push(format!("{here}: can be scrolled sideways (window and page are {size} px wide)"));
        }
        let found: Vec<String> = serde_json::from_value(person.runs_async(RUN_AXE).await).unwrap();
        self.problems.extend(found.iter().map(|violation| format!("{here}: {violation}")));
    }

    async fn listens(&mut self, person: &Person, name: &str, answer: Answer) {
        let mut console = person.console().await;
        if answer == Refused {
            let own = console.iter().position(|line| line.message.contains("Failed to load resource: the server responded with a status of 4"));
            match own {
                Some(line) => drop(console.remove(line)),
                None => self.problems.push(format!("{name}: should have been refused")),
            }
        }
        self.problems.extend(console.iter().map(|line| format!("{name}: console: {} {}", line.level, line.message)));
    }

    fn concludes(self) {
        assert!(self.problems.is_empty(), "{}", self.problems.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_visitors_see_is_clean() {
    let town = Town::calm().await;
    let (ada, mut inspector) = (town.stranger("ada").await, Inspector::new());
    let pages = [
        ("/", "welcome"),
        ("/?done=deleted", "welcome-deleted"),
        ("/signin", "signin"),
        ("/signin?next=%2Fnotifications", "signin-next"),
        ("/signup", "signup"),
    ];
    for (path, name) in pages {
        ada.goes_to(path).await;
        inspector.inspects(&ada, name, Fine).await;
    }
    ada.goes_to("/signup").await;
    ada.types("username", "a!").await;
    ada.types("password", "short").await;
    ada.presses("Sign up").await;
    ada.sees("Use only the letters a to z").await;
    inspector.inspects(&ada, "signup-refused", Refused).await;
    ada.goes_to("/signin").await;
    ada.fills_in("wrong horse").await;
    ada.presses("Sign in").await;
    ada.sees("Wrong username or password").await;
    inspector.inspects(&ada, "signin-refused", Refused).await;
    ada.goes_to("/nowhere").await;
    inspector.inspects(&ada, "nowhere", Refused).await;
    inspector.concludes();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newcomer_sees_is_clean() {
    let town = Town::calm().await;
    let (ada, mut inspector) = (town.signs_up("ada").await, Inspector::new());
    let pages = [
        ("/", "home-empty"),
        ("/people", "people-empty"),
        ("/people/ada/followers", "followers-empty"),
        ("/people/ada/following", "following-empty"),
        ("/notifications", "inbox-empty"),
        ("/notifications?show=unread", "inbox-unread-empty"),
        ("/settings?done=password", "settings-done"),
    ];
    for (path, name) in pages {
        ada.goes_to(path).await;
        asks_with_one_element(&ada).await;
        inspector.inspects(&ada, name, Fine).await;
    }
    ada.goes_to("/nowhere").await;
    inspector.inspects(&ada, "nowhere-member", Refused).await;
    inspector.concludes();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_known_sees_is_clean() {
    let town = Town::calm().await;
    let (ada, mut inspector) = (town.signs_up("ada").await, Inspector::new());
    town.has_fans(22, "ada").await;
    town.knows(WIDE).await;
    town.hears_that(WIDE, "ada").await;
    let pages = [
        ("/", "home"),
        ("/people", "people"),
        ("/people?q=zzz", "people-nobody"),
        (&format!("/people/{WIDE}"), "profile"),
        ("/people/ada", "profile-own"),
        ("/people/ada/followers", "followers"),
        (&format!("/people/{WIDE}/following"), "following"),
        ("/notifications", "inbox"),
        ("/notifications?show=unread", "inbox-unread"),
    ];
    for (path, name) in pages {
        ada.goes_to(path).await;
        asks_with_one_element(&ada).await;
        inspector.inspects(&ada, name, Fine).await;
    }
    ada.goes_to("/notifications").await;
    ada.clicks(By::LinkText("Older")).await;
    ada.sees("fan_01 follows you").await;
    asks_with_one_element(&ada).await;
    inspector.inspects(&ada, "inbox-older", Fine).await;
    inspector.concludes();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_with_two_computers_and_a_long_name_sees_is_clean() {
    let town = Town::calm().await;
    let (ada, mut inspector) = (town.signs_up(WIDE).await, Inspector::new());
    let _ada_at_work = town.signs_in(WIDE).await;
    ada.goes_to("/settings").await;
    ada.presses("Make an address: Your notifications").await;
    ada.sees("Here is the address.").await;
    for (path, name) in [("/", "home-wide"), ("/people", "people-wide"), ("/settings", "settings")] {
        ada.goes_to(path).await;
        asks_with_one_element(&ada).await;
        inspector.inspects(&ada, name, Fine).await;
    }
    ada.types("current", "wrong horse").await;
    ada.types("password", "correct horse battery").await;
    ada.presses("Change password").await;
    ada.sees("That is not your password.").await;
    asks_with_one_element(&ada).await;
    inspector.inspects(&ada, "settings-refused", Refused).await;
    ada.goes_to("/settings").await;
    ada.presses("Make a token").await;
    ada.sees("Say what the token is for.").await;
    inspector.inspects(&ada, "settings-token-refused", Refused).await;
    ada.types("token-name", WIDE).await;
    ada.presses("Make a token").await;
    ada.sees("Your new token for").await;
    asks_with_one_element(&ada).await;
    inspector.inspects(&ada, "settings-token-made", Fine).await;
    ada.opens_menu().await;
    inspector.inspects(&ada, "menu", Fine).await;
    inspector.concludes();
}

/// What a post can be at its ugliest, and where it links to.
const UGLY: [(&str, &str); 8] = [
    ("The build of main is green again. Thanks for your patience!", "https://ci.example/tidings/builds/4711?branch=main"),
    ("https://a.example/a_rather_long_path_(with_brackets)/and_more_of_it?query=1&more=2#fragment", ""),
    ("مرحبا بالعالم! هذا نص طويل من اليمين إلى اليسار.\nEnglish below. \u{202e}Turned around by a mark.\n١٢٣", "https://a.example/"),
    ("👩‍👩‍👧‍👦👍🏽🦜🏳️‍🌈 and Z̸̡̢̛̟̹̩͙̻̪̱̩͆̅̈́̓a̷̛̫͔̭̪̹̼͑̍̀̆l̵̢̧̗̭̪̩̄̀̏́g̷̡̛̦̣͕̞̈́̂̔̚o̸̢̘͕̩̥͆̑̈́̋̓", ""),
    ("<script>alert(1)</script> <b onclick=\"x\">&amp; so on</b>\n\n    indented\n\tand tabbed", ""),
    ("", ""),
    ("", "https://xn--mnchen-3ya.example:8443/"),
    ("", ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn posts_are_clean_however_ugly_they_are() {
    let town = Town::calm().await;
    let (bob, mut inspector) = (town.signs_up("bob").await, Inspector::new());
    town.knows("ada").await;
    town.knows(WIDE).await;
    for author in ["ada", WIDE] {
        town.hears_that("bob", author).await;
        town.hears_that(author, "bob").await;
    }
    let (solid, lines) = ("w".repeat(500), (1..=100).map(|n| format!("{n}.")).collect::<Vec<_>>().join("\n"));
    let long_url = format!("https://a.example/{}", "w".repeat(1_900));
    for (n, (text, url)) in UGLY.into_iter().enumerate() {
        let text = match n {
            5 => &solid,
            6 => &lines,
            7 => "With a very long link",
            _ => text,
        };
        let url = if n == 7 { &long_url } else { url };
        let author = if n % 2 == 0 { "ada" } else { WIDE };
        town.posts_with(author, text, Some(url).filter(|url| !url.is_empty()), &[]).await;
    }
    let solid_id = town.posts("bob", &solid).await;
    let direct = town.posts_with(WIDE, "For two of you", None, &["bob", "ada"]).await;
    let mine = town.posts_with("bob", &lines, Some(&long_url), &["ada", WIDE, "bob"]).await;
    let pages = [
        ("/", "feed"),
        ("/?before=2", "feed-older"),
        ("/people/ada", "profile-posts"),
        ("/people/bob", "profile-own-posts"),
        (&format!("/people/{WIDE}"), "profile-wide-posts"),
        ("/notifications", "inbox-posts"),
        (&format!("/posts/{solid_id}"), "post-solid"),
        (&format!("/posts/{direct}"), "post-direct"),
        (&format!("/posts/{mine}"), "post-own-direct"),
        ("/posts/3", "post-rtl"),
    ];
    for (path, name) in pages {
        bob.goes_to(path).await;
        asks_with_one_element(&bob).await;
        inspector.inspects(&bob, name, Fine).await;
    }
    bob.goes_to("/").await;
    bob.types("text", "   ").await;
    bob.clicks(By::Css(".compose summary")).await;
    bob.types("url", "javascript:alert(1)").await;
    bob.presses("Post").await;
    bob.sees("The link must begin with").await;
    inspector.inspects(&bob, "feed-refused", Refused).await;
    bob.goes_to("/posts/4711").await;
    inspector.inspects(&bob, "post-nowhere", Refused).await;
    inspector.concludes();
}

async fn asks_with_one_element(person: &Person) {
    person.becomes(r#"[...document.querySelectorAll('[hx-trigger*="every"]')].map(it => it.id).join()"#, "stream").await;
}
