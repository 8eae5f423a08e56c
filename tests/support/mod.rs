//! A site for one test: a new database, a free port, the real server.

mod home;

use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
pub use home::Home;
use tidings::app::App;
use tidings::config::Settings;
use tidings::server;

/// A running site.
pub struct Site {
    /// Its internals, for what HTTP does not show: the clock, the statement count.
    pub app: Data<App>,
    /// Its base URL.
    pub url: String,
    /// Its data.
    pub home: Arc<Home>,
    handle: ServerHandle,
}

impl Site {
    /// With the default settings.
    pub async fn open() -> Site {
        Site::with(|_| {}).await
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Site {
        Site::at(Arc::new(Home::new()), change).await
    }

    /// One more instance on the same data.
    pub async fn at(home: Arc<Home>, change: impl FnOnce(&mut Settings)) -> Site {
        let mut settings = home.settings();
        change(&mut settings);
        let app = Data::new(App::open(settings.check().expect("settings")).expect("a database"));
        let listener = server::listen(&app).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let running = server::serve(app.clone(), listener, 1).expect("a server");
        let handle = running.handle();
        tokio::spawn(running);
        Site { app, url, home, handle }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}
