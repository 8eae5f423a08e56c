//! What a command returns.

/// The error is a sentence for the operator.
pub(super) type CommandResult = Result<(), Box<dyn std::error::Error>>;
