//! The history that a repository's policy judges: git's objects and refs, with the verdicts of a [`Judge`] on the signatures.

use super::{Error, Judge, Judged};
use crate::{
    Standing,
    object::{SignatureKind, Tag, TagHeaders},
    policy::{ExternalJudgement, Finding, Judgement, Outcome},
    repository::{ObjectKind, RawObject, Repository, RepositoryHandle, TreeEntry, namespace_prefix},
    repository_policy::{
        APPROVALS, Counts, FILE, FileId, GitKeyKind, History, MAX_FILE, PolicyEntry, PushedTag, Scope, Signed, Signer, digest_of_approval,
        is_policy_path,
    },
};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Approvals of one change that are read, at most.
const MAX_APPROVALS: usize = 1_000;
/// Differing paths that are judged in one call, at most (step 17).
const MAX_PATHS_OF_CALL: usize = 10_000_000;

/// The history of a repository, for one call. Several threads may ask.
pub(crate) struct GitHistory<'a> {
    judge: &'a Judge,
    certificates: CertificateTrust,
    handle: RepositoryHandle,
    /// Repositories that no thread uses at the moment.
    idle: Mutex<Vec<Repository>>,
    parents: Mutex<HashMap<String, Vec<String>>>,
    entries: Mutex<HashMap<String, PolicyEntry>>,
    /// What some commits contain that are asked about again and again: the pinned one, and those that begin what is judged.
    contained: Mutex<HashMap<String, Arc<HashSet<String>>>>,
    /// The commits about which one such question was answered.
    asked: Mutex<HashSet<String>>,
    /// What was listed beyond known commits, in git's order.
    listed: Mutex<Vec<String>>,
    /// The refs of approvals and the ids that they name, once they were needed.
    approvals: Mutex<Option<Vec<(String, String)>>>,
    /// The beginning of the names of refs, for `GIT_NAMESPACE`.
    prefix: String,
    /// The same of the approvals that a push brings.
    pushed: Vec<(String, String)>,
    /// How many differing paths may still be judged.
    paths_left: AtomicUsize,
}

/// Whether signatures with certificates have signers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateTrust {
    /// The trust root is that of whoever pins the policy.
    Given,
    /// Only the repository's own configuration describes the instance: it fits no identity.
    OfRepository,
}

impl<'a> GitHistory<'a> {
    /// The history of this repository, with the verdicts of this judge.
    pub(crate) fn new(repository: &Repository, judge: &'a Judge, certificates: CertificateTrust) -> Self {
        Self {
            judge,
            certificates,
            handle: repository.handle(),
            idle: Mutex::default(),
            parents: Mutex::default(),
            entries: Mutex::default(),
            contained: Mutex::default(),
            asked: Mutex::default(),
            listed: Mutex::default(),
            approvals: Mutex::default(),
            prefix: String::new(),
            pushed: Vec::new(),
            paths_left: AtomicUsize::new(MAX_PATHS_OF_CALL),
        }
    }

    /// Also counts approvals that a push brings: their refs, and the ids that they name. The refs are those of git's `GIT_NAMESPACE`.
    #[must_use]
    pub(crate) fn with_push(self, namespace: &str, approvals: Vec<(String, String)>) -> Self {
        Self { prefix: namespace_prefix(namespace), pushed: approvals, ..self }
    }

