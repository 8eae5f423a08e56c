//! One error type: what went wrong, the status it deserves, and a sentence for whoever asked.
//! [`crate::border`] turns it into a page or a problem document and logs the cause, once.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::db::NoConnection;

/// A cause, kept for the log and never shown.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Everything a handler can fail with.
#[derive(Debug)]
pub enum AppError {
    /// The request cannot be read; says why.
    BadRequest(&'static str),
    /// Nobody is signed in, or not any longer.
    SignedOut,
    /// A name and password that do not belong together.
    WrongPassword,
    /// A change asked for by a page that is not ours.
    CrossSite,
    /// Not allowed here; says why.
    Forbidden(&'static str),
    /// There is no such thing, or it is none of the caller's business.
    NotFound,
    /// The URL exists, but not with this verb; says which it has.
    WrongVerb(String),
    /// It took too long to arrive.
    TooSlow,
    /// A body beyond [`LARGEST_BODY`].
    TooLarge,
    /// A body of a kind that is not read here; says which is.
    WrongType(&'static str),
    /// Well-formed, but not possible; says why.
    Unprocessable(&'static str),
    /// Too many failures; seconds to wait.
    TooMany(u32),
    /// The database (or another helper) cannot do it now; a later try may succeed.
    Unavailable(Cause),
    /// The database cannot be reached. Said in the log once for the whole outage, not for every request.
    Outage,
    /// A fault of ours.
    Internal(Cause),
}

/// The largest body we take, in bytes: a form of three fields needs far less.
pub const LARGEST_BODY: usize = 16 * 1024;

/// Seconds after which a caller may try again what was [`AppError::Unavailable`].
const RETRY_SECONDS: u32 = 5;

impl AppError {
    /// The cause, for the log.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            AppError::Unavailable(cause) | AppError::Internal(cause) => Some(cause),
            _ => None,
        }
    }

    /// Seconds to wait before trying again, where waiting helps.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            AppError::TooMany(seconds) => Some(*seconds),
            AppError::Unavailable(_) | AppError::Outage => Some(RETRY_SECONDS),
            _ => None,
        }
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppError::BadRequest(why) | AppError::Forbidden(why) | AppError::WrongType(why) | AppError::Unprocessable(why) => f.write_str(why),
            AppError::SignedOut => f.write_str("Nobody is signed in here, or not any longer."),
            AppError::WrongPassword => f.write_str("That name and password do not belong together."),
            AppError::CrossSite => f.write_str("This request came from another site, so nothing was changed."),
            AppError::NotFound => f.write_str("There is nothing here. It may have been deleted, or the address may be mistyped."),
            AppError::WrongVerb(allowed) => write!(f, "This address does not answer to that method; it does to {allowed}."),
            AppError::TooSlow => f.write_str("The request took too long to arrive."),
            AppError::TooLarge => f.write_str("That is more than we take at once."),
            AppError::TooMany(1) => f.write_str("Too many attempts have failed. Please wait a second and try again."),
            AppError::TooMany(seconds) => write!(f, "Too many attempts have failed. Please wait {seconds} seconds and try again."),
            AppError::Unavailable(_) | AppError::Outage => {
                f.write_str("We cannot do that at this moment. Nothing was changed; please try again in a few seconds.")
            }
            AppError::Internal(_) => f.write_str("Something went wrong on our side, and we have noted it."),
        }
    }
}

impl std::error::Error for AppError {}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            AppError::BadRequest(_) => StatusCode::BAD_REQUEST,
            AppError::SignedOut | AppError::WrongPassword => StatusCode::UNAUTHORIZED,
            AppError::CrossSite | AppError::Forbidden(_) => StatusCode::FORBIDDEN,
            AppError::NotFound => StatusCode::NOT_FOUND,
            AppError::WrongVerb(_) => StatusCode::METHOD_NOT_ALLOWED,
            AppError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            AppError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            AppError::WrongType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            AppError::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            AppError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            AppError::Unavailable(_) | AppError::Outage => StatusCode::SERVICE_UNAVAILABLE,
            AppError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A bare status; the border gives it its face.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<DieselError> for AppError {
    /// By kind, never by an engine's text. What is no mistake of the caller's and no rule of the schema is the
    /// database in trouble (locked, full, gone), and trouble passes: 503, not 500.
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => AppError::NotFound,
            DieselError::DatabaseError(
                DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation,
                _,
            )
            | DieselError::DeserializationError(_)
            | DieselError::SerializationError(_)
            | DieselError::QueryBuilderError(_) => AppError::Internal(Box::new(error)),
            _ => AppError::Unavailable(Box::new(error)),
        }
    }
}

impl From<NoConnection> for AppError {
    fn from(none: NoConnection) -> Self {
        match none {
            NoConnection::Unreachable => AppError::Outage,
            NoConnection::Exhausted(cause) => AppError::Unavailable(Box::new(cause)),
        }
    }
}

/// The thread pool is gone or the work panicked.
impl From<actix_web::error::BlockingError> for AppError {
    fn from(error: actix_web::error::BlockingError) -> Self {
        AppError::Internal(Box::new(error))
    }
}

/// The system has no randomness to give.
impl From<getrandom::Error> for AppError {
    fn from(error: getrandom::Error) -> Self {
        AppError::Internal(Box::new(error))
    }
}

impl From<askama::Error> for AppError {
    fn from(error: askama::Error) -> Self {
        AppError::Internal(Box::new(error))
    }
}
