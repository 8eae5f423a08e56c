//! What a command returns.

use crate::db::Cause;

/// The error is a sentence for the operator.
pub(super) type CommandResult = Result<(), Cause>;