    /// The judge of the signatures.
    pub(super) fn judge(&self) -> &'a Judge {
        self.judge
    }

    /// How an object is signed, by the verdict on it (step 15).
    pub(crate) fn signed_as(&self, judgement: &Judgement) -> Signed {
        match signed_as(judgement) {
            Signed::By(Signer::Certificate { .. }) if self.certificates == CertificateTrust::OfRepository => Signed::NotJudged,
            signed => signed,
        }
    }

    /// Whether a signature was checked and is wrong, or could not be checked.
    pub(crate) fn is_bad(&self, judged: &Judged) -> bool {
        self.signed_as(judged.judgement()) == Signed::Bad
    }

    /// A tag object as its policy sees it; `None` where its headers or its signature cannot be told apart. `signed` is how it is signed.
    pub(crate) fn tag(tag: &RawObject, signed: Signed) -> Option<PushedTag> {
        let name = TagHeaders::parse(&tag.bytes).ok()?.name.to_owned();
        // an unsigned tag has no approvals, and is none
        let payload = Tag::parse(&tag.bytes).map(|tag| tag.signed.payload.into_owned()).unwrap_or_default();
        let message = memchr::memmem::find(&payload, b"\n\n").and_then(|end| payload.get(end..)).unwrap_or_default();
        Some(PushedTag {
            id: tag.id.clone(),
            name,
            digest: hex::encode(Sha256::digest(&tag.bytes)),
            message: String::from_utf8_lossy(message).into_owned(),
            signed,
        })
    }

    /// The object with this id.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn object(&self, id: &str) -> Result<RawObject, Error> {
        self.with(|repository| Ok(repository.object_by_id(id)?))
    }

    /// Whether a path of the policy differs between a commit and a tree.
    ///
    /// # Errors
    /// Where a tree cannot be read.
    pub(super) fn changes_policy(&self, commit: &str, tree: &str) -> Result<bool, Error> {
        self.with(|repository| Ok(repository.differs_from_tree(commit, tree, is_policy_path)?))
    }

    /// The commit that an object leads to, through tags.
    ///
    /// # Errors
    /// Where an object cannot be read.
    pub(super) fn commit_behind(&self, id: &str) -> Result<Option<String>, Error> {
        self.with(|repository| Ok(repository.commit_behind_object(id)?))
    }

    /// The commits that a tip contains, without those that others contain.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub(super) fn contained_beyond(&self, tip: &str, known: &[String]) -> Result<HashSet<String>, Error> {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let listed: Vec<String> = self.with(|repository| Ok(repository.new_commits(&[tip], &known)?.collect::<Result<_, _>>()?))?;
        locked(&self.listed).extend_from_slice(&listed);
        Ok(listed.into_iter().collect())
    }

    /// What was listed until now, in git's order.
    pub(super) fn take_listed(&self) -> Vec<String> {
        std::mem::take(&mut locked(&self.listed))
    }

    /// What a commit contains, kept for the next question; nothing where it is not here.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub(super) fn contained_in(&self, commit: &String) -> Result<Arc<HashSet<String>>, Error> {
        if let Some(known) = locked(&self.contained).get(commit) {
            return Ok(Arc::clone(known));
        }
        let is_here = self.named(commit)?.is_some();
        let contained = Arc::new(if is_here { self.contained_beyond(commit, &[])? } else { HashSet::new() });
        locked(&self.contained).insert(commit.clone(), Arc::clone(&contained));
        Ok(contained)
    }

    /// Whether a commit contains another. Nothing is excluded from git's list: what it excludes depends on the dates of commits.
    fn contains(&self, commit: &str, other: &str) -> Result<bool, Error> {
        self.with(|repository| {
            for contained in repository.new_commits(&[commit], &[])? {
                if contained? == other {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Calls `read` with a repository that no other thread uses.
    fn with<T>(&self, read: impl FnOnce(&Repository) -> Result<T, Error>) -> Result<T, Error> {
        let idle = locked(&self.idle).pop();
        let repository = idle.unwrap_or_else(|| self.handle.to_repository());
        let result = read(&repository);
        locked(&self.idle).push(repository);
        result
    }

    /// The refs of the approvals with this digest, and the ids that they name.
    fn approval_refs(&self, repository: &Repository, digest: &str) -> Result<Vec<(String, String)>, Error> {
        let mut all = locked(&self.approvals);
        let all = match &mut *all {
            Some(all) => all,
            none => {
                let stored = repository.references_below(&format!("{}{APPROVALS}", self.prefix))?;
                let stored = stored.into_iter().filter_map(|(name, id)| Some((name.strip_prefix(&self.prefix)?.to_owned(), id)));
                none.insert(stored.chain(self.pushed.iter().cloned()).collect())
            }
        };
        let folder = format!("{APPROVALS}{digest}/");
        let found: Vec<_> = all.iter().filter(|(name, _)| name.starts_with(&folder)).take(MAX_APPROVALS + 1).cloned().collect();
        if found.len() > MAX_APPROVALS {
            return Err(Error::TooManyApprovals { folder, limit: MAX_APPROVALS });
        }
        Ok(found)
    }

    /// How the approval is signed that a ref is, if it is one of this digest and names a commit that counts.
    fn approval(
        &self,
        repository: &Repository,
        (reference, id): (String, &str),
        digest: &str,
        counts: Counts<'_, Self>,
    ) -> Result<Option<Signed>, Error> {
        let object = repository.object_by_id(id)?;
        if object.kind != ObjectKind::Tag {
            return Ok(None);
        }
        let object = RawObject { reference: Some(reference.clone()), ..object };
        let Some(tag) = Self::tag(&object, Signed::NotJudged) else { return Ok(None) };
        if digest_of_approval(&reference, &tag) != Some(digest) {
            return Ok(None);
        }
        let Ok(TagHeaders { target, target_type: "commit", .. }) = TagHeaders::parse(&object.bytes) else { return Ok(None) };
        let commit = target.to_owned();
        if !counts(&commit)? {
            return Ok(None);
        }
        let judged = self.judge.object(&object)?;
        Ok(Some(self.signed_as(judged.judgement())))
    }
}

impl History for GitHistory<'_> {
    type Id = String;
    type Error = Error;

    fn parents(&self, commit: &String) -> Result<Vec<String>, Error> {
        if let Some(known) = locked(&self.parents).get(commit) {
            return Ok(known.clone());
        }
        let parents = self.with(|repository| Ok(repository.parents_of(commit)?))?;
        locked(&self.parents).insert(commit.clone(), parents.clone());
        Ok(parents)
    }

    fn policy_entry(&self, commit: &String) -> Result<PolicyEntry, Error> {
        if let Some(known) = locked(&self.entries).get(commit) {
            return Ok(known.clone());
        }
        let entry = match self.with(|repository| Ok(repository.entry_at(commit, FILE)?))? {
            None => PolicyEntry::Missing,
            Some(TreeEntry::Other) => PolicyEntry::NotAFile,
            Some(TreeEntry::File { id }) => PolicyEntry::File(FileId(id)),
        };
        locked(&self.entries).insert(commit.clone(), entry.clone());
        Ok(entry)
    }

    fn policy_bytes(&self, file: &FileId) -> Result<Option<Vec<u8>>, Error> {
        self.with(|repository| Ok(repository.file(&file.0, MAX_FILE)?))
    }

    fn changed_paths(&self, commit: &String, scope: Scope, limit: usize) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let parent = self.parents(commit)?.into_iter().next();
        let limit = limit.min(self.paths_left.load(Ordering::Relaxed));
        let wanted = |name: &[u8]| scope == Scope::All || is_policy_path(name);
        let paths = self.with(|repository| Ok(repository.changed_paths(parent.as_deref(), commit, wanted, limit)?))?;
        let used = paths.as_ref().map_or(0, Vec::len);
        // another thread may have used some of them meanwhile
        let _ = self.paths_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(used)));
        Ok(paths)
    }

    fn signed(&self, commit: &String) -> Result<Signed, Error> {
        let judged = self.with(|repository| self.judge.read(repository, repository.object_by_id(commit)))?;
        Ok(self.signed_as(judged.judgement()))
    }

    fn contained(&self, tip: &String, without: Option<&String>) -> Result<HashSet<String>, Error> {
        self.contained_beyond(tip, without.map(std::slice::from_ref).unwrap_or_default())
    }

    fn ancestors_among(&self, of: &String, commits: &HashSet<String>) -> Result<HashSet<String>, Error> {
        // one question is not worth all that it contains
        if let Some(only) = commits.iter().next().filter(|_| commits.len() == 1)
            && locked(&self.asked).insert(of.clone())
        {
            let is_contained = self.named(of)?.is_some() && self.contains(of, only)?;
            return Ok(if is_contained { commits.clone() } else { HashSet::new() });
        }
        if !commits.contains(of) {
            let contained = self.contained_in(of)?;
            return Ok(commits.iter().filter(|commit| contained.contains(*commit)).cloned().collect());
        }
        // what lies between two of the commits is among them
        let (mut found, mut open) = (HashSet::new(), vec![of.clone()]);
        while let Some(commit) = open.pop() {
            if commits.contains(&commit) && found.insert(commit.clone()) {
                open.extend(self.parents(&commit)?);
            }
        }
        Ok(found)
    }

    fn named(&self, id: &str) -> Result<Option<String>, Error> {
        self.with(|repository| Ok(repository.has_commit(id)?.then(|| id.to_owned())))
    }

    fn approvals(&self, digest: &str, counts: Counts<'_, Self>) -> Result<Vec<Signed>, Error> {
        let references = self.with(|repository| self.approval_refs(repository, digest))?;
        let mut approvals = Vec::new();
        for (name, id) in references {
            approvals.extend(self.with(|repository| self.approval(repository, (name, &id), digest, counts))?);
        }
        Ok(approvals)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How an object is signed, by the verdict on it.
fn signed_as(judgement: &Judgement) -> Signed {
    match judgement.outcome() {
        Outcome::Verified { verification, .. } if judgement.holds() => Signed::By(Signer::from(verification)),
        Outcome::Verified { .. } => Signed::NotJudged,
        // no object of git is signed so
        Outcome::ByKey(_) => Signed::NotJudged,
        Outcome::External(external) => signed_by_key(external),
        Outcome::Rejected(rejection) => match rejection.reason().standing() {
            Standing::Wrong | Standing::Unchecked => Signed::Bad,
            Standing::Unsigned | Standing::Foreign => Signed::NotJudged,
        },
    }
}

/// How an object is signed that another verifier judged.
fn signed_by_key(external: &ExternalJudgement) -> Signed {
    if external.has_fault_of_structure() {
        return Signed::Bad;
    }
    match external.finding {
        Finding::KeyTrusted | Finding::KeyNotTrusted => {}
        Finding::SignatureExpired | Finding::KeyExpired | Finding::KeyRevoked | Finding::ForgeNoMerge | Finding::ForgeCommitter => {
            return Signed::NotJudged;
        }
        Finding::OtherTagName | Finding::OtherStructure | Finding::OtherInvalid | Finding::OtherUnchecked => return Signed::Bad,
    }
    let kind = match external.kind {
        SignatureKind::OpenPgp => GitKeyKind::OpenPgp,
        SignatureKind::Ssh => GitKeyKind::Ssh,
        SignatureKind::X509 | SignatureKind::Unknown => return Signed::NotJudged,
    };
    let fingerprint = external.key.as_deref().and_then(|key| kind.fingerprint(key));
    fingerprint.map_or(Signed::NotJudged, |fingerprint| Signed::By(Signer::Key { kind, fingerprint }))
}

#[cfg(test)]
mod tests;
