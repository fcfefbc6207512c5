//! The history in memory, as the evaluator asks for it.

use super::{
    super::{
        fault::MAX_FILE,
        history::{Counts, FileId, History, PolicyEntry, Scope, Signed},
        pattern::{FILE, is_policy_path},
        signer::{GitKeyKind, Signer},
    },
    model::{Entry, Model, Signature, Target},
};
use crate::{
    certificate::{Identity, IdentityKind},
    trust::Instance,
};
use std::collections::{BTreeSet, HashSet};

/// The full id of a commit of a model.
pub(super) fn id_of(index: usize) -> String {
    format!("{index:040x}")
}

impl History for Model {
    type Id = usize;
    type Error = std::convert::Infallible;

    fn parents(&self, commit: &usize) -> Result<Vec<usize>, Self::Error> {
        Ok(self.commits[*commit].parents.clone())
    }

    fn policy_entry(&self, commit: &usize) -> Result<PolicyEntry, Self::Error> {
        let tree = &self.commits[*commit].tree;
        Ok(match tree.get(FILE.as_bytes()) {
            Some(Entry::File(content) | Entry::Executable(content)) => PolicyEntry::File(FileId(content.clone())),
            Some(Entry::Link(_) | Entry::Submodule(_)) => PolicyEntry::NotAFile,
            None if tree.keys().any(|path| path.starts_with(b".paraph/policy.toml/")) => PolicyEntry::NotAFile,
            None => PolicyEntry::Missing,
        })
    }

    fn policy_bytes(&self, file: &FileId) -> Result<Option<Vec<u8>>, Self::Error> {
        Ok(Some(file.0.clone().into_bytes()).filter(|bytes| bytes.len() <= MAX_FILE))
    }

    fn changed_paths(&self, commit: &usize, scope: Scope, _limit: usize) -> Result<Option<Vec<Vec<u8>>>, Self::Error> {
        let commit = &self.commits[*commit];
        let before = commit.parents.first().map(|parent| self.commits[*parent].tree.clone()).unwrap_or_default();
        let paths: BTreeSet<&Vec<u8>> = before.keys().chain(commit.tree.keys()).collect();
        let differ = paths.into_iter().filter(|path| before.get(*path) != commit.tree.get(*path));
        Ok(Some(differ.filter(|path| scope == Scope::All || is_policy_path(path)).cloned().collect()))
    }

    fn signed(&self, commit: &usize) -> Result<Signed, Self::Error> {
        Ok(signed(&self.commits[*commit].signature))
    }

    fn contained(&self, tip: &usize, without: Option<&usize>) -> Result<HashSet<usize>, Self::Error> {
        let all = (0..self.commits.len()).collect();
        let mut commits = self.ancestors_among(tip, &all)?;
        for known in without.map_or_else(|| Ok(HashSet::new()), |without| self.ancestors_among(without, &all))? {
            commits.remove(&known);
        }
        Ok(commits)
    }

    fn ancestors_among(&self, of: &usize, commits: &HashSet<usize>) -> Result<HashSet<usize>, Self::Error> {
        let (mut found, mut open) = (HashSet::new(), vec![*of]);
        while let Some(commit) = open.pop() {
            if found.insert(commit) {
                open.extend(&self.commits[commit].parents);
            }
        }
        Ok(found.intersection(commits).copied().collect())
    }

    fn named(&self, id: &str) -> Result<Option<usize>, Self::Error> {
        Ok((0..self.commits.len()).find(|index| id_of(*index) == id))
    }

    fn approvals(&self, digest: &str, counts: Counts<'_, Self>) -> Result<Vec<Signed>, Self::Error> {
        let prefix = format!("refs/tags/paraph-approval/{digest}/");
        let approval = |(name, target): (&String, &Target)| {
            let last = name.strip_prefix(&prefix)?;
            let Target::Tag(index) = target else { return None };
            let tag = &self.tags[*index];
            let Target::Commit(commit) = tag.target else { return None };
            let is_named = !last.contains('/') && name.strip_prefix("refs/tags/") == Some(&tag.name);
            let says = tag.message.lines().any(|line| line == digest);
            let Ok(counted) = counts(&commit);
            (is_named && says && counted).then(|| signed(&tag.signature))
        };
        Ok(self.refs.iter().filter_map(approval).collect())
    }
}

/// A signature as the evaluator sees it.
pub(super) fn signed(signature: &Signature) -> Signed {
    match signature {
        Signature::None => Signed::NotJudged,
        Signature::Bad => Signed::Bad,
        Signature::Certificate { subject, is_email, issuer, instance, claims, times } => Signed::By(Signer::Certificate {
            identity: Identity {
                name: subject.clone(),
                kind: if *is_email { IdentityKind::Email } else { IdentityKind::Uri },
                issuer: issuer.clone(),
            },
            instance: Instance::named(instance).unwrap(),
            claims: crate::certificate::claim_names().filter_map(|name| Some((name, claims.get(name)?.clone()))).collect(),
            times: times.iter().map(|time| jiff::Timestamp::from_second(*time).unwrap()).collect(),
        }),
        Signature::Key { is_openpgp, fingerprint } => {
            let kind = if *is_openpgp { GitKeyKind::OpenPgp } else { GitKeyKind::Ssh };
            Signed::By(Signer::Key { kind, fingerprint: fingerprint.clone() })
        }
    }
}
