//! The site's own address, for URLs that are read elsewhere than on its pages.

use actix_web::HttpRequest;
use actix_web::http::header;
use url::Url;

use crate::config::Config;

/// PUBLIC_URL without a path, or else what the request says: its `Host`, and https if a proxy says so. Only for an answer that nobody but the
/// caller sees: they may claim whatever they like. Empty if the request names no host that could be one; URLs are then relative.
pub fn origin(req: &HttpRequest, config: &Config) -> String {
    if let Some(public) = &config.public_url {
        return public.origin.clone();
    }
    let scheme = if req.connection_info().scheme() == "https" { "https" } else { "http" };
    let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    // What separates the parts of a URL would lead elsewhere.
    let is_plain = !host.contains(['/', '\\', '?', '#', '@']);
    let asked = Url::parse(&format!("{scheme}://{host}/")).ok().filter(|_| is_plain);
    asked.map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::config::Settings;

    fn origin_of(public: Option<&str>, headers: &[(&str, &str)]) -> String {
        let config = Settings { public_url: public.map(str::to_owned), ..Settings::default() }.check().unwrap();
        let request = headers.iter().fold(TestRequest::default(), |request, header| request.insert_header(*header));
        origin(&request.to_http_request(), &config)
    }

    #[test]
    fn the_setting_counts_before_what_the_request_says() {
        let host = ("host", "localhost:8080");
        assert_eq!(origin_of(Some("https://tidings.example"), &[host]), "https://tidings.example");
        assert_eq!(origin_of(None, &[host]), "http://localhost:8080");
        assert_eq!(origin_of(None, &[host, ("x-forwarded-proto", "https")]), "https://localhost:8080");
        assert_eq!(origin_of(None, &[host, ("x-forwarded-proto", "javascript")]), "http://localhost:8080");
        assert_eq!(origin_of(None, &[("host", "[::1]:8080")]), "http://[::1]:8080");
        for odd in ["", "a b", "a/b", "a@b", "a?b", "a#b", "a:b", "\"><b>", "a\\b"] {
            assert_eq!(origin_of(None, &[("host", odd)]), "", "{odd:?}");
        }
    }
}
