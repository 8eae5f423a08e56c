//! Posts to many, step by step: what happens between two batches is decided here, not by the clock.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tidings::db::Change;
use tidings::domain::follow::{follow, unfollow};
use tidings::domain::post::{Audience, delete, deliver_batch, post};
use tidings::error::AppError;
use tidings::ids::{PostId, UserId};
use tidings::model::posts::NewPost;
use tidings::model::{follows, notifications, posts, users};
use tidings::store::Store;

use super::{fans_follow, number};
use crate::site::Home;

/// Whoever posts, before all others; the 300 who follow are 2 to 301.
const AUTHOR: UserId = UserId(1);
const FANS: std::ops::RangeInclusive<i64> = 2..=301;

/// A site without the work beside requests.
struct Office {
    home: Home,
    store: Store,
}

impl Office {
    fn with_fans() -> Office {
        let home = Home::new();
        let store = Store::open(&home.settings().check().unwrap()).unwrap();
        home.shell().batch_execute("INSERT INTO users (username, password_hash, last_update, created_at) VALUES ('ada', '-', 0, 1)").unwrap();
        fans_follow(&home, AUTHOR.0, 300);
        Office { home, store }
    }

    fn change<T>(&self, work: impl FnOnce(&mut Change<'_>) -> QueryResult<T>) -> T {
        self.store.change(|tx| Ok::<_, AppError>(work(tx)?)).unwrap().0
    }

    fn posts(&self, collapse: Option<&str>) -> PostId {
        let new = NewPost { author: AUTHOR, text: "Hello".into(), url: None, direct: false, collapse: collapse.map(str::to_owned) };
        self.change(|tx| post(tx, &new, &Audience::Followers))
    }

    /// Whether there was anything to do.
    fn delivers(&self, size: i64) -> bool {
        self.change(|tx| deliver_batch(tx, size))
    }

    /// Who has a line about `post` in the table, whether it is shown or not.
    fn lines(&self, post: PostId) -> Vec<i64> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            recipient_id: i64,
        }
        let query = format!("SELECT recipient_id FROM notifications WHERE post_id = {post} ORDER BY recipient_id");
        diesel::sql_query(query).load::<Row>(&mut self.home.shell()).unwrap().into_iter().map(|row| row.recipient_id).collect()
    }

    fn unread(&self, user: i64) -> i64 {
        notifications::count_unread(&mut self.home.shell(), UserId(user)).unwrap()
    }

    fn count(&self, what: &str) -> i64 {
        number(&mut self.home.shell(), &format!("SELECT count(*) AS n FROM {what}"))
    }
}

#[test]
fn what_changes_between_two_batches_is_honoured_and_nobody_hears_twice() {
    let office = Office::with_fans();
    let early = office.change(|tx| Ok(users::insert(tx, &"early_bird".to_owned().try_into().unwrap(), "-")?.unwrap()));
    let post = office.posts(None);
    assert_eq!((office.count("deliveries"), office.lines(post).len()), (1, 0));
    assert!(office.delivers(100));
    assert_eq!(office.lines(post), (2..=101).collect::<Vec<_>>());
    office.change(|tx| unfollow(tx, UserId(2), AUTHOR));
    office.change(|tx| unfollow(tx, UserId(200), AUTHOR));
    office.change(|tx| follows::set_notify(tx, UserId(250), AUTHOR, false));
    office.change(|tx| follow(tx, early, AUTHOR));
    while office.delivers(100) {}
    let mut expected: Vec<i64> = FANS.filter(|fan| ![200, 250].contains(fan)).collect();
    expected.push(early.0);
    assert_eq!((office.lines(post), office.count("deliveries")), (expected.clone(), 0));
    let stamped = office.count(&format!(
        "users u WHERE last_update > 0 AND EXISTS (SELECT 1 FROM notifications n WHERE n.recipient_id = u.id AND post_id = {post} AND n.stamp = u.last_update)"
    ));
    assert_eq!(stamped, expected.len() as i64, "each stamp has moved with its line");
}

#[test]
fn a_deleted_post_is_hidden_at_once_and_its_lines_go_in_batches() {
    let office = Office::with_fans();
    let post = office.posts(None);
    assert!(office.delivers(150));
    assert_eq!((office.unread(2), office.unread(300)), (1, 0));
    office.change(|tx| delete(tx, AUTHOR, post));
    assert_eq!((office.unread(2), office.lines(post).len()), (0, 150), "hidden, and still there");
    assert!(posts::find(&mut office.home.shell(), AUTHOR, post).is_err());
    let before = users::last_update(&mut office.home.shell(), UserId(2)).unwrap();
    assert!(office.delivers(100));
    assert_eq!(office.lines(post), (102..=151).collect::<Vec<_>>());
    assert!(users::last_update(&mut office.home.shell(), UserId(2)).unwrap() > before, "their tabs hear of it");
    while office.delivers(100) {}
    assert_eq!((office.count("posts"), office.count("deliveries"), office.count("notifications WHERE kind = 'post'")), (0, 0, 0));

    // The same once it was delivered to all.
    let post = office.posts(None);
    while office.delivers(1_000) {}
    office.change(|tx| delete(tx, AUTHOR, post));
    assert_eq!((office.unread(2), office.lines(post).len()), (0, 300));
    let again = office.store.change(|tx| Ok::<_, AppError>(delete(tx, AUTHOR, post)?));
    assert!(matches!(again, Err(AppError::NotFound)));
    while office.delivers(100) {}
    assert_eq!((office.count("posts"), office.count("deliveries")), (0, 0));
}

#[test]
fn an_author_who_leaves_takes_a_delivery_along() {
    let office = Office::with_fans();
    office.posts(None);
    office.delivers(100);
    assert!(office.change(|tx| users::delete(tx, AUTHOR, "-")));
    assert_eq!((office.count("posts"), office.count("deliveries"), office.count("notifications"), office.unread(2)), (0, 0, 0, 0));
    assert!(!office.delivers(100));
}

#[test]
fn two_deliveries_take_turns() {
    let office = Office::with_fans();
    let (one, two) = (office.posts(None), office.posts(None));
    for _ in 0..4 {
        // Turns are taken by the millisecond.
        std::thread::sleep(std::time::Duration::from_millis(2));
        office.delivers(50);
    }
    assert_eq!((office.lines(one).len(), office.lines(two).len()), (100, 100));
    while office.delivers(100) {}
    assert_eq!((office.lines(one).len(), office.lines(two).len()), (300, 300));
}

#[test]
fn an_older_post_that_is_overtaken_does_not_replace_the_newer_one() {
    let office = Office::with_fans();
    let (older, newer) = (office.posts(Some("build")), office.posts(Some("build")));
    // The newer one is delivered to all, while the older one has begun.
    office.delivers(50);
    office.home.shell().batch_execute(&format!("UPDATE deliveries SET touched_at = touched_at + 3600000 WHERE post_id = {older}")).unwrap();
    assert_eq!(office.lines(older).len(), 50);
    assert!(office.delivers(1_000));
    assert_eq!((office.lines(older).len(), office.lines(newer).len()), (0, 300));
    // One of them reads it, and another deletes it, before the older one arrives.
    let line = notifications::list(&mut office.home.shell(), UserId(100), notifications::Show::All, None, 1).unwrap().rows[0].id;
    office.change(|tx| notifications::mark_read(tx, UserId(100), line));
    while office.delivers(100) {}
    assert_eq!((office.lines(older).len(), office.lines(newer).len(), office.unread(100), office.unread(200)), (0, 300, 0, 1));
}
