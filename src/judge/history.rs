//! The history that a repository's policy judges: git's objects and refs, with the verdicts of a [`Judge`] on the signatures.

use super::{Error, Judge};
use crate::{
    Standing,
    object::{SignatureKind, Tag, TagHeaders},
    policy::{Decision, ExternalJudgement, Finding, Judgement, Outcome},
    repository::{ObjectKind, RawObject, Repository, RepositoryHandle, TreeEntry},
    repository_policy::{
        APPROVALS, Approval, Counts, FILE, FileId, GitKeyKind, History, MAX_FILE, PolicyEntry, PushedTag, Scope, Signed, Signer,
        digest_of_approval, is_policy_path,
    },
};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
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
    /// The refs of approvals and the ids that they name, once they were needed.
    approvals: Mutex<Option<Vec<(String, String)>>>,
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
            approvals: Mutex::default(),
            paths_left: AtomicUsize::new(MAX_PATHS_OF_CALL),
        }
    }

    /// How an object is signed, by the verdict on it (step 15).
    pub(crate) fn signed_as(&self, judgement: &Judgement) -> Signed {
        match signed_as(judgement) {
            Signed::By(Signer::Certificate { .. }) if self.certificates == CertificateTrust::OfRepository => Signed::NotJudged,
            signed => signed,
        }
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
            none => none.insert(repository.references_below(APPROVALS)?),
        };
        let folder = format!("{APPROVALS}{digest}/");
        let found: Vec<_> = all.iter().filter(|(name, _)| name.starts_with(&folder)).take(MAX_APPROVALS + 1).cloned().collect();
        if found.len() > MAX_APPROVALS {
            return Err(Error::TooManyApprovals { folder, limit: MAX_APPROVALS });
        }
        Ok(found)
    }

    /// The approval that a ref is, if it is one of this digest and names a commit that counts.
    fn approval(
        &self,
        repository: &Repository,
        (reference, id): (String, &str),
        digest: &str,
        counts: Counts<'_, Self>,
    ) -> Result<Option<Approval<String>>, Error> {
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
        Ok(Some(Approval { commit, signed: self.signed_as(judged.judgement()) }))
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
        let known: Vec<&str> = without.map(String::as_str).into_iter().collect();
        self.with(|repository| Ok(repository.new_commits(&[tip], &known)?.collect::<Result<_, _>>()?))
    }

    fn ancestors_among(&self, of: &String, commits: &HashSet<String>) -> Result<HashSet<String>, Error> {
        if !commits.contains(of) {
            let is_here = self.named(of)?.is_some();
            let contained = if is_here { self.contained(of, None)? } else { HashSet::new() };
            return Ok(contained.into_iter().filter(|commit| commits.contains(commit)).collect());
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

    fn approvals(&self, digest: &str, counts: Counts<'_, Self>) -> Result<Vec<Approval<String>>, Error> {
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
        Outcome::Verified { verification, ruling } => match ruling.decision() {
            // these two hold beside a policy
            Decision::LegacyRule | Decision::NotCommitter => Signed::NotJudged,
            _ => Signed::By(Signer::from(verification)),
        },
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
