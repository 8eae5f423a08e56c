//! What a post may link to.

use url::Url;

use super::text::{is_visible, refuse_unprintable};

/// Most characters of a URL.
const LONGEST: usize = 2_000;

/// The URL, as it was typed; `None` where nothing was. It is kept so, and not as a parser writes it, because whoever posted it looks for what they
/// posted. So it must be written the usual way: a browser would also make something of blanks, backslashes and missing slashes.
pub fn check(typed: &str) -> Result<Option<String>, String> {
    let typed = typed.trim();
    match typed.chars().count() {
        0 => return Ok(None),
        1..=LONGEST => {}
        more => return Err(format!("Use at most {LONGEST} characters for the link. These are {more}.")),
    }
    let authority = authority(typed).ok_or("The link must begin with https:// or http://.")?;
    if authority.contains('@') {
        return Err("The link must not contain a name or a password.".to_owned());
    }
    refuse_unprintable("The link", typed, &[])?;
    let is_one = !authority.is_empty() && typed.chars().all(|c| is_visible(c) && c != '\\') && Url::parse(typed).is_ok();
    if is_one { Ok(Some(typed.to_owned())) } else { Err("The link is not a complete web address.".to_owned()) }
}

/// Host and port, and what else may stand before the path; `None` if it is no web address.
fn authority(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let is_web = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    is_web.then(|| rest.split(['/', '?', '#', '\\']).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_addresses_are_kept_as_they_are_typed() {
        for url in [
            "https://a.example",
            "HTTP://A.example:8080/b_(c)?d=e%20f&g#h",
            "http://localhost:3000/",
            "http://[2001:db8::1]:8080/x",
            "https://münchen.example/straße?q=é",
            "https://a.example/@ada",
            "https://a.example/?mail=a@b.example",
            "http://192.0.2.7/",
        ] {
            assert_eq!(check(&format!(" {url}\n")), Ok(Some(url.to_owned())));
        }
        let longest = format!("https://a.example/{}", "é".repeat(2_000 - 18));
        assert_eq!(check(&longest), Ok(Some(longest.clone())));
        assert_eq!(check(&format!("{longest}x")), Err("Use at most 2000 characters for the link. These are 2001.".into()));
        assert_eq!((check(""), check(" \t")), (Ok(None), Ok(None)));
    }

    #[test]
    fn nothing_else_is_one() {
        for no_web in
            ["javascript:alert(1)", "data:text/html,x", "ftp://a.example", "/path", "a.example", "//a.example", "mailto:a@b.example", "http:a.example", "x"]
        {
            assert_eq!(check(no_web), Err("The link must begin with https:// or http://.".into()), "{no_web}");
        }
        for secret in ["https://ada@a.example", "https://ada:secret@a.example/", "https://:@a.example", "https://@a.example"] {
            assert_eq!(check(secret), Err("The link must not contain a name or a password.".into()), "{secret}");
        }
        let incomplete = [
            "https://",
            "http:///a.example",
            "https://a.example:99999",
            "https://[::1",
            "https://a b.example",
            "https://a.example/a b",
            "https://a.example\\b",
            "https://a.example/\u{200b}",
            "https://%zz/",
        ];
        for url in incomplete {
            assert_eq!(check(url), Err("The link is not a complete web address.".into()), "{url:?}");
        }
        for unprintable in ["https://a.example/\0", "https://a.example/\tb", "https://a.example/\u{ffff}"] {
            assert!(check(unprintable).unwrap_err().starts_with("The link contains "), "{unprintable:?}");
        }
    }
}
