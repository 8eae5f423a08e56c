//! The application on a new SQLite file, people who did not have to type a password, and what they are answered.

mod answer;
#[allow(dead_code)]
#[path = "../../support/home.rs"]
mod home;
#[allow(dead_code)]
#[path = "../../stories/support/html.rs"]
pub mod html;
mod member;
mod site;

pub use answer::Answer;
pub use home::Home;
pub use member::Member;
pub use site::{Site, request};
