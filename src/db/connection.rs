//! One connection type for both engines, so that nearly every query is written once.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::result::Error as DieselError;

use super::{Address, postgres, sqlite};

/// A connection to either engine; every query takes one. It is re-exported as [`super::Connection`]: named so here, the derived code would
/// take it for Diesel's trait of that name.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// A server that any number of instances share.
    Postgres(PgConnection),
    /// A file beside the process.
    Sqlite(SqliteConnection),
}

/// Compiles one query once for each engine, where the derived connection cannot run it (`ON CONFLICT`, row locks, statements of our own).
/// Where the engines need different queries, the caller matches on the connection itself.
macro_rules! on_either {
    ($conn:expr, |$inner:ident| $query:expr) => {
        match $conn {
            $crate::db::Connection::Postgres($inner) => $query,
            $crate::db::Connection::Sqlite($inner) => $query,
        }
    };
}
pub(crate) use on_either;

type Transactions = <AnyConnection as diesel::Connection>::TransactionManager;

impl AnyConnection {
    /// Connects to the database at `address`, whose schema is up to date.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn establish_to(address: &Address) -> ConnectionResult<AnyConnection> {
        match address {
            Address::Sqlite(path) => sqlite::connect(path).map(AnyConnection::Sqlite),
            Address::Postgres(url) => postgres::connect(url).map(AnyConnection::Postgres),
        }
    }

    /// Begins a transaction with its engine's statement; [`AnyConnection::finish`] ends it.
    pub(super) fn begin(&mut self, postgres: &str, sqlite: &str) -> QueryResult<()> {
        match self {
            AnyConnection::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, postgres),
            AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, sqlite),
        }
    }

    /// Does `work` in the transaction that has begun. Commits if it succeeds, and rolls back if it fails.
    pub(super) fn finish<T, E>(&mut self, work: impl FnOnce(&mut AnyConnection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError>,
    {
        let done = work(self);
        match done {
            Ok(_) => Transactions::commit_transaction(self)?,
            // A broken connection cannot roll back, and need not: the server did.
            Err(_) => drop(Transactions::rollback_transaction(self)),
        }
        done
    }
}
