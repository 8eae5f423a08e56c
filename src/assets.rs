//! Where the files under `static/` are, and the URLs under which pages ask for them.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::hex::hex;

/// The name carries the version, so the file may be cached for a year.
const HTMX: &str = "vendor/htmx-4.0.1.min.js";

/// The folder of static files, and the URLs that every page needs.
#[derive(Debug, Clone)]
pub struct Assets {
    /// The folder.
    pub folder: PathBuf,
    /// The stylesheet's URL, with a hash of its content.
    pub style: String,
    /// htmx's URL.
    pub htmx: String,
    /// The URL of what is said while the server cannot be reached, with a hash of its content. Pages fetch it when they are loaded, so that a
    /// browser without a connection has it in its cache.
    pub connection: String,
}

impl Assets {
    /// Looks in the working directory (a checkout), then beside the program (the image). A missing file is logged once, with the command that
    /// fetches it: the site works without htmx, only not live.
    pub fn find() -> Assets {
        let beside_program = std::env::current_exe().ok().and_then(|exe| exe.parent().map(|folder| folder.join("static")));
        let here = PathBuf::from("static");
        let folder = std::iter::once(here.clone()).chain(beside_program).find(|folder| folder.is_dir()).unwrap_or(here);
        if !folder.join(HTMX).is_file() {
            log::warn!("{} is missing, so pages will not update by themselves: run `make assets`", folder.join(HTMX).display());
        }
        let versioned = |name: &str| format!("/static/{name}?v={}", content_hash(&folder.join(name)));
        Assets { style: versioned("style.css"), htmx: format!("/static/{HTMX}"), connection: versioned("connection.html"), folder }
    }

    /// Whether `path` with `query` names one version of a file, which never changes and may be cached for a year. The stylesheet's URL of
    /// another release is not: an instance of this release would answer it with its own style, and caches would keep that under the wrong URL.
    pub fn is_immutable(&self, path: &str, query: &str) -> bool {
        let is = |url: &str| url.strip_prefix(path).and_then(|rest| rest.strip_prefix('?')) == Some(query);
        path == self.htmx || is(&self.style) || is(&self.connection)
    }
}

/// Eight hex digits that change with the file's content.
fn content_hash(file: &Path) -> String {
    let content = std::fs::read(file).unwrap_or_else(|cause| {
        log::warn!("{} cannot be read, so pages will lack it: {cause}", file.display());
        Vec::new()
    });
    hex(Sha256::digest(content).get(..4).unwrap_or_default())
}
