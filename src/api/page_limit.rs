//! The page size that a program asks for.

use crate::error::AppError;

/// Rows of a page where no number is asked for.
const DEFAULT_PAGE_SIZE: i64 = 20;
/// The most rows per page. Whoever asks for more gets this many, and the cursor for the rest.
const MAX_PAGE_SIZE: i64 = 100;

/// The page size.
pub fn page_limit(asked: Option<i64>) -> Result<i64, AppError> {
    match asked {
        None => Ok(DEFAULT_PAGE_SIZE),
        Some(rows @ 1..) => Ok(rows.min(MAX_PAGE_SIZE)),
        Some(_) => Err(AppError::bad_request("limit must be at least 1.")),
    }
}
