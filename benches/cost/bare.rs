//! The baselines: what there would be if there were nothing but the framework.

use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use redis::aio::MultiplexedConnection;

/// Serves `what` until it is killed: `nothing` (204 at once), `get URL` (204 after one GET from Redis), or
/// `page BYTES` (a page of that length, made beforehand).
pub fn serve(what: &[String]) -> std::io::Result<()> {
    actix_web::rt::System::new().block_on(async {
        match what {
            [kind] if kind == "nothing" => listen(|app| _ = app.route("/api/stream", web::get().to(nothing))).await,
            [kind, url] if kind == "get" => {
                let client = redis::Client::open(url.as_str()).expect("an address");
                let redis = client.get_multiplexed_async_connection().await.expect("a Redis");
                listen(move |app| _ = app.app_data(Data::new(redis.clone())).route("/api/stream", web::get().to(one_get))).await
            }
            [kind, length] if kind == "page" => {
                let page = web::Bytes::from("x".repeat(length.parse().expect("a number")));
                listen(move |app| _ = app.app_data(Data::new(page.clone())).default_service(web::to(a_page))).await
            }
            _ => panic!("no such server: {what:?}"),
        }
    })
}

async fn nothing() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

async fn one_get(redis: Data<MultiplexedConnection>) -> HttpResponse {
    let mut redis = redis.get_ref().clone();
    let _: Option<i64> = redis::cmd("GET").arg("notifications:1:lastUpdate").query_async(&mut redis).await.expect("an answer");
    HttpResponse::NoContent().finish()
}

async fn a_page(page: Data<web::Bytes>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page.get_ref().clone())
}

/// One worker, like Tidings on one core; and connections that are kept as long.
async fn listen(configure: impl Fn(&mut ServiceConfig) + Send + Clone + 'static) -> std::io::Result<()> {
    let server = HttpServer::new(move || App::new().configure(&configure)).workers(1).keep_alive(Duration::from_secs(25)).bind(("127.0.0.1", 0))?;
    eprintln!("http://127.0.0.1:{}", server.addrs()[0].port());
    server.run().await
}
