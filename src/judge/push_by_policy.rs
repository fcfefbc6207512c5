//! A push by the policy of the repository: `man/policy.md`, "Pushes to a server".

use super::{
    Error, GitHistory, Judged, JudgedCertificate, PolicyJudge, Push, Tip,
    by_policy::{ruling_for, severity},
    is_zero,
};
use crate::{
    object::{RefUpdate, tag_name, without_namespaces},
    policy::PolicyRuling,
    repository::{Aliases, Branches, ObjectKind, RawObject, Repository, is_of_git},
    repository_policy::{
        APPROVALS, About, Certificate, Place, PushJudge, PushedTag, Refusal, Ruling, Server, Signed, Update, UpdatePlan, Value,
    },
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A push to a server, and what the server knows of it.
#[derive(Debug)]
pub(crate) struct PushToServer<'a> {
    /// The refs that it moves.
    updates: &'a [RefUpdate<'a>],
    branches: Branches,
    other_names: Aliases,
    /// The push certificate; `None` where git passes none to the hook.
    certificate: Option<Option<&'a JudgedCertificate>>,
    /// Whether rules with `push` count.
    asks_for_certificates: bool,
}

/// What is judged of a push.
#[derive(Debug)]
pub(crate) enum PushRuling {
    /// A commit, or an annotated tag.
    Object(Box<Judged>),
    /// A ref that the policy refuses.
    Reference {
        /// Its full name, as it was pushed.
        name: String,
        /// Why.
        ruling: PolicyRuling,
    },
}

impl<'a> PushToServer<'a> {
    /// A push of these refs. `namespace` is git's `GIT_NAMESPACE`, which may be empty. `certificate` is the push certificate, and the outer
    /// `None` says that git passes none to the hook.
    ///
    /// # Errors
    /// If the references cannot be read.
    pub(crate) fn new(
        repository: &Repository,
        updates: &'a [RefUpdate<'a>],
        namespace: &str,
        certificate: Option<Option<&'a JudgedCertificate>>,
    ) -> Result<Self, Error> {
        let (branches, other_names) = (repository.branches(namespace)?, repository.other_names(namespace)?);
        Ok(Self { updates, branches, other_names, certificate, asks_for_certificates: true })
    }

    /// The same without a question about push certificates.
    #[must_use]
    pub(crate) fn without_certificates(self) -> Self {
        Self { asks_for_certificates: false, ..self }
    }

    /// The approvals that a push of these refs brings: their refs, and the ids that they will have.
    pub(crate) fn approvals(updates: &[RefUpdate<'_>]) -> Vec<(String, String)> {
        let is_approval = |update: &&RefUpdate<'_>| is_zero(update.old) && !is_zero(update.new) && update.name.starts_with(APPROVALS);
        updates.iter().filter(is_approval).map(|update| (update.name.to_owned(), update.new.to_owned())).collect()
    }
}

/// What the policy says of the refs and tags of a push.
#[derive(Debug, Default)]
struct Said {
    /// By the name of the ref as it was pushed.
    references: Vec<(String, Refusal)>,
    /// By the id of the tag.
    tags: HashMap<String, Ruling>,
}

impl Said {
    fn add(&mut self, pushed_as: &str, about: About, refusal: Refusal) {
        match about {
            About::Ref(_) => {
                if !self.references.iter().any(|(name, said)| name == pushed_as && *said == refusal) {
                    self.references.push((pushed_as.to_owned(), refusal));
                }
            }
            About::Tag(id) => {
                let ruling = Ruling::from(refusal);
                let before = self.tags.get(&id);
                if before.is_none_or(|before| severity(before) < severity(&ruling)) {
                    self.tags.insert(id, ruling);
                }
            }
        }
    }
}

impl PolicyJudge<'_, '_> {
    /// Judges a push to a server, and hands `sink` each commit and tag, and each ref that is refused.
    ///
    /// # Errors
    /// Where something cannot be read. What could be judged was handed over.
    pub(crate) fn push(&mut self, repository: &Repository, push: &PushToServer<'_>, mut sink: impl FnMut(PushRuling)) -> Result<(), Error> {
        let tags = self.pushed_tags(repository, push)?;
        self.history().take_listed();
        let (said, plans) = self.planned(repository, push, &tags)?;
        let listed = self.history().take_listed();
        self.plans.extend(plans);
        for (name, refusal) in said.references {
            if let Some(ruling) = ruling_for(refusal.into(), self.weight) {
                sink(PushRuling::Reference { name, ruling });
            }
        }
        let mut seen = HashSet::new();
        for judged in tags.into_values().flatten() {
            if seen.insert(judged.id.clone()) {
                let ruling = said.tags.get(&judged.id).cloned().unwrap_or(Ruling::Allowed { rule: None });
                sink(PushRuling::Object(Box::new(self.with_ruling(judged, ruling)?)));
            }
        }
        self.judge_planned(repository, (listed, seen), |judged| sink(PushRuling::Object(Box::new(judged))))
    }

