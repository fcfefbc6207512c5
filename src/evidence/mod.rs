//! Log entries, checkpoints, timestamps.
pub mod entry;
