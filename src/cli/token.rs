//! `tidings token`: tokens of programs, for operators. Like those made in the settings, they are listed and revoked there.

use std::io::{Write, stdout};

use clap::Subcommand;

use super::account::{found, username};
use super::command_result::CommandResult;
use crate::accounts::tokens::make;
use crate::config::Settings;
use crate::db::Cause;
use crate::error::AppError;
use crate::model::tokens::Scope;
use crate::model::{TokenName, Username, users};
use crate::store::Store;

#[derive(Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token for an account, and print it and nothing else
    Add {
        /// The username
        name: String,
        /// What the token is for, as the account's settings list it
        #[arg(long = "name", id = "token_name", value_name = "WHAT")]
        token_name: String,
        /// What it may be used for: read; post; or all, which is everything but tokens and sessions
        #[arg(long, value_name = "read|post|all")]
        scope: String,
    },
}

pub(super) fn run(command: TokenCommand, settings: &Settings) -> CommandResult {
    let TokenCommand::Add { name, token_name, scope } = command;
    let (name, scope) = (username(&name)?, parse_scope(&scope)?);
    let token_name = TokenName::parse(&token_name).map_err(|why| format!("{token_name:?} is no name of a token. {why}"))?;
    let token = add(&Store::open(&settings.check()?)?, &name, &token_name, scope)?;
    writeln!(stdout(), "{token}")?;
    Ok(())
}

fn parse_scope(typed: &str) -> Result<Scope, Cause> {
    typed.parse().map_err(|_| format!("{typed:?} is no scope. Use read, post or all.").into())
}

fn add(store: &Store, name: &Username, token_name: &TokenName, scope: Scope) -> Result<String, Cause> {
    let signer = store.signer().map_err(AppError::into_cause)?;
    let made = store.change(|tx| {
        let user = users::by_username(tx.conn(), name)?;
        make(tx, &signer, user, token_name, scope)
    });
    found(made.map(|(made, _)| made.token), name)
}
