//! As many followers as it takes to fill several pages, made without HTTP.

use tidings::domain::follow::follow;
use tidings::ids::UserId;
use tidings::model::{Username, users};

use super::person::Person;

/// "crowd_000" first.
pub async fn crowd_follows(person: &Person, size: usize) {
    let (followee, app) = (UserId(person.id().await), &person.town.site.app);
    app.change(move |tx| {
        for n in 0..size {
            let name = Username::parse(&format!("crowd_{n:03}")).unwrap();
            let follower = match users::insert(tx, &name, "-")? {
                Some(id) => id,
                None => users::by_username(tx.conn(), &name)?,
            };
            follow(tx, follower, followee)?;
        }
        Ok(())
    })
    .await
    .unwrap();
}
