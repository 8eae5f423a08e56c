//! The setting `PUBLIC_URL`.

use url::Url;

use super::error::{ConfigError, refuse};

/// The address people type into their browsers.
#[derive(Debug, Clone)]
pub struct PublicUrl {
    /// As browsers send it in `Origin`: scheme, host, port unless it is the scheme's own.
    pub origin: String,
    /// Whether it is https.
    pub https: bool,
}

impl PublicUrl {
    pub(super) fn parse(value: &str) -> Result<PublicUrl, ConfigError> {
        let wrong = || refuse(format!("PUBLIC_URL must be an address such as https://tidings.example, without a path, not {value:?}."));
        let Ok(url) = Url::parse(value) else { return wrong() };
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !bare {
            return wrong();
        }
        Ok(PublicUrl { origin: url.origin().ascii_serialization(), https: url.scheme() == "https" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_compared_as_browsers_write_it() {
        let url = PublicUrl::parse("https://Tidings.Example:443/").map(|url| (url.origin, url.https));
        assert_eq!(url, Ok(("https://tidings.example".to_owned(), true)));
    }
}
