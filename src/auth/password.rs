//! Password hashing: argon2id, on threads of its own, a few at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::{mpsc, oneshot};
use unicode_normalization::UnicodeNormalization;

use crate::error::AppError;

/// The longest that a caller waits, queue and work together, before the answer is 503.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many jobs may be queued; later callers wait for a place in the queue.
const QUEUE: usize = 64;

/// The PHC string of `password`, on this thread: for a command line, which has nobody waiting.
///
/// # Errors
/// When the system has no randomness to give.
pub fn hash(password: &str) -> Result<String, AppError> {
    Scratch::default().hash(&normalized(password))
}

type Job = Box<dyn FnOnce(&mut Scratch) + Send>;

/// A thread pool that hashes and checks passwords: at most four threads, and no more than there are cores. So a flood of sign-ins neither
/// stops the polls nor fills the memory.
///
/// Each thread keeps its `Scratch`: one hash takes 19 MiB, and allocators keep what a thread once used. On the hundreds of threads that wait
/// for the database, eighty sign-ins left half a gigabyte behind.
#[derive(Debug)]
pub struct Passwords {
    queue: mpsc::Sender<Job>,
    /// A hash to check against when there is no such name, so that an unknown name takes as long as a wrong password.
    dummy: Arc<str>,
}

impl Passwords {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system has no thread or no randomness to give.
    pub fn new() -> Result<Passwords, AppError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..thread::available_parallelism().map_or(1, usize::from).min(4) {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name("passwords".to_owned()).spawn(move || run_jobs(&jobs)).map_err(AppError::internal)?;
        }
        Ok(Passwords { queue, dummy: Scratch::default().hash("nobody's password")?.into() })
    }

    /// The PHC string of `password`.
    ///
    /// # Errors
    /// 503 when the queue is too long.
    pub async fn hash(&self, password: String) -> Result<String, AppError> {
        self.run(move |scratch| scratch.hash(&normalized(&password))).await
    }

    /// Whether `password` is the one that was hashed. Without a hash the answer is no, after the same time.
    ///
    /// # Errors
    /// 503 when the queue is too long.
    pub async fn matches(&self, password: String, hashed: Option<String>) -> Result<bool, AppError> {
        let dummy = Arc::clone(&self.dummy);
        self.run(move |scratch| {
            let hash = hashed.as_deref().unwrap_or(&dummy);
            let normalized = normalized(&password);
            // Hashes of releases before this one are of the password as typed.
            let right = scratch.matches(&normalized, hash)? || (normalized != password && scratch.matches(&password, hash)?);
            Ok(right && hashed.is_some())
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&mut Scratch) -> Result<T, AppError> + Send + 'static) -> Result<T, AppError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |scratch| {
            // A caller who timed out or hung up costs nothing any more.
            if !reply.is_closed() {
                let _ = reply.send(work(scratch));
            }
        });
        let answered = async {
            self.queue.send(job).await.map_err(|_| AppError::internal("the password threads are gone"))?;
            answer.await.map_err(AppError::internal)?
        };
        tokio::time::timeout(TIMEOUT, answered).await.map_err(|late| AppError::Unavailable(Box::new(late)))?
    }
}

/// Two keyboards may compose one letter differently, é or e and an accent: NFKC makes them the same (NIST SP 800-63B).
fn normalized(password: &str) -> String {
    password.nfkc().collect()
}

/// One thread: takes jobs until the queue is closed. A job that panics drops its reply, which answers it, and the next one is taken.
fn run_jobs(jobs: &Mutex<mpsc::Receiver<Job>>) {
    let mut scratch = Scratch::default();
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
    while let Some(job) = next() {
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut scratch)));
    }
}

/// The memory that argon2id fills, reused from one password to the next.
#[derive(Default)]
struct Scratch(Vec<Block>);

impl Scratch {
    /// The PHC string of `password`, with a fresh salt and today's parameters.
    fn hash(&mut self, password: &str) -> Result<String, AppError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        let (params, salt) = (Params::default(), Salt::new(&random).map_err(AppError::internal)?);
        let output = self.fill(password, &salt, &params)?;
        let phc = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(AppError::internal)?,
            salt: Some(salt),
            hash: Some(output),
        };
        Ok(phc.to_string())
    }

    /// Whether `password` is the one of `phc`, computed with the parameters that stand there.
    fn matches(&mut self, password: &str, phc: &str) -> Result<bool, AppError> {
        let phc = PasswordHash::new(phc).map_err(AppError::internal)?;
        let params = Params::try_from(&phc).map_err(AppError::internal)?;
        let (Some(salt), Some(expected)) = (phc.salt, phc.hash) else {
            return Err(AppError::internal("a password hash without salt or hash"));
        };
        // `Output` compares in constant time.
        Ok(self.fill(password, &salt, &params)? == expected)
    }

    fn fill(&mut self, password: &str, salt: &Salt, params: &Params) -> Result<Output, AppError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        self.0.resize(params.block_count(), Block::default());
        let mut buffer = [0; Params::DEFAULT_OUTPUT_LEN];
        argon2.hash_password_into_with_memory(password.as_bytes(), salt.as_ref(), &mut buffer, &mut self.0).map_err(AppError::internal)?;
        Output::new(&buffer).map_err(AppError::internal)
    }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;

    use super::*;

    #[test]
    fn others_agree_on_what_we_hash() {
        let phc = Scratch::default().hash("high tide").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(Argon2::default().verify_password(b"high tide", phc.as_str()).is_ok());
        assert!(Argon2::default().verify_password(b"low tide", phc.as_str()).is_err());
    }

    #[test]
    fn one_scratch_serves_many_passwords_and_no_salt_is_used_twice() {
        let mut scratch = Scratch::default();
        let (first, second) = (scratch.hash("high tide").unwrap(), scratch.hash("high tide").unwrap());
        assert_ne!(first, second);
        assert!(scratch.matches("high tide", &first).unwrap() && scratch.matches("high tide", &second).unwrap());
        assert!(!scratch.matches("low tide", &first).unwrap());
        assert!(scratch.matches("high tide", "no hash at all").is_err());
    }
}
