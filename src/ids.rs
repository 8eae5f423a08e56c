//! Newtypes for row ids, so that one kind of id cannot be passed for another; and the stamp.

use std::fmt;

use derive_more::Display;
use diesel_derive_newtype::DieselNewType;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A value of `users.last_update`: Unix milliseconds, strictly increasing per user; 0 for somebody to whom nothing ever happened.
/// It orders and compares changes. It is no clock time to show to anybody.
pub type Stamp = i64;

macro_rules! id {
    ($(#[$meaning:meta])* $name:ident) => {
        $(#[$meaning])*
        #[derive(Debug, Display, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DieselNewType, Serialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_i64(WholeNumber).map($name)
            }
        }
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

/// JSON has one type of numbers: there, 7.0 is an integer, and some programs write 7 like that.
struct WholeNumber;

/// Beyond this, not every integer is a float.
const LARGEST_EXACT: f64 = (1_i64 << 53) as f64;

impl Visitor<'_> for WholeNumber {
    type Value = i64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an integer")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        if number.fract() == 0.0 && number.abs() <= LARGEST_EXACT { Ok(number as i64) } else { Err(E::custom(format!("{number} is no integer"))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_an_integer_however_json_writes_it() {
        for (written, id) in [("7", Some(7)), ("7.0", Some(7)), ("-7.0", Some(-7)), ("7e2", Some(700)), ("9223372036854775807", Some(i64::MAX))] {
            assert_eq!(serde_json::from_str(written).ok(), id.map(UserId), "{written}");
        }
        for wrong in ["7.5", "1e300", "-1e300", "9223372036854775808", "\"7\"", "null", "true", "[7]", ""] {
            assert!(serde_json::from_str::<UserId>(wrong).is_err(), "{wrong}");
        }
    }
}
