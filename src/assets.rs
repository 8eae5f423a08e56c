//! Where the files under `static/` are, and the names under which pages ask for them.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The version in the name makes the file safe to keep for a year: another version is another name.
const HTMX: &str = "vendor/htmx-4.0.1.min.js";

/// The folder of static files and the two names every page needs.
#[derive(Debug, Clone)]
pub struct Assets {
    /// The folder.
    pub folder: PathBuf,
    /// The stylesheet's URL, with a mark of its content.
    pub style: String,
    /// htmx's URL.
    pub htmx: String,
}

impl Assets {
    /// Looks beside the working directory (a checkout), then beside the program (the image). What is missing is
    /// said in the log, once, with what brings it: the site works without, only not by itself.
    pub fn find() -> Assets {
        let beside_program = std::env::current_exe().ok().and_then(|exe| exe.parent().map(|folder| folder.join("static")));
        let here = PathBuf::from("static");
        let folder = std::iter::once(here.clone()).chain(beside_program).find(|folder| folder.is_dir()).unwrap_or(here);
        if !folder.join(HTMX).is_file() {
            log::warn!("{} is missing, so pages will not update by themselves: run `make assets`", folder.join(HTMX).display());
        }
        Assets { style: format!("/static/style.css?v={}", mark(&folder.join("style.css"))), htmx: format!("/static/{HTMX}"), folder }
    }
}

/// Eight hex digits that change with the file's content.
fn mark(file: &Path) -> String {
    let content = std::fs::read(file).unwrap_or_else(|cause| {
        log::warn!("{} cannot be read, so pages will look bare: {cause}", file.display());
        Vec::new()
    });
    Sha256::digest(content).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
