//! A button that is pressed twice by mistake, or held, does once what it is there for: by mouse, by touch, by keyboard, and without JavaScript.

use std::cell::Cell;
use std::time::Duration;

use serde_json::json;
use tokio::join;

use crate::chromium::Options;
use crate::person::Person;
use crate::town::Town;

/// Between the two presses of a double click. Browsers count two presses as one double click up to about half a second.
const PAUSES: [Duration; 3] = [Duration::from_millis(40), Duration::from_millis(150), Duration::from_millis(350)];

/// How a button is pressed twice by mistake.
#[derive(Clone, Copy, Debug)]
enum Twice {
    Clicked(Duration),
    Tapped(Duration),
    Held,
}

fn ways() -> impl Iterator<Item = Twice> {
    PAUSES.into_iter().flat_map(|pause| [Twice::Clicked(pause), Twice::Tapped(pause)]).chain([Twice::Held])
}

impl Twice {
    /// Returns whether it was twice by mistake: on a busy machine, the second press may come too late for that.
    async fn presses(self, person: &Person, button: &str) -> bool {
        person.waits_for_the_guard().await;
        let place = person.middle_of(button).await;
        let in_time = match self {
            Twice::Clicked(pause) => person.double_clicks(place, pause).await,
            Twice::Tapped(pause) => person.double_taps(place, pause).await,
            Twice::Held => {
                person.runs(&format!("document.getElementById('{button}').focus()")).await;
                person.holds("Enter", 25).await;
                true
            }
        };
        person.waits_for_the_guard().await;
        in_time
    }
}

/// The id of a line's button, by what the line says.
async fn button_of(person: &Person, fan: &str, button: &str) -> String {
    let line = person.runs(&format!("return [...document.querySelectorAll('.line')].find(it => it.textContent.includes('{fan}')).id")).await;
    format!("{}-{button}-button", line.as_str().unwrap())
}

