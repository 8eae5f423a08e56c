//! A whole Tidings of one's own: a fresh database in a folder that goes away, a free port, the real server.

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use tempfile::TempDir;
use tidings::app::App;
use tidings::config::Settings;
use tidings::server;

/// A running site.
pub struct Site {
    /// Its inside, for what cannot be seen from outside: the clock, the statement count.
    pub app: Data<App>,
    /// Where it is.
    pub url: String,
    handle: ServerHandle,
    folder: TempDir,
}

impl Site {
    /// On the defaults.
    pub async fn open() -> Site {
        Site::with(|_| {}).await
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Site {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut settings =
            Settings { port: Some("0".into()), database_url: Some(format!("sqlite:{}", folder.path().join("tidings.db").display())), ..Settings::default() };
        change(&mut settings);
        let app = Data::new(App::open(settings.check().expect("settings")).expect("a database"));
        let listener = server::listen(&app).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let running = server::serve(app.clone(), listener, 1).expect("a server");
        let handle = running.handle();
        tokio::spawn(running);
        Site { app, url, handle, folder }
    }

    /// The database's file.
    pub fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("tidings.db")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}
