//! What the parameters of a handler say of its operation.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path, Query};
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

use super::operation::Operation;
use crate::http::viewer::{Caller, SessionViewer, Viewer};

/// A parameter of a handler, or all of them.
pub trait Describe {
    /// Adds what this takes from a request, and the errors that come of it.
    fn describe(operation: &mut Operation);
}

impl<T: 'static> Describe for Data<T> {
    fn describe(_: &mut Operation) {}
}

/// Whatever a handler reads from it, it has to say in its answer.
impl Describe for HttpRequest {
    fn describe(_: &mut Operation) {}
}

impl Describe for Viewer {
    fn describe(operation: &mut Operation) {
        operation.secured();
    }
}

impl Describe for SessionViewer {
    fn describe(operation: &mut Operation) {
        operation.secured();
    }
}

/// Anybody, but for the tokens of programs.
impl Describe for Caller {
    fn describe(operation: &mut Operation) {
        operation.problem(403);
    }
}

impl<T: ToSchema> Describe for Json<T> {
    fn describe(operation: &mut Operation) {
        operation.json_body::<T>();
    }
}

impl<T: IntoParams> Describe for Query<T> {
    fn describe(operation: &mut Operation) {
        operation.parameters(T::into_params(|| Some(ParameterIn::Query)));
        operation.problem(400);
    }
}

/// What cannot be read as `T` names nothing, either.
impl<T: ToSchema> Describe for Path<T> {
    fn describe(operation: &mut Operation) {
        operation.path_parameter::<T>();
        operation.problem(404);
    }
}

macro_rules! describe_all {
    ($($parameter:ident)*) => {
        impl<$($parameter: Describe),*> Describe for ($($parameter,)*) {
            fn describe(_operation: &mut Operation) {
                $($parameter::describe(_operation);)*
            }
        }
    };
}

describe_all!();
describe_all!(A);
describe_all!(A B);
describe_all!(A B C);
describe_all!(A B C D);
describe_all!(A B C D E);
