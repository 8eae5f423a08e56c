//! Avatars, drawn from the name: its letter over a tide, the same on every machine and for ever.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;
use askama::Template;
use sha2::{Digest, Sha256};

use crate::error::AppError;
use crate::model::Username;

/// Skies and the seas that look well below them: hue of each, in degrees.
const SKIES: [(u16, u16); 12] =
    [(18, 205), (32, 190), (44, 215), (352, 230), (8, 262), (275, 200), (205, 168), (158, 210), (60, 180), (330, 250), (225, 14), (95, 200)];

/// The picture of a name.
#[derive(Debug, Template)]
#[template(path = "parts/picture.svg", escape = "html")]
struct Picture {
    sky: u16,
    sea: u16,
    /// The sun: centre x, centre y, radius, in units of the 96 by 96 view box.
    sun: (u16, u16, u16),
    /// How far the three waves are shifted to the left, in the same units.
    waves: [u16; 3],
    initial: char,
}

impl Picture {
    fn of(name: &Username) -> Picture {
        let digest: [u8; 32] = Sha256::digest(name.as_str()).into();
        let mut draw = digest.into_iter().map(u16::from);
        let mut next = |below: u16| draw.next().unwrap_or(0) % below;
        let (sky, sea) = SKIES.get(usize::from(next(12))).copied().unwrap_or((18, 205));
        Picture {
            sky: sky + next(12),
            sea: sea + next(14),
            sun: (18 + next(60), 16 + next(22), 9 + next(8)),
            waves: [next(48), next(48), next(48)],
            initial: name.as_str().chars().find(|c| c.is_ascii_alphanumeric()).unwrap_or('_').to_ascii_uppercase(),
        }
    }
}

/// `GET /people/{username}/picture.svg`: drawn from the name alone, so it needs no database and does not show whether there is such a person.
pub async fn show(username: Path<Username>) -> Result<HttpResponse, AppError> {
    let svg = Picture::of(&username).render()?;
    Ok(HttpResponse::Ok().content_type("image/svg+xml").insert_header((header::CACHE_CONTROL, "public, max-age=86400")).body(svg))
}

/// `GET /favicon.ico`: browsers ask for it whatever icon the page names.
pub async fn favicon() -> HttpResponse {
    HttpResponse::MovedPermanently()
        .insert_header((header::LOCATION, "/static/icon.svg"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_always_has_the_same_picture_and_another_name_another() {
        let draw = |name: &str| Picture::of(&Username::parse(name).unwrap()).render().unwrap();
        assert_eq!(draw("ada"), draw("ADA"));
        assert_ne!(draw("ada"), draw("bob"));
        assert!(draw("__1").contains(">1<"));
        assert!(draw("___").contains(">_<"));
    }
}
