//! `tidings user`: accounts, for operators. What serves meanwhile learns of it by its sweep, within seconds.

use std::io::{IsTerminal, Read, Write, stdin, stdout};

use clap::Subcommand;

use super::account::{found, username};
use super::command_result::CommandResult;
use crate::auth::password::hash;
use crate::auth::password_rules::objection;
use crate::auth::random_password::random_password;
use crate::config::Settings;
use crate::db::Cause;
use crate::error::AppError;
use crate::ids::UserId;
use crate::model::{Username, sessions, tokens, users};
use crate::store::Store;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Print every username, a line each
    List,
    /// Make an account; its password is read from standard input, or else made and printed
    Add {
        /// The username
        name: String,
    },
    /// Replace a password, sign the account out everywhere and revoke its tokens; it is read from standard input, or else made and printed
    Password {
        /// The username
        name: String,
    },
    /// Delete an account and all that belongs to it, without asking
    Delete {
        /// The username
        name: String,
    },
}

/// Users that are read at once.
const PAGE: i64 = 1_000;

pub(super) fn run(command: UserCommand, settings: &Settings) -> CommandResult {
    let store = Store::open(&settings.check()?)?;
    match command {
        UserCommand::List => list(&store),
        UserCommand::Add { name } => add(&store, &username(&name)?),
        UserCommand::Password { name } => set_password(&store, &username(&name)?),
        UserCommand::Delete { name } => delete(&store, &username(&name)?),
    }
}

fn list(store: &Store) -> CommandResult {
    let mut after = UserId(0);
    loop {
        let page = store.query(|conn| Ok::<_, AppError>(users::names(conn, after, PAGE)?)).map_err(AppError::into_cause)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        let lines: String = page.iter().map(|(_, name)| format!("{name}\n")).collect();
        stdout().write_all(lines.as_bytes())?;
    }
}

fn add(store: &Store, name: &Username) -> CommandResult {
    let password = read_or_make(name)?;
    let hash = hash(&password.text).map_err(AppError::into_cause)?;
    let (made, _) = store.change(|tx| Ok::<_, AppError>(users::insert(tx, name, &hash)?)).map_err(AppError::into_cause)?;
    made.ok_or_else(|| format!("{name} is taken."))?;
    password.print()
}

fn set_password(store: &Store, name: &Username) -> CommandResult {
    let password = read_or_make(name)?;
    let hash = hash(&password.text).map_err(AppError::into_cause)?;
    let changed = store.change(|tx| {
        let user = users::by_username(tx.conn(), name)?;
        users::set_password(tx, user, &hash)?;
        sessions::revoke_all(tx, user)?;
        Ok::<_, AppError>(tokens::revoke_all(tx, user)?)
    });
    found(changed.map(drop), name)?;
    password.print()
}

fn delete(store: &Store, name: &Username) -> CommandResult {
    let deleted = store.change(|tx| {
        let known = users::credentials(tx.conn(), name)?.ok_or(AppError::NotFound)?;
        if users::delete(tx, known.id, &known.password_hash)? { Ok(()) } else { Err(AppError::internal("the password was changed at this moment; try again")) }
    });
    found(deleted.map(drop), name)
}

/// A password, and whether nobody knows it yet.
struct Password {
    text: String,
    is_made: bool,
}

impl Password {
    fn print(self) -> CommandResult {
        if self.is_made {
            writeln!(stdout(), "{}", self.text)?;
        }
        Ok(())
    }
}

/// From standard input, where that is no terminal and not empty; else a new one.
fn read_or_make(name: &Username) -> Result<Password, Cause> {
    let mut typed = String::new();
    if !stdin().is_terminal() {
        stdin().read_to_string(&mut typed)?;
    }
    let typed = typed.trim_end_matches(['\r', '\n']);
    if typed.is_empty() {
        return Ok(Password { text: random_password()?, is_made: true });
    }
    match objection(typed, name.as_str()) {
        Some(why) => Err(why.into()),
        None => Ok(Password { text: typed.to_owned(), is_made: false }),
    }
}
