//! The one error type of handlers: what went wrong, the status it deserves, and a sentence for whoever asked. The middleware
//! `error_response` makes a page or a problem document of it, and logs the cause once.

use std::borrow::Cow;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::db::{Cause, NoConnection};
use crate::metrics::HourlyLimit;

/// Everything that a handler can fail with.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// What was asked for is refused: a 4xx status, and why.
    #[error("{1}")]
    Refused(StatusCode, Cow<'static, str>),
    /// Nobody is signed in, or the session has ended.
    #[error("You are not signed in, or your session has ended.")]
    SignedOut,
    /// The token of a program, whose scope does not cover what was asked for.
    #[error("This token may not be used for that: its scope does not cover it.")]
    InsufficientScope,
    /// A name and password that do not match.
    #[error("Wrong username or password.")]
    WrongPassword,
    /// It does not exist, or the caller may not see it.
    #[error("There is nothing at this address. The page may have been deleted, or the address may be mistyped.")]
    NotFound,
    /// The URL exists, but not with this method; the methods it has.
    #[error("This address only answers {0} requests.")]
    MethodNotAllowed(String),
    /// Too many failed tries; seconds to wait.
    #[error("Too many failed attempts. Please wait {} and try again.", spoken_seconds(*.0))]
    TooMany(u32),
    /// More in an hour than the operator allows; seconds to wait.
    #[error("{} Please wait {} and try again.", limit_sentence(*.0), spoken_seconds(*.1))]
    LimitReached(HourlyLimit, u32),
    /// The database, or the password threads, cannot do it now; a later try may succeed.
    #[error("We cannot do that at the moment. Nothing was changed; please try again in a few seconds.")]
    Unavailable(#[source] Cause),
    /// The database cannot be reached, and why. The log says so once for the whole outage, not for every request.
    #[error("We cannot do that at the moment. Nothing was changed; please try again in a few seconds.")]
    Outage(#[source] Cause),
    /// The database was told to commit, and did not say whether it did.
    #[error("We do not know whether that was done, because our database did not answer. Please check before you try again.")]
    Unknown(#[source] Cause),
    /// A fault of ours.
    #[error("Something went wrong on our side. It has been logged, and we will look into it.")]
    Internal(#[source] Cause),
}

fn limit_sentence(limit: HourlyLimit) -> &'static str {
    match limit {
        HourlyLimit::SignUps => "Too many accounts were made from your network in the last hour.",
        HourlyLimit::Follows => "You have followed a lot of people in the last hour.",
        HourlyLimit::Posts => "You have posted a lot in the last hour.",
    }
}

/// "a second", "40 seconds", "15 minutes".
fn spoken_seconds(seconds: u32) -> String {
    match seconds {
        1 => "a second".to_owned(),
        2..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// The largest body that is read, in bytes. A form of three fields needs far less.
pub const LARGEST_BODY: usize = 16 * 1024;

/// Seconds after which a caller may try again what was [`AppError::Unavailable`].
pub const RETRY_SECONDS: u32 = 5;

impl AppError {
    /// 400: the request cannot be read.
    pub fn bad_request(why: impl Into<Cow<'static, str>>) -> AppError {
        AppError::Refused(StatusCode::BAD_REQUEST, why.into())
    }

    /// 403: not allowed.
    pub fn forbidden(why: impl Into<Cow<'static, str>>) -> AppError {
        AppError::Refused(StatusCode::FORBIDDEN, why.into())
    }

    /// 408: the request took too long to arrive.
    pub fn too_slow() -> AppError {
        AppError::Refused(StatusCode::REQUEST_TIMEOUT, "The request took too long to arrive.".into())
    }

    /// 409: it cannot be done at the same time as something else.
    pub fn conflict(why: impl Into<Cow<'static, str>>) -> AppError {
        AppError::Refused(StatusCode::CONFLICT, why.into())
    }

    /// 413: a body beyond [`LARGEST_BODY`].
    pub fn too_large() -> AppError {
        AppError::Refused(StatusCode::PAYLOAD_TOO_LARGE, "That is more than this site accepts at once.".into())
    }

    /// 415: a body of a type that is not read here.
    pub fn wrong_type(why: impl Into<Cow<'static, str>>) -> AppError {
        AppError::Refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, why.into())
    }

    /// 422: well-formed, but not possible.
    pub fn unprocessable(why: impl Into<Cow<'static, str>>) -> AppError {
        AppError::Refused(StatusCode::UNPROCESSABLE_ENTITY, why.into())
    }

    /// A fault of ours.
    pub fn internal(cause: impl Into<Cause>) -> AppError {
        AppError::Internal(cause.into())
    }

    /// The cause, for the log.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            AppError::Unavailable(cause) | AppError::Outage(cause) | AppError::Unknown(cause) | AppError::Internal(cause) => Some(cause),
            _ => None,
        }
    }

    /// The cause, or else the error itself: what an operator needs to know, instead of the sentence for visitors.
    pub fn into_cause(self) -> Cause {
        match self {
            AppError::Unavailable(cause) | AppError::Outage(cause) | AppError::Internal(cause) => cause,
            AppError::Unknown(cause) => format!("it is not known whether it was done: {cause}").into(),
            other => Box::new(other),
        }
    }

    /// Seconds to wait before trying again, where waiting helps.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            AppError::TooMany(seconds) | AppError::LimitReached(_, seconds) => Some(*seconds),
            AppError::Unavailable(_) | AppError::Outage(_) | AppError::Unknown(_) => Some(RETRY_SECONDS),
            _ => None,
        }
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            AppError::Refused(status, _) => *status,
            AppError::SignedOut | AppError::WrongPassword => StatusCode::UNAUTHORIZED,
            AppError::InsufficientScope => StatusCode::FORBIDDEN,
            AppError::NotFound => StatusCode::NOT_FOUND,
            AppError::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            AppError::TooMany(_) | AppError::LimitReached(..) => StatusCode::TOO_MANY_REQUESTS,
            AppError::Unavailable(_) | AppError::Outage(_) | AppError::Unknown(_) => StatusCode::SERVICE_UNAVAILABLE,
            AppError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A sentence. The middleware makes a page or a problem document of it; only a request that took too long to arrive does not get that far.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code())
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("text/plain; charset=utf-8")
            .body(self.to_string())
    }
}

