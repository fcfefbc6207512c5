//! The history that a policy judges, without git: what is asked of a repository, and of one in memory.

use super::signer::Signer;
use std::{collections::HashSet, fmt::Debug, hash::Hash};

/// Commits with their files, signatures and approvals.
pub(crate) trait History {
    /// The name of a commit.
    type Id: Clone + Debug + Eq + Hash + Ord;
    /// Why something cannot be read.
    type Error;

    /// The parents in the commit object.
    ///
    /// # Errors
    /// Where the commit cannot be read. A commit at the border of a shallow clone has its parents.
    fn parents(&self, commit: &Self::Id) -> Result<Vec<Self::Id>, Self::Error>;

    /// What stands at the path of the policy file.
    ///
    /// # Errors
    /// Where a tree cannot be read.
    fn policy_entry(&self, commit: &Self::Id) -> Result<PolicyEntry, Self::Error>;

    /// The content of a policy file; `None` if it is larger than a policy may be.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn policy_bytes(&self, file: &FileId) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The paths that differ between the tree of a commit and that of its first parent, with submodules, links and modes; all paths, if it has
    /// no parent. `scope` restricts them. `None` if they are more than `limit`.
    ///
    /// # Errors
    /// Where a tree cannot be read.
    fn changed_paths(&self, commit: &Self::Id, scope: Scope, limit: usize) -> Result<Option<Vec<Vec<u8>>>, Self::Error>;

    /// How a commit is signed.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn signed(&self, commit: &Self::Id) -> Result<Signed, Self::Error>;

    /// The commits that a tip contains, without those that another commit contains.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    fn contained(&self, tip: &Self::Id, without: Option<&Self::Id>) -> Result<HashSet<Self::Id>, Self::Error>;

    /// Those of these commits that are a commit or ancestors of it; none where the repository does not have it.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    fn ancestors_among(&self, of: &Self::Id, commits: &HashSet<Self::Id>) -> Result<HashSet<Self::Id>, Self::Error>;

    /// The commit with this full id, as a policy names it; `None` where the repository does not have it.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn named(&self, id: &str) -> Result<Option<Self::Id>, Self::Error>;

    /// How the approvals with this digest are signed, in any order: annotated tags of their own names, whose message has the digest as a line. Those that
    /// name a commit which does not count are left out, before their signatures are verified.
    ///
    /// # Errors
    /// Where a ref or a tag cannot be read, or those of `counts`.
    fn approvals(&self, digest: &str, counts: Counts<'_, Self>) -> Result<Vec<Signed>, Self::Error>;
}

/// Whether an approval that names this commit counts.
pub(crate) type Counts<'a, H> = &'a mut dyn FnMut(&<H as History>::Id) -> Result<bool, <H as History>::Error>;

/// What stands at the path of the policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PolicyEntry {
    /// Nothing.
    Missing,
    /// A symbolic link, a folder or a submodule.
    NotAFile,
    /// A regular file.
    File(FileId),
}

/// Names the content of a file: equal for equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileId(pub(crate) String);

/// Which paths are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every path.
    All,
    /// Those of the policy.
    Policy,
}

/// How an object is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signed {
    /// The signature holds.
    By(Signer),
    /// There is none, or none that is judged.
    NotJudged,
    /// It was checked and is wrong, or could not be checked.
    Bad,
}

impl Signed {
    /// The signer, where the signature holds.
    pub(crate) fn signer(&self) -> Option<&Signer> {
        match self {
            Self::By(signer) => Some(signer),
            Self::NotJudged | Self::Bad => None,
        }
    }
}
