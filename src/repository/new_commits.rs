//! The new commits of a push: those that the other side does not have.
//!
//! Git lists them: a hook runs under git, and the objects may be in the quarantine of the push. Replacement objects, grafts and the commit-graph
//! file are ignored.

use super::{Error, Repository, git};

/// The references whose commits are not new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KnownReferences<'a> {
    /// None.
    Nothing,
    /// All references of this repository.
    All,
    /// The references of a remote, if it is the target of the push: with a `pushurl`, the target can have other commits.
    Remote {
        /// Its name.
        name: &'a str,
        /// The URL that is pushed to.
        url: &'a str,
    },
}

/// The new commits of a push, newest first.
#[derive(Debug)]
pub(crate) struct NewCommits {
    listing: git::Listing,
}

impl Repository {
    /// The commits reachable from `tips`, but not from `known` or those references.
    ///
    /// # Errors
    /// If one of them is not an object id, or git cannot be started. A missing object is an error of the iteration.
    pub(crate) fn new_commits(&self, tips: &[&str], known: &[&str], references: KnownReferences<'_>) -> Result<NewCommits, Error> {
        let mut revisions = String::new();
        for (prefix, ids) in [("", tips), ("^", known)] {
            for id in ids {
                git::require_id(self, id, "rev-list")?;
                revisions.extend([prefix, id, "\n"]);
            }
        }
        let options: &[&str] = if references == KnownReferences::All { &["--not", "--all"] } else { &[] };
        if let KnownReferences::Remote { name, url } = references
            && git::fetch_url(self, name).is_some_and(|fetched| fetched == url)
        {
            revisions.extend(self.known_of_remote(name)?.into_iter().map(|id| format!("^{id}\n")));
        }
        Ok(NewCommits { listing: git::Listing::start(self, &revisions, options)? })
    }
}

impl Iterator for NewCommits {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.listing.next()
    }
}
