//! Newtypes for row ids, so that one kind of id cannot be passed for another; and the stamp.

use derive_more::Display;
use diesel_derive_newtype::DieselNewType;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A value of `users.last_update`: Unix milliseconds, strictly increasing per user; 0 for somebody to whom nothing ever happened.
/// It orders and compares changes. It is no clock time to show to anybody.
pub type Stamp = i64;

macro_rules! id {
    ($(#[$meaning:meta])* $name:ident) => {
        $(#[$meaning])*
        #[derive(Debug, Display, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DieselNewType, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub i64);
    };
}

id! {
    /// A user: a person or a program with an account.
    UserId
}
id! {
    /// A follow; also the cursor of the lists of followers and followees.
    FollowId
}
id! {
    /// A notification; also the inbox's cursor, and the watermark of "mark all read".
    NotificationId
}
id! {
    /// A session, as its owner sees it listed. It is not the session's secret.
    SessionId
}
id! {
    /// A post; also the cursor of the feed.
    PostId
}
id! {
    /// A token of a program, as its owner sees it listed. It is not the token's secret.
    TokenId
}
id! {
    /// The secret address of a feed. It is not the secret.
    FeedAddressId
}
