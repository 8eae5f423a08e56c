//! Who is in the demo, and what they say. All of it is invented.

use crate::db::Connection;
use crate::error::AppError;
use crate::ids::UserId;
use crate::model::{Username, users};

/// Who you are in the demo.
pub const YOU: &str = "robin";
/// Everybody's password in the demo.
pub const PASSWORD: &str = "high-tide";
/// Everybody else: a dozen, and a program.
pub const PEOPLE: [&str; 13] =
    ["juniper", "marlow", "old_salt", "pip_squeak", "tamsin", "wren_42", "captain_bo", "dilys", "ferryman", "isolde", "quill", "zephyr", ROBOT];
/// The program.
pub const ROBOT: &str = "build_robot";
/// Whom you follow.
pub const FOLLOWED: [&str; 5] = ["juniper", "marlow", "tamsin", "dilys", ROBOT];

/// What the people whom you follow say, by turns.
pub const SAYINGS: [&str; 14] = [
    "Low tide at 6:40. The sandbank by the lighthouse is dry for once.",
    "Found the old harbour map. It was in the box marked “not maps”.",
    "Who left a kite on the roof of the boathouse? No questions, just come and get it.",
    "Bread is out of the oven. First come, first served.",
    "The ferry runs every half hour from today.",
    "Three seals on the pier this morning, entirely unimpressed.",
    "Reading group moves to Thursday. Bring chapter four and something to eat.",
    "Fog. Just fog.",
    "Repaired the bell. You will hear it.",
    "Does anybody have a spare oar? Mine has left without me.",
    "The lighthouse keeper says: wind from the west by noon.",
    "Lost: one blue mitten. Found: two green ones.",
    "Painted the bench. Do not sit on the bench.",
    "Choir tonight at eight, in the warm room.",
];

/// The id of somebody by name.
pub fn user(conn: &mut Connection, name: &str) -> Result<UserId, AppError> {
    let name = Username::parse(name).map_err(|_| AppError::NotFound)?;
    Ok(users::by_username(conn, &name)?)
}
