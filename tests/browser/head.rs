//! The head of every page: its menu, its rows, its badge; and what is told by colour.

use serde_json::{Value, json};
use tokio::join;

use crate::chromium::Options;
use crate::person::Person;
use crate::town::Town;

const IS_OPEN: &str = "document.getElementById('menu').matches(':popover-open')";

/// As long as a name can be, and as wide.
const WIDEST: &str = "wwwwwwwwwwwwwwwwwwwwwwwwwwwwww";

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_closes_by_escape_and_by_a_click_beside_it() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    ada.opens_menu().await;
    ada.becomes(IS_OPEN, true).await;
    ada.holds("Escape", 0).await;
    ada.becomes(IS_OPEN, false).await;
    ada.becomes("document.activeElement.className", "menu-button").await;
    ada.opens_menu().await;
    ada.becomes(IS_OPEN, true).await;
    ada.clicks_at((40.0, 700.0)).await;
    ada.becomes(IS_OPEN, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_does_the_same_without_javascript() {
    let town = Town::new().await;
    let options = Options { no_javascript: true, ..Options::default() };
    let ada = Person::stranger("ada", &town.site.url, &options).await;
    ada.signs_up().await;
    for close in ["Escape", ""] {
        ada.shows("#menu", false).await;
        ada.opens_menu().await;
        ada.shows("#menu", true).await;
        match close {
            "" => ada.clicks_at((40.0, 700.0)).await,
            key => ada.holds(key, 0).await,
        }
    }
    ada.shows("#menu", false).await;
}

/// It is where it belongs: below its button, inside the window.
#[tokio::test(flavor = "multi_thread")]
async fn the_menu_opens_below_its_button() {
    let town = Town::new().await;
    let ada = town.signs_up(WIDEST).await;
    for width in [320, 390, 1280] {
        ada.has_a_window_of(width, 700).await;
        ada.goes_to("/people").await;
        ada.opens_menu().await;
        ada.becomes(IS_OPEN, true).await;
        let boxes = ada.runs("return ['.menu-button', '#menu'].map(it => document.querySelector(it).getBoundingClientRect()).map(it => [it.left, it.right, it.top, it.bottom])").await;
        let [button, menu]: [[f64; 4]; 2] = serde_json::from_value(boxes).unwrap();
        assert!(menu[2] >= button[3] && menu[2] < button[3] + 20.0, "{width}: {button:?} {menu:?}");
        assert!(menu[0] >= 0.0 && menu[1] <= f64::from(width), "{width}: {menu:?}");
    }
}

/// Rows are told by the tops of what is in them: what stands in one row overlaps.
const ROWS: &str = "const boxes = [...document.querySelectorAll('.brand, .top nav a, .menu-button')].map(it => it.getBoundingClientRect()).sort((a, b) => a.top - b.top);
    let rows = 0, bottom = -1; for (const box of boxes) { if (box.top >= bottom - 1) { rows++; bottom = box.bottom } else bottom = Math.max(bottom, box.bottom) } return rows";

#[tokio::test(flavor = "multi_thread")]
async fn the_head_has_two_rows_at_most_at_any_name() {
    let town = Town::new().await;
    for name in ["ada", "maximilian_12", WIDEST] {
        let ada = town.signs_up(name).await;
        town.has_more_fans(name, &format!("f{}", name.len()), 100).await;
        ada.goes_to("/notifications").await;
        ada.sees_badge("99+").await;
        // 320 px is a window of 1,280 px at 400 %.
        for (width, most) in [(256, 2), (280, 2), (320, 2), (390, 2), (768, 2), (1280, 1)] {
            ada.has_a_window_of(width, 700).await;
            let rows = ada.runs(ROWS).await.as_u64().unwrap();
            assert!(rows <= most, "{name}, {width} px: {rows} rows");
            fits(&ada, &format!("{name}, {width} px")).await;
        }
    }
}

/// A name that would fit a row is in one.
#[tokio::test(flavor = "multi_thread")]
async fn ones_own_profile_breaks_no_name_that_fits() {
    let town = Town::new().await;
    for name in ["maximilian_12", "wwwwwwwwwwww", "fifteen_letters"] {
        let ada = town.signs_up(name).await;
        for width in [320, 390, 1280] {
            ada.has_a_window_of(width, 700).await;
            ada.goes_to(&format!("/people/{name}")).await;
            let [lines, needed, room]: [f64; 3] = serde_json::from_value(
                ada.runs(
                    "const h1 = document.querySelector('.about h1'), style = getComputedStyle(h1), about = getComputedStyle(document.querySelector('.about'));
                     const range = document.createRange(); range.selectNodeContents(h1);
                     const lines = new Set([...range.getClientRects()].map(it => it.top)).size;
                     h1.style.whiteSpace = 'nowrap'; h1.style.width = 'max-content'; const needed = h1.getBoundingClientRect().width; h1.style = '';
                     return [lines, needed, document.querySelector('.about').clientWidth - parseFloat(about.paddingLeft) - parseFloat(about.paddingRight)]",
                )
                .await,
            )
            .unwrap();
            assert!(lines == 1.0 || needed > room, "{name}, {width} px: {lines} lines, {needed} px needed, {room} px there");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_the_head_moves_for_a_badge() {
    let town = Town::new().await;
    let ada = town.signs_up("ada").await;
    let places = "return [...document.querySelectorAll('.top a, .menu-button, h1')].map(it => { const {x, y, width, height} = it.getBoundingClientRect(); return [x, y, width, height] })";
    for width in [390, 1280] {
        ada.has_a_window_of(width, 800).await;
        ada.goes_to("/people").await;
        let before: Value = ada.runs(places).await;
        let mut unread = 0;
        for (more, badge) in [(1, "1"), (9, "10"), (90, "99+")] {
            town.has_more_fans("ada", &format!("w{width}_{unread}"), more).await;
            unread += more;
            ada.sees_badge(badge).await;
            assert_eq!(ada.runs(places).await, before, "{width} px: {unread} unread");
        }
        ada.goes_to("/notifications").await;
        ada.presses("Mark all read").await;
        ada.sees_badge("").await;
    }
}

/// Forced colours take backgrounds away. What they told is told by the reader's own highlight.
#[tokio::test(flavor = "multi_thread")]
async fn forced_colours_tell_what_ours_tell() {
    let town = Town::new().await;
    let (bob, ()) = join!(town.signs_up("bob"), town.knows("ada"));
    town.has_fans(2, "bob").await;
    bob.goes_to("/notifications").await;
    bob.presses("Mark read: fan_01 follows you").await;
    bob.sees_badge("1").await;
    bob.devtools("Emulation.setEmulatedMedia", json!({"features": [{"name": "forced-colors", "value": "active"}]})).await;
    bob.becomes("matchMedia('(forced-colors: active)').matches", true).await;
    bob.runs("document.getElementById('show-unread').focus()").await;
    let look = "const look = css => { const it = getComputedStyle(document.querySelector(css)); return [it.backgroundColor, it.borderLeftColor + it.borderLeftWidth, it.outlineStyle + it.outlineWidth].join() };
        return [['.top nav a[aria-current]', '.top nav a:not([aria-current])'], ['.tabs a[aria-current]', '.tabs a:not([aria-current])'], ['.line.unread', '.line:not(.unread)'],
                ['.badge', '.badged'], ['.new', '.line-text a'], ['#show-unread', '#show-all'], ['.line-text', '.line-acts']]
            .filter(([one, other]) => look(one) === look(other)).map(it => it.join())";
    // The last pair is the only one that may look alike: neither is marked.
    assert_eq!(bob.runs(look).await, json!([".line-text,.line-acts"]));
}

/// Whether the page is as wide as the window, and nothing in it wider or cut off.
async fn fits(person: &Person, what: &str) {
    let found = person
        .runs(
            "const found = document.documentElement.scrollWidth > innerWidth ? ['the page is ' + document.documentElement.scrollWidth + ' px wide'] : [];
             for (const it of document.querySelectorAll('body *')) {
                 const box = it.getBoundingClientRect(), style = getComputedStyle(it);
                 if (!it.checkVisibility() || it.closest('.visually-hidden, .skip, [popover]')) continue;
                 if (box.right > innerWidth + 1 || box.left < -1) found.push(it.localName + '.' + it.className + ' from ' + box.left + ' to ' + box.right);
                 if (style.overflowX !== 'visible' && it.scrollWidth > it.clientWidth + 1 && !it.matches('.menu-name, input')) found.push(it.localName + '.' + it.className + ' is cut off');
             }
             return found",
        )
        .await;
    assert_eq!(found, json!([]), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn text_twice_as_large_wraps_on_every_page() {
    let town = Town::new().await;
    let (ada, visitor) = join!(town.signs_up(WIDEST), town.stranger("visitor"));
    town.has_fans(21, WIDEST).await;
    let own = format!("/people/{WIDEST}");
    for text in ["w".repeat(500), "1\n".repeat(99) + "100"] {
        town.posts_with(WIDEST, &text, Some(&format!("https://a.example/{}", "w".repeat(1_900))), &[WIDEST]).await;
        town.posts("fan_01", &text).await;
    }
    town.hears_that(WIDEST, "fan_01").await;
    town.posts("fan_01", &"👍".repeat(500)).await;
    let pages = [
        "/",
        "/posts/1",
        "/posts/2",
        "/people",
        "/people?q=zzz",
        &own,
        &format!("{own}/followers"),
        "/people/fan_01",
        "/notifications",
        "/notifications?show=unread",
        "/notifications?before=2",
        "/settings",
        "/nowhere",
    ];
    for (person, pages) in [(&ada, pages.as_slice()), (&visitor, &["/", "/signin", "/signin?next=%2Fpeople", "/signup", "/nowhere"])] {
        for page in pages {
            for width in [390, 320] {
                person.has_a_window_of(width, 844).await;
                person.goes_to(page).await;
                person.runs("document.documentElement.style.fontSize = '200%'").await;
                fits(person, &format!("{page}, {width} px")).await;
            }
            person.saves_a_screenshot(&format!("large{}", page.replace(['/', '?', '=', '%'], "-"))).await;
        }
    }
    ada.goes_to("/people").await;
    ada.runs("document.documentElement.style.fontSize = '200%'").await;
    ada.opens_menu().await;
    ada.becomes(IS_OPEN, true).await;
    let right = ada.runs("return document.getElementById('menu').getBoundingClientRect().right").await;
    assert!(right.as_f64().unwrap() <= 320.0, "{right}");
}
