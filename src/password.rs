//! Passwords: argon2id, off the async threads, a few at once.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::AppError;

/// Fewest characters of a password.
pub const SHORTEST: usize = 8;
/// Most characters of a password.
pub const LONGEST: usize = 200;

/// How long somebody waits for a turn before being asked to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why something is no password; the text is for the person who typed it.
pub fn objection(typed: &str) -> Option<&'static str> {
    match typed.chars().count() {
        0..SHORTEST => Some("A password has at least 8 characters."),
        SHORTEST..=LONGEST => None,
        _ => Some("A password has at most 200 characters."),
    }
}

/// Hashes and checks passwords. One takes 19 MiB and a core for some ten milliseconds, so no more run at once than
/// there are cores: the rest wait here, and a flood of sign-ins neither fills the memory nor stops the polls.
#[derive(Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Checked against when there is no such name, so that an unknown name costs what a wrong password costs.
    nobody: Arc<str>,
}

impl Passwords {
    /// Ready to work.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new() -> Result<Passwords, AppError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Passwords { turns: Arc::new(Semaphore::new(cores)), nobody: hash("nobody's password")?.into() })
    }

    /// The PHC string of `password`.
    ///
    /// # Errors
    /// 503 when too many others are waiting.
    pub async fn hash(&self, password: String) -> Result<String, AppError> {
        let turn = self.turn().await?;
        web::block(move || {
            let hashed = hash(&password);
            drop(turn);
            hashed
        })
        .await?
    }

    /// Whether `password` is the one hashed; takes as long where there is no hash, and then it is not.
    ///
    /// # Errors
    /// 503 when too many others are waiting.
    pub async fn matches(&self, password: String, hashed: Option<String>) -> Result<bool, AppError> {
        let turn = self.turn().await?;
        let nobody = Arc::clone(&self.nobody);
        web::block(move || {
            let phc = PasswordHash::new(hashed.as_deref().unwrap_or(&nobody)).map_err(internal)?;
            let right = Argon2::default().verify_password(password.as_bytes(), &phc).is_ok();
            drop(turn);
            Ok(right && hashed.is_some())
        })
        .await?
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, AppError> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned());
        turn.await.map_err(|late| AppError::Unavailable(Box::new(late)))?.map_err(|closed| AppError::Internal(Box::new(closed)))
    }
}

fn hash(password: &str) -> Result<String, AppError> {
    let phc: argon2::password_hash::phc::PasswordHash = Argon2::default().hash_password(password.as_bytes()).map_err(internal)?;
    Ok(phc.to_string())
}

fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> AppError {
    AppError::Internal(Box::new(cause))
}
