//! Log entries, checkpoints, timestamps.
pub mod entry;
pub mod rfc3161;
