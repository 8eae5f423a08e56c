//! Headers of answers.

use utoipa::PartialSchema;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::{Header, HeaderBuilder};

/// A header that is always there. utoipa's type lacks `required`.
pub fn header<T: PartialSchema>(meaning: &str) -> Header {
    let always = Extensions::from_iter([("required", true)]);
    HeaderBuilder::new().schema(Some(T::schema())).description(Some(meaning)).extensions(Some(always)).build()
}
