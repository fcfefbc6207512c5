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
    /// Those that are known of a remote of this name.
    Remote(&'a str),
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
        let remote;
        let options: &[&str] = match references {
            KnownReferences::Nothing => &[],
            KnownReferences::All => &["--not", "--all"],
            // the name becomes a pattern; what could match the references of another remote is left out, and more is judged
            KnownReferences::Remote(name) if name.is_empty() || name.contains(['*', '?', '[', '\\']) => &[],
            KnownReferences::Remote(name) => {
                remote = format!("--remotes={name}");
                &["--not", &remote]
            }
        };
        Ok(NewCommits { listing: git::Listing::start(self, &revisions, options)? })
    }
}

impl Iterator for NewCommits {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.listing.next()
    }
}
