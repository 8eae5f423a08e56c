//! Records the pictures of the README: `make pictures`. It is no test, so it is ignored unless asked for.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;
use thirtyfour::By;
use tidings::cli::demo::{PASSWORD, YOU, invents_history, says};

use crate::person::Person;
use crate::town::Town;

/// How long each picture is shown, in seconds.
const SHOWN: f64 = 2.2;
/// The window, in CSS pixels.
const SIZE: (u32, u32) = (900, 640);

/// Pictures of one window, one after another.
struct Film<'a> {
    person: &'a Person,
    /// WebP in Base64.
    frames: Vec<String>,
}

impl Film<'_> {
    async fn shoots(&mut self) {
        let shot = self.person.devtools("Page.captureScreenshot", json!({"format": "webp", "quality": 82})).await;
        self.frames.push(shot["data"].as_str().expect("a picture").to_owned());
    }

    /// All of them as one SVG that moves by itself, without script; for whoever prefers no motion it stands still.
    fn as_svg(&self, title: &str) -> String {
        let ((width, height), number) = (SIZE, self.frames.len());
        let (whole, share) = (SHOWN * number as f64, 100.0 / number as f64);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\"><title>{title}</title><style>\
             image{{visibility:hidden;animation:show {whole:.1}s step-end infinite}}\
             @keyframes show{{0%{{visibility:visible}}{share:.3}%{{visibility:hidden}}}}\
             @media (prefers-reduced-motion:reduce){{image{{animation:none}}image:last-of-type{{visibility:visible}}}}</style>\n"
        );
        for (n, frame) in self.frames.iter().enumerate() {
            let delay = SHOWN * n as f64;
            let image = format!("<image width=\"{width}\" height=\"{height}\" style=\"animation-delay:{delay:.1}s\" href=\"data:image/webp;base64,{frame}\"/>");
            writeln!(svg, "{image}").expect("memory");
        }
        svg + "</svg>\n"
    }
}

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

async fn resizes(person: &Person, (width, height): (u32, u32), scheme: &str) {
    person.devtools("Emulation.setDeviceMetricsOverride", json!({"width": width, "height": height, "deviceScaleFactor": 1.25, "mobile": false})).await;
    person.devtools("Emulation.setEmulatedMedia", json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]})).await;
}

/// One picture of what is in the window.
async fn keeps(person: &Person, name: &str) {
    let shot = person.devtools("Page.captureScreenshot", json!({"format": "webp", "quality": 86})).await;
    let bytes = base64_simd::STANDARD.decode_to_vec(shot["data"].as_str().expect("a picture")).expect("Base64");
    std::fs::write(docs(name), bytes).expect("a place for it");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it writes into docs/: make pictures"]
async fn the_first_minute() {
    let town = Town::new().await;
    let hash = town.site.app.passwords.hash(PASSWORD.to_owned()).await.expect("a hash");
    invents_history(&town.site.app, hash).await.expect("history");
    let robin = town.stranger(YOU).await;
    resizes(&robin, SIZE, "light").await;
    robin.goes_to("/signin?next=/notifications").await;
    robin.fills_in(PASSWORD).await;
    robin.presses("Sign in").await;
    robin.arrives_at("/notifications").await;
    let mut film = Film { person: &robin, frames: Vec::new() };
    film.shoots().await;
    says(&town.site.app, "juniper", "Three seals on the pier this morning, entirely unimpressed.", None).await.expect("a post");
    robin.sees("Three seals").await;
    film.shoots().await;
    says(&town.site.app, "build_robot", "Build 418 is green again.", Some("https://builds.example/418")).await.expect("a post");
    robin.sees("Build 418").await;
    film.shoots().await;
    robin.goes_to("/").await;
    film.shoots().await;
    robin.types("text", "Soup at mine tonight. Bring a bowl.").await;
    film.shoots().await;
    robin.waits_for_the_guard().await;
    robin.presses("Post").await;
    robin.shows("#posts .post", true).await;
    robin.becomes("document.getElementById('text').value", "").await;
    film.shoots().await;
    town.hears_that("quill", YOU).await;
    robin.goes_to("/notifications").await;
    robin.sees("quill follows you").await;
    film.shoots().await;
    std::fs::write(docs("tidings.svg"), film.as_svg("An inbox that hears of posts and follows while one looks, and the feed from which one posts"))
        .expect("a place for it");
    // Stills: on a phone, and in the dark.
    resizes(&robin, (390, 760), "light").await;
    robin.goes_to("/").await;
    keeps(&robin, "phone.webp").await;
    resizes(&robin, (390, 760), "dark").await;
    robin.goes_to("/notifications").await;
    robin.clicks(By::Css("h1")).await;
    keeps(&robin, "phone-dark.webp").await;
}
