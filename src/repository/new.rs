//! What a push brings: the commits that the other side does not have yet.
//!
//! git itself lists them, also where gix could: a hook runs under git, and the objects may lie in a push's quarantine. Replacement objects,
//! grafts and the commit-graph file are not followed.

use super::{Error, Repository, git};

/// The references whose history is not new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownReferences<'a> {
    /// None.
    Nothing,
    /// All of this repository.
    All,
    /// Those that are known of a remote, where it is what is pushed to: with a `pushurl` it may have other history.
    Remote {
        /// Its name.
        name: &'a str,
        /// The address that is pushed to.
        url: &'a str,
    },
}

/// The commits that a push brings, newest first.
#[derive(Debug)]
pub struct NewCommits {
    listing: git::Listing,
}

impl Repository {
    /// The commits that the objects `tips` lead to, and neither the objects `known` nor those references.
    ///
    /// # Errors
    /// Where one of them is no object id, or git cannot be started. An object that is not here is an error of the iteration.
    pub fn new_commits(&self, tips: &[&str], known: &[&str], references: KnownReferences<'_>) -> Result<NewCommits, Error> {
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
