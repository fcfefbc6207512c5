//! Which policy is in force at a commit: steps 5 to 9.

use super::{
    file::PolicyFile,
    history::{FileId, History, PolicyEntry, Signed},
    right::{Quorum, Right},
};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root<Id> {
    /// A commit.
    Commit(Id),
    /// The SHA-256 of a policy file.
    Digest([u8; 32]),
}

/// The pinned commit has no policy that can be used: a clause.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RootError<E> {
    /// Something cannot be read.
    #[error(transparent)]
    History(E),
    /// There is no regular file at the path.
    #[error("the pinned commit has no file {}", super::pattern::FILE)]
    NoFile,
    /// The file has an error.
    #[error("the policy of the pinned commit cannot be used: {0}")]
    Unusable(super::fault::FileError),
}

impl<E> From<E> for RootError<E> {
    fn from(error: E) -> Self {
        Self::History(error)
    }
}

/// A policy in force.
#[derive(Debug, Clone)]
pub(crate) struct InForce(Arc<Link>);

/// A policy with the one that was in force before it.
#[derive(Debug)]
struct Link {
    file: FileId,
    policy: Arc<PolicyFile>,
    before: Option<InForce>,
    /// How many came before it.
    depth: usize,
}

impl InForce {
    /// The rules.
    pub(crate) fn policy(&self) -> &Arc<PolicyFile> {
        &self.0.policy
    }

    /// The file.
    pub(crate) fn file(&self) -> &FileId {
        &self.0.file
    }

    /// Whether it is the same policy: equal bytes that came into force elsewhere are another.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether it follows from another one through allowed changes (step 9).
    pub(crate) fn follows(&self, other: &Self) -> bool {
        let mut link = self;
        while link.0.depth > other.0.depth
            && let Some(before) = &link.0.before
        {
            link = before;
        }
        link.is(other)
    }

    fn first(file: FileId, policy: Arc<PolicyFile>) -> Self {
        Self(Arc::new(Link { file, policy, before: None, depth: 0 }))
    }

    fn changed_to(&self, file: FileId, policy: Arc<PolicyFile>) -> Self {
        Self(Arc::new(Link { file, policy, before: Some(self.clone()), depth: self.0.depth + 1 }))
    }
}

impl Drop for Link {
    /// A long chain is dropped link by link, not in a recursion.
    fn drop(&mut self) {
        let mut next = self.before.take();
        while let Some(InForce(link)) = next {
            next = Arc::into_inner(link).and_then(|mut link| link.before.take());
        }
    }
}

/// What a commit does to the policy of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is the pinned commit, or leaves the policy as it is.
    None,
    /// It changes the policy, and may.
    Change,
    /// It takes over the policy of another parent.
    Takeover,
}

/// What is in force at a commit, and what the commit does to it.
type At = (Option<InForce>, Effect);

/// The policies in force in a history, each worked out once. Several threads may ask; no lock is held while the history is read.
#[derive(Debug)]
pub(crate) struct Policies<'h, H: History> {
    history: &'h H,
    /// `None` for a policy outside the repository, which is in force everywhere.
    root: Option<Root<H::Id>>,
    /// The pinned policy. With a digest it is unknown until a line has it.
    first: Mutex<Option<InForce>>,
    files: Mutex<HashMap<FileId, Option<Arc<PolicyFile>>>>,
    at: Mutex<HashMap<H::Id, At>>,
    /// Whether the line of a commit has a file with the pinned digest.
    has_pinned: Mutex<HashMap<H::Id, bool>>,
}

impl<'h, H: History> Policies<'h, H> {
    /// The policies in force under this root.
    ///
    /// # Errors
    /// Where the pinned commit has no policy that can be used.
    pub(crate) fn new(history: &'h H, root: Root<H::Id>) -> Result<Self, RootError<H::Error>> {
        let first = match &root {
            Root::Digest(_) => None,
            Root::Commit(pinned) => {
                let PolicyEntry::File(file) = history.policy_entry(pinned)? else { return Err(RootError::NoFile) };
                let bytes = history.policy_bytes(&file)?.ok_or(RootError::NoFile)?;
                let policy = PolicyFile::parse(&bytes).map_err(RootError::Unusable)?;
                Some(InForce::first(file, Arc::new(policy)))
            }
        };
        Ok(Self::beginning(history, Some(root), first))
    }

    /// A policy outside the repository: no commit changes it.
    pub(crate) fn everywhere(history: &'h H, policy: Arc<PolicyFile>) -> Self {
        Self::beginning(history, None, Some(InForce::first(FileId(String::new()), policy)))
    }

    fn beginning(history: &'h H, root: Option<Root<H::Id>>, first: Option<InForce>) -> Self {
        let first = Mutex::new(first);
        Self { history, root, first, files: Mutex::default(), at: Mutex::default(), has_pinned: Mutex::default() }
    }

