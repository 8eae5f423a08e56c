//! Who and what acts in the stories, one file each.

pub mod contract;
pub mod crowd;
pub mod guest;
pub mod html;
pub mod http;
pub mod pairs;
pub mod person;
pub mod process;
pub mod program;
pub mod query_plan;
pub mod random;
pub mod raw_answer;
pub mod reference;
pub mod route_list;
pub mod session_tab;
pub mod system_under_test;
pub mod town;
pub mod until;