    /// Judges what a push brings to another repository, as `paraph verify` does, and hands `sink` each commit and tag. What is pushed to neither
    /// a branch nor a tag is judged for HEAD's branch, unless git makes the ref itself, as for notes.
    ///
    /// # Errors
    /// Where something cannot be read. What could be judged was handed over.
    pub(crate) fn push_to_remote(&mut self, repository: &Repository, push: &Push<'_>, mut sink: impl FnMut(Judged)) -> Result<(), Error> {
        let of_head = repository.branch_of_head();
        self.history().take_listed();
        let mut seen = HashSet::new();
        for update in push.updates() {
            let reference = without_namespaces(update.name);
            if is_of_git(reference) {
                continue;
            }
            let is_tag = reference.starts_with("refs/tags/");
            if let Some(commit) = repository.commit_behind_object(update.new)? {
                let branch = if reference.starts_with("refs/heads/") { Some(reference.to_owned()) } else { of_head.clone() };
                for known in push.known_for(update.new) {
                    self.plan(&Tip { commit: commit.clone(), reference: branch.clone() }, known)?;
                }
            }
            if is_tag {
                let tags = self.history().judge().tip(repository, update.new, update.name)?;
                for judged in self.tags(tags, Some(reference))? {
                    seen.insert(judged.id.clone());
                    sink(judged);
                }
            }
        }
        let listed = self.history().take_listed();
        self.judge_planned(repository, (listed, seen), sink)
    }

    /// Judges the commits of this list that a plan has, that are not exempt, and that were not seen.
    fn judge_planned(
        &self,
        repository: &Repository,
        (listed, mut seen): (Vec<String>, HashSet<String>),
        mut sink: impl FnMut(Judged),
    ) -> Result<(), Error> {
        let is_judged = |id: &String| {
            self.plans.iter().any(|tip| tip.plan.place(id).is_some_and(|place| !matches!(place, Place::Exempt))) && seen.insert(id.clone())
        };
        let (judge, mut failure) = (self.history().judge(), None);
        let commits = listed.into_iter().filter(is_judged).map(|id| Ok(id.into()));
        judge.commits(
            commits,
            &repository.handle(),
            |judged| self.commit(judged),
            |judged| match judged {
                Ok(judged) => sink(judged),
                Err(error) => failure = failure.take().or(Some(error)),
            },
        )?;
        failure.map_or(Ok(()), Err)
    }

    /// The annotated tags of a push with the tags inside them, judged, by the names of their refs.
    fn pushed_tags(&self, repository: &Repository, push: &PushToServer<'_>) -> Result<BTreeMap<String, Vec<Judged>>, Error> {
        let judge = self.history().judge();
        let is_tag = |update: &&RefUpdate<'_>| !is_zero(update.new) && tag_name(update.name).is_some();
        let tags = push.updates.iter().filter(is_tag).filter(|update| repository.kind(update.new) == Some(ObjectKind::Tag));
        let judged = |repository: &Repository, update: &RefUpdate<'_>| {
            let object = RawObject { reference: Some(update.name.to_owned()), ..repository.object_by_id(update.new)? };
            Ok((update.name.to_owned(), judge.tag_of_push(repository, object, update.name)?))
        };
        let mut all = BTreeMap::new();
        judge.in_order(tags, &repository.handle(), judged, |(name, tags)| {
            all.insert(name, tags);
        })?;
        Ok(all)
    }

    /// What is said of the refs and tags, and where the commits stand that are left.
    fn planned(
        &self,
        repository: &Repository,
        push: &PushToServer<'_>,
        tags: &BTreeMap<String, Vec<Judged>>,
    ) -> Result<(Said, Vec<UpdatePlan<String>>), Error> {
        let server = Server { head: push.branches.of_head.clone(), has_branches: push.branches.are_some };
        let signed = push.certificate.flatten().map(|certificate| self.history().signed_as(certificate.judged.judgement()));
        let certificate = match (push.certificate, &signed) {
            (None, _) if !push.asks_for_certificates => Certificate::NotAsked,
            (None, _) => Certificate::NotPassed,
            (Some(None), _) => Certificate::Missing,
            (Some(Some(_)), signed) => signed.as_ref().and_then(Signed::signer).map_or(Certificate::NotJudged, Certificate::By),
        };
        let judge = PushJudge { policies: &self.policies, judge_since: &self.judge_since, server: &server, certificate };
        let (mut said, mut plans) = (Said::default(), Vec::new());
        for update in push.updates {
            let old = self.old_value(repository, update.old)?;
            let new = self.new_value(repository, update, tags.get(update.name))?;
            for reference in push.other_names.moved_with(update.name) {
                let moved = Update { reference, old: old.clone(), new: new.clone() };
                plans.extend(judge.plan(&moved, &mut |about, refusal| said.add(update.name, about, refusal))?);
            }
        }
        Ok((said, plans))
    }

    /// Of the old value, only the commit to which it leads decides.
    fn old_value(&self, repository: &Repository, id: &str) -> Result<Option<Value<String>>, Error> {
        if is_zero(id) {
            return Ok(None);
        }
        Ok(Some(repository.commit_behind_object(id)?.map_or(Value::Other, Value::Commit)))
    }

    fn new_value(
        &self,
        repository: &Repository,
        update: &RefUpdate<'_>,
        tags: Option<&Vec<Judged>>,
    ) -> Result<Option<Value<String>>, Error> {
        if is_zero(update.new) {
            return Ok(None);
        }
        let commit = repository.commit_behind_object(update.new)?;
        let Some(tags) = tags else { return Ok(Some(commit.map_or(Value::Other, Value::Commit))) };
        let mut pushed = Vec::new();
        for judged in tags {
            let object = repository.object_by_id(&judged.id)?;
            let signed = self.history().signed_as(judged.judgement());
            pushed.push(GitHistory::tag(&object, signed).unwrap_or_else(|| PushedTag {
                id: object.id.clone(),
                digest: hex::encode(Sha256::digest(&object.bytes)),
                signed: Signed::Bad,
                ..PushedTag::lightweight()
            }));
        }
        Ok(Some(Value::Tags { tags: pushed, commit }))
    }
}