    /// The history.
    pub(crate) fn history(&self) -> &'h H {
        self.history
    }

    /// The pinned commit, if one is.
    pub(crate) fn pinned(&self) -> Option<&H::Id> {
        match &self.root {
            Some(Root::Commit(commit)) => Some(commit),
            Some(Root::Digest(_)) | None => None,
        }
    }

    /// Whether the policy stands outside the repository, so that no path of it is special.
    pub(crate) fn is_everywhere(&self) -> bool {
        self.root.is_none()
    }

    /// Whether this is the pinned commit.
    pub(crate) fn is_pinned(&self, commit: &H::Id) -> bool {
        matches!(&self.root, Some(Root::Commit(pinned)) if pinned == commit)
    }

    /// Whether the line of a tip has a root (step 5). Only then ask what is in force there.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn has_root(&self, tip: &H::Id) -> Result<bool, H::Error> {
        let Some(Root::Digest(digest)) = self.root else { return Ok(self.at(tip)?.is_some()) };
        if !self.line_has_file(tip, digest)? {
            return Ok(false);
        }
        if locked(&self.first).is_none() {
            let Some(file) = self.pinned_file(tip, digest)? else { return Ok(false) };
            let Some(policy) = self.usable(&PolicyEntry::File(file.clone()))? else { return Ok(false) };
            *locked(&self.first) = Some(InForce::first(file, policy));
        }
        Ok(true)
    }

    /// The policy in force at a commit of its own line; `None` where the line has no root.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn at(&self, commit: &H::Id) -> Result<Option<InForce>, H::Error> {
        Ok(self.worked_out(commit)?.0)
    }

    /// What a commit does to the policy of its own line.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn effect(&self, commit: &H::Id) -> Result<Effect, H::Error> {
        Ok(self.worked_out(commit)?.1)
    }

    /// The policy in force at the first parent of a commit of its own line.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn before(&self, commit: &H::Id) -> Result<Option<InForce>, H::Error> {
        match self.history.parents(commit)?.first() {
            Some(parent) => self.at(parent),
            None => Ok(self.before_first_commit()),
        }
    }

    /// A policy file that can be used; `None` if it cannot be.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn usable(&self, entry: &PolicyEntry) -> Result<Option<Arc<PolicyFile>>, H::Error> {
        let PolicyEntry::File(file) = entry else { return Ok(None) };
        if let Some(known) = locked(&self.files).get(file) {
            return Ok(known.clone());
        }
        let bytes = self.history.policy_bytes(file)?;
        let policy = bytes.and_then(|bytes| PolicyFile::parse(&bytes).ok()).map(Arc::new);
        locked(&self.files).insert(file.clone(), policy.clone());
        Ok(policy)
    }

    /// The file with the pinned digest on the line of a tip.
    fn pinned_file(&self, tip: &H::Id, digest: [u8; 32]) -> Result<Option<FileId>, H::Error> {
        let mut next = Some(tip.clone());
        while let Some(commit) = next {
            if let PolicyEntry::File(file) = self.history.policy_entry(&commit)?
                && let Some(bytes) = self.history.policy_bytes(&file)?
                && Sha256::digest(&bytes).as_slice() == digest
            {
                return Ok(Some(file));
            }
            next = self.history.parents(&commit)?.into_iter().next();
        }
        Ok(None)
    }

    fn line_has_file(&self, commit: &H::Id, digest: [u8; 32]) -> Result<bool, H::Error> {
        let (mut line, mut next) = (Vec::new(), Some(commit.clone()));
        let mut has = false;
        while let Some(commit) = next {
            if let Some(known) = locked(&self.has_pinned).get(&commit) {
                has = *known;
                break;
            }
            next = self.history.parents(&commit)?.into_iter().next();
            line.push(commit);
        }
        for commit in line.into_iter().rev() {
            if !has && let PolicyEntry::File(file) = self.history.policy_entry(&commit)? {
                let bytes = self.history.policy_bytes(&file)?;
                has = bytes.is_some_and(|bytes| Sha256::digest(&bytes).as_slice() == digest);
            }
            locked(&self.has_pinned).insert(commit, has);
        }
        Ok(has)
    }

    /// What is in force before the first commit of a line.
    fn before_first_commit(&self) -> Option<InForce> {
        match self.root {
            Some(Root::Commit(_)) => None,
            Some(Root::Digest(_)) | None => locked(&self.first).clone(),
        }
    }

    /// Works out what a commit needs, without a recursion: a history may be long.
    fn worked_out(&self, commit: &H::Id) -> Result<(Option<InForce>, Effect), H::Error> {
        let mut open = vec![commit.clone()];
        while let Some(commit) = open.last().cloned() {
            if locked(&self.at).contains_key(&commit) {
                open.pop();
                continue;
            }
            match self.step(&commit)? {
                Step::Done(in_force, effect) => {
                    locked(&self.at).insert(commit, (in_force, effect));
                    open.pop();
                }
                Step::Needs(needed) => open.push(needed),
            }
        }
        Ok(locked(&self.at).get(commit).cloned().unwrap_or((None, Effect::None)))
    }

    /// Step 8 for one commit.
    fn step(&self, commit: &H::Id) -> Result<Step<H::Id>, H::Error> {
        if self.is_pinned(commit) || self.is_everywhere() {
            return Ok(Step::Done(locked(&self.first).clone(), Effect::None));
        }
        let parents = self.history.parents(commit)?;
        let before = match parents.first() {
            None => self.before_first_commit(),
            Some(first) => match locked(&self.at).get(first) {
                Some((in_force, _)) => in_force.clone(),
                None => return Ok(Step::Needs(first.clone())),
            },
        };
        let Some(before) = before else { return Ok(Step::Done(None, Effect::None)) };
        let entry = self.history.policy_entry(commit)?;
        let PolicyEntry::File(file) = &entry else { return Ok(Step::Done(Some(before), Effect::None)) };
        if file == before.file() {
            return Ok(Step::Done(Some(before), Effect::None));
        }
        for parent in parents.iter().skip(1) {
            if let Some(Root::Digest(digest)) = self.root
                && !self.line_has_file(parent, digest)?
            {
                continue;
            }
            let Some((in_force, _)) = locked(&self.at).get(parent).cloned() else { return Ok(Step::Needs(parent.clone())) };
            if let Some(in_force) = in_force.filter(|in_force| in_force.file() == file && in_force.follows(&before)) {
                return Ok(Step::Done(Some(in_force), Effect::Takeover));
            }
        }
        Ok(match self.allowed_change(commit, parents.first(), &before, &entry)? {
            Some(policy) => Step::Done(Some(before.changed_to(file.clone(), policy)), Effect::Change),
            None => Step::Done(Some(before), Effect::None),
        })
    }

    /// The policy of a commit that changes it and may (step 8a).
    fn allowed_change(
        &self,
        commit: &H::Id,
        parent: Option<&H::Id>,
        before: &InForce,
        entry: &PolicyEntry,
    ) -> Result<Option<Arc<PolicyFile>>, H::Error> {
        let Some(policy) = self.usable(entry)? else { return Ok(None) };
        let of_parent = parent.map(|parent| self.history.policy_entry(parent)).transpose()?;
        if of_parent.as_ref() != Some(&PolicyEntry::File(before.file().clone())) {
            return Ok(None);
        }
        let signed = self.history.signed(commit)?;
        if signed.signer().is_none() {
            return Ok(None);
        }
        Ok((self.right_to_change(commit, before, &signed)? == Right::Held).then_some(policy))
    }

    /// Whether a commit of the line may change the policy in force at its first parent.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn right_to_change(&self, commit: &H::Id, before: &InForce, signed: &Signed) -> Result<Right, H::Error> {
        let policy = before.policy();
        let quorum = Quorum { policy, list: policy.policy_list(), threshold: policy.policy_threshold() };
        let history = self.history;
        quorum.with_approvals(signed.signer(), || {
            let entry = history.policy_entry(commit)?;
            let PolicyEntry::File(file) = &entry else { return Ok(Vec::new()) };
            // approvals are about the file, and not about other paths beside it
            let Some(parent) = history.parents(commit)?.into_iter().next() else { return Ok(Vec::new()) };
            if history.policy_entry(&parent)? == entry {
                return Ok(Vec::new());
            }
            let Some(bytes) = history.policy_bytes(file)? else { return Ok(Vec::new()) };
            let mut commits = None;
            history.approvals(&hex::encode(Sha256::digest(&bytes)), &mut |named| {
                let commits = match &mut commits {
                    Some(commits) => commits,
                    none => none.insert(self.under(commit, before)?),
                };
                Ok(commits.contains(named))
            })
        })
    }

    /// The commits of the line before this one at which a policy is in force.
    fn under(&self, commit: &H::Id, in_force: &InForce) -> Result<BTreeSet<H::Id>, H::Error> {
        let mut commits = BTreeSet::new();
        let mut next = self.history.parents(commit)?.into_iter().next();
        while let Some(commit) = next {
            if !self.at(&commit)?.is_some_and(|at| at.is(in_force)) {
                break;
            }
            let is_last = self.is_pinned(&commit);
            next = if is_last { None } else { self.history.parents(&commit)?.into_iter().next() };
            commits.insert(commit);
        }
        Ok(commits)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Step<Id> {
    Done(Option<InForce>, Effect),
    Needs(Id),
}
