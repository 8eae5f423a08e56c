//! The JSON face of the same verbs. Errors become problem documents at the border.

pub mod follow;
pub mod notifications;
pub mod people;
pub mod session;

use crate::error::AppError;

/// Rows per page where none are asked for.
const ROWS: i64 = 20;
/// The most rows one gets at once; who asks for more gets these, and the cursor for the rest.
const MOST_ROWS: i64 = 100;

/// The page size asked for.
fn limit(asked: Option<i64>) -> Result<i64, AppError> {
    match asked {
        None => Ok(ROWS),
        Some(rows @ 1..) => Ok(rows.min(MOST_ROWS)),
        Some(_) => Err(AppError::BadRequest("limit must be at least 1.")),
    }
}
