//! The application, called directly.

use std::rc::Rc;

use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, header};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use futures_util::future::LocalBoxFuture;
use tidings::accounts::sign_in::insert_session;
use tidings::app::App;
use tidings::config::Settings;
use tidings::domain::follow::follow;
use tidings::error::AppError;
use tidings::model::sessions::SessionKind;
use tidings::model::{Username, users};
use tidings::server;

use super::answer::Answer;
use super::home::Home;
use super::member::Member;

/// The host that every request names.
const HOST: &str = "tidings.example";

type Handlers = Box<dyn Fn(TestRequest) -> LocalBoxFuture<'static, ServiceResponse>>;

/// An application without a server.
pub struct Site {
    /// Its internals.
    pub app: Data<App>,
    handlers: Handlers,
    _home: Home,
}

impl Site {
    /// With the default settings.
    pub async fn open() -> Site {
        Site::with(|_| {}).await
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Site {
        let home = Home::in_a_file();
        let mut settings = home.settings();
        change(&mut settings);
        let app = Data::new(App::open(settings.check().expect("settings")).expect("a database"));
        Site { handlers: handlers(app.clone()).await, app, _home: home }
    }

    /// Somebody with an account and a session. Their password is no hash of anything, because hashing one takes longer than a whole test.
    pub async fn member(&self, name: &str) -> Member {
        let username = Username::parse(name).unwrap();
        let opened = self.app.change(move |tx| {
            let user = users::insert(tx, &username, "no hash")?.ok_or(AppError::NotFound)?;
            insert_session(tx, user, SessionKind::Browser, None)
        });
        Member::new(&self.app, &opened.await.expect("a member"))
    }

    /// `follower` follows `followee`, who has a notification of it.
    pub async fn follows(&self, follower: &Member, followee: &Member) {
        let (follower, followee) = (follower.id, followee.id);
        let is_new = self.app.change(move |tx| Ok(follow(tx, follower, followee)?)).await.expect("a follow");
        assert!(is_new);
    }

    /// Has `request` answered.
    pub async fn answers(&self, request: TestRequest) -> Answer {
        Answer::of((self.handlers)(request).await).await
    }

    /// The same, and how many statements it sent to the database.
    pub async fn answers_with_statements(&self, request: TestRequest) -> (Answer, u64) {
        let before = self.app.statements();
        let answer = self.answers(request).await;
        (answer, self.app.statements() - before)
    }
}

/// The type of an application cannot be written down, so it is kept as a function.
async fn handlers(app: Data<App>) -> Handlers {
    let service = Rc::new(init_service(server::application(app)).await);
    Box::new(move |request| {
        let service = Rc::clone(&service);
        Box::pin(async move { call_service(&*service, request.to_request()).await })
    })
}

/// A request by its method and URL, such as `GET /people?q=a`. It comes from somewhere and names a host, as all that come by a socket do.
pub fn request(line: &str) -> TestRequest {
    let (method, url) = line.split_once(' ').expect("a method and a URL");
    let method: Method = method.parse().expect("a method");
    TestRequest::with_uri(url).method(method).peer_addr(([192, 0, 2, 1], 4_000).into()).insert_header((header::HOST, HOST))
}
