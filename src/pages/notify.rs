//! Whether one is told of somebody's posts, whom one follows in either case.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::db::Change;
use crate::domain::wording::Announcement;
use crate::error::AppError;
use crate::http::form::Form;
use crate::http::request::is_htmx;
use crate::http::response::FormAnswer;
use crate::http::urls::safe_redirect;
use crate::http::viewer::Viewer;
use crate::ids::{NotificationId, Stamp, UserId};
use crate::model::notifications::Show;
use crate::model::{Username, follows, people, users};
use crate::views::inbox::{Focus, Inbox, InboxQuery, InboxRows, LoadedAt, NAME};
use crate::views::out_of_band::{OutOfBand, Update};
use crate::views::profile_header::ProfileHeader;

/// `1`: I am told of their posts. `0`: I am not.
#[derive(Debug, Deserialize)]
pub struct NotifyForm {
    #[serde(default)]
    on: String,
}

impl NotifyForm {
    fn parse(&self) -> Result<bool, AppError> {
        match self.on.as_str() {
            "1" => Ok(true),
            "0" => Ok(false),
            _ => Err(AppError::unprocessable("Please say 1 to be told of their posts, or 0 not to be.")),
        }
    }
}

/// Where the button was, so that the answer fits.
#[derive(Debug, Deserialize)]
pub struct NotifyQuery {
    /// The line of the inbox that has it; `None`: a profile, or the settings.
    line: Option<NotificationId>,
    #[serde(default)]
    show: Show,
    before: Option<NotificationId>,
    /// Where to go back to without JavaScript.
    #[serde(default)]
    back: String,
}

/// What htmx swaps in.
#[derive(Template)]
#[template(source = "{% match self %}{% when Self::Inbox(inbox) %}{{ inbox }}{% when Self::Profile(header) %}{{ header }}{% endmatch %}", ext = "html")]
#[allow(clippy::large_enum_variant)]
pub enum NotifyPressed {
    /// In the inbox.
    Inbox(Update<Inbox>),
    /// On a profile.
    Profile(ProfileHeader),
}

/// What the answer shows.
#[allow(clippy::large_enum_variant)]
enum NotifyShown {
    Nothing,
    Inbox(Stamp, InboxRows),
    Profile(people::Profile),
}

/// `POST /people/{username}/notify`, field `on`
pub async fn set(
    viewer: Viewer,
    username: Path<Username>,
    query: Query<NotifyQuery>,
    form: Form<NotifyForm>,
    req: HttpRequest,
    app: Data<App>,
) -> Result<FormAnswer<NotifyPressed>, AppError> {
    let (me, on, is_htmx) = (viewer.id, form.0.parse()?, is_htmx(&req));
    let (username, NotifyQuery { line, show, before, back }) = (username.into_inner(), query.into_inner());
    let (inbox, followee) = (InboxQuery { show, before }, username.clone());
    // What is shown is read in the transaction, as in the inbox.
    let change = app.change(move |tx| {
        set_notify(tx, me, &followee, on)?;
        Ok(match line {
            _ if !is_htmx => NotifyShown::Nothing,
            Some(_) => NotifyShown::Inbox(users::last_update(tx.conn(), me)?.ok_or(AppError::SignedOut)?, InboxRows::load(tx.conn(), me, inbox)?),
            None => NotifyShown::Profile(people::profile(tx.conn(), me, &followee)?),
        })
    });
    Ok(match change.await? {
        NotifyShown::Nothing => FormAnswer::SeeOther(match line {
            Some(line) => format!("{}#n{line}", inbox.url()),
            None => safe_redirect(&back).map_or_else(|| format!("/people/{username}"), str::to_owned),
        }),
        NotifyShown::Inbox(stamp, rows) => {
            let out_of_band = OutOfBand::new(NAME, rows.unread, told(on));
            let focus = line.map_or(Focus::Tabs, Focus::Line);
            FormAnswer::Fragment(NotifyPressed::Inbox(Update { part: Inbox::new(&app, rows, inbox, LoadedAt { user: me, stamp }, focus), out_of_band }))
        }
        NotifyShown::Profile(profile) => FormAnswer::Fragment(NotifyPressed::Profile(ProfileHeader::new(profile, me).told_pressed())),
    })
}

fn set_notify(tx: &mut Change<'_>, me: UserId, followee: &Username, on: bool) -> Result<(), AppError> {
    let id = users::by_username(tx.conn(), followee)?;
    if follows::set_notify(tx, me, id, on)? {
        return Ok(());
    }
    Err(AppError::unprocessable(format!("You do not follow {followee}, so there is nothing that you could be told.")))
}

fn told(on: bool) -> Announcement {
    Announcement::plain(if on {
        "You will be told of their posts."
    } else {
        "You will no longer be told of their posts. You can change this in your settings."
    })
}
