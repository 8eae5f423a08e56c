//! The forms that make, replace and remove the addresses of feeds.

use actix_web::web::{Data, Path};
use actix_web::{Error, HttpResponse};
use serde::Deserialize;

use crate::app::App;
use crate::error::AppError;
use crate::http::form::Form;
use crate::http::response::see_other;
use crate::http::viewer::SessionViewer;
use crate::model::feed_addresses::{self, FeedKind};

/// What our own form sends along.
#[derive(Debug, Deserialize)]
pub struct AddressForm {
    /// The id of the address that it shows, 0 for none: so a second press replaces nothing more.
    replaces: Option<i64>,
}

/// `POST /settings/feeds/{feed}`: makes the address of a feed, or replaces it.
pub async fn replace(viewer: SessionViewer, feed: Path<String>, form: Result<Form<AddressForm>, Error>, app: Data<App>) -> Result<HttpResponse, AppError> {
    let (me, feed) = (viewer.id, named(&feed)?);
    let replaces = form.ok().and_then(|form| form.0.replaces);
    app.change(move |tx| Ok(feed_addresses::replace(tx, me, feed, replaces)?)).await?;
    Ok(see_other(if replaces.unwrap_or(0) > 0 { "/settings?feed=replaced#feeds" } else { "/settings?feed=made#feeds" }))
}

/// `POST /settings/feeds/{feed}/remove`
pub async fn remove(viewer: SessionViewer, feed: Path<String>, app: Data<App>) -> Result<HttpResponse, AppError> {
    let (me, feed) = (viewer.id, named(&feed)?);
    app.change(move |tx| Ok(feed_addresses::remove(tx, me, feed)?)).await?;
    Ok(see_other("/settings?feed=removed#feeds"))
}

/// Not the type of the parameter: that would be read before it is known who asks, and a stranger be told 404 in place of signing in first.
fn named(feed: &str) -> Result<FeedKind, AppError> {
    feed.parse().map_err(|_| AppError::NotFound)
}
