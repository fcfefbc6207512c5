//! The evidence beside a signature: log entries of Rekor v1 and v2, their proofs and checkpoints, and RFC 3161 timestamps.
//!
//! The caller passes the keys. `trust` knows which keys are trusted, and `verify` when they were.

pub(crate) mod checkpoint;
pub(crate) mod detached;
pub(crate) mod entry;
pub(crate) mod envelope;
pub(crate) mod log;
pub(crate) mod rfc3161;
pub(crate) mod timestamp;
