//! One connection type for both engines, so that nearly every query is written and compiled once.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::result::Error as DieselError;

use super::{Address, postgres, sqlite};

/// What every query takes: a connection to either engine. (Known as [`super::Connection`]; under that name here the
/// derived code would take it for Diesel's trait.)
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// A server that several instances share.
    Postgres(PgConnection),
    /// A file beside the process.
    Sqlite(SqliteConnection),
}

/// Writes out one query for each engine, typed, where the derived connection cannot express it (`ON CONFLICT`, row
/// locks, queries of our own). Where the engines need different ones, the code that asks tells them apart itself.
macro_rules! on_either {
    ($conn:expr, |$inner:ident| $query:expr) => {
        match $conn {
            $crate::db::Connection::Postgres($inner) => $query,
            $crate::db::Connection::Sqlite($inner) => $query,
        }
    };
}
pub(crate) use on_either;

type Brackets = <AnyConnection as diesel::Connection>::TransactionManager;

impl AnyConnection {
    /// Connects to what lives at `address`, which is prepared already.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn establish_to(address: &Address) -> ConnectionResult<AnyConnection> {
        match address {
            Address::Sqlite(path) => sqlite::connect(path).map(AnyConnection::Sqlite),
            Address::Postgres(url) => postgres::connect(url).map(AnyConnection::Postgres),
        }
    }

    /// Begins a transaction as its engine is told to; [`AnyConnection::end`] ends it.
    pub(super) fn begin(&mut self, postgres: &str, sqlite: &str) -> QueryResult<()> {
        match self {
            AnyConnection::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, postgres),
            AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, sqlite),
        }
    }

    /// Does `work` in the transaction that has begun, and ends it: with a commit, or if that failed as if it had never been.
    pub(super) fn end<T, E>(&mut self, work: impl FnOnce(&mut AnyConnection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError>,
    {
        let outcome = work(self);
        match outcome {
            Ok(_) => Brackets::commit_transaction(self)?,
            // A connection that broke cannot roll back, nor need it: what it had begun is gone with it.
            Err(_) => drop(Brackets::rollback_transaction(self)),
        }
        outcome
    }
}
