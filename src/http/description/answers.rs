//! What the return type of a handler says of its operation.

use actix_web::web::Json;
use utoipa::ToSchema;

use super::operation::Operation;
use crate::error::AppError;
use crate::http::response::{Created, Made, NoContent};

/// What a handler answers.
pub trait Answer {
    /// Adds the statuses, with their bodies and headers.
    fn answer(operation: &mut Operation);
}

impl<T: ToSchema> Answer for Json<T> {
    fn answer(operation: &mut Operation) {
        operation.answers_json::<T>(200, "Done, or found.");
    }
}

impl<T: ToSchema> Answer for Made<T> {
    fn answer(operation: &mut Operation) {
        operation.answers_json::<T>(201, "Done.");
        operation.answers_json::<T>(200, "It was so already.");
    }
}

impl<T: ToSchema> Answer for Created<T> {
    fn answer(operation: &mut Operation) {
        operation.answers_json::<T>(201, "Done.");
    }
}

impl Answer for NoContent {
    fn answer(operation: &mut Operation) {
        operation.answers(204, "Done, or it was so already.");
    }
}

/// Whatever can fail can fail because of us.
impl<T: Answer> Answer for Result<T, AppError> {
    fn answer(operation: &mut Operation) {
        T::answer(operation);
        operation.problem(500);
        operation.problem(503);
    }
}
