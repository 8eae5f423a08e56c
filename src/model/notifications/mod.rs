//! The table `notifications`: the inboxes. Every look at one and every change of one starts from one predicate; authorization is part of every
//! WHERE.

mod inbox;
mod insert;
mod is_shown;
mod marks;
mod of_post;
mod retention;

pub use super::new_notification::NewNotification;
pub use inbox::{Actor, Caused, MANY, Notification, NotifiedPost, Show, count_unread, count_unread_up_to_many, find, list};
pub use insert::{insert, insert_many, remove_unread};
pub use marks::{delete, mark_all_read, mark_post_read, mark_read, mark_unread};
pub use of_post::{is_unread_of_post, recipients_of, remove_of_post};
pub use retention::{delete_read_before, has_read_before};
