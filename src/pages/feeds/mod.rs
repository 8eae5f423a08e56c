//! Feeds in Atom, for feed readers. The address is the secret: no cookie and no token is asked for, and reading is no use of a session and marks
//! nothing as read.

mod answer;
mod document;
mod entry;
mod xml_text;

use actix_web::http::header::IfNoneMatch;
use actix_web::web::{Data, Path};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use self::answer::{atom, content_etag, not_modified, stamp_etag};
use self::document::Publisher;
use crate::app::App;
use crate::auth::feed_address::FeedAddress;
use crate::db::Connection;
use crate::error::AppError;
use crate::http::request::has_etag;
use crate::model::feed_addresses::{self, FeedKind, FeedOwner};
use crate::model::notifications::{self, Show};
use crate::model::posts;

/// How many entries a feed has: the newest.
const ENTRIES: i64 = 50;

/// `GET /feeds/{secret}/notifications.atom`: the inbox. Its validator is the stamp, so an unchanged inbox costs what an unchanged poll costs.
pub async fn notifications(secret: Path<String>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    let address = verify(FeedKind::Notifications, &secret, &app)?;
    if let Some(unchanged) = unchanged(&address, &req, &app).await? {
        return Ok(unchanged);
    }
    let list = move |conn: &mut Connection| Ok(notifications::list(conn, address.user, Show::All, None, ENTRIES)?.rows);
    let (owner, list) = open(FeedKind::Notifications, address, &app, list).await?;
    let etag = stamp_etag(owner.last_update);
    if has_etag(&req, &etag) {
        return Ok(not_modified(etag));
    }
    Ok(atom(etag, Publisher::new(&req, &app).notifications(&address, &owner, &list)?))
}

/// `GET /feeds/{secret}/posts.atom`: the feed. Posts that tell nobody move no stamp, so its validator is made of what there is to read.
pub async fn posts(secret: Path<String>, req: HttpRequest, app: Data<App>) -> Result<HttpResponse, AppError> {
    let address = verify(FeedKind::Posts, &secret, &app)?;
    let list = move |conn: &mut Connection| Ok(posts::feed(conn, address.user, None, ENTRIES)?.rows);
    let (owner, list) = open(FeedKind::Posts, address, &app, list).await?;
    let document = Publisher::new(&req, &app).posts(&address, &owner, &list)?;
    let etag = content_etag(&document);
    Ok(if has_etag(&req, &etag) { not_modified(etag) } else { atom(etag, document) })
}

/// The address that `secret` is a part of, if it carries our signature.
fn verify(feed: FeedKind, secret: &str, app: &App) -> Result<FeedAddress, AppError> {
    app.signer.verify_feed_secret(feed, secret).ok_or(AppError::NotFound)
}

/// 304, if the caller names the present stamp, and the address need not be looked for: this process has found its row, and nothing of the owner's
/// was revoked since.
async fn unchanged(address: &FeedAddress, req: &HttpRequest, app: &App) -> Result<Option<HttpResponse>, AppError> {
    // `*` matches any stamp, also one that an instance has not heard of yet.
    let names_tags = matches!(req.get_header::<IfNoneMatch>(), Some(IfNoneMatch::Items(_)));
    if !names_tags || !app.stamps.may_believe_program(address.user, address.mark) {
        return Ok(None);
    }
    let etag = match app.last_update(address.user).await {
        Err(AppError::SignedOut) => return Err(AppError::NotFound),
        stamp => stamp_etag(stamp?),
    };
    Ok(has_etag(req, &etag).then(|| not_modified(etag)))
}

/// Whose feed it is, and what `load` finds for them, on one snapshot: so that is exactly as new as their stamp.
async fn open<T, F>(feed: FeedKind, address: FeedAddress, app: &App, load: F) -> Result<(FeedOwner, T), AppError>
where
    T: Send + 'static,
    F: FnOnce(&mut Connection) -> Result<T, AppError> + Send + 'static,
{
    let FeedAddress { user, id, created_at, mark } = address;
    let window = app.stamps.open_window(user);
    let read = app.snapshot(move |conn| {
        let owner = feed_addresses::owner(conn, feed, user, id, created_at)?.ok_or(AppError::NotFound)?;
        let loaded = load(conn)?;
        Ok((owner, loaded))
    });
    let (owner, loaded) = read.await?;
    app.stamps.keep(window, owner.last_update);
    app.stamps.program_checked(user, mark, owner.last_update);
    Ok((owner, loaded))
}
