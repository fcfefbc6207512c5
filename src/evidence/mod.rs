//! The evidence beside a signature: log entries of Rekor v1 and v2, their proofs and checkpoints, and RFC 3161 timestamps.
//!
//! The caller passes the keys. `trust` knows which keys are trusted, and `verify` when they were.

pub mod checkpoint;
pub mod detached;
pub mod entry;
pub mod log;
pub mod rfc3161;
pub mod timestamp;
