//! An account, as an operator names it.

use crate::db::Cause;
use crate::error::AppError;
use crate::model::Username;

pub(super) fn username(typed: &str) -> Result<Username, String> {
    Username::parse(typed).map_err(|why| format!("{typed:?} is no username. {why}"))
}

/// What was done with the account `name`, or why it was not.
pub(super) fn found<T>(done: Result<T, AppError>, name: &Username) -> Result<T, Cause> {
    done.map_err(|error| match error {
        AppError::NotFound => format!("there is no {name}.").into(),
        error => error.into_cause(),
    })
}
