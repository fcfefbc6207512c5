//! The newest signatures that the agent made.

use crate::agent_protocol::{JournalEntry, MAX_REPLY};
use std::{cell::RefCell, collections::VecDeque};

/// Signatures that the journal keeps.
const MAX_ENTRIES: usize = 1000;
/// Bytes of a reply that are not its entries, at most.
const ENVELOPE: usize = 1024;

/// The newest signatures, in memory only.
#[derive(Default)]
pub(super) struct Journal(RefCell<VecDeque<JournalEntry>>);

impl Journal {
    /// Adds a signature. The oldest one is dropped if there are too many.
    pub(super) fn add(&self, entry: JournalEntry) {
        let mut entries = self.0.borrow_mut();
        if entries.len() >= MAX_ENTRIES {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// As many of the newest entries as fit into one reply, the oldest first.
    pub(super) fn newest(&self) -> Vec<JournalEntry> {
        let mut left = MAX_REPLY - ENVELOPE;
        let fits = |entry: &&JournalEntry| {
            let size = serde_json::to_string(entry).map_or(usize::MAX, |text| text.len() + 1);
            left = left.saturating_sub(size);
            left > 0
        };
        let mut entries: Vec<_> = self.0.borrow().iter().rev().take_while(fits).cloned().collect();
        entries.reverse();
        entries
    }
}
