//! The evidence beside a signature: log entries of Rekor v1 and v2, their proofs and checkpoints, and RFC 3161 timestamps.
//!
//! Everything is checked against keys that are handed in; which keys are trusted, and when, is decided elsewhere.

pub mod checkpoint;
pub mod detached;
pub mod entry;
pub mod log;
pub mod rfc3161;
pub mod timestamp;
