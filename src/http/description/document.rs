//! The whole document.

use actix_web::http::header::EntityTag;
use actix_web::web::Bytes;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use utoipa::openapi::path::{PathItem, PathsBuilder};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder, Server};

use super::api_resource::ApiResource;
use super::operation::BEARER;
use super::problem::{self, Problem};

use crate::hex::hex;

const ABOUT: &str = "Follow people, and hear about it within ten seconds. Ids are integers, times are Unix milliseconds. Errors are problem \
documents (RFC 9457). Whatever answers GET answers HEAD, without the body; any other method is answered 405, and `Allow` names those there are. \
Members that are not known are ignored in requests, and to be ignored in answers: later releases add some.";

/// The description as it is sent.
#[derive(Debug)]
pub struct ApiDocument {
    /// The JSON.
    pub json: Bytes,
    /// Changes with the content.
    pub etag: EntityTag,
}

impl ApiDocument {
    /// The description of these URLs.
    pub fn of(resources: &[ApiResource]) -> ApiDocument {
        // Nothing in it fails to be written as JSON. If it did, the tests would find it empty.
        let json = describe(resources).to_json().unwrap_or_default();
        let digest = hex(Sha256::digest(&json).get(..8).unwrap_or_default());
        ApiDocument { json: json.into(), etag: EntityTag::new_strong(digest) }
    }
}

fn describe(resources: &[ApiResource]) -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new().schema(Problem::name(), <Problem as utoipa::PartialSchema>::schema());
    for (path, method, operation) in resources.iter().flat_map(ApiResource::describe) {
        let (operation, schemas, problems) = operation.finish();
        paths = paths.path(path, PathItem::new(method, operation));
        components = components.schemas_from_iter(schemas);
        components = components.responses_from_iter(problems.into_iter().map(|status| (problem::component_name(status), problem::component(status))));
    }
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The `token` of `POST /api/session`, or that of a program (`tdg_…`), which has a scope: `read`, `post` or `all`."));
    OpenApiBuilder::new()
        .info(Info::builder().title("Tidings").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)))
        .servers(Some([Server::new("/")]))
        .paths(paths)
        .components(Some(components.security_scheme(BEARER, SecurityScheme::Http(bearer.build())).build()))
        .build()
}
