//! Copies that are ahead of their rows, because the database went back in time: the only case in which a copy goes back.

use std::collections::HashMap;
use std::future::ready;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::client::{CONCURRENT_COMMANDS, RedisClient};
use super::connection::RedisConnection;
use super::state::RedisCommand;
use crate::ids::{Stamp, UserId};

impl RedisClient {
    /// The copies of `users`, of those who have one; `None` if Redis failed or is out of reach. Blocks.
    pub fn copies(&self, users: &[UserId]) -> Option<Vec<(UserId, Stamp)>> {
        let connection = self.connection()?;
        let copies = stream::iter(users.iter().copied()).map(|user| {
            let connection = connection.clone();
            async move { self.read(connection, user).await.map(|copy| copy.map(|stamp| (user, stamp))) }
        });
        self.block_on(copies.buffer_unordered(CONCURRENT_COMMANDS).try_filter_map(|copy| ready(Ok(copy))).try_collect()).ok()
    }

    /// Sets those of `copies` that are ahead of their `rows` to what the row says; where there is no row, to 0. The rows must have been read
    /// after the copies: then a copy is ahead only if the database went back. A copy that has moved since stays. `None` if Redis failed or is
    /// out of reach. Blocks.
    pub fn set_back(&self, copies: &[(UserId, Stamp)], rows: &HashMap<UserId, Stamp>) -> Option<()> {
        let connection = self.connection()?;
        let ahead = copies.iter().map(|(user, copy)| (*user, *copy, rows.get(user).copied().unwrap_or(0))).filter(|(_, copy, row)| copy > row);
        let writes = stream::iter(ahead).map(|(user, copy, row)| self.set_one_back(connection.clone(), user, copy, row));
        self.block_on(writes.buffer_unordered(CONCURRENT_COMMANDS).try_for_each(|()| ready(Ok(())))).ok()
    }

    async fn set_one_back(&self, mut connection: RedisConnection, user: UserId, copy: Stamp, row: Stamp) -> Result<(), ()> {
        let answer = connection.set_if_equal(user, copy, row).await;
        self.metrics.redis("set", &answer);
        answer.map_err(|cause| self.record_refusal(&connection, RedisCommand::Read(user), &cause))
    }
}
