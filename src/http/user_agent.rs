//! The client in words that its owner recognises: "Chrome on Linux". Nothing of the header itself is shown or kept.

/// A mark in the header, and whose it is. The first that is found counts: browsers also name their ancestors.
const CLIENTS: [(&str, &str); 30] = [
    ("EdgiOS/", "Edge"),
    ("EdgA/", "Edge"),
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("OPiOS/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Epiphany/", "GNOME Web"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("w3m/", "w3m"),
    ("Lynx/", "Lynx"),
    ("ELinks/", "ELinks"),
    ("Links (", "Links"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("HTTPie/", "HTTPie"),
    ("PostmanRuntime/", "Postman"),
    ("python", "Python"),
    ("Python", "Python"),
    ("Go-http-client/", "Go"),
    ("okhttp/", "OkHttp"),
    ("node", "Node.js"),
    ("reqwest/", "reqwest"),
    ("PowerShell/", "PowerShell"),
];

/// The same for systems. Android also says Linux, and an iPhone says that it is like a Mac.
const SYSTEMS: [(&str, &str); 9] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
];

/// "Chrome on Linux", "curl", at most 60 characters; `None` for what is not known.
pub fn describe(user_agent: &str) -> Option<String> {
    let client = named(user_agent, &CLIENTS)?;
    Some(named(user_agent, &SYSTEMS).map_or_else(|| client.to_owned(), |system| format!("{client} on {system}")))
}

fn named(user_agent: &str, marks: &[(&str, &'static str)]) -> Option<&'static str> {
    marks.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_is_known_and_all_else_is_not() {
        let (gecko, webkit) = ("Gecko/20100101 Firefox/145.0", "AppleWebKit/537.36 (KHTML, like Gecko)");
        for (user_agent, words) in [
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} Chrome/142.0.0.0 Safari/537.36"), "Chrome on Linux"),
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} HeadlessChrome/142.0.0.0 Safari/537.36"), "Chrome on Linux"),
            (format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/142.0.0.0 Mobile Safari/537.36"), "Chrome on Android"),
            (format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {webkit} Chrome/142.0.0.0 Safari/537.36"), "Chrome on ChromeOS"),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"), "Edge on Windows"),
            (format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {webkit} Chrome/142.0.0.0 Safari/537.36 OPR/124.0"), "Opera on Mac"),
            (
                format!("Mozilla/5.0 (Linux; Android 14; SM-S921B) {webkit} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36"),
                "Samsung Internet on Android",
            ),
            (format!("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:145.0) {gecko}"), "Firefox on Linux"),
            (format!("Mozilla/5.0 (Android 15; Mobile; rv:145.0) {gecko}"), "Firefox on Android"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15".into(), "Safari on Mac"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"
                    .into(),
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1".into(),
                "Chrome on iPad",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/145.0 Mobile/15E148 Safari/605.1.15"
                    .into(),
                "Firefox on iPhone",
            ),
            ("w3m/0.5.3+git20230121".into(), "w3m"),
            ("Lynx/2.9.0dev.12 libwww-FM/2.14".into(), "Lynx"),
            ("curl/8.14.1".into(), "curl"),
            ("python-requests/2.32.3".into(), "Python"),
            ("Go-http-client/1.1".into(), "Go"),
        ] {
            assert_eq!(describe(&user_agent).as_deref(), Some(words), "{user_agent}");
        }
        for unknown in ["", "Mozilla/5.0", "<script>alert(1)</script>", "\u{202e}curl", "ada's own", &"x".repeat(9_000)] {
            assert_eq!(describe(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn no_words_are_longer_than_the_column() {
        let longest = |marks: &[(&str, &str)]| marks.iter().map(|(_, name)| name.len()).max().unwrap();
        assert!(longest(&CLIENTS) + " on ".len() + longest(&SYSTEMS) <= 60);
    }
}
