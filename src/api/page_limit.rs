//! The page size that a program asks for.

use crate::error::AppError;

/// Rows of a page where no number is asked for.
const DEFAULT: i64 = 20;
/// The most rows of a page. Who asks for more gets these, and the cursor for the rest.
const MOST: i64 = 100;

/// The page size.
pub fn page_limit(asked: Option<i64>) -> Result<i64, AppError> {
    match asked {
        None => Ok(DEFAULT),
        Some(rows @ 1..) => Ok(rows.min(MOST)),
        Some(_) => Err(AppError::bad_request("limit must be at least 1.")),
    }
}
