//! One URL for each page: without a slash at its end, and without doubled slashes.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

/// 308 to the canonical URL, if `req` asks for another. The method stays.
pub fn redirect(req: &HttpRequest) -> Option<HttpResponse> {
    let path = req.path();
    let canonical = canonical(path)?;
    let query = req.uri().query().map_or_else(String::new, |query| format!("?{query}"));
    Some(HttpResponse::PermanentRedirect().insert_header((header::LOCATION, canonical + &query)).finish())
}

/// The canonical path; `None` if `path` is. It begins with one slash, or a browser would take what follows two for another host.
fn canonical(path: &str) -> Option<String> {
    if !path.contains("//") && (path == "/" || !path.ends_with('/')) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_neither_doubled_nor_last() {
        for (path, found) in [
            ("/people/", "/people"),
            ("//people", "/people"),
            ("//", "/"),
            ("/people//ada///followers/", "/people/ada/followers"),
            ("//evil.example/", "/evil.example"),
        ] {
            assert_eq!(canonical(path).as_deref(), Some(found), "{path}");
        }
        for path in ["/", "/people", "/people/ada"] {
            assert_eq!(canonical(path), None, "{path}");
        }
    }
}