async fn names_of_lines(person: &Person, css: &str) -> Vec<String> {
    serde_json::from_value(person.runs(&format!("return [...document.querySelectorAll('{css} .line-text a')].map(it => it.textContent)")).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_pressed_twice_deletes_one() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    for (n, way) in ways().enumerate() {
        for attempt in 0.. {
            town.has_more_fans("bob", &format!("fan_{n}_{attempt}"), 2).await;
            bob.goes_to("/notifications").await;
            let before = names_of_lines(&bob, ".line.unread").await.len();
            let in_time = way.presses(&bob, &button_of(&bob, &format!("fan_{n}_{attempt}_02"), "delete").await).await;
            bob.reloads().await;
            if in_time {
                assert_eq!(names_of_lines(&bob, ".line.unread").await.len(), before - 1, "{way:?}");
                assert_eq!(names_of_lines(&bob, ".line").await.len(), before - 1, "{way:?}: only deleted");
                break;
            }
        }
        bob.presses(&format!("Delete: {} follows you", names_of_lines(&bob, ".line").await[0])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_pressed_twice_marks_once_and_nothing_else() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    town.has_fans(4, "bob").await;
    for show in ["", "?show=unread"] {
        for way in ways() {
            loop {
                everything_is_unread(&bob).await;
                bob.goes_to(&format!("/notifications{show}")).await;
                if way.presses(&bob, &button_of(&bob, "fan_03", "mark").await).await {
                    break;
                }
            }
            bob.sees_badge("3").await;
            bob.goes_to("/notifications").await;
            assert_eq!(names_of_lines(&bob, ".line.unread").await, ["fan_04", "fan_02", "fan_01"], "{way:?}{show}");
        }
    }
}

async fn everything_is_unread(bob: &Person) {
    bob.goes_to("/notifications").await;
    for fan in names_of_lines(bob, ".line:not(.unread)").await {
        bob.presses(&format!("Mark unread: {fan} follows you")).await;
    }
    bob.sees_badge("4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mark_all_read_pressed_twice_does_nothing_else() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    town.has_fans(3, "bob").await;
    for way in ways() {
        for show in ["", "?show=unread"] {
            bob.goes_to("/notifications").await;
            bob.waits_for_the_guard().await;
            if bob.runs("return !document.querySelector('#read-all')").await == json!(true) {
                bob.presses("Mark unread: fan_02 follows you").await;
                bob.sees_badge("1").await;
            }
            bob.goes_to(&format!("/notifications{show}")).await;
            bob.runs("document.querySelector('#read-all button').id = 'all'").await;
            bob.marks_the_page().await;
            way.presses(&bob, "all").await;
            bob.sees_badge("").await;
            bob.is_still_on_the_marked_page().await;
        }
    }
    bob.goes_to("/notifications").await;
    assert_eq!(names_of_lines(&bob, ".line").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_pressed_twice_is_a_follow_and_an_unfollow_an_unfollow() {
    let town = Town::new().await;
    let (ada, ()) = join!(town.signs_up("ada"), town.knows("bob"));
    for page in ["/people", "/people/bob"] {
        for way in ways() {
            for (before, after) in [("Follow bob", "Unfollow bob"), ("Unfollow bob", "Follow bob")] {
                loop {
                    shows_the_button(&ada, page, before).await;
                    if way.presses(&ada, "follow-bob-button").await {
                        break;
                    }
                }
                ada.becomes("document.getElementById('follow-bob-button').textContent", after).await;
            }
        }
    }
}

/// Presses the other one where it has to.
async fn shows_the_button(ada: &Person, page: &str, name: &str) {
    ada.goes_to(page).await;
    let label = "document.getElementById('follow-bob-button').textContent";
    let now = ada.runs(&format!("return {label}")).await;
    if now != name {
        ada.presses(now.as_str().unwrap()).await;
    }
    ada.becomes(label, name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_over_a_slow_line() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    town.has_fans(4, "bob").await;
    bob.goes_to("/notifications").await;
    bob.is_on_a_slow_line(300).await;
    for (pause, left) in [(150, 3), (400, 2)] {
        let top = bob.runs("return document.querySelector('.line [id$=delete-button]').id").await;
        Twice::Clicked(Duration::from_millis(pause)).presses(&bob, top.as_str().unwrap()).await;
        bob.sees_badge(&left.to_string()).await;
        bob.waits_for_the_guard().await;
    }
    bob.reloads().await;
    assert_eq!(names_of_lines(&bob, ".line").await, ["fan_02", "fan_01"]);
}

/// After the redirect, the button of another line, or the opposite one, is where the first press was.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_without_javascript() {
    let town = Town::new().await;
    let options = Options { no_javascript: true, ..Options::default() };
    let bob = Person::stranger("bob", &town.site.url, &options).await;
    bob.signs_up().await;
    let tries = Cell::new(0);
    let refill = async || {
        // Few enough for one page: on a full one, a line that goes makes room for the next.
        bob.goes_to("/notifications?show=unread").await;
        if bob.how_many(".line").await < 4 {
            tries.set(tries.get() + 1);
            town.has_more_fans("bob", &format!("fan_{}", tries.get()), 4).await;
        }
    };
    one_goes(&bob, "/notifications?show=unread", ".line [id$=delete-button]", ".line", refill).await;
    town.knows("cleo").await;
    for pause in PAUSES {
        loop {
            bob.goes_to("/people/cleo").await;
            if bob.text("main").await.unwrap().contains("Unfollow cleo") {
                bob.presses("Unfollow cleo").await;
                bob.sees("0 followers").await;
            }
            bob.waits_for_the_guard().await;
            if bob.double_clicks(bob.place_of("#follow-cleo-button").await, pause).await {
                break;
            }
        }
        bob.sees("Unfollow cleo").await;
    }
}

/// The next session is where the first one was.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_signed_out_twice_is_one_session() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    let refill = async || {
        town.opens_another_session_of("bob").await;
        town.opens_another_session_of("bob").await;
    };
    // Here nothing moves: it already says that one is signed out.
    one_goes(&bob, "/settings?done=revoked", ".sessions form button", ".session", refill).await;
}

/// Each double click on the first of these buttons takes one of these away. One that came too late to be a double click is made again.
async fn one_goes(person: &Person, page: &str, button: &str, counted: &str, refill: impl AsyncFn()) {
    for pause in PAUSES {
        loop {
            refill().await;
            person.goes_to(page).await;
            person.waits_for_the_guard().await;
            let before = person.how_many(counted).await;
            let in_time = person.double_clicks(person.place_of(button).await, pause).await;
            person.goes_to(page).await;
            if in_time {
                assert_eq!(person.how_many(counted).await, before - 1, "{page}, {pause:?}");
                break;
            }
        }
    }
}

/// What was aimed at a line before another one arrived does not hit that one.
#[tokio::test(flavor = "multi_thread")]
async fn a_press_hits_no_line_that_has_just_come() {
    let town = Town::new().await;
    let bob = town.signs_up("bob").await;
    town.has_fans(3, "bob").await;
    for (n, touch) in [false, true].into_iter().enumerate() {
        town.knows(&format!("late_{n}")).await;
        bob.goes_to("/notifications").await;
        bob.waits_for_the_guard().await;
        let place = bob.place_of(".line [id$=delete-button]").await;
        let before = names_of_lines(&bob, ".line").await.len();
        town.hears_that(&format!("late_{n}"), "bob").await;
        bob.becomes("document.querySelectorAll('.line').length", before + 1).await;
        let pause = Duration::from_millis(60);
        if touch {
            bob.double_taps(place, pause).await;
        } else {
            bob.double_clicks(place, pause).await;
        }
        bob.waits_for_the_guard().await;
        bob.reloads().await;
        assert_eq!(names_of_lines(&bob, ".line").await.len(), before + 1, "touch: {touch}");
    }
}
