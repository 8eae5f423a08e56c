//! One connection type for both engines, so that nearly every query is written once.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::sqlite::Mode;
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

/// Locks and loads what a query finds, without the rows that another transaction has locked: two that delete the same could each wait for the
/// other. On SQLite there is one writer at a time.
macro_rules! load_unlocked {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::db::Connection::Postgres(conn) => $query.for_update().skip_locked().load(conn),
            $crate::db::Connection::Sqlite(conn) => $query.load(conn),
        }
    };
}
pub(crate) use load_unlocked;

type Transactions = <AnyConnection as diesel::Connection>::TransactionManager;

impl AnyConnection {
    /// Connects to the database at `address`, and makes an SQLite file if there is none. A running site uses [`super::Connector`] instead.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn establish_to(address: &Address) -> ConnectionResult<AnyConnection> {
        match address {
            Address::Sqlite(path) => sqlite::connect(path, Mode::Create).map(AnyConnection::Sqlite),
            Address::Postgres(url) => postgres::connect(url).map(AnyConnection::Postgres),
        }
    }

    /// Begins a transaction with its engine's statement.
    pub(super) fn begin(&mut self, postgres: &str, sqlite: &str) -> QueryResult<()> {
        match self {
            AnyConnection::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, postgres),
            AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, sqlite),
        }
    }

    /// Ends a transaction that only read. Whether that succeeds changes nothing of what was read.
    pub(super) fn end(&mut self) {
        drop(Transactions::commit_transaction(self));
    }

    /// Ends a transaction that failed. A broken connection cannot roll back, and need not: the server did.
    pub(super) fn roll_back(&mut self) {
        drop(Transactions::rollback_transaction(self));
    }

    /// Commits.
    ///
    /// # Errors
    /// [`DieselError::RollbackErrorOnCommit`] if it is not known whether it was done; any other means that nothing was changed.
    pub(super) fn commit(&mut self) -> QueryResult<()> {
        Transactions::commit_transaction(self).map_err(|error| match error {
            DieselError::RollbackErrorOnCommit { commit_error, .. } => self.judged(*commit_error),
            error => self.judged(error),
        })
    }

    /// The error of a COMMIT, as [`AnyConnection::commit`] returns it.
    fn judged(&self, error: DieselError) -> DieselError {
        match self {
            AnyConnection::Postgres(_) if is_refusal(&error) => error,
            // SQLite has rolled back, for certain. (Not so after a disk error: if the last flush failed, a crash before the next write would
            // bring the change back.) Diesel has no kind for these two errors; their texts are constants of SQLite.
            AnyConnection::Sqlite(_) if is_refusal(&error) || ["database or disk is full", "database is locked"].contains(&&*error.to_string()) => error,
            _ => unknown_outcome(error),
        }
    }
}

/// Whether the database itself says that it did not commit.
fn is_refusal(error: &DieselError) -> bool {
    use DatabaseErrorKind::{
        CheckViolation, ExclusionViolation, ForeignKeyViolation, NotNullViolation, ReadOnlyTransaction, RestrictViolation, SerializationFailure,
        UniqueViolation,
    };
    let DieselError::DatabaseError(kind, _) = error else { return false };
    matches!(
        kind,
        CheckViolation
            | ExclusionViolation
            | ForeignKeyViolation
            | NotNullViolation
            | ReadOnlyTransaction
            | RestrictViolation
            | SerializationFailure
            | UniqueViolation
    )
}

/// A commit of which it is not known whether it was done, because of `cause`.
pub(super) fn unknown_outcome(cause: DieselError) -> DieselError {
    DieselError::RollbackErrorOnCommit { rollback_error: Box::new(DieselError::NotInTransaction), commit_error: Box::new(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_database_refused_is_known_not_to_be_committed() {
        let sqlite = AnyConnection::Sqlite(SqliteConnection::establish(":memory:").unwrap());
        let judged = |kind, text: &str| sqlite.judged(DieselError::DatabaseError(kind, Box::new(text.to_owned())));
        let is_unknown = |error| matches!(error, DieselError::RollbackErrorOnCommit { .. });
        assert!(!is_unknown(judged(DatabaseErrorKind::Unknown, "database or disk is full")));
        assert!(!is_unknown(judged(DatabaseErrorKind::ForeignKeyViolation, "FOREIGN KEY constraint failed")));
        assert!(is_unknown(judged(DatabaseErrorKind::Unknown, "disk I/O error")));
        assert!(is_unknown(judged(DatabaseErrorKind::ClosedConnection, "server closed the connection unexpectedly")));
        assert!(is_unknown(sqlite.judged(DieselError::BrokenTransactionManager)));
    }
}
