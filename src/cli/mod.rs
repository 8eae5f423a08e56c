//! The command line.

mod account;
mod command_result;
pub mod demo;
mod listen;
mod logging;
mod serve;
mod token;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Settings;

/// Follow people, and hear about it within ten seconds, on any host, without sockets.
#[derive(Parser)]
#[command(name = "tidings", version, about, after_help = "Every setting can also be given as an environment variable of the same name; flags win.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the site (the default command)
    Serve,
    /// Serve a throw-away site with invented people who follow you while you watch
    Demo,
    /// List, add and delete accounts, and give them new passwords; also while instances serve
    #[command(subcommand)]
    User(user::UserCommand),
    /// Make a token with which a program of an account can use the JSON API; also while instances serve
    #[command(subcommand)]
    Token(token::TokenCommand),
}

/// Runs the command that the program was started with.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None | Some(Command::Serve) => serve::run(cli.settings).await,
        Some(Command::Demo) => demo::run(cli.settings).await,
        Some(Command::User(command)) => user::run(command, &cli.settings),
        Some(Command::Token(command)) => token::run(command, &cli.settings),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("tidings: {reason}");
            ExitCode::FAILURE
        }
    }
}
