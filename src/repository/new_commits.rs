//! The new commits of a push: those that the other side does not have.
//!
//! Git lists them: a hook runs under git, and the objects may be in the quarantine of the push. Replacement objects, grafts and the commit-graph
//! file are ignored.

use super::{Error, Repository, git};

/// The new commits of a push, newest first.
#[derive(Debug)]
pub(crate) struct NewCommits {
    listing: git::Listing,
}

impl Repository {
    /// The commits reachable from `tips`, but not from `known`.
    ///
    /// # Errors
    /// If one of them is not an object id, or git cannot be started. A missing object is an error of the iteration.
    pub(crate) fn new_commits(&self, tips: &[&str], known: &[&str]) -> Result<NewCommits, Error> {
        if self.references_by_git {
            // git's list does not say why it fails
            git::line(self, &["rev-parse", "--is-bare-repository"])?;
        }
        let mut revisions = String::new();
        for (prefix, ids) in [("", tips), ("^", known)] {
            for id in ids {
                git::require_id(self, id, "rev-list")?;
                revisions.extend([prefix, id, "\n"]);
            }
        }
        Ok(NewCommits { listing: git::Listing::start(self, &revisions, &[])? })
    }
}

impl Iterator for NewCommits {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.listing.next()
    }
}
