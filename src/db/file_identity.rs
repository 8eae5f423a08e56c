//! Which file a path led to when it was opened.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// An SQLite file, as it was when the site started. Connections go on writing into a file that was moved or deleted, and no restart would find
/// what they wrote.
#[derive(Debug)]
pub struct FileIdentity {
    path: PathBuf,
    id: (u64, u64),
    /// The number of a deleted file is given to the next one; when it was made is not.
    born: Option<SystemTime>,
}

impl FileIdentity {
    /// The file at `path`.
    ///
    /// # Errors
    /// When there is none.
    pub fn of(path: &Path) -> std::io::Result<FileIdentity> {
        let found = std::fs::metadata(path)?;
        Ok(FileIdentity { path: path.to_owned(), id: id(&found), born: found.created().ok() })
    }

    /// Checks that it is still there: one `stat`.
    ///
    /// # Errors
    /// What is there instead, as a sentence for the log.
    pub fn check(&self) -> Result<(), String> {
        match std::fs::metadata(&self.path) {
            Ok(found) if id(&found) == self.id && found.created().ok() == self.born => Ok(()),
            Ok(_) => Err("another file has taken its place. Put the first one back, or restart to serve this one".to_owned()),
            Err(cause) => Err(format!("the file is gone from its place: {cause}")),
        }
    }
}

#[cfg(unix)]
fn id(file: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn id(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn a_file_is_itself_when_written_and_when_it_comes_back() {
        let folder = std::env::temp_dir().join(format!("tidings-identity-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (path, aside) = (folder.join("t.db"), folder.join("aside"));
        fs::write(&path, "1").unwrap();
        let identity = FileIdentity::of(&path).unwrap();
        fs::write(&path, "23").unwrap();
        assert_eq!(identity.check(), Ok(()));
        fs::rename(&path, &aside).unwrap();
        assert!(identity.check().unwrap_err().contains("gone"));
        File::create(&path).unwrap();
        assert!(identity.check().unwrap_err().contains("another file"));
        fs::rename(&aside, &path).unwrap();
        assert_eq!(identity.check(), Ok(()));
        // Deleted and made anew, often with the same number.
        fs::remove_file(&path).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        File::create(&path).unwrap();
        assert!(identity.check().is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