impl From<DieselError> for AppError {
    /// By kind, never by an engine's text. What is neither the caller's mistake nor a rule of the schema is a database in trouble (locked,
    /// full, gone). Trouble passes, so it is 503 and not 500.
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => AppError::NotFound,
            DieselError::RollbackErrorOnCommit { commit_error, .. } => AppError::Unknown(commit_error),
            DieselError::DatabaseError(
                DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation,
                _,
            )
            | DieselError::DeserializationError(_)
            | DieselError::SerializationError(_)
            | DieselError::QueryBuilderError(_) => AppError::internal(error),
            _ => AppError::Unavailable(Box::new(error)),
        }
    }
}

impl From<NoConnection> for AppError {
    fn from(none: NoConnection) -> Self {
        match none {
            NoConnection::Unreachable(cause) => AppError::Outage(format!("the database cannot be reached: {cause}").into()),
            NoConnection::Exhausted(cause) => AppError::Unavailable(Box::new(cause)),
        }
    }
}

/// The thread pool is gone, or the work panicked.
impl From<actix_web::error::BlockingError> for AppError {
    fn from(error: actix_web::error::BlockingError) -> Self {
        AppError::internal(error)
    }
}

/// The system has no randomness to give.
impl From<getrandom::Error> for AppError {
    fn from(error: getrandom::Error) -> Self {
        AppError::internal(error)
    }
}

impl From<askama::Error> for AppError {
    fn from(error: askama::Error) -> Self {
        AppError::internal(error)
    }
}
