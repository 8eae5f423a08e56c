//! Views that several pages use: the layout, and the parts that a page contains and a fragment sends.

pub mod badge;
pub mod compose_form;
pub mod error_page;
pub mod follow_button;
pub mod inbox;
pub mod layout;
pub mod notification_line;
pub mod out_of_band;
pub mod person_card;
pub mod polling_element;
pub mod post_card;
pub mod post_list;
pub mod post_text;
pub mod profile_header;
pub mod quiet_follows;
pub mod relative_time;
